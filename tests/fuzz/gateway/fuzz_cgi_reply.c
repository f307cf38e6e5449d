/*
 * Heads of programs' answers: read at once and byte by byte must give the same, and what is
 * accepted must be fit to be sent on.
 */
#include "gateway/reply.h"

#include <stdint.h>
#include <stdlib.h>

static void require(bool good)
{
    if (!good)
        abort();
}

static void check_response(const struct reply *reply)
{
    struct response response = { .length = -1 };

    reply_apply(reply, &response, reply->arena);
    require(response.status >= 200 && response.status <= 599);
    require(field_is_value(response.phrase));
    require(response.fields.count <= REPLY_FIELDS_MOST);
    for (uint32_t i = 0; i < response.fields.count; i++) {
        require(field_is_token(response.fields.at[i].name));
        require(field_is_value(response.fields.at[i].value));
        require(!field_is_hop_by_hop(response.fields.at[i].id));
        require(response.fields.at[i].id != FIELD_STATUS);
        require(response.fields.at[i].id != FIELD_CONTENT_LENGTH);
        require(response.fields.at[i].id != FIELD_X_SENDFILE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    struct arena arena = { 0 };
    struct reply whole;
    struct reply single;
    size_t used = 0;
    size_t at = 0;

    reply_init(&whole, &arena);
    reply_init(&single, &arena);
    reply_feed(&whole, in, &used);
    for (; at < size && single.state == PARSE_MORE; at++) {
        size_t one;
        reply_feed(&single, slice_of(in.at + at, 1), &one);
    }
    require(whole.state == single.state);
    require(whole.status == single.status && whole.length == single.length);
    require(whole.fields.count == single.fields.count);
    require(whole.dropped_lines == single.dropped_lines);
    if (whole.state == PARSE_DONE) {
        require(used == at);
        check_response(&whole);
    }
    require(reply_end(&whole) != PARSE_MORE);
    require(whole.state != PARSE_BAD || whole.why);
    arena_done(&arena);
    return 0;
}
