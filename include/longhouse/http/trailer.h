#ifndef HTTP_TRAILER_H
#define HTTP_TRAILER_H

/*
 * Fields behind the content of an answer (RFC 9110 6.5): which may stand there. Pure.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "http/field.h"

#include <stdbool.h>

/* Not what has to be known before the content, nor what is about one connection (RFC 9110 6.5.1):
 * framing, routing, authentication, cookies, conditions, caching, how content is to be read. */
bool trailer_is_allowed(struct slice name);

/* Its value holds for exactly the bytes that it was sent behind. */
bool trailer_is_about_bytes(struct slice name);

/* The allowed ones of the names that Trailer fields announce, as the value of one; empty: none. */
struct slice trailer_announced(const struct fields *fields, struct arena *arena);

#endif
