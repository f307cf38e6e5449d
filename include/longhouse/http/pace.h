#ifndef HTTP_PACE_H
#define HTTP_PACE_H

/*
 * How fast the bytes of a body may be taken. A rate hands out portions of bytes, each with the time
 * from which it may be used, one behind the other: so many who pass the same rate, in whatever
 * thread, share it evenly, and none of them has to know of the others. A pace is the way of one
 * body through one or more rates; a body without one costs nothing.
 *
 * Nobody sleeps: the reader asks body_ready() how much it may take, and is woken when there is
 * more.
 */
#include "loop/timer.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct task;

#define PACE_RATES_MOST 12u

#define RATE_MOST (UINT64_C(1) << 40)

/* Shared by all threads: one word that says when the next portion begins. */
struct rate {
    _Atomic uint64_t bytes_per_s; /* 1 to RATE_MOST; may change at any time */
    _Atomic uint64_t free_at_us;  /* what was handed out is used up then */
};

/* So many bytes at a time. */
uint64_t rate_portion(const struct rate *rate);

/* Hands out `bytes`, and tells from when on they may be used. */
uint64_t rate_take(struct rate *rate, uint64_t bytes, uint64_t now_us);

struct pace {
    struct loop *loop;                   /* borrowed */
    struct rate *rates[PACE_RATES_MOST]; /* borrowed */
    unsigned count;
    uint64_t granted;  /* bytes that may be taken */
    uint64_t expected; /* bytes that may be taken when the timer fires; 0: none are asked for */
    struct timer timer;
};

void pace_init(struct pace *pace, struct loop *loop);

/* One rate more; beyond PACE_RATES_MOST it is left out. */
void pace_add(struct pace *pace, struct rate *rate);

/* How much of `wanted` may be taken now. 0: `reader` is woken when there is more. */
uint64_t pace_ready(struct pace *pace, uint64_t wanted, struct task *reader);

/* So many were taken. */
void pace_spend(struct pace *pace, uint64_t bytes);

/* Nobody is woken any more; before its memory goes. */
void pace_stop(struct pace *pace);

#endif
