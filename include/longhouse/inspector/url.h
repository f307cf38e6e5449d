#ifndef INSPECTOR_URL_H
#define INSPECTOR_URL_H

/*
 * A URL as people type it, taken apart for a request: scheme, host, port and target. Pure.
 */
#include "base/arena.h"
#include "base/parse.h"
#include "base/slice.h"

#include <stdbool.h>

struct url {
    bool secure;
    struct slice authority; /* as written: for Host */
    struct slice host;      /* lower case, without port */
    unsigned port;          /* 0: none is given */
    struct slice target;    /* path and query, as written; at least "/" */
};

/*
 * "http://a.example:8080/x?y#z", "https://...", and without scheme "a.example/x" for http. What
 * stands behind '#' is never sent and left out. Whether the target is one is for the request's own
 * parser to say. PARSE_BAD: *reterr says why.
 */
enum parse url_parse(struct slice text, struct arena *arena, struct url *ret,
                     struct parse_fault *reterr);

#endif
