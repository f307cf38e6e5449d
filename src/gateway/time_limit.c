#include "gateway/time_limit.h"

void time_limit_start(struct time_limit *limit, struct loop *loop, struct task *task,
                      uint64_t limit_ms)
{
    *limit = (struct time_limit){ .loop = loop, .timer.task = task, .limit_ms = limit_ms };
    timer_set(loop, &limit->timer, loop->now_ms + limit_ms);
}

void time_limit_hold(struct time_limit *limit, bool still)
{
    if (!limit->loop || limit->still == still || limit->timer.fired)
        return;

    const uint64_t now_ms = limit->loop->now_ms;
    limit->still = still;
    if (still) {
        limit->left_ms = limit->timer.due_ms > now_ms ? limit->timer.due_ms - now_ms : 0;
        timer_stop(limit->loop, &limit->timer);
    } else {
        timer_set(limit->loop, &limit->timer, now_ms + limit->left_ms);
    }
}

void time_limit_stop(struct time_limit *limit)
{
    if (limit->loop)
        timer_stop(limit->loop, &limit->timer);
    limit->loop = NULL;
}
