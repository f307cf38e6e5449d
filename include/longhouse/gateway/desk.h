#ifndef GATEWAY_DESK_H
#define GATEWAY_DESK_H

/*
 * Where a reactor hears what other reactors have decided about its requests: a seat is free, a
 * connection is theirs. Notes of its own thread are read at once, those of others when their letter
 * arrives; each note is read in the thread of the desk.
 */
#include "base/list.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

#include <pthread.h>
#include <stdbool.h>

/* Embedded in what is told. Zeroed: not on its way. */
struct desk_note {
    struct list_link link; /* under the lock of the desk */
    void (*read)(struct desk_note *note);
};

struct desk {
    struct loop *loop;       /* borrowed: of the thread that owns the desk */
    struct mailbox *mailbox; /* borrowed: of that loop */
    struct letter letter;
    pthread_mutex_t lock; /* guards what follows */
    struct list notes;    /* told by other threads, not read yet */
    bool mailed;          /* the letter is on its way */
};

void desk_open(struct desk *desk, struct loop *loop, struct mailbox *mailbox);

/* In its own thread: reads what is there. Nobody tells it anything from here on. */
void desk_close(struct desk *desk);

/*
 * From any thread; `own` is the desk of the caller's. The note is not on its way already. A caller
 * that holds the lock which guards the told object until this returns can be sure that a desk whose
 * objects are all gone gets no letter.
 */
void desk_tell(struct desk *desk, struct desk_note *note, const struct desk *own);

/* In the thread of the desk: the note will not be read. True: it was on its way. */
bool desk_take_back(struct desk *desk, struct desk_note *note);

#endif
