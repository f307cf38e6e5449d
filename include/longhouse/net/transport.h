#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

/*
 * A byte stream: TCP now, TLS later, a pair of queues in tests. Never blocks. Whoever owns the
 * transport embeds its task in `io` through transport_attach(); readiness lies in `io` and is
 * cleared by the transport itself when a call would block.
 */
#include "loop/io.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct loop;
struct transport;

struct transport_ops {
    /* Bytes > 0, 0 at the end, -EAGAIN, or negative errno. */
    ssize_t (*read)(struct transport *, char *data, size_t room);
    /* Bytes >= 0, -EAGAIN, or negative errno. `more`: further bytes follow at once (MSG_MORE). */
    ssize_t (*write)(struct transport *, const struct iovec *parts, int count, bool more);
    /* As write; 0 when the file ends before `len` (it was truncated). */
    ssize_t (*send_file)(struct transport *, int fd, uint64_t offset, size_t len);
    /*
     * From the stream into a pipe, past our memory: bytes > 0, 0 at the end, -EAGAIN (nothing to
     * read), -ENOBUFS (the pipe is full), -EPIPE (nobody reads it), or negative errno. NULL: the
     * bytes have to be read (they are enciphered, or there is no descriptor).
     */
    ssize_t (*splice)(struct transport *, int pipe, size_t most);
    /* A close now would lose bytes that were written: they wait for room in the socket. Where they
     * wait in the transport, reads send them. NULL: never. */
    bool (*lags)(struct transport *);
    /* No more bytes will be written (shutdown of the writing side). */
    void (*finish)(struct transport *);
    /* The close to come is to be seen as a failure by the peer (RST). */
    void (*abort)(struct transport *);
    /* Ends and frees the transport. */
    void (*close)(struct transport *);
};

struct transport {
    const struct transport_ops *ops;
    struct loop *loop; /* borrowed */
    struct io io;
    bool secure; /* TLS */
};

static inline ssize_t transport_read(struct transport *t, char *data, size_t room)
{
    return t->ops->read(t, data, room);
}

static inline ssize_t transport_write(struct transport *t, const struct iovec *parts, int count,
                                      bool more)
{
    return t->ops->write(t, parts, count, more);
}

static inline ssize_t transport_send_file(struct transport *t, int fd, uint64_t offset, size_t len)
{
    return t->ops->send_file(t, fd, offset, len);
}

static inline bool transport_can_splice(const struct transport *t)
{
    return t->ops->splice != NULL;
}

static inline ssize_t transport_splice(struct transport *t, int pipe, size_t most)
{
    return t->ops->splice(t, pipe, most);
}

static inline bool transport_lags(struct transport *t)
{
    return t->ops->lags && t->ops->lags(t);
}

static inline void transport_finish(struct transport *t)
{
    t->ops->finish(t);
}

static inline void transport_abort(struct transport *t)
{
    t->ops->abort(t);
}

static inline void transport_close(struct transport *t)
{
    t->ops->close(t);
}

/* Wakes `task` from now on when readiness changes. */
static inline void transport_attach(struct transport *t, struct task *task)
{
    t->io.task = task;
}

/* To be called before waiting; 0 or negative errno. */
static inline int transport_wait(struct transport *t)
{
    return io_wait(t->loop, &t->io);
}

/*
 * A connected or connecting socket (TCP or unix stream) as a transport; takes the descriptor. The
 * process must ignore SIGPIPE: sendfile(2) and splice(2) cannot be told not to raise it.
 */
struct transport *tcp_transport(struct loop *loop, int fd);

#endif
