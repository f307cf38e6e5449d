#include "ipc/workers_report.h"

#include "suite.h"

static const struct workers_report reports[] = {
    { 0 },
    { .busy = 1,
      .idle = 2,
      .starting = 3,
      .ending = UINT32_MAX,
      .started = UINT64_MAX,
      .died = 6,
      .held_ms = 30000,
      .memory_bytes = 8,
      .last_end = SLICE_INIT("exited with status 3 after 0.1 s; its last words: a  b") },
};

START_TEST(what_was_encoded_is_decoded)
{
    const struct workers_report *report = &reports[_i];
    char room[WORKERS_REPORT_MOST];
    struct text text = text_on(room, sizeof(room));
    struct workers_report back;

    workers_report_encode(report, &text);
    ck_assert_int_eq(workers_report_decode(text_slice(&text), &back, NULL), PARSE_DONE);
    ck_assert_uint_eq(back.busy, report->busy);
    ck_assert_uint_eq(back.idle, report->idle);
    ck_assert_uint_eq(back.starting, report->starting);
    ck_assert_uint_eq(back.ending, report->ending);
    ck_assert_uint_eq(back.started, report->started);
    ck_assert_uint_eq(back.died, report->died);
    ck_assert_uint_eq(back.held_ms, report->held_ms);
    ck_assert_uint_eq(back.memory_bytes, report->memory_bytes);
    ck_assert(slice_equal(back.last_end, report->last_end));
}
END_TEST

static const struct {
    const char *text;
    size_t at;
} faults[] = {
    { "", 0 },
    { "1 2 3 4 5 6 7 8", 14 },
    { "1 2 x 4 5 6 7 8 ", 4 },
    { "4294967296 ", 0 },
    { "1  2 3 4 5 6 7 8 ", 2 },
    { "-1 2 3 4 5 6 7 8 ", 0 },
};

START_TEST(what_is_no_report_is_refused_with_its_place)
{
    struct workers_report report;
    struct parse_fault fault;

    ck_assert_int_eq(workers_report_decode(slice_cstr(faults[_i].text), &report, &fault),
                     PARSE_BAD);
    ck_assert_uint_eq(fault.at, faults[_i].at);
}
END_TEST

SUITE("workers_report", LOOP(what_was_encoded_is_decoded, reports),
      LOOP(what_is_no_report_is_refused_with_its_place, faults))
