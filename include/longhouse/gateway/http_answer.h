#ifndef GATEWAY_HTTP_ANSWER_H
#define GATEWAY_HTTP_ANSWER_H

/*
 * The answer of an HTTP/1.x backend, read as strictly as the house reads requests (RFC 9112): a
 * head, which may have interim ones before it, and a body whose end is known by its length, by
 * chunked coding or by the end of the connection. Whatever could be understood in two ways is
 * refused. Memory comes from the arena; no I/O.
 */
#include "base/arena.h"
#include "base/parse.h"
#include "base/slice.h"
#include "http/field.h"
#include "http/h1_chunk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_ANSWER_HEAD_MOST     65536u /* of all heads, interim ones included */
#define HTTP_ANSWER_FIELDS_MOST   100u
#define HTTP_ANSWER_INTERIMS_MOST 32u /* answers of 1xx before the head */

/*  HEAD ──> LENGTH, CHUNKED ──> OVER
 *   ├─────> TO_END      (the end of the connection ends it)
 *   ├─────> OVER        (there is no body)
 *   └─────> SWITCHED    (101: what follows is no HTTP)  */
enum http_answer_state {
    HTTP_ANSWER_HEAD,
    HTTP_ANSWER_LENGTH,
    HTTP_ANSWER_CHUNKED,
    HTTP_ANSWER_TO_END,
    HTTP_ANSWER_OVER,
    HTTP_ANSWER_SWITCHED,
};

struct http_answer {
    struct arena *arena; /* borrowed */
    bool is_to_head;     /* the request was a HEAD: there is no body whatever the head says */
    struct slice accept; /* a WebSocket was asked for, and who gives it says this in
                            Sec-WebSocket-Accept; empty: nothing but HTTP was asked for */
    enum http_answer_state state;
    const char *why; /* PARSE_BAD: static text */

    /* Of the head that was read last. Fields about one connection, and those that are for a server
     * in front (X-Sendfile, X-Accel-...), are left out; so are Content-Length, and
     * Sec-WebSocket-Accept of who gives what was asked for. */
    int status;
    struct slice phrase;
    struct fields fields;
    struct slice announced; /* CHUNKED: names of fields that are to follow the body, as Trailer */
    int64_t length;         /* Content-Length; -1: none */
    bool keeps;             /* the backend leaves the connection open */

    /* Once the state is OVER: fields behind the body, without those about one connection. */
    struct fields trailers;

    struct fields all; /* of the head */
    char *head;        /* in the arena: what came of it */
    size_t head_len;
    size_t head_room;
    size_t scanned;
    size_t interim_bytes;
    unsigned interims;
    uint64_t left; /* LENGTH: of the body */
    struct h1_chunk chunk;
    char *held; /* in the arena: what came of a line of the coding */
    size_t held_len;
};

void http_answer_init(struct http_answer *answer, struct arena *arena, bool is_to_head);

/*
 * Takes what belongs to a head off *bytes. PARSE_DONE: a head is read. The state is another one,
 * and what is left is the body; or it is still HEAD, then this was an interim one (1xx), which
 * holds until the next call. PARSE_MORE: all was taken. PARSE_BAD: answer->why.
 */
enum parse http_answer_head(struct http_answer *answer, struct slice *bytes);

/*
 * Takes the next part of the body off *bytes, while the state is neither HEAD, OVER nor SWITCHED.
 * PARSE_DONE: *ret is content (perhaps none), to be called again; PARSE_MORE: all was taken.
 * PARSE_BAD: answer->why.
 */
enum parse http_answer_body(struct http_answer *answer, struct slice *bytes, struct slice *ret);

#endif
