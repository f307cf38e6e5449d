#ifndef BASE_ENCODE_H
#define BASE_ENCODE_H

/*
 * Percent, base64 and hexadecimal. Pure.
 */
#include "base/slice.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Decodes %HH once into `out` (room for in.len bytes; may be in.at itself). False when a % is not
 * followed by two hexadecimal digits. '+' is an ordinary byte.
 */
bool percent_decode(struct slice in, char *out, size_t *ret_len);

/*
 * Adds `path` so that it is a valid path of a URL again (RFC 3986 3.3): unreserved bytes,
 * sub-delims, ':', '@' and '/' stay, all others become %HH.
 */
void percent_encode_path(struct text *text, struct slice path);

/* Room needed for the base64 form of `len` bytes, without NUL. */
#define BASE64_LEN(len) (((len) + 2) / 3 * 4)

void base64_encode(struct text *text, struct slice in);

/*
 * Decodes (with or without padding, no blanks) into `out` (room for in.len / 4 * 3 + 3); false if
 * malformed.
 */
bool base64_decode(struct slice in, char *out, size_t *ret_len);

void hex_encode(struct text *text, struct slice in);

/* Value of a hexadecimal digit, or -1. */
int hex_digit(char c);

#endif
