#ifndef GATEWAY_FCGI_RECORD_H
#define GATEWAY_FCGI_RECORD_H

/*
 * FastCGI 1.0 records, both ways. Pure.
 *
 * One request at a time on a connection (php-fpm and libfcgi refuse more), so its number is
 * always 1. A record never carries more than FCGI_CONTENT_MOST bytes: PHP refuses one whose content
 * and padding exceed 65535. A name-value pair never straddles two PARAMS records: PHP decodes each
 * by itself.
 */
#include "base/arena.h"
#include "base/parse.h"
#include "base/slice.h"
#include "gateway/meta.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FCGI_HEAD_LEN     8u
#define FCGI_BEGIN_LEN    (FCGI_HEAD_LEN + 8u) /* of a BEGIN_REQUEST record */
#define FCGI_CONTENT_MOST 65528u
#define FCGI_REQUEST_ID   1u

enum fcgi_type {
    FCGI_BEGIN_REQUEST = 1,
    FCGI_ABORT_REQUEST = 2,
    FCGI_END_REQUEST = 3,
    FCGI_PARAMS = 4,
    FCGI_STDIN = 5,
    FCGI_STDOUT = 6,
    FCGI_STDERR = 7,
};

enum fcgi_role { FCGI_RESPONDER = 1, FCGI_AUTHORIZER = 2 };

enum fcgi_status { /* protocolStatus of END_REQUEST */
                   FCGI_COMPLETE = 0,
                   FCGI_CANT_MULTIPLEX = 1,
                   FCGI_OVERLOADED = 2,
                   FCGI_UNKNOWN_ROLE = 3,
};

/* ---- writing ---- */

/* The zero bytes that bring a record of `content_len` to a multiple of 8. */
static inline unsigned fcgi_padding(size_t content_len)
{
    return (unsigned)(-content_len & 7);
}

/* The head of a record with its padding announced. */
void fcgi_head_encode(enum fcgi_type type, size_t content_len, unsigned char out[FCGI_HEAD_LEN]);

/* BEGIN_REQUEST and all PARAMS of a request, in an arena: a sink for meta_build(). */
struct fcgi_params {
    struct meta_sink sink;
    struct arena *arena;
    char *at;
    size_t len;
    size_t room;
    size_t record_at;   /* where the open PARAMS record begins */
    size_t content_len; /* of the open record */
    size_t told_len;    /* content of all records */
    size_t most;
};

/* `keep`: the program is asked to leave the connection open. */
void fcgi_params_init(struct fcgi_params *params, struct arena *arena, size_t most,
                      enum fcgi_role role, bool keep);

/* Closes the stream of parameters; the bytes to send. */
struct slice fcgi_params_end(struct fcgi_params *params);

/* ---- reading ---- */

/* What came; STDOUT and STDERR content may be a part of what its record holds. */
struct fcgi_piece {
    enum fcgi_type type; /* STDOUT, STDERR, END_REQUEST; another: a record that was skipped, once */
    struct slice
        content; /* STDOUT, STDERR; points into the bytes fed; empty: the stream is at its end */
    uint32_t app_status;  /* END_REQUEST */
    unsigned char status; /* END_REQUEST: enum fcgi_status, or another number */
};

struct fcgi_reader {
    unsigned char head[FCGI_HEAD_LEN];
    unsigned head_len;
    size_t content_left;
    size_t padding_left;
    unsigned char end[8]; /* content of END_REQUEST */
    unsigned end_len;
};

/* After a piece was taken: its record ends, with its padding, exactly where `rest` ends. */
static inline bool fcgi_reader_ends_with(const struct fcgi_reader *reader, struct slice rest)
{
    return reader->head_len == 0 && reader->padding_left == rest.len;
}

/*
 * Takes the next piece off *bytes, which may be split anywhere. PARSE_MORE: all bytes are used up.
 * PARSE_BAD: this is no FastCGI, or a record of a request that we never made; the connection is of
 * no use any more.
 */
enum parse fcgi_reader_next(struct fcgi_reader *reader, struct slice *bytes, struct fcgi_piece *ret,
                            struct parse_fault *reterr);

#endif
