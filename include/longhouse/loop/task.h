#ifndef LOOP_TASK_H
#define LOOP_TASK_H

/*
 * "Look again." Whoever has news for another object wakes its task; the loop runs it later in the
 * same turn, once, however often it was woken. So nobody calls back up the stack and nothing is
 * freed under a caller.
 */
#include "base/list.h"

struct task {
    struct list_link link;
    void (*run)(struct task *task); /* finds its object with container_of() and advances it */
};

#endif
