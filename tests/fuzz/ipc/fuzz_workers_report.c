/* What decodes is encoded again and decodes to the same. */
#include "ipc/workers_report.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct workers_report report;
    struct workers_report again;
    struct parse_fault fault;

    if (workers_report_decode(slice_of(data, size), &report, &fault) != PARSE_DONE) {
        assert(fault.at <= size && fault.why);
        return 0;
    }
    if (slice_has(report.last_end, '\0')) /* handover refuses it before */
        return 0;

    char *room = malloc(size + 256);
    if (!room)
        abort();
    struct text text = text_on(room, size + 256);
    workers_report_encode(&report, &text);
    assert(workers_report_decode(text_slice(&text), &again, &fault) == PARSE_DONE);
    assert(again.busy == report.busy && again.started == report.started);
    assert(slice_equal(again.last_end, report.last_end));
    free(room);
    return 0;
}
