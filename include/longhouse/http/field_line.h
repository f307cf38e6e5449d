#ifndef HTTP_FIELD_LINE_H
#define HTTP_FIELD_LINE_H

/*
 * The one field-line parser of the house: request fields, CGI and FastCGI reply heads, trailers.
 * Pure.
 */
#include "base/parse.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

enum line_ends {
    LINE_CRLF, /* only CRLF (requests, RFC 9112 2.2; a bare LF is refused) */
    LINE_ANY,  /* CRLF, LF, mixed (programs, RFC 3875 6.2) */
};

struct field_line {
    struct slice name;
    struct slice value; /* without blanks at the ends */
};

/*
 * Reads one line from the front of `in`. PARSE_DONE: *ret_used = bytes with the line end. An empty
 * line (the end of the head) gives a name of length 0. Refused: bytes that are no token in the
 * name, blanks before the colon (RFC 9112 5.1), no colon, obs-fold (a line that begins with a
 * blank, 5.2), NUL or control bytes or bare CR in the value. On PARSE_BAD *ret_used is set too when
 * the end of the bad line is known (0 otherwise), so that a caller which may be lenient can step
 * over it (Python's cgitb).
 */
enum parse field_line_parse(struct slice in, enum line_ends ends, struct field_line *ret,
                            size_t *ret_used, struct parse_fault *reterr);

#endif
