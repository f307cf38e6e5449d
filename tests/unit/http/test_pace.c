#include "http/pace.h"

#include "http/body.h"
#include "loop/driver_fake.h"
#include "loop/loop.h"
#include "suite.h"

#define READERS 3

struct reader {
    struct task task;
    struct pace pace;
    uint64_t taken;
    unsigned runs;
};

struct bench {
    struct loop loop;
    struct driver *driver;
    struct reader readers[READERS];
};

/* Always wants more. */
static void reader_run(struct task *task)
{
    struct reader *reader = container_of(task, struct reader, task);
    uint64_t part;

    reader->runs++;
    while ((part = pace_ready(&reader->pace, UINT64_MAX, task)) > 0) {
        pace_spend(&reader->pace, part);
        reader->taken += part;
    }
}

/* Only counts. */
static unsigned quiet_runs;
static void quiet_run(struct task *task)
{
    (void)task;
    quiet_runs++;
}

static void bench_open(struct bench *bench)
{
    bench->driver = driver_fake_new();
    loop_init(&bench->loop, bench->driver);
    for (unsigned i = 0; i < READERS; i++) {
        bench->readers[i] = (struct reader){ .task.run = reader_run };
        pace_init(&bench->readers[i].pace, &bench->loop);
    }
}

static void bench_close(struct bench *bench)
{
    for (unsigned i = 0; i < READERS; i++)
        pace_stop(&bench->readers[i].pace);
    loop_settle(&bench->loop);
    loop_done(&bench->loop);
}

static void pass(struct bench *bench, unsigned ms)
{
    loop_pass(&bench->loop, ms);
}

static void begin(struct bench *bench, unsigned readers)
{
    loop_turn(&bench->loop, 0); /* the clock */
    for (unsigned i = 0; i < readers; i++)
        loop_wake(&bench->loop, &bench->readers[i].task);
    loop_settle(&bench->loop);
}

static void assert_about(uint64_t value, uint64_t expect)
{
    ck_assert_uint_ge(value, expect * 9 / 10);
    ck_assert_uint_le(value, expect * 11 / 10);
}

static const uint64_t speeds[] = { 1, 100, RATE_MOST, 1024, 65535, 65536, 100 * 1024, 10000000 };

START_TEST(one_reader_gets_what_the_rate_says)
{
    struct bench bench;
    struct rate rate = { .bytes_per_s = speeds[_i] };
    const unsigned seconds = speeds[_i] < 1024 ? 100 : 10;
    const uint64_t portion = rate_portion(&rate);

    bench_open(&bench);
    pace_add(&bench.readers[0].pace, &rate);
    begin(&bench, 1);
    ck_assert_uint_eq(bench.readers[0].taken, portion); /* the first one at once */
    pass(&bench, seconds * 1000);
    ck_assert_uint_le(bench.readers[0].taken, speeds[_i] * seconds + portion);
    ck_assert_uint_ge(bench.readers[0].taken + portion, speeds[_i] * seconds);
    ck_assert_uint_le(bench.readers[0].runs, seconds * 16 + 2); /* and is left alone between */
    bench_close(&bench);
}
END_TEST

START_TEST(a_rate_is_shared_evenly)
{
    struct bench bench;
    struct rate rate = { .bytes_per_s = 96000 };

    bench_open(&bench);
    for (unsigned i = 0; i < READERS; i++)
        pace_add(&bench.readers[i].pace, &rate);
    begin(&bench, READERS);
    pass(&bench, 10000);
    for (unsigned i = 0; i < READERS; i++)
        assert_about(bench.readers[i].taken, 320000);
    bench_close(&bench);
}
END_TEST

START_TEST(the_slowest_of_several_rates_counts)
{
    struct bench bench;
    struct rate all = { .bytes_per_s = 50000 };
    struct rate one = { .bytes_per_s = 10000 };

    bench_open(&bench);
    for (unsigned i = 0; i < 2; i++)
        pace_add(&bench.readers[i].pace, &all);
    pace_add(&bench.readers[0].pace, &one);
    begin(&bench, 2);
    pass(&bench, 10000);
    assert_about(bench.readers[0].taken, 100000);
    assert_about(bench.readers[1].taken, 400000);
    bench_close(&bench);
}
END_TEST

START_TEST(what_nobody_used_is_not_saved_up)
{
    struct bench bench;
    struct rate rate = { .bytes_per_s = 16384 };

    bench_open(&bench);
    pace_add(&bench.readers[0].pace, &rate);
    pass(&bench, 60000);
    begin(&bench, 1);
    ck_assert_uint_eq(bench.readers[0].taken, 1024);
    bench_close(&bench);
}
END_TEST

