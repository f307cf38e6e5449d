#ifndef WIRE_H1_WRITE_H
#define WIRE_H1_WRITE_H

/*
 * The head of an HTTP/1.x answer. Pure.
 */
#include "base/text.h"
#include "http/exchange.h"

#include <stdbool.h>
#include <stdint.h>

enum h1_body {
    H1_BODY_NONE,    /* HEAD, 1xx, 204, 304 */
    H1_BODY_LENGTH,  /* Content-Length */
    H1_BODY_CHUNKED, /* Transfer-Encoding: chunked */
    H1_BODY_CLOSE,   /* until the connection closes (HTTP/1.0) */
    H1_BODY_TUNNEL,  /* no body: the connection is another one from here on */
};

struct h1_head {
    int version; /* of the request: 10 or 11. The answer always says HTTP/1.1 */
    enum h1_body body;
    int64_t length;    /* for H1_BODY_LENGTH; with H1_BODY_NONE: -1 = no Content-Length line */
    bool keep_alive;   /* Connection: close otherwise; keep-alive is said to HTTP/1.0 clients */
    struct slice date; /* IMF-fixdate; used when the fields hold no Date */
};

/* Writes status line, Date, fields and the framing. Fields that frame (Content-Length,
 * Transfer-Encoding, Connection) in response->fields are left out: the wire alone frames.
 * text->cut: it did not fit. */
void h1_write_head(struct text *text, const struct response *response, const struct h1_head *head);

/* "HTTP/1.1 103 Early Hints", the fields, an empty line; likewise. */
void h1_write_interim(struct text *text, int status, const struct fields *fields);

/* The fields behind the last chunk, and the empty line; likewise. */
void h1_write_trailers(struct text *text, const struct fields *fields);

#endif
