#include "loop/loop.h"

#include "base/container.h"
#include "loop/driver_fake.h"
#include "suite.h"

#include <string.h>

static struct loop loop;

/* What ran, in order: each tracer writes its letter. */
static char trace[64];
static size_t trace_len;

struct tracer {
    struct task task;
    char letter;
    struct tracer *wakes;           /* when it runs, in the same turn */
    struct tracer *wakes_next_turn; /* when it runs */
    struct tracer *forgets;
};

static void tracer_on_wake(struct task *task)
{
    struct tracer *tracer = container_of(task, struct tracer, task);

    if (trace_len < sizeof(trace) - 1)
        trace[trace_len++] = tracer->letter;
    if (tracer->wakes)
        loop_wake(&loop, &tracer->wakes->task);
    if (tracer->wakes_next_turn)
        loop_wake_next_turn(&loop, &tracer->wakes_next_turn->task);
    if (tracer->forgets)
        loop_forget(&loop, &tracer->forgets->task);
}

static struct tracer tracer(char letter)
{
    return (struct tracer){ .task.run = tracer_on_wake, .letter = letter };
}

static void open_loop(void)
{
    loop_init(&loop, driver_fake_new());
    memset(trace, 0, sizeof(trace));
    trace_len = 0;
}

START_TEST(tasks_run_once_in_the_order_woken)
{
    open_loop();
    struct tracer a = tracer('a'), b = tracer('b');

    loop_wake(&loop, &b.task);
    loop_wake(&loop, &a.task);
    loop_wake(&loop, &b.task);
    loop_turn(&loop, 0);
    ck_assert_str_eq(trace, "ba");
    loop_turn(&loop, 0);
    ck_assert_str_eq(trace, "ba");
    loop_done(&loop);
}
END_TEST

START_TEST(a_task_woken_by_a_task_runs_in_the_same_turn_behind_the_others)
{
    open_loop();
    struct tracer a = tracer('a'), b = tracer('b'), c = tracer('c');

    a.wakes = &c;
    loop_wake(&loop, &a.task);
    loop_wake(&loop, &b.task);
    loop_turn(&loop, 0);
    ck_assert_str_eq(trace, "abc");
    loop_done(&loop);
}
END_TEST

START_TEST(a_task_can_step_back_to_the_next_turn)
{
    open_loop();
    struct tracer a = tracer('a'), b = tracer('b');

    a.wakes_next_turn = &a;
    loop_wake(&loop, &a.task);
    loop_wake(&loop, &b.task);
    loop_turn(&loop, 0);
    ck_assert_str_eq(trace, "ab");
    loop_turn(&loop, -1);
    ck_assert_str_eq(trace, "aba");
    loop_forget(&loop, &a.task);
    loop_done(&loop);
}
END_TEST

START_TEST(a_forgotten_task_does_not_run)
{
    open_loop();
    struct tracer a = tracer('a'), b = tracer('b'), c = tracer('c');

    a.forgets = &b;
    loop_wake(&loop, &a.task);
    loop_wake(&loop, &b.task);
    loop_wake_next_turn(&loop, &c.task);
    loop_forget(&loop, &c.task);
    loop_forget(&loop, &c.task);
    loop_turn(&loop, 0);
    loop_turn(&loop, 0);
    ck_assert_str_eq(trace, "a");
    loop_done(&loop);
}
END_TEST

START_TEST(two_tasks_that_wake_each_other_do_not_hold_the_turn)
{
    open_loop();
    struct tracer a = tracer('a'), b = tracer('b'), late = tracer('t');
    struct timer timer = { .task = &late.task };

    a.wakes = &b;
    b.wakes = &a;
    loop_wake(&loop, &a.task);
    timer_set(&loop, &timer, loop.now_ms);
    loop_turn(&loop, 0); /* comes back */
    trace_len = 0;
    a.wakes = NULL;
    b.wakes = NULL;
    loop_turn(&loop, 0);
    ck_assert_ptr_nonnull(strchr(trace, 't'));
    loop_done(&loop);
}
END_TEST

struct corpse {
    struct grave grave;
    struct corpse *buries; /* when it is released */
    bool released;
};

