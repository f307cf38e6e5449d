#include "loop/timer.h"

#include "base/container.h"
#include "loop/driver_fake.h"
#include "loop/loop.h"
#include "suite.h"

static struct loop loop;

struct alarm {
    struct task task;
    struct timer timer;
    unsigned rings;
    uint64_t rang_at_ms;
    uint64_t again_ms; /* sets itself anew */
};

static void alarm_on_wake(struct task *task)
{
    struct alarm *alarm = container_of(task, struct alarm, task);

    ck_assert(alarm->timer.fired);
    ck_assert_uint_eq(alarm->timer.due_ms, 0);
    alarm->rings++;
    alarm->rang_at_ms = loop.now_ms;
    alarm->timer.fired = false;
    if (alarm->again_ms)
        timer_set(&loop, &alarm->timer, loop.now_ms + alarm->again_ms);
}

static void alarm_init(struct alarm *alarm)
{
    *alarm = (struct alarm){ .task.run = alarm_on_wake };
    alarm->timer.task = &alarm->task;
}

static uint64_t start_ms;

static void open_loop(void)
{
    loop_init(&loop, driver_fake_new());
    start_ms = loop.now_ms;
}

START_TEST(a_timer_fires_at_its_time_and_not_before)
{
    struct alarm alarm;

    open_loop();
    alarm_init(&alarm);
    timer_set(&loop, &alarm.timer, start_ms + 100);
    loop_pass(&loop, 99);
    ck_assert_uint_eq(alarm.rings, 0);
    loop_pass(&loop, 1);
    ck_assert_uint_eq(alarm.rings, 1);
    loop_pass(&loop, 1000);
    ck_assert_uint_eq(alarm.rings, 1);
    loop_done(&loop);
}
END_TEST

START_TEST(a_due_task_runs_in_the_turn_that_finds_it_due)
{
    struct alarm alarm;

    open_loop();
    alarm_init(&alarm);
    timer_set(&loop, &alarm.timer, start_ms + 5);
    driver_fake_pass(loop.driver, 5);
    loop_turn(&loop, -1);
    ck_assert_uint_eq(alarm.rings, 1);
    loop_done(&loop);
}
END_TEST

/* A deadline is moved from the first to the second value (0: stopped); it fires at the second. */
static const struct {
    uint64_t first_ms;
    uint64_t then_ms;
    bool heap_moves;
} moves[] = {
    { 100, 300, false }, { 100, 100, false }, { 300, 100, true },
    { 300, 1, true },    { 100, 0, false },
};

START_TEST(a_deadline_moves_both_ways)
{
    struct alarm alarm;

    open_loop();
    alarm_init(&alarm);
    timer_set(&loop, &alarm.timer, start_ms + moves[_i].first_ms);
    if (moves[_i].then_ms)
        timer_set(&loop, &alarm.timer, start_ms + moves[_i].then_ms);
    else
        timer_stop(&loop, &alarm.timer);

    if (moves[_i].then_ms)
        ck_assert_uint_eq(alarm.timer.item.key,
                          start_ms +
                              (moves[_i].heap_moves ? moves[_i].then_ms : moves[_i].first_ms));
    loop_pass(&loop, 1000);
    ck_assert_uint_eq(alarm.rings, moves[_i].then_ms ? 1 : 0);
    if (moves[_i].then_ms)
        ck_assert_uint_eq(alarm.rang_at_ms, start_ms + moves[_i].then_ms);
    loop_done(&loop);
}
END_TEST

START_TEST(a_deadline_that_is_moved_again_and_again_costs_one_entry)
{
    struct alarm alarm;

    open_loop();
    alarm_init(&alarm);
    for (int i = 0; i < 100; i++) {
        timer_set(&loop, &alarm.timer, loop.now_ms + 50);
        ck_assert_uint_eq(loop.timers.count, 1);
        loop_pass(&loop, 10);
    }
    ck_assert_uint_eq(alarm.rings, 0);
    loop_pass(&loop, 40);
    ck_assert_uint_eq(alarm.rings, 1);
    ck_assert_uint_eq(loop.timers.count, 0);
    loop_done(&loop);
}
END_TEST

START_TEST(a_time_long_past_fires_at_the_next_look)
{
    struct alarm alarm;

    open_loop();
    alarm_init(&alarm);
    timer_set(&loop, &alarm.timer, 0);
    ck_assert_uint_ne(alarm.timer.due_ms, 0);
    loop_turn(&loop, -1);
    ck_assert_uint_eq(alarm.rings, 1);
    loop_done(&loop);
}
END_TEST

START_TEST(a_timer_may_set_itself_anew)
{
    struct alarm alarm;

    open_loop();
    alarm_init(&alarm);
    alarm.again_ms = 10;
    timer_set(&loop, &alarm.timer, start_ms + 10);
    loop_pass(&loop, 55);
    ck_assert_uint_eq(alarm.rings, 5);
    timer_stop(&loop, &alarm.timer);
    loop_pass(&loop, 55);
    ck_assert_uint_eq(alarm.rings, 5);
    loop_done(&loop);
}
END_TEST

START_TEST(timers_fire_in_the_order_of_their_times)
{
    enum { COUNT = 50 };
    struct alarm alarms[COUNT];

    open_loop();
    for (unsigned i = 0; i < COUNT; i++) {
        alarm_init(&alarms[i]);
        timer_set(&loop, &alarms[i].timer, start_ms + 1 + (i * 37) % COUNT);
    }
    loop_pass(&loop, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        ck_assert_uint_eq(alarms[i].rings, 1);
        ck_assert_uint_eq(alarms[i].rang_at_ms, start_ms + 1 + (i * 37) % COUNT);
    }
    loop_done(&loop);
}
END_TEST

START_TEST(stop_takes_back_what_has_fired)
{
    struct timer timer = { .task = NULL };

    open_loop();
    timer_set(&loop, &timer, start_ms);
    loop_turn(&loop, 0);
    ck_assert(timer.fired);
    timer_stop(&loop, &timer);
    ck_assert(!timer.fired);
    timer_stop(&loop, &timer);
    loop_done(&loop);
}
END_TEST

SUITE("timer", TEST(a_timer_fires_at_its_time_and_not_before),
      TEST(a_due_task_runs_in_the_turn_that_finds_it_due), LOOP(a_deadline_moves_both_ways, moves),
      TEST(a_deadline_that_is_moved_again_and_again_costs_one_entry),
      TEST(a_time_long_past_fires_at_the_next_look), TEST(a_timer_may_set_itself_anew),
      TEST(timers_fire_in_the_order_of_their_times), TEST(stop_takes_back_what_has_fired))
