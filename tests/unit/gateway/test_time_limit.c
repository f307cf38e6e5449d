#include "gateway/time_limit.h"

#include "loop/driver_fake.h"
#include "suite.h"

static struct loop loop;
static struct time_limit limit;
static unsigned woken;

static void on_wake(struct task *task)
{
    (void)task;
    woken++;
}

static struct task task = { .run = on_wake };

static void begin(struct time_rules rules)
{
    woken = 0;
    loop_init(&loop, driver_fake_new());
    time_limit_start(&limit, &loop, &task, &rules);
}

static void end(void)
{
    time_limit_stop(&limit);
    time_limit_stop(&limit); /* harmless when repeated */
    loop_done(&loop);
}

/* What is over after so many ms, and not a millisecond before. */
static void check_over_after(uint64_t ms, enum time_over over)
{
    loop_pass(&loop, ms - 1);
    ck_assert_int_eq(time_limit_over(&limit), TIME_LEFT);
    ck_assert_uint_eq(woken, 0);
    loop_pass(&loop, 1);
    ck_assert_int_eq(time_limit_over(&limit), over);
    ck_assert_uint_eq(woken, 1);
}

static const struct {
    struct time_rules rules;
    uint64_t after_ms;
    enum time_over over;
} silent[] = {
    { { 5000, 0, 0, false }, 5000, TIME_TOTAL },
    { { 5000, 1000, 0, false }, 1000, TIME_FIRST_BYTE },
    { { 5000, 0, 700, false }, 700, TIME_IDLE },
    { { 5000, 1000, 700, false },
      1000,
      TIME_FIRST_BYTE }, /* to the first byte only that one counts */
    { { 5000, 6000, 7000, false }, 5000, TIME_TOTAL },
};

START_TEST(a_silent_program_meets_the_first_limit)
{
    begin(silent[_i].rules);
    check_over_after(silent[_i].after_ms, silent[_i].over);
    end();
}
END_TEST

START_TEST(output_ends_the_wait_for_the_first_byte)
{
    begin((struct time_rules){ .total_ms = 5000, .first_byte_ms = 1000 });
    loop_pass(&loop, 900);
    time_limit_heard(&limit);
    check_over_after(4100, TIME_TOTAL);
    end();
}
END_TEST

START_TEST(each_output_begins_the_idle_time_anew)
{
    begin((struct time_rules){ .total_ms = 60000, .idle_ms = 1000 });
    for (unsigned i = 0; i < 10; i++) {
        loop_pass(&loop, 900);
        ck_assert_int_eq(time_limit_over(&limit), TIME_LEFT);
        time_limit_heard(&limit);
    }
    check_over_after(1000, TIME_IDLE);
    end();
}
END_TEST

START_TEST(all_stands_still_while_the_client_is_late)
{
    begin((struct time_rules){ .total_ms = 5000, .first_byte_ms = 1000 });
    loop_pass(&loop, 600);
    time_limit_hold(&limit, true, false);
    time_limit_hold(&limit, true, false);
    loop_pass(&loop, 60000);
    time_limit_hold(&limit, false, false);
    check_over_after(400, TIME_FIRST_BYTE);
    end();
}
END_TEST

START_TEST(a_client_that_is_behind_stops_only_the_silence)
{
    begin((struct time_rules){ .total_ms = 5000, .idle_ms = 1000 });
    time_limit_heard(&limit);
    time_limit_hold(&limit, false, true);
    loop_pass(&loop, 4000);
    ck_assert_int_eq(time_limit_over(&limit), TIME_LEFT);
    check_over_after(1000, TIME_TOTAL);
    end();
}
END_TEST

START_TEST(what_is_heard_while_it_stands_still_counts_afterwards)
{
    begin((struct time_rules){ .total_ms = 60000, .idle_ms = 1000 });
    loop_pass(&loop, 900);
    time_limit_hold(&limit, false, true);
    time_limit_heard(&limit);
    loop_pass(&loop, 5000);
    time_limit_hold(&limit, false, false);
    check_over_after(1000, TIME_IDLE);
    end();
}
END_TEST

START_TEST(after_the_output_only_the_total_counts)
{
    begin((struct time_rules){ .total_ms = 5000, .idle_ms = 1000 });
    time_limit_end_silence(&limit);
    check_over_after(5000, TIME_TOTAL);
    end();
}
END_TEST

