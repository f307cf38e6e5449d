#include "gateway/time_limit.h"

static void watch_stop(struct time_watch *watch, struct loop *loop)
{
    timer_stop(loop, &watch->timer);
    watch->running = false;
}

/* 0: without a limit. */
static void watch_begin(struct time_watch *watch, struct loop *loop, uint64_t limit_ms)
{
    if (limit_ms == 0) {
        watch_stop(watch, loop);
        return;
    }
    watch->running = true;
    watch->left_ms = limit_ms;
    if (!watch->still)
        timer_set(loop, &watch->timer, loop->now_ms + limit_ms);
}

static void watch_hold(struct time_watch *watch, struct loop *loop, bool still)
{
    if (watch->still == still || watch->timer.fired)
        return;
    watch->still = still;
    if (!watch->running)
        return;
    if (still) {
        const uint64_t due_ms = watch->timer.due_ms;

        watch->left_ms = due_ms > loop->now_ms ? due_ms - loop->now_ms : 0;
        timer_stop(loop, &watch->timer);
    } else {
        timer_set(loop, &watch->timer, loop->now_ms + watch->left_ms);
    }
}

void time_limit_start(struct time_limit *limit, struct loop *loop, struct task *task,
                      const struct time_rules *rules)
{
    *limit = (struct time_limit){
        .loop = loop, .rules = *rules, .total.timer.task = task, .silence.timer.task = task
    };
    watch_begin(&limit->total, loop, rules->total_ms);
    watch_begin(&limit->silence, loop,
                rules->first_byte_ms > 0 ? rules->first_byte_ms : rules->idle_ms);
}

void time_limit_heard(struct time_limit *limit)
{
    if (!limit->loop || limit->silence.timer.fired)
        return;
    limit->heard = true;
    watch_begin(&limit->silence, limit->loop, limit->rules.idle_ms);
}

void time_limit_hold(struct time_limit *limit, bool client_is_late, bool client_is_behind)
{
    if (!limit->loop)
        return;
    watch_hold(&limit->total, limit->loop, client_is_late);
    watch_hold(&limit->silence, limit->loop, client_is_late || client_is_behind);
}

void time_limit_end_silence(struct time_limit *limit)
{
    if (limit->loop)
        watch_stop(&limit->silence, limit->loop);
}

enum time_over time_limit_over(const struct time_limit *limit)
{
    if (limit->total.timer.fired)
        return TIME_TOTAL;
    if (!limit->silence.timer.fired)
        return TIME_LEFT;
    return limit->heard || limit->rules.first_byte_ms == 0 ? TIME_IDLE : TIME_FIRST_BYTE;
}

void time_limit_stop(struct time_limit *limit)
{
    if (!limit->loop)
        return;
    watch_stop(&limit->total, limit->loop);
    watch_stop(&limit->silence, limit->loop);
    limit->loop = NULL;
}
