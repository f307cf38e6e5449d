#ifndef LOOP_IO_H
#define LOOP_IO_H

/*
 * A descriptor and what is known about its readiness. Readiness is remembered, not re-armed:
 * `readable` and `writable` stay true until a call said EAGAIN (the caller then clears the flag). A
 * fresh descriptor is assumed ready; it is registered with the driver only when somebody has to
 * wait (io_wait), so a connection that is served at once costs no epoll_ctl at all.
 *
 * After a read that returned less than asked on a socket or pipe the caller may clear `readable` as
 * well: new bytes and the end make a new edge.
 */
#include <stdbool.h>

struct loop;
struct task;

struct io {
    int fd; /* owned by the holder of the io; -1: none */
    bool readable;
    bool writable;
    bool hung_up;     /* peer closed both directions, or an error is pending */
    bool read_closed; /* peer closed its writing side (EPOLLRDHUP) */
    bool watched;
    bool shared;       /* watched level-triggered: every event wakes, even without a new bit */
    struct task *task; /* borrowed: woken when something changed */
};

static inline void io_init(struct io *io, int fd, struct task *task)
{
    *io = (struct io){ .fd = fd, .readable = true, .writable = true, .task = task };
}

/* Makes sure that a change of readiness will wake the task; cheap when watched. 0 or negative
 * errno. */
int io_wait(struct loop *loop, struct io *io);

/*
 * The same for a listener that several loops watch: each waiting client wakes one or few of them,
 * again and again until it is accepted.
 */
int io_wait_shared(struct loop *loop, struct io *io);

/* No more news (a listener steps aside); io_wait() begins again. Harmless when not watched. */
void io_unwatch(struct loop *loop, struct io *io);

/* Unwatches and closes; safe to call twice. */
void io_close(struct loop *loop, struct io *io);

/* Unwatches and returns the descriptor, which then belongs to the caller. */
int io_release(struct loop *loop, struct io *io);

/*
 * For drivers: bits that are true now; wakes the task if one is new. HUNG_UP implies READABLE and
 * WRITABLE, READ_CLOSED implies READABLE: whoever tries finds the end or the error.
 */
enum io_bits { IO_READABLE = 1, IO_WRITABLE = 2, IO_HUNG_UP = 4, IO_READ_CLOSED = 8 };
void io_mark(struct loop *loop, struct io *io, unsigned bits);

#endif
