#ifndef WIRE_H1_PARSE_H
#define WIRE_H1_PARSE_H

/*
 * The head of an HTTP/1.x request (RFC 9112 2 to 6), strictly. Pure: memory comes from the arena.
 */
#include "base/arena.h"
#include "base/parse.h"
#include "base/slice.h"
#include "http/exchange.h"
#include "http/h1_head.h"

#include <stdbool.h>
#include <stddef.h>

struct h1_limits {
    size_t head_bytes;   /* request line and fields with the empty line: 431 beyond */
    size_t target_bytes; /* 414 beyond; 0: only head_bytes limits it */
    unsigned fields;     /* 431 beyond; 0: only head_bytes limits them */
    uint64_t body_bytes; /* Content-Length beyond: 413; 0: no limit */
    uint64_t put_bytes;  /* the same for PUT, if that is more */
};

/* How long the body of a request may be. */
static inline uint64_t body_most(uint64_t body_bytes, uint64_t put_bytes, enum method method)
{
    return method == METHOD_PUT && body_bytes > 0 && put_bytes > body_bytes ? put_bytes
                                                                            : body_bytes;
}

struct h1_framing {
    bool chunked;    /* the body is in chunked coding */
    bool keep_alive; /* the client would keep the connection (RFC 9112 9.3) */
};

/*
 * For the beginning of a head whose end has not come: why it can never become one, or NULL. Whoever
 * speaks another protocol, TLS above all, is told at once and need not wait for the time limit.
 */
const char *h1_find_nonsense(struct slice in);

/*
 * Reads a whole head (as found by h1_find_head, already copied into the arena). Fills *ret (method,
 * target, host, fields, length, has_body, expects_continue) and *ret_framing. On PARSE_BAD
 * ret->failed is the status to answer and ret->failed_why the reason, ret->line is set as far as it
 * was read, and the connection cannot be kept.
 *
 * Refused: see the sections cited in the source; in short: Content-Length with Transfer-Encoding,
 * several differing Content-Lengths, a coding that is not exactly chunked (501), Transfer-Encoding
 * in HTTP/1.0, no or several Host fields (1.1), bare CR or LF, blank before the colon, obs-fold,
 * NUL and control bytes, a method that is no token, versions other than 1.0 and 1.1 (505), CONNECT
 * (501 unless somebody serves it), an Expect that is not 100-continue (417).
 */
enum parse h1_parse_head(struct slice head, const struct h1_limits *limits, struct arena *arena,
                         struct request *ret, struct h1_framing *ret_framing,
                         struct parse_fault *reterr);

#endif
