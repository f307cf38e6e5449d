#include "http/h1_chunk.h"

#include "base/encode.h"
#include "http/field.h"
#include "http/field_line.h"

#include <stdbool.h>

#define SIZE_DIGITS_MOST     16u
#define EXTENSION_BYTES_MOST 4096u
#define TRAILER_BYTES_MOST   8192u

/* ---- one step: each reads from the front of `in` and says in *ret_used how far ---- */

/*
 * From behind the digits to the end of the line: nothing, or extensions (RFC 9112 7.1.1), which are
 * not looked at: nobody knows any. `in` is not empty.
 */
static enum parse size_line_end(struct h1_chunk *chunk, struct slice in, size_t *ret_used,
                                struct parse_fault *reterr)
{
    if (in.at[0] == '\n')
        return parse_bad(reterr, 0, "bare LF in chunk framing");

    const char *newline = memchr(in.at, '\n', in.len);
    struct slice extension = { in.at, newline ? (size_t)(newline - in.at) : in.len };

    if (in.at[0] != '\r' && in.at[0] != ';' && in.at[0] != ' ' && in.at[0] != '\t')
        return parse_bad(reterr, 0, "chunk size is no hexadecimal number");
    const bool has_return = extension.at[extension.len - 1] == '\r';
    if (has_return)
        extension.len--;            /* without a newline it may still become the end */
    if (!field_is_value(extension)) /* before the end is looked at, which may not have come yet */
        return parse_bad(reterr, 0, "control byte in chunk framing");
    if (newline && !has_return)
        return parse_bad(reterr, extension.len, "bare LF in chunk framing");
    if (extension.len > EXTENSION_BYTES_MOST - chunk->extension_bytes)
        return parse_bad(reterr, 0, "too many chunk extensions");
    if (!newline)
        return PARSE_MORE;
    if (extension.len > 0 && slice_trim(extension).len == 0)
        return parse_bad(reterr, 0, "blanks behind the chunk size");
    if (extension.len > 0 && slice_trim(extension).at[0] != ';')
        return parse_bad(reterr, 0, "chunk size is no hexadecimal number");

    chunk->extension_bytes += extension.len;
    *ret_used = extension.len + 2;
    return PARSE_DONE;
}

static enum parse read_size(struct h1_chunk *chunk, struct slice in, size_t *ret_used,
                            struct parse_fault *reterr)
{
    uint64_t size = 0;
    size_t digits = 0;

    while (digits < in.len && hex_digit(in.at[digits]) >= 0) {
        if (digits == SIZE_DIGITS_MOST)
            return parse_bad(reterr, digits, "chunk size has more than 16 digits");
        size = size << 4 | (uint64_t)hex_digit(in.at[digits]);
        digits++;
    }
    if (digits == in.len)
        return PARSE_MORE;
    if (digits == 0)
        return parse_bad(reterr, 0, "chunk size is no hexadecimal number");

    enum parse result = size_line_end(chunk, slice_skip(in, digits), ret_used, reterr);
    if (result == PARSE_BAD && reterr)
        reterr->at += digits;
    if (result != PARSE_DONE)
        return result;

    *ret_used += digits;
    chunk->left = size;
    chunk->state = size > 0 ? H1_CHUNK_DATA : H1_CHUNK_TRAILER;
    return PARSE_DONE;
}

static enum parse read_data(struct h1_chunk *chunk, struct slice in, size_t *ret_used,
                            struct slice *ret_data)
{
    if (in.len == 0)
        return PARSE_MORE;

    *ret_used = in.len < chunk->left ? in.len : (size_t)chunk->left;
    *ret_data = slice_first(in, *ret_used);
    chunk->left -= *ret_used;
    if (chunk->left == 0)
        chunk->state = H1_CHUNK_DATA_END;
    return PARSE_DONE;
}

static enum parse read_data_end(struct h1_chunk *chunk, struct slice in, size_t *ret_used,
                                struct parse_fault *reterr)
{
    if (in.len > 0 && in.at[0] != '\r')
        return parse_bad(reterr, 0, "chunk is longer than its size");
    if (in.len > 1 && in.at[1] != '\n')
        return parse_bad(reterr, 1, "bare CR in chunk framing");
    if (in.len < 2)
        return PARSE_MORE;
    *ret_used = 2;
    chunk->state = H1_CHUNK_SIZE;
    return PARSE_DONE;
}

static void keep_trailer(struct h1_chunk *chunk, const struct field_line *line)
{
    struct arena *arena = chunk->arena;

    if (arena)
        fields_add(&chunk->trailers, arena, arena_copy(arena, line->name),
                   arena_copy(arena, line->value));
}

/* RFC 9112 7.1.2. */
static enum parse read_trailer(struct h1_chunk *chunk, struct slice in, size_t *ret_used,
                               struct parse_fault *reterr)
{
    struct field_line line;
    size_t used = 0;
    enum parse result = field_line_parse(in, LINE_CRLF, &line, &used, reterr);

    if (result == PARSE_BAD)
        return PARSE_BAD;
    if ((result == PARSE_MORE ? in.len : used) > TRAILER_BYTES_MOST - chunk->trailer_bytes)
        return parse_bad(reterr, 0, "too many trailers");
    if (result == PARSE_MORE)
        return PARSE_MORE;

    chunk->trailer_bytes += used;
    *ret_used = used;
    if (line.name.len == 0)
        chunk->state = H1_CHUNK_OVER;
    else
        keep_trailer(chunk, &line);
    return PARSE_DONE;
}

static enum parse read_step(struct h1_chunk *chunk, struct slice in, size_t *ret_used,
                            struct slice *ret_data, struct parse_fault *reterr)
{
    switch (chunk->state) {
    case H1_CHUNK_SIZE:
        return read_size(chunk, in, ret_used, reterr);
    case H1_CHUNK_DATA:
        return read_data(chunk, in, ret_used, ret_data);
    case H1_CHUNK_DATA_END:
        return read_data_end(chunk, in, ret_used, reterr);
    case H1_CHUNK_TRAILER:
        return read_trailer(chunk, in, ret_used, reterr);
    case H1_CHUNK_OVER:
        break;
    }
    return PARSE_DONE; /* nothing is left to read */
}

/* Steps go on until there is content to give out, the bytes are used up, or the end is reached. */
enum parse h1_chunk_decode(struct h1_chunk *chunk, struct slice in, size_t *ret_used,
                           struct slice *ret_data, struct parse_fault *reterr)
{
    size_t used = 0;

    *ret_data = slice_of(in.at, 0);
    *ret_used = 0;
    while (ret_data->len == 0 && chunk->state != H1_CHUNK_OVER) {
        size_t step = 0;
        enum parse result = read_step(chunk, slice_skip(in, used), &step, ret_data, reterr);

        if (result == PARSE_BAD) {
            if (reterr)
                reterr->at += used;
            return PARSE_BAD;
        }
        if (result == PARSE_MORE)
            break;
        used += step;
    }
    *ret_used = used;
    return used > 0 || chunk->state == H1_CHUNK_OVER ? PARSE_DONE : PARSE_MORE;
}
