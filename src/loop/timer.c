#include "loop/timer.h"

#include "loop/loop.h"
#include "loop_private.h"

/*
 * item.key is the place in the heap, due_ms the truth: key <= due_ms always, so no deadline is
 * missed, and an entry that comes up early is put back.
 */
void timer_set(struct loop *loop, struct timer *timer, uint64_t due_ms)
{
    timer->fired = false;
    timer->due_ms = due_ms ? due_ms : 1; /* 0 means "not set"; both are long past */

    if (!heap_holds(&timer->item))
        heap_push(&loop->timers, &timer->item, timer->due_ms);
    else if (timer->due_ms < timer->item.key)
        heap_move(&loop->timers, &timer->item, timer->due_ms);
}

void timer_stop(struct loop *loop, struct timer *timer)
{
    heap_remove(&loop->timers, &timer->item);
    timer->due_ms = 0;
    timer->fired = false;
}

bool timers_fire(struct loop *loop)
{
    struct heap_item *least;
    bool any = false;

    while ((least = heap_least(&loop->timers)) != NULL && least->key <= loop->now_ms) {
        struct timer *timer = container_of(least, struct timer, item);

        if (timer->due_ms > loop->now_ms) { /* it was moved meanwhile */
            heap_move(&loop->timers, &timer->item, timer->due_ms);
            continue;
        }
        heap_remove(&loop->timers, &timer->item);
        timer->due_ms = 0;
        timer->fired = true;
        if (timer->task)
            loop_wake(loop, timer->task);
        any = true;
    }
    return any;
}
