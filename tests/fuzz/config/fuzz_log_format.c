/*
 * A text with letters: whatever it is, it is told where it is wrong, or it becomes segments that
 * have what they need; no text of its own can end a line.
 */
#include "config/log_format.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_segment(const struct log_segment *segment)
{
    const bool has_text = segment->item == LINE_TEXT || segment->item == LINE_REQUEST_FIELD ||
                          segment->item == LINE_ANSWER_FIELD;

    assert(has_text == (segment->text.len > 0));
    assert(!slice_has(segment->text, '\n') && !slice_has(segment->text, '\0'));
    assert(segment->end == '\0' || (segment->end >= ' ' && segment->end < 0x7f));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct log_format format;
    struct parse_fault fault = { 0 };

    if (log_format_parse(slice_of(data, size), &arena, &format, &fault) == PARSE_DONE) {
        assert(format.count > 0 && format.count <= LOG_SEGMENTS_MOST);
        for (unsigned i = 0; i < format.count; i++)
            check_segment(&format.segments[i]);
    } else {
        assert(fault.why && fault.at <= size);
    }
    arena_done(&arena);
    return 0;
}
