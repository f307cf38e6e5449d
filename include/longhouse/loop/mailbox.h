#ifndef LOOP_MAILBOX_H
#define LOOP_MAILBOX_H

/*
 * Letters from other threads to a loop: a lock-free list and an eventfd. Sending never blocks; the
 * letters are read, in the order sent by each thread, by the owner's `read` in its own thread.
 */
#include "loop/io.h"
#include "loop/task.h"

#include <stdatomic.h>

struct loop;

struct letter {
    struct letter *next;
    void (*read)(struct letter *letter); /* runs in the receiver's thread; owns the letter then */
};

struct mailbox {
    struct loop *loop; /* borrowed: the receiver's */
    struct io io;      /* eventfd */
    struct task task;
    _Atomic(struct letter *) head; /* newest first */
};

int mailbox_open(struct mailbox *mailbox, struct loop *loop); /* 0 or negative errno */
void mailbox_close(struct mailbox *mailbox); /* nobody sends any more; letters inside are dropped */

/* From any thread; gives the letter away. */
void mailbox_send(struct mailbox *mailbox, struct letter *letter);

#endif