START_TEST(a_rate_may_change_on_the_way)
{
    struct bench bench;
    struct rate rate = { .bytes_per_s = 10000 };

    bench_open(&bench);
    pace_add(&bench.readers[0].pace, &rate);
    begin(&bench, 1);
    pass(&bench, 2000);
    const uint64_t before = bench.readers[0].taken;
    rate.bytes_per_s = 100000;
    pass(&bench, 2000);
    assert_about(bench.readers[0].taken - before, 200000);
    bench_close(&bench);
}
END_TEST

START_TEST(who_wants_little_takes_no_more_than_that)
{
    struct bench bench;
    struct rate rate = { .bytes_per_s = 16384 };
    struct reader *reader = &bench.readers[0];
    struct task quiet = { .run = quiet_run };

    bench_open(&bench);
    loop_turn(&bench.loop, 0);
    pace_add(&reader->pace, &rate);
    ck_assert_uint_eq(pace_ready(&reader->pace, 0, &quiet), 0);
    ck_assert_uint_eq(rate.free_at_us, 0);
    ck_assert_uint_eq(pace_ready(&reader->pace, 10, &quiet), 10);
    ck_assert_uint_eq(pace_ready(&reader->pace, 500, &quiet), 10); /* not spent yet */
    pace_spend(&reader->pace, 10);
    ck_assert_uint_eq(pace_ready(&reader->pace, 500, &quiet), 0);
    pass(&bench, 1);
    ck_assert_uint_eq(pace_ready(&reader->pace, 500, &quiet), 500);
    bench_close(&bench);
}
END_TEST

START_TEST(a_pace_without_a_rate_holds_nobody)
{
    struct bench bench;

    bench_open(&bench);
    ck_assert_uint_eq(pace_ready(&bench.readers[0].pace, UINT64_MAX, &bench.readers[0].task),
                      UINT64_MAX);
    bench_close(&bench);
}
END_TEST

START_TEST(there_is_a_bound_to_the_rates_of_one_way)
{
    struct bench bench;
    struct rate rate = { .bytes_per_s = 1000 };

    bench_open(&bench);
    for (unsigned i = 0; i < PACE_RATES_MOST + 3; i++)
        pace_add(&bench.readers[0].pace, &rate);
    ck_assert_uint_eq(bench.readers[0].pace.count, PACE_RATES_MOST);
    bench_close(&bench);
}
END_TEST

/* ---- with a body ---- */

START_TEST(a_body_is_read_no_faster_than_its_pace)
{
    struct bench bench;
    struct arena arena = { 0 };
    struct body body;
    struct rate rate = { .bytes_per_s = 16384 };
    struct reader *reader = &bench.readers[0];
    struct task quiet = { .run = quiet_run };

    bench_open(&bench);
    loop_turn(&bench.loop, 0);
    body_init(&body, &bench.loop, &arena);
    body.reader = &quiet;
    body_put_borrowed(&body, SLICE("0123456789"));
    ck_assert_uint_eq(body_ready(&body), 10);
    body.pace = &reader->pace;
    pace_add(&reader->pace, &rate);
    for (unsigned i = 0; i < 200; i++)
        body_put_borrowed(&body, SLICE("0123456789"));
    ck_assert_uint_eq(body_ready(&body), 1024);
    body_take(&body, 1000);
    ck_assert_uint_eq(body_ready(&body), 24);
    body_take(&body, 24);
    ck_assert_uint_eq(body_ready(&body), 0);
    ck_assert_uint_eq(body_waiting(&body), 986);
    loop_settle(&bench.loop);
    const unsigned runs = quiet_runs;
    pass(&bench, 62);
    ck_assert_uint_eq(quiet_runs, runs);
    pass(&bench, 1);
    ck_assert_uint_eq(quiet_runs, runs + 1);
    ck_assert_uint_eq(body_ready(&body), 986);

    body_take(&body, 986);
    body_put_borrowed(&body, SLICE("x"));
    ck_assert_uint_eq(body_ready(&body), 0);
    body_abandon(&body); /* nobody is woken by it any more */
    loop_settle(&bench.loop);
    const unsigned last = quiet_runs;
    pass(&bench, 200);
    ck_assert_uint_eq(quiet_runs, last);
    body_done(&body);
    arena_done(&arena);
    bench_close(&bench);
}
END_TEST

SUITE("pace", LOOP(one_reader_gets_what_the_rate_says, speeds), TEST(a_rate_is_shared_evenly),
      TEST(the_slowest_of_several_rates_counts), TEST(what_nobody_used_is_not_saved_up),
      TEST(a_rate_may_change_on_the_way), TEST(who_wants_little_takes_no_more_than_that),
      TEST(a_pace_without_a_rate_holds_nobody), TEST(there_is_a_bound_to_the_rates_of_one_way),
      TEST(a_body_is_read_no_faster_than_its_pace))
