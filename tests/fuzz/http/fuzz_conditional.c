/*
 * Conditions and codings: fields as a client sends them, against validators that are fixed. What is
 * decided must be possible at all: 304 only for reading, nothing without a field that asks for it.
 */
#include "http/conditional.h"
#include "http/field_line.h"
#include "http/negotiate.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MODIFIED_S INT64_C(784111777)
#define NOW_S      INT64_C(1750000000)

static struct fields read_fields(struct slice in, struct arena *arena)
{
    struct fields fields = { 0 };
    struct field_line line;
    size_t used = 0;

    for (;;) {
        switch (field_line_parse(in, LINE_ANY, &line, &used, NULL)) {
        case PARSE_DONE:
            fields_add(&fields, arena, line.name, line.value);
            break;
        case PARSE_BAD:
            break;
        case PARSE_MORE:
            return fields;
        }
        in = slice_skip(in, used);
    }
}

static void check_conditions(const struct fields *fields, const struct validators *validators)
{
    bool match = fields_find(fields, FIELD_IF_MATCH);
    bool none_match = fields_find(fields, FIELD_IF_NONE_MATCH);
    bool since = fields_find(fields, FIELD_IF_MODIFIED_SINCE);
    bool unmodified = fields_find(fields, FIELD_IF_UNMODIFIED_SINCE);
    enum condition get = conditional_judge(fields, METHOD_GET, validators, NOW_S);
    enum condition head = conditional_judge(fields, METHOD_HEAD, validators, NOW_S);
    enum condition put = conditional_judge(fields, METHOD_PUT, validators, NOW_S);

    assert(get == head && put != CONDITION_NOT_MODIFIED);
    assert(get != CONDITION_FAILED || match || unmodified);
    assert(get != CONDITION_NOT_MODIFIED || none_match || since);
    assert(put != CONDITION_FAILED || match || unmodified || none_match);
    if (get == CONDITION_FAILED)
        assert(put == CONDITION_FAILED);

    bool obeyed = conditional_if_range(fields, validators, NOW_S);
    assert(obeyed || fields_find(fields, FIELD_IF_RANGE));
}

static void check_codings(const struct fields *fields)
{
    static const enum coding offered[] = { CODING_ZSTD, CODING_GZIP };
    const enum coding coding = negotiate_coding(fields, offered, 2);

    assert(coding == CODING_COUNT || coding == CODING_ZSTD || coding == CODING_GZIP);
    if (!fields_find(fields, FIELD_ACCEPT_ENCODING))
        assert(coding == CODING_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct fields fields = read_fields(slice_of(data, size), &arena);
    const struct validators all[] = {
        { .etag = SLICE_INIT("\"a\""), .modified_s = MODIFIED_S },
        { .etag = SLICE_INIT("W/\"a,b\""), .modified_s = -1 },
        { .modified_s = MODIFIED_S },
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        check_conditions(&fields, &all[i]);
    check_codings(&fields);
    arena_done(&arena);
    return 0;
}
