#ifndef LOOP_PRIVATE_H
#define LOOP_PRIVATE_H

/* What the rooms of this floor share. */
#include <stdbool.h>

struct loop;

/* Wakes the tasks of all timers that are due at loop->now_ms. True if any was. */
bool timers_fire(struct loop *loop);

#endif
