#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

/*
 * One turn at a time:  wait -> mark readiness -> run tasks in order -> due timers -> bury the dead.
 *
 * A loop belongs to one thread. Tasks woken while tasks run are run in the same turn, behind the
 * others; a task that used its budget wakes itself with loop_wake_next_turn() and lets clients be
 * served between.
 */
#include "base/heap.h"
#include "base/list.h"
#include "loop/driver.h"
#include "loop/io.h"
#include "loop/task.h"
#include "loop/timer.h"

#include <stdbool.h>
#include <stdint.h>

/* Released at the end of the turn: objects that a caller further up the stack may still see. */
struct grave {
    struct list_link link;
    void (*release)(struct grave *grave);
};

struct loop {
    struct driver *driver; /* owned */
    struct list tasks;
    struct list tasks_next; /* of the next turn */
    struct heap timers;
    struct list graves;
    uint64_t now_ms; /* the time of this turn; monotonic */
    uint64_t turns;  /* so many have begun */
    bool stopped;
};

/* Takes the driver and sets driver->loop. */
void loop_init(struct loop *loop, struct driver *driver);
void loop_done(struct loop *loop); /* buries what is left; frees the driver */

void loop_wake(struct loop *loop, struct task *task);
void loop_wake_next_turn(struct loop *loop, struct task *task);

/* The task will not run (its object dies). */
void loop_forget(struct loop *loop, struct task *task);

void loop_bury(struct loop *loop, struct grave *grave, void (*release)(struct grave *grave));

/* One turn; waits at most `wait_ms` (-1: until something happens), less when a timer or task is
 * due. */
void loop_turn(struct loop *loop, int64_t wait_ms);

/* Turns until loop_stop(). */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

#endif