/* The mark is passed after so many ms and not a millisecond before; the end comes in its time. */
static void check_near_after(uint64_t ms, enum time_over which)
{
    enum time_over near = TIME_LEFT;

    loop_pass(&loop, ms - 1);
    ck_assert(!time_limit_is_near(&limit, &near));
    ck_assert_uint_eq(woken, 0);
    loop_pass(&loop, 1);
    ck_assert_uint_eq(woken, 1);
    ck_assert_int_eq(time_limit_over(&limit), TIME_LEFT);
    ck_assert(time_limit_is_near(&limit, &near));
    ck_assert_int_eq(near, which);
    ck_assert(!time_limit_is_near(&limit, &near));
    woken = 0;
}

static const struct {
    struct time_rules rules;
    uint64_t near_ms;
    uint64_t rest_ms;
    enum time_over which;
} marked[] = {
    { { 5000, 0, 0, true }, 4000, 1000, TIME_TOTAL },
    { { 5000, 1000, 0, true }, 800, 200, TIME_FIRST_BYTE },
    { { 5000, 0, 703, true }, 563, 140, TIME_IDLE },
    { { 1000, 1000, 0, true }, 800, 200, TIME_TOTAL },
};

START_TEST(most_of_a_limit_is_told_once_and_moves_no_end)
{
    begin(marked[_i].rules);
    check_near_after(marked[_i].near_ms, marked[_i].which);
    check_over_after(marked[_i].rest_ms, marked[_i].which);
    end();
}
END_TEST

START_TEST(output_puts_off_the_mark_of_the_silence)
{
    begin((struct time_rules){ .total_ms = 60000, .idle_ms = 1000, .tells_near = true });
    loop_pass(&loop, 700);
    time_limit_heard(&limit);
    check_near_after(800, TIME_IDLE);
    time_limit_heard(&limit); /* in time: told is told, the next silence has one end only */
    check_over_after(1000, TIME_IDLE);
    end();
}
END_TEST

START_TEST(the_mark_of_the_total_passes_in_silence_when_another_was_told)
{
    enum time_over near;

    begin((struct time_rules){ .total_ms = 5000, .first_byte_ms = 1000, .tells_near = true });
    check_near_after(800, TIME_FIRST_BYTE);
    time_limit_heard(&limit);
    loop_pass(&loop, 3200);
    ck_assert(!time_limit_is_near(&limit, &near));
    woken = 0;
    check_over_after(1000, TIME_TOTAL);
    end();
}
END_TEST

START_TEST(the_mark_stands_still_with_its_limit)
{
    begin((struct time_rules){ .total_ms = 5000, .tells_near = true });
    loop_pass(&loop, 3000);
    time_limit_hold(&limit, true, false);
    loop_pass(&loop, 60000);
    time_limit_hold(&limit, false, false);
    check_near_after(1000, TIME_TOTAL);
    time_limit_hold(&limit, true, false);
    loop_pass(&loop, 60000);
    time_limit_hold(&limit, false, false);
    check_over_after(1000, TIME_TOTAL);
    end();
}
END_TEST

START_TEST(one_that_was_not_started_never_ends)
{
    limit = (struct time_limit){ 0 };
    time_limit_heard(&limit);
    time_limit_hold(&limit, true, true);
    time_limit_end_silence(&limit);
    ck_assert_int_eq(time_limit_over(&limit), TIME_LEFT);
    ck_assert(!time_limit_is_near(&limit, &(enum time_over){ TIME_LEFT }));
    time_limit_stop(&limit);
}
END_TEST

SUITE("time_limit", LOOP(a_silent_program_meets_the_first_limit, silent),
      TEST(output_ends_the_wait_for_the_first_byte), TEST(each_output_begins_the_idle_time_anew),
      TEST(all_stands_still_while_the_client_is_late),
      TEST(a_client_that_is_behind_stops_only_the_silence),
      TEST(what_is_heard_while_it_stands_still_counts_afterwards),
      TEST(after_the_output_only_the_total_counts), TEST(one_that_was_not_started_never_ends),
      LOOP(most_of_a_limit_is_told_once_and_moves_no_end, marked),
      TEST(output_puts_off_the_mark_of_the_silence),
      TEST(the_mark_of_the_total_passes_in_silence_when_another_was_told),
      TEST(the_mark_stands_still_with_its_limit))
