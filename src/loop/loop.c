#include "loop/loop.h"

#include "loop_private.h"

/*
 * A pair of tasks that keep waking each other cannot keep the loop from looking at its descriptors
 * and timers: after so many runs the turn goes on, the rest runs in the next. Far above what an
 * honest turn needs.
 */
#define RUNS_PER_TURN 65536u

void loop_init(struct loop *loop, struct driver *driver)
{
    *loop = (struct loop){ .driver = driver };
    list_init(&loop->tasks);
    list_init(&loop->tasks_next);
    list_init(&loop->graves);
    driver->loop = loop;
    loop->now_ms = driver->ops->now_ms(driver);
}

static void bury_the_dead(struct loop *loop)
{
    struct list_link *link;

    while ((link = list_pop_front(&loop->graves)) != NULL) { /* a release may bury others */
        struct grave *grave = container_of(link, struct grave, link);
        grave->release(grave);
    }
}

void loop_done(struct loop *loop)
{
    bury_the_dead(loop);
    heap_done(&loop->timers);
    loop->driver->ops->free(loop->driver);
    loop->driver = NULL;
}

void loop_wake(struct loop *loop, struct task *task)
{
    if (!list_linked(&task->link))
        list_push_back(&loop->tasks, &task->link);
}

void loop_wake_next_turn(struct loop *loop, struct task *task)
{
    if (!list_linked(&task->link))
        list_push_back(&loop->tasks_next, &task->link);
}

void loop_forget(struct loop *loop, struct task *task)
{
    (void)loop;
    list_remove(&task->link);
}

void loop_bury(struct loop *loop, struct grave *grave, void (*release)(struct grave *grave))
{
    grave->release = release;
    list_push_back(&loop->graves, &grave->link);
}

static void run_tasks(struct loop *loop, unsigned *runs)
{
    while (*runs < RUNS_PER_TURN) {
        struct list_link *link = list_pop_front(&loop->tasks);
        if (!link)
            return;

        struct task *task = container_of(link, struct task, link);
        ++*runs;
        task->run(task);
    }
}

static int64_t shorten_wait(const struct loop *loop, int64_t wait_ms)
{
    if (!list_empty(&loop->tasks))
        return 0;

    const struct heap_item *least = heap_least(&loop->timers);
    if (!least)
        return wait_ms;
    if (least->key <= loop->now_ms)
        return 0;

    uint64_t until_ms = least->key - loop->now_ms;
    if (wait_ms >= 0 && (uint64_t)wait_ms <= until_ms)
        return wait_ms;
    return until_ms > INT64_MAX ? INT64_MAX : (int64_t)until_ms;
}

void loop_turn(struct loop *loop, int64_t wait_ms)
{
    struct driver *driver = loop->driver;
    unsigned runs = 0;

    loop->turns++;
    list_append_all(&loop->tasks, &loop->tasks_next);
    driver->ops->wait(driver, shorten_wait(loop, wait_ms));
    loop->now_ms = driver->ops->now_ms(driver);

    /* Deadlines come after the news: bytes that arrived in time have moved them by then. */
    run_tasks(loop, &runs);
    if (timers_fire(loop))
        run_tasks(loop, &runs);
    bury_the_dead(loop);
}

void loop_run(struct loop *loop)
{
    while (!loop->stopped)
        loop_turn(loop, -1);
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}
