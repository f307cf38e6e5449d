#ifndef HTTP_FRESHNESS_H
#define HTTP_FRESHNESS_H

/*
 * How long an answer may be given again to anybody, by what it says of that itself (RFC 9111), and
 * who wants it anew. Pure.
 */
#include "base/slice.h"
#include "http/field.h"

#include <stdbool.h>
#include <stdint.h>

/* Cache-Control has that directive, with or without a value. */
bool cache_control_has(const struct fields *fields, struct slice directive);

/* Seconds for which the answer may be given again (RFC 9111 4.2), at most `most_s`, which is also
 * for one that does not say. 0: it may not be kept. `now_s`: since 1970. */
uint64_t freshness_s(const struct fields *answer, int64_t now_s, uint64_t most_s);

/* Seconds that have passed already since it was made, as caches on its way say (Age). */
uint64_t freshness_age_s(const struct fields *answer);

/* The client wants to have it from where it is made: it was told to load anew (RFC 9111 5.2.1). */
bool freshness_is_wanted(const struct fields *request);

#endif
