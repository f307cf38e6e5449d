#include "ipc/workers_report.h"

#include "base/number.h"

#include <inttypes.h>

enum field { BUSY, IDLE, STARTING, ENDING, STARTED, DIED, HELD, MEMORY, FIELD_COUNT };

static const uint64_t most[FIELD_COUNT] = {
    [BUSY] = UINT32_MAX,    [IDLE] = UINT32_MAX, [STARTING] = UINT32_MAX, [ENDING] = UINT32_MAX,
    [STARTED] = UINT64_MAX, [DIED] = UINT64_MAX, [HELD] = UINT64_MAX,     [MEMORY] = UINT64_MAX,
};

void workers_report_encode(const struct workers_report *report, struct text *text)
{
    text_printf(text,
                "%" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64
                " %" PRIu64 " %.*s",
                report->busy, report->idle, report->starting, report->ending, report->started,
                report->died, report->held_ms, report->memory_bytes, SLICE_ARGS(report->last_end));
}

enum parse workers_report_decode(struct slice text, struct workers_report *ret,
                                 struct parse_fault *reterr)
{
    uint64_t numbers[FIELD_COUNT];
    struct slice rest = text;

    for (int i = 0; i < FIELD_COUNT; i++) {
        size_t at = text.len - rest.len;
        struct slice word;

        if (!slice_cut(rest, ' ', &word, &rest) || !number_parse(word, most[i], &numbers[i]))
            return parse_bad(reterr, at, "not a number and a blank");
    }
    *ret = (struct workers_report){
        .busy = (uint32_t)numbers[BUSY],
        .idle = (uint32_t)numbers[IDLE],
        .starting = (uint32_t)numbers[STARTING],
        .ending = (uint32_t)numbers[ENDING],
        .started = numbers[STARTED],
        .died = numbers[DIED],
        .held_ms = numbers[HELD],
        .memory_bytes = numbers[MEMORY],
        .last_end = rest,
    };
    return PARSE_DONE;
}
