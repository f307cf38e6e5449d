#ifndef HTTP_STATUS_H
#define HTTP_STATUS_H

/*
 * Status codes: phrases (RFC 9110 15 and the registry, and Hiawatha's own 440-444) and what a code
 * implies.
 */
#include "base/slice.h"

#include <stdbool.h>

/* The registered phrase; for others that of its class ("Client Error"). Never empty. */
struct slice status_phrase(int status);

/* 1xx, 204, 304: no content whatever the program says (RFC 9110 6.4.1). */
bool status_has_no_content(int status);

/* One sentence for people, for error pages: what happened and what the visitor can do. */
struct slice status_explanation(int status);

#endif
