/* Bytes that were read from an HTTP/1 connection and belong to nobody yet. */
#include "wire_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static char *memory_of(const struct h1_input *input)
{
    if (input->large)
        return input->large;
    return input->chunk ? input->chunk->data : NULL;
}

struct slice input_filled(const struct h1_input *input)
{
    size_t len = input->end - input->begin;

    return len > 0 ? slice_of(memory_of(input) + input->begin, len) : SLICE("");
}

void input_release(struct h1_input *input)
{
    chunk_free(input->chunk);
    free(input->large);
    *input = (struct h1_input){ 0 };
}

void input_take(struct h1_input *input, size_t len)
{
    input->begin += len;
    if (input->begin == input->end)
        input_release(input);
}

/* More than a chunk: only for heads that the limits allow and somebody really sends. */
static void grow(struct h1_input *input, size_t room)
{
    struct slice filled = input_filled(input);

    assert(room > filled.len);
    char *large = malloc(room);
    if (!large)
        abort(); /* as everywhere: true exhaustion ends the process */
    memcpy(large, filled.at, filled.len);
    chunk_free(input->chunk);
    free(input->large);
    input->chunk = NULL;
    input->large = large;
    input->begin = 0;
    input->end = filled.len;
    input->room = room;
}

/* Makes room behind what is there; `limit` is greater than that. */
static void make_room(struct h1_input *input, size_t limit)
{
    struct slice filled = input_filled(input);

    if (!memory_of(input)) {
        input->chunk = chunk_new();
        input->room = CHUNK_SIZE;
    } else if (input->end == input->room && input->begin > 0) {
        memmove(memory_of(input), filled.at, filled.len);
        input->begin = 0;
        input->end = filled.len;
    } else if (input->end == input->room) {
        grow(input, limit < input->room * 2 ? limit : input->room * 2);
    }
}

ssize_t input_fill(struct h1_input *input, struct transport *transport, size_t limit)
{
    if (input->end - input->begin >= limit)
        return -ENOBUFS;

    make_room(input, limit);
    ssize_t got =
        transport_read(transport, memory_of(input) + input->end, input->room - input->end);
    if (got > 0)
        input->end += (size_t)got;
    else if (input->begin == input->end)
        input_release(input); /* one that waits holds no chunk */
    return got;
}