static void corpse_release(struct grave *grave)
{
    struct corpse *corpse = container_of(grave, struct corpse, grave);

    corpse->released = true;
    if (corpse->buries)
        loop_bury(&loop, &corpse->buries->grave, corpse_release);
}

static struct corpse corpse;

static void burier_on_wake(struct task *task)
{
    (void)task;
    loop_bury(&loop, &corpse.grave, corpse_release);
    ck_assert(!corpse.released);
}

static void looker_on_wake(struct task *task)
{
    (void)task;
    ck_assert(!corpse.released);
}

START_TEST(the_dead_are_released_at_the_end_of_the_turn)
{
    open_loop();
    struct corpse child = { .released = false };
    struct task burier = { .run = burier_on_wake };
    struct task looker = { .run = looker_on_wake };

    corpse = (struct corpse){ .buries = &child };
    loop_wake(&loop, &burier);
    loop_wake(&loop, &looker);
    loop_turn(&loop, 0);
    ck_assert(corpse.released);
    ck_assert(child.released);
    loop_done(&loop);
}
END_TEST

START_TEST(the_end_of_the_loop_releases_what_is_buried)
{
    open_loop();
    corpse = (struct corpse){ .released = false };
    loop_bury(&loop, &corpse.grave, corpse_release);
    loop_done(&loop);
    ck_assert(corpse.released);
}
END_TEST

static void stopper_on_wake(struct task *task)
{
    (void)task;
    loop_stop(&loop);
}

START_TEST(run_ends_with_stop)
{
    open_loop();
    struct task stopper = { .run = stopper_on_wake };

    loop_wake_next_turn(&loop, &stopper);
    loop_run(&loop);
    ck_assert(loop.stopped);
    loop_done(&loop);
}
END_TEST

/* How long the driver may wait, by what the loop has to do. */
static int64_t waited_ms;

static void noting_wait(struct driver *driver, int64_t wait_ms)
{
    (void)driver;
    waited_ms = wait_ms;
}

static uint64_t noting_now_ms(struct driver *driver)
{
    (void)driver;
    return 1000;
}

static void noting_free(struct driver *driver)
{
    (void)driver;
}

static const struct driver_ops noting_ops = {
    .wait = noting_wait,
    .now_ms = noting_now_ms,
    .free = noting_free,
};

static const struct {
    int64_t asked_ms;
    uint64_t timer_at_ms; /* 0: none */
    bool task;
    int64_t expect_ms;
} waits[] = {
    { -1, 0, false, -1 },      { 0, 0, false, 0 },
    { 250, 0, false, 250 },    { -1, 0, true, 0 },
    { 250, 0, true, 0 },       { -1, 1300, false, 300 },
    { 250, 1300, false, 250 }, { 0, 1300, false, 0 },
    { 500, 1300, false, 300 }, { -1, 1000, false, 0 },
    { -1, 999, false, 0 },     { -1, 1, false, 0 },
    { -1, 1300, true, 0 },     { -1, UINT64_MAX, false, INT64_MAX },
};

START_TEST(the_wait_ends_when_something_is_due)
{
    struct driver driver = { .ops = &noting_ops };
    struct tracer a = tracer('a');
    struct timer timer = { .task = NULL };

    loop_init(&loop, &driver);
    if (waits[_i].timer_at_ms)
        timer_set(&loop, &timer, waits[_i].timer_at_ms);
    if (waits[_i].task)
        loop_wake_next_turn(&loop, &a.task);
    loop_turn(&loop, waits[_i].asked_ms);
    ck_assert_int_eq(waited_ms, waits[_i].expect_ms);
    loop_done(&loop);
}
END_TEST

SUITE("loop", TEST(tasks_run_once_in_the_order_woken),
      TEST(a_task_woken_by_a_task_runs_in_the_same_turn_behind_the_others),
      TEST(a_task_can_step_back_to_the_next_turn), TEST(a_forgotten_task_does_not_run),
      TEST(two_tasks_that_wake_each_other_do_not_hold_the_turn),
      TEST(the_dead_are_released_at_the_end_of_the_turn),
      TEST(the_end_of_the_loop_releases_what_is_buried), TEST(run_ends_with_stop),
      LOOP(the_wait_ends_when_something_is_due, waits))
