/*
 * Given as one piece, byte by byte or in pieces of any size, the content and the end are the same.
 */
#include "http/h1_chunk.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct result {
    enum parse end;
    char *content;
    size_t len;
    size_t used;
    struct arena arena;
    struct fields trailers;
};

static void take(struct result *result, struct slice at_front, size_t used, struct slice data)
{
    assert(data.len <= used && used <= at_front.len);
    assert(data.len == 0 || data.at == at_front.at + used - data.len);
    if (data.len > 0)
        memcpy(result->content + result->len, data.at, data.len);
    result->len += data.len;
    result->used += used;
}

/* `step` 0: all at once; otherwise pieces that begin with that size and vary. */
static struct result decode(struct slice in, size_t step)
{
    struct arena arena = { 0 };
    struct h1_chunk chunk = { .arena = &arena };
    struct result result = { .end = PARSE_MORE, .content = malloc(in.len + 1) };
    size_t given = step == 0 ? in.len : 0;

    assert(result.content);
    while (chunk.state != H1_CHUNK_OVER) {
        struct parse_fault fault = { .at = SIZE_MAX };
        struct slice front = slice_of(in.at + result.used, given - result.used);
        struct slice data;
        size_t used = 0;

        result.end = h1_chunk_decode(&chunk, front, &used, &data, &fault);
        if (result.end == PARSE_BAD) {
            assert(fault.at <= front.len && fault.why);
            break;
        }
        assert((result.end == PARSE_MORE) == (used == 0));
        take(&result, front, used, data);
        if (result.end == PARSE_DONE)
            continue;
        if (given == in.len)
            break;
        given = in.len - given < step ? in.len : given + step;
        step = step == 1 ? 1 : step * 7 % 13 + 1;
    }
    result.arena = arena;
    result.trailers = chunk.trailers;
    return result;
}

static void check_trailers(const struct fields *a, const struct fields *b)
{
    assert(a->count == b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        assert(field_is_token(a->at[i].name) && slice_equal(a->at[i].name, b->at[i].name));
        assert(field_is_value(a->at[i].value) && slice_equal(a->at[i].value, b->at[i].value));
    }
}

static void release(struct result *result)
{
    arena_done(&result->arena);
    free(result->content);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = size > 0 ? slice_of(data, size) : SLICE("");
    struct result whole = decode(in, 0);

    for (size_t step = 1; step <= 6; step++) {
        struct result pieces = decode(in, step);

        assert(pieces.end == whole.end && pieces.len == whole.len);
        assert(memcmp(pieces.content, whole.content, whole.len) == 0);
        if (whole.end == PARSE_DONE)
            assert(pieces.used == whole.used);
        check_trailers(&pieces.trailers, &whole.trailers);
        release(&pieces);
    }
    release(&whole);
    return 0;
}
