#ifndef HTTP_H1_CHUNK_H
#define HTTP_H1_CHUNK_H

/*
 * Chunked coding (RFC 9112 7.1), one step at a time. Pure.
 */
#include "base/arena.h"
#include "base/parse.h"
#include "base/slice.h"
#include "http/field.h"

#include <stddef.h>
#include <stdint.h>

/*  SIZE ──> DATA ──> DATA_END ──> SIZE … ──> TRAILER ──> OVER  */
enum h1_chunk_state {
    H1_CHUNK_SIZE,
    H1_CHUNK_DATA,
    H1_CHUNK_DATA_END,
    H1_CHUNK_TRAILER,
    H1_CHUNK_OVER,
};

struct h1_chunk {
    enum h1_chunk_state state;
    uint64_t left;          /* of the current chunk */
    size_t extension_bytes; /* seen so far, over all chunks: limited */
    size_t trailer_bytes;
    struct arena *arena;    /* borrowed: for the trailers; NULL: they are dropped */
    struct fields trailers; /* all, once the state is OVER */
};

/* {0} is the start, but for the arena. */

/*
 * Reads from the front of `in`. PARSE_DONE: *ret_used bytes are done with, of which the last
 * ret_data->len are content (perhaps none); call again unless state is H1_CHUNK_OVER. PARSE_MORE:
 * nothing can be done without more bytes (*ret_used is 0). PARSE_BAD: refused: a size that is no or
 * more than 16 hexadecimal digits, bare LF or CR, missing CRLF after the data, too long extensions
 * (4 KiB in all) or trailers (8 KiB). Trailers are checked as field lines.
 */
enum parse h1_chunk_decode(struct h1_chunk *chunk, struct slice in, size_t *ret_used,
                           struct slice *ret_data, struct parse_fault *reterr);

#endif
