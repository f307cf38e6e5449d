/*
 * A line that is taken is made of a token and a value without control bytes, lies within what was
 * used, and means the same when it is written down again; what is strict is contained in what is
 * lenient.
 */
#include "http/field.h"
#include "http/field_line.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(struct slice in, const struct field_line *line, size_t used)
{
    assert(used > 0 && used <= in.len && in.at[used - 1] == '\n');
    if (line->name.len == 0)
        return;

    struct slice value = line->value;
    assert(line->name.at == in.at && field_is_token(line->name));
    assert(field_is_value(value) && slice_equal(value, slice_trim(value)));
    assert(value.at > in.at && value.at + value.len < in.at + used);

    /* Written down again, for the strictest reader. */
    size_t len = line->name.len + value.len + 3;
    char *copy = malloc(len);
    struct field_line again;
    size_t again_used = 0;

    assert(copy);
    memcpy(copy, line->name.at, line->name.len);
    copy[line->name.len] = ':';
    memcpy(copy + line->name.len + 1, value.at, value.len);
    memcpy(copy + len - 2, "\r\n", 2);
    assert(field_line_parse(slice_of(copy, len), LINE_CRLF, &again, &again_used, NULL) ==
           PARSE_DONE);
    assert(again_used == len);
    assert(slice_equal(again.name, line->name) && slice_equal(again.value, value));
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);

    while (in.len > 0) {
        struct field_line strict_line;
        struct field_line line;
        struct parse_fault fault = { .at = SIZE_MAX };
        size_t strict_used = 0;
        size_t used = 0;
        enum parse strict = field_line_parse(in, LINE_CRLF, &strict_line, &strict_used, &fault);
        enum parse result = field_line_parse(in, LINE_ANY, &line, &used, NULL);

        assert(strict != PARSE_BAD || (fault.at <= in.len && fault.why));
        assert((strict == PARSE_MORE) == (result == PARSE_MORE));
        if (result == PARSE_MORE)
            break;
        assert(used == strict_used && used > 0);
        if (strict == PARSE_DONE)
            assert(result == PARSE_DONE && slice_equal(line.name, strict_line.name) &&
                   slice_equal(line.value, strict_line.value));
        if (result == PARSE_DONE)
            check_line(in, &line, used);
        in = slice_skip(in, used);
    }
    return 0;
}
