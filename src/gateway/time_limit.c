#include "gateway/time_limit.h"

static void watch_stop(struct time_watch *watch, struct loop *loop)
{
    timer_stop(loop, &watch->timer);
    watch->running = false;
}

/* 0: without a limit. */
static void watch_begin(struct time_watch *watch, struct loop *loop, uint64_t limit_ms, bool marked)
{
    if (limit_ms == 0) {
        watch_stop(watch, loop);
        return;
    }
    watch->running = true;
    watch->rest_ms = marked ? limit_ms / 5 : 0;
    watch->left_ms = limit_ms - watch->rest_ms;
    if (!watch->still)
        timer_set(loop, &watch->timer, loop->now_ms + watch->left_ms);
}

/* True: it was the mark that fired, and the deadline is next. */
static bool watch_pass_mark(struct time_watch *watch, struct loop *loop)
{
    if (!watch->timer.fired || watch->rest_ms == 0)
        return false;
    timer_set(loop, &watch->timer, loop->now_ms + watch->rest_ms);
    watch->rest_ms = 0;
    return true;
}

static bool watch_is_over(const struct time_watch *watch)
{
    return watch->timer.fired && watch->rest_ms == 0;
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
    watch_begin(&limit->total, loop, rules->total_ms, rules->tells_near);
    watch_begin(&limit->silence, loop,
                rules->first_byte_ms > 0 ? rules->first_byte_ms : rules->idle_ms,
                rules->tells_near);
}

void time_limit_heard(struct time_limit *limit)
{
    if (!limit->loop || watch_is_over(&limit->silence))
        return;
    limit->heard = true;
    watch_begin(&limit->silence, limit->loop, limit->rules.idle_ms,
                limit->rules.tells_near && !limit->near_told);
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

static enum time_over silence_is(const struct time_limit *limit)
{
    return limit->heard || limit->rules.first_byte_ms == 0 ? TIME_IDLE : TIME_FIRST_BYTE;
}

bool time_limit_is_near(struct time_limit *limit, enum time_over *ret)
{
    if (!limit->loop)
        return false;
    const bool total = watch_pass_mark(&limit->total, limit->loop);
    const bool silence = watch_pass_mark(&limit->silence, limit->loop);
    if (limit->near_told || (!total && !silence))
        return false;
    limit->near_told = true;
    *ret = total ? TIME_TOTAL : silence_is(limit);
    return true;
}

enum time_over time_limit_over(const struct time_limit *limit)
{
    if (watch_is_over(&limit->total))
        return TIME_TOTAL;
    return watch_is_over(&limit->silence) ? silence_is(limit) : TIME_LEFT;
}

void time_limit_stop(struct time_limit *limit)
{
    if (!limit->loop)
        return;
    watch_stop(&limit->total, limit->loop);
    watch_stop(&limit->silence, limit->loop);
    limit->loop = NULL;
}
