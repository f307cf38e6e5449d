/*
 * Answers of HTTP backends: read at once and byte by byte must give the same, and what is accepted
 * must be fit to be sent on.
 */
#include "gateway/http_answer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void require(bool good)
{
    if (!good)
        abort();
}

struct result {
    struct http_answer answer;
    enum parse end;
    unsigned interims;
    size_t content;
    uint32_t sum; /* of the content, its order counts */
    struct slice rest;
};

static void take(struct result *result, struct slice part)
{
    result->content += part.len;
    for (size_t i = 0; i < part.len; i++)
        result->sum = result->sum * 31 + (unsigned char)part.at[i];
}

static void check_fields(const struct fields *fields)
{
    require(fields->count <= HTTP_ANSWER_FIELDS_MOST);
    for (uint32_t i = 0; i < fields->count; i++) {
        require(field_is_token(fields->at[i].name));
        require(field_is_value(fields->at[i].value));
        require(!field_is_hop_by_hop(fields->at[i].id));
        require(fields->at[i].id != FIELD_CONTENT_LENGTH);
        require(fields->at[i].id != FIELD_X_SENDFILE);
    }
}

static void take_heads(struct result *result, struct slice *bytes)
{
    struct http_answer *answer = &result->answer;

    while ((result->end = http_answer_head(answer, bytes)) == PARSE_DONE &&
           answer->state == HTTP_ANSWER_HEAD) {
        require(answer->status >= 100 && answer->status <= 199 && answer->status != 101);
        require(++result->interims <= HTTP_ANSWER_INTERIMS_MOST);
        check_fields(&answer->fields);
    }
}

static void give(struct result *result, struct slice bytes)
{
    struct http_answer *answer = &result->answer;
    struct slice part;

    if (answer->state == HTTP_ANSWER_HEAD)
        take_heads(result, &bytes);
    while (result->end != PARSE_BAD && answer->state != HTTP_ANSWER_HEAD &&
           answer->state != HTTP_ANSWER_OVER && answer->state != HTTP_ANSWER_SWITCHED) {
        result->end = http_answer_body(answer, &bytes, &part);
        if (result->end != PARSE_DONE)
            break;
        take(result, part);
    }
    result->rest = bytes;
}

static void check_head(const struct http_answer *answer)
{
    require(answer->state == HTTP_ANSWER_SWITCHED ? answer->status == 101
                                                  : answer->status >= 200 && answer->status <= 599);
    require(field_is_value(answer->phrase));
    check_fields(&answer->fields);
    require(!answer->keeps || answer->state != HTTP_ANSWER_TO_END);
}

static bool is_over(const struct http_answer *answer)
{
    return answer->state == HTTP_ANSWER_OVER || answer->state == HTTP_ANSWER_SWITCHED;
}

/* `accept`: what a WebSocket that was asked for would be given with; empty: none was. */
static void read_both_ways(struct slice in, struct slice accept)
{
    struct arena arena = { 0 };
    struct result whole = { .end = PARSE_MORE };
    struct result single = { .end = PARSE_MORE };
    size_t at = 0;

    http_answer_init(&whole.answer, &arena, false);
    http_answer_init(&single.answer, &arena, false);
    whole.answer.accept = single.answer.accept = accept;
    give(&whole, in);
    for (; at < in.len && single.end != PARSE_BAD && !is_over(&single.answer); at++)
        give(&single, slice_of(in.at + at, 1));
    require((whole.end == PARSE_BAD) == (single.end == PARSE_BAD));
    require(whole.answer.state == single.answer.state || whole.end == PARSE_BAD);
    require(whole.interims == single.interims);
    require(whole.content == single.content && whole.sum == single.sum);
    if (whole.end == PARSE_BAD)
        require(whole.answer.why && strcmp(whole.answer.why, single.answer.why) == 0);
    else if (is_over(&whole.answer))
        require(in.len - whole.rest.len == at);
    require(whole.answer.trailers.count == single.answer.trailers.count);
    check_fields(&whole.answer.trailers);
    require(slice_equal(whole.answer.announced, single.answer.announced));
    if (whole.end != PARSE_BAD && whole.answer.state != HTTP_ANSWER_HEAD) {
        require(whole.answer.head_len == single.answer.head_len);
        check_head(&whole.answer);
    }
    require(accept.len > 0 || whole.answer.state != HTTP_ANSWER_SWITCHED);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_both_ways(slice_of(data, size), SLICE(""));
    read_both_ways(slice_of(data, size), SLICE("Right="));
    return 0;
}
