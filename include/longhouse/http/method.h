#ifndef HTTP_METHOD_H
#define HTTP_METHOD_H

/*
 * Method names and their properties (RFC 9110 9). A name that is a token but not known is
 * METHOD_OTHER: it goes to programs, never to files.
 */
#include "base/slice.h"

#include <stdbool.h>

enum method {
    METHOD_OTHER,
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_PATCH,
    METHOD_TRACE,
    METHOD_CONNECT,
};

enum method method_of(struct slice name); /* case-sensitive */

bool method_is_safe(enum method method);       /* GET, HEAD, OPTIONS, TRACE */
bool method_is_idempotent(enum method method); /* the safe ones, PUT, DELETE */

#endif
