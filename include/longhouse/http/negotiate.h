#ifndef HTTP_NEGOTIATE_H
#define HTTP_NEGOTIATE_H

/*
 * Accept-Encoding (RFC 9110 12.5.3). Pure.
 */
#include "http/field.h"

enum coding { CODING_BR, CODING_ZSTD, CODING_GZIP, CODING_COUNT };

/*
 * A bit (1u << coding) for each coding the client takes with q > 0; no field or an empty one: none
 * (the identity is always sent when nothing else is chosen).
 */
unsigned negotiate_codings(const struct fields *request);

struct slice coding_name(enum coding coding);      /* "br" */
struct slice coding_extension(enum coding coding); /* ".br" */

#endif
