#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

/*
 * The request target (RFC 9112 3.2) and its one normal form. Everything that protects looks at
 * `path`. Pure: memory comes from the arena given.
 */
#include "base/arena.h"
#include "base/parse.h"
#include "base/slice.h"

#include <stdbool.h>

enum target_form {
    TARGET_ORIGIN,    /* /where?q=now */
    TARGET_ABSOLUTE,  /* http://www.example.org/pub */
    TARGET_AUTHORITY, /* host:port, only with CONNECT */
    TARGET_ASTERISK,  /* *, only with OPTIONS */
};

struct target {
    enum target_form form;
    struct slice raw;       /* as sent */
    struct slice authority; /* of the absolute and authority forms */
    struct slice
        raw_path;       /* as sent, without query, never empty ("/" for an absolute form without) */
    struct slice query; /* as sent, without '?' */
    bool has_query;     /* "/a?" has an empty one */
    struct slice path;  /* decoded once, slashes collapsed, dot segments resolved; begins with '/';
                           NUL terminated (not counted) */
};

/*
 * Reads the target of a request with the given form rules. Refused: a form that does not fit
 * (`is_connect`, `is_options`), control bytes, blanks and '#' anywhere, and in the path a '%'
 * without two digits, %00 and encoded control bytes (decoded < 0x20 or 0x7f), an encoded slash
 * (%2F), '..' above the root. Other bytes that RFC 3986 wants encoded ('[', '|', 0x80 and above
 * ...) are taken as they are: browsers send them. The query is not decoded, nor is its '%' looked
 * at. The authority of the absolute form is left to host_parse().
 */
enum parse target_parse(struct slice raw, bool is_connect, bool is_options, struct arena *arena,
                        struct target *ret, struct parse_fault *reterr);

/*
 * Normalises a path (e.g. a local redirect of a program or a rewritten URL): what target_parse()
 * does to raw_path; '?', '#' and blanks are ordinary bytes of it. Idempotent on its own output
 * apart from '%'.
 */
enum parse target_normalise(struct slice raw_path, struct arena *arena, struct slice *ret,
                            struct parse_fault *reterr);

/*
 * A place on disk in its one form: slashes collapsed, dot segments resolved as names, no byte
 * decoded. `place` begins with '/'. False when '..' leads above the root.
 */
bool target_resolve(struct slice place, struct arena *arena, struct slice *ret);

/*
 * The host of a Host field or authority: reg-name, IPv4 or [IPv6], optional port (RFC 9110 7.2).
 * The result is lower-cased, without port and without one trailing dot; an IPv6 literal keeps its
 * brackets. *ret_port is 0 when none is given. An empty host is allowed (RFC 9112 3.2), then
 * without a port.
 */
enum parse host_parse(struct slice text, struct arena *arena, struct slice *ret_host,
                      unsigned *ret_port, struct parse_fault *reterr);

#endif
