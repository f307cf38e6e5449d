/*
 * A head is found in the same place however its bytes arrive, and whatever stands in it, it is
 * either understood without contradiction or refused with a status and a reason.
 */
#include "wire/h1_parse.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct h1_limits limits = {
    .head_bytes = 2048, .target_bytes = 256, .fields = 20, .body_bytes = 1u << 20
};

/* Gives the bytes in pieces; `step` is the first size, each next one differs. */
static enum parse find(struct slice in, size_t step, size_t *ret_len)
{
    size_t scanned = 0;
    size_t given = 0;
    enum parse result = PARSE_MORE;

    while (result == PARSE_MORE && given < in.len) {
        given = in.len - given < step ? in.len : given + step;
        step = step * 7 % 13 + 1;
        result = h1_find_head(slice_first(in, given), limits.head_bytes, &scanned, ret_len);
        assert(scanned <= given);
    }
    return result;
}

static void check_request(const struct request *request, const struct h1_framing *framing)
{
    const struct fields *fields = &request->fields;
    unsigned lengths = fields_count_id(fields, FIELD_CONTENT_LENGTH);

    assert(request->failed == 0);
    assert(request->method != METHOD_CONNECT || !request->has_body);
    assert(request->version == 10 || request->version == 11);
    assert(field_is_token(request->method_name) && request->line.len > 0);
    assert(request->target.path.len > 0 && request->target.path.at[0] == '/');
    assert(fields->count <= limits.fields && lengths <= 1);
    assert(fields_count_id(fields, FIELD_HOST) <= 1);
    assert(request->version == 10 || fields_find(fields, FIELD_HOST));
    for (uint32_t i = 0; i < fields->count; i++)
        assert(field_is_token(fields->at[i].name) && field_is_value(fields->at[i].value));

    if (framing->chunked) {
        assert(lengths == 0 && request->version == 11 && request->length == -1);
    } else {
        assert(!fields_find(fields, FIELD_TRANSFER_ENCODING));
        assert(request->length >= 0 && (uint64_t)request->length <= limits.body_bytes);
    }
    assert(request->has_body == (framing->chunked || request->length > 0));
    assert(!request->expects_continue || request->has_body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    struct arena arena = { 0 };
    struct request request = { 0 };
    struct h1_framing framing;
    struct parse_fault fault = { .at = SIZE_MAX };
    size_t len = in.len;
    size_t len_bytewise = in.len;
    size_t len_pieces = in.len;

    enum parse found = find(in, in.len, &len);
    for (size_t step = 1; step <= 5; step++) {
        assert(find(in, step, &len_pieces) == found);
        assert(len_pieces == len);
    }
    size_t scanned = 0;
    for (size_t given = 1; given <= in.len; given++) {
        enum parse result =
            h1_find_head(slice_first(in, given), limits.head_bytes, &scanned, &len_bytewise);

        if (result != PARSE_MORE) {
            assert(result == found);
            break;
        }
    }
    assert(len_bytewise == len);

    /* What is no whole head must be refused, not trusted. */
    enum parse result =
        h1_parse_head(slice_first(in, len), &limits, &arena, &request, &framing, &fault);
    assert(result != PARSE_MORE);
    if (result == PARSE_DONE) {
        assert(found == PARSE_DONE);
        for (size_t given = 0; given <= len; given++)
            assert(!h1_find_nonsense(slice_first(in, given)));
        check_request(&request, &framing);
    } else {
        assert(request.failed >= 400 && request.failed <= 505 && request.failed_why);
        assert(fault.at <= len && fault.why == request.failed_why && !framing.keep_alive);
    }
    arena_done(&arena);
    return 0;
}
