#ifndef HTTP_H1_HEAD_H
#define HTTP_H1_HEAD_H

/*
 * Where the head of an HTTP/1.x message ends, before it is read: the same for what clients ask and
 * for what backends answer. Pure.
 */
#include "base/parse.h"
#include "base/slice.h"

#include <stddef.h>

/*
 * Looks for the end of the head. PARSE_DONE: *ret_len = its bytes with the empty line. PARSE_MORE:
 * not yet; *scanned (0 at first) remembers what was seen, so that nothing is looked at twice.
 * PARSE_BAD: more than `limit` bytes. Empty lines before the first line are counted in and
 * skipped (RFC 9112 2.2).
 */
enum parse h1_find_head(struct slice in, size_t limit, size_t *scanned, size_t *ret_len);

#endif
