#ifndef GATEWAY_TIME_LIMIT_H
#define GATEWAY_TIME_LIMIT_H

/*
 * How long a program may take for one request (TimeForCGI): a total, output does not prolong it.
 * While the program can do nothing but wait for bytes of the request that the client has not sent
 * yet, the time stands still: a long upload is the client's, and the least rate of a body guards
 * against clients that never end.
 */
#include "loop/loop.h"

#include <stdbool.h>
#include <stdint.h>

struct time_limit {
    struct loop *loop; /* borrowed; NULL: not running */
    struct timer timer;
    uint64_t limit_ms;
    uint64_t left_ms; /* while it stands still */
    bool still;
};

/* Begins; `task` is woken when the time is over. */
void time_limit_start(struct time_limit *limit, struct loop *loop, struct task *task,
                      uint64_t limit_ms);

/* Stands still or goes on; harmless when repeated, or when it was not started. */
void time_limit_hold(struct time_limit *limit, bool still);

static inline bool time_limit_is_over(const struct time_limit *limit)
{
    return limit->timer.fired;
}

/* Must be called before its memory goes; harmless when it was not started. */
void time_limit_stop(struct time_limit *limit);

#endif
