#ifndef IPC_OUTBOX_H
#define IPC_OUTBOX_H

/*
 * Datagrams on their way into a channel (os/pass): sent at once while there is room, kept in order
 * with their descriptors otherwise. Whoever owns the channel flushes when it becomes writable.
 */
#include "base/list.h"

#include <stddef.h>
#include <sys/uio.h>

struct outbox {
    struct list waiting;
    size_t count; /* messages that wait */
};

void outbox_init(struct outbox *outbox);

/* Drops what waits and closes its descriptors. */
void outbox_done(struct outbox *outbox);

/*
 * Sends or keeps a copy. The descriptors belong to the outbox from here on, whatever the answer:
 * they are closed once they were sent or dropped. 0: sent; -EAGAIN: kept, flush on writability;
 * otherwise the channel is broken.
 */
int outbox_send(struct outbox *outbox, int channel, const struct iovec *parts, int count,
                const int *fds, int fd_count);

/* 0: nothing waits any more; -EAGAIN: the rest waits on; otherwise the channel is broken. */
int outbox_flush(struct outbox *outbox, int channel);

#endif
