#ifndef HTTP_NEGOTIATE_H
#define HTTP_NEGOTIATE_H

/*
 * Accept-Encoding (RFC 9110 12.5.3). Pure.
 */
#include "http/field.h"

enum coding { CODING_BR, CODING_ZSTD, CODING_GZIP, CODING_COUNT };

/*
 * The coding of `offered` that the client likes best, by its weights; of those it likes equally the
 * first. CODING_COUNT: none, the identity is sent; so it is where the client likes that better, and
 * where it refuses everything (RFC 9110 12.5.3 leaves that to the server).
 */
enum coding negotiate_coding(const struct fields *request, const enum coding *offered,
                             unsigned count);

struct slice coding_name(enum coding coding);      /* "br" */
struct slice coding_extension(enum coding coding); /* ".br" */

#endif
