#ifndef HTTP_COOKIE_H
#define HTTP_COOKIE_H

/*
 * Cookies (RFC 6265): the pairs of Cookie fields, and the little of a Set-Cookie field that tells
 * whether a cookie is given or taken away. Pure, and lenient as browsers are: what is no pair is
 * passed over.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "http/field.h"

#include <stdbool.h>
#include <stdint.h>

/* Takes the next pair off *rest, the value of a Cookie field. False: there is none any more. */
bool cookie_next(struct slice *rest, struct slice *ret_name, struct slice *ret_value);

/* All pairs of all Cookie fields, in order: begin with { .fields = ... }. */
struct cookie_walk {
    const struct fields *fields;
    uint32_t at;
    struct slice rest;
};
bool cookie_walk_next(struct cookie_walk *walk, struct slice *ret_name, struct slice *ret_value);

/*
 * The value of a Cookie field without the pairs of that name; every other byte stays, but for the
 * separator of what was taken out. The same slice when there is none.
 */
struct slice cookie_without(struct slice value, struct slice name, struct arena *arena);

struct set_cookie {
    struct slice name;
    struct slice value;
    bool ends; /* Max-Age or Expires say that it is over, or the value does: empty, "deleted" */
};

/* `now_s`: seconds since 1970. False: the value of the Set-Cookie field has no name. */
bool set_cookie_parse(struct slice value, int64_t now_s, struct set_cookie *ret);

#endif
