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
 *
 * Room to write is watched for from the first io_wait() on that finds `writable` false. So whoever
 * clears it calls io_wait() before the end of its run, watched or not.
 */
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct task;

struct io {
    int fd; /* owned by the holder of the io; -1: none */
    bool readable;
    bool writable;
    bool hung_up;     /* peer closed both directions, or an error is pending */
    bool read_closed; /* peer closed its writing side (EPOLLRDHUP) */
    bool exhausted; /* hung up, and nothing is left to read: a pipe without writers needs no read to
                       find its end */
    bool watched;
    bool quiet;        /* io_init_quiet() */
    unsigned awaited;  /* while watched: the enum io_bits that the driver watches for */
    bool shared;       /* watched level-triggered: every event wakes, even without a new bit */
    struct task *task; /* borrowed: woken when something changed */
};

static inline void io_init(struct io *io, int fd, struct task *task)
{
    *io = (struct io){ .fd = fd, .readable = true, .writable = true, .task = task };
}

/*
 * For channels, which carry a message now and then: only what is false is watched for, and
 * level-triggered. So there is no wake-up each time the other side reads and makes room, and no
 * read that only finds the end of the queue: the reader takes a few messages, says `readable =
 * false`, and is told again if some are left. In return io_wait() has to be called at the end of
 * each run.
 */
static inline void io_init_quiet(struct io *io, int fd, struct task *task)
{
    *io = (struct io){ .fd = fd, .writable = true, .quiet = true, .task = task };
}

/*
 * How many messages the reader of a quiet io takes in one run: one, unless there was something in
 * each of the turns before (a question and its answer make two in a row), then twice as many each
 * time. So a lone message costs one read, and a queue is soon taken in large pieces.
 */
struct io_batch {
    unsigned row;  /* runs in turns that followed one another */
    uint64_t turn; /* of the last run */
};
#define IO_BATCH_ROWS 6u /* 32 messages */
unsigned io_batch_most(const struct loop *loop, struct io_batch *batch);

/* Makes sure that a change of readiness will wake the task; free when nothing new is waited for. 0
 * or negative errno. */
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

/*
 * The same for what no other descriptor, here or in another process, refers to: the kernel
 * unwatches it by itself. Never for pipes and sockets that came from, or went to, somebody else.
 */
void io_close_last(struct loop *loop, struct io *io);

/* Unwatches and returns the descriptor, which then belongs to the caller. */
int io_release(struct loop *loop, struct io *io);

/*
 * For drivers: bits that are true now; wakes the task if one is new. HUNG_UP implies READABLE and
 * WRITABLE, READ_CLOSED implies READABLE: whoever tries finds the end or the error.
 */
enum io_bits { IO_READABLE = 1, IO_WRITABLE = 2, IO_HUNG_UP = 4, IO_READ_CLOSED = 8 };
void io_mark(struct loop *loop, struct io *io, unsigned bits);

#endif
