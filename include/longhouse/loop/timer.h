#ifndef LOOP_TIMER_H
#define LOOP_TIMER_H

/*
 * A deadline that moves for free: timer_set() to a later time only writes `due_ms`; when the old
 * time comes the loop puts the entry back. One heap operation per period instead of one per packet.
 */
#include "base/heap.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct task;

struct timer {
    struct heap_item item;
    uint64_t due_ms;   /* 0: not set */
    struct task *task; /* borrowed: woken when due; due_ms is 0 then and `fired` true */
    bool fired;        /* set by the loop, cleared by timer_set(), timer_stop() or the owner */
};

/* Wakes timer->task at `due_ms` of the loop's clock (a time already past: when the loop looks
 * next). */
void timer_set(struct loop *loop, struct timer *timer, uint64_t due_ms);

/* Nothing will fire any more; must be called before the timer's memory goes. */
void timer_stop(struct loop *loop, struct timer *timer);

#endif
