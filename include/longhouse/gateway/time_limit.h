#ifndef GATEWAY_TIME_LIMIT_H
#define GATEWAY_TIME_LIMIT_H

/*
 * How long a program may take for one request. Three limits, each with a name of its own in the log
 * when it fires:
 *
 *   total       TimeForCGI    from the seat to the end; output does not prolong it
 *   first byte  CGIfirstByte  from the seat to the first byte of output
 *   idle        CGIidle       without output; each byte begins it anew
 *
 * While the program can do nothing but wait for bytes of the request that the client has not sent
 * yet, all of them stand still: a long upload is the client's, and the least rate of a body guards
 * against clients that never end. While the client is behind with taking the answer, a silent
 * program is not idle: that limit stands still alone.
 *
 * When four fifths of a limit are over, whoever wants to know is told once (time_limit_is_near).
 */
#include "loop/loop.h"

#include <stdbool.h>
#include <stdint.h>

/* 0: no such limit. */
struct time_rules {
    uint64_t total_ms;
    uint64_t first_byte_ms;
    uint64_t idle_ms;
    bool tells_near;
};

/* One deadline that can stand still. */
struct time_watch {
    struct timer timer;
    uint64_t left_ms; /* while it stands still */
    uint64_t rest_ms; /* > 0: the timer is for the mark, and the deadline so long behind it */
    bool running;     /* it has a deadline, or stands still before one */
    bool still;
};

struct time_limit {
    struct loop *loop; /* borrowed; NULL: not running */
    struct time_rules rules;
    struct time_watch total;
    struct time_watch silence; /* to the first byte, then between bytes */
    bool heard;
    bool near_told;
};

/* What fired, or did not. */
enum time_over { TIME_LEFT, TIME_TOTAL, TIME_FIRST_BYTE, TIME_IDLE };

/* Begins; `task` is woken when a time is over. */
void time_limit_start(struct time_limit *limit, struct loop *loop, struct task *task,
                      const struct time_rules *rules);

/* The program has said something. */
void time_limit_heard(struct time_limit *limit);

/*
 * `client_is_late`: the program waits for the request's body. `client_is_behind`: the answer waits
 * for the client. Harmless when repeated, or when it was not started.
 */
void time_limit_hold(struct time_limit *limit, bool client_is_late, bool client_is_behind);

/* The output has ended: only the total counts from now on. */
void time_limit_end_silence(struct time_limit *limit);

/*
 * True once: four fifths of the limit *ret are over. With `tells_near` it must be asked whenever
 * the task runs, before time_limit_over(): the way from the mark to the end begins here.
 */
bool time_limit_is_near(struct time_limit *limit, enum time_over *ret);

enum time_over time_limit_over(const struct time_limit *limit);

/* Must be called before its memory goes; harmless when it was not started. */
void time_limit_stop(struct time_limit *limit);

#endif
