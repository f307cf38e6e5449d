/* Sockets as transport. */
#include "net/transport.h"

#include "tcp_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#define SEND_FILE_MOST 0x7ffff000u /* sendfile(2) moves no more in one call */

static ssize_t tcp_read(struct transport *t, char *data, size_t room)
{
    ssize_t got;

    do
        got = recv(t->io.fd, data, room, 0);
    while (got < 0 && errno == EINTR);

    if (got < 0) {
        if (errno == EAGAIN)
            t->io.readable = false;
        return -errno;
    }
    /* Less than asked for: empty now, and new bytes make a new edge. The end is no new edge once it
     * was reported, so it has to be looked for. */
    if (got > 0 && (size_t)got < room && !t->io.read_closed && !t->io.hung_up)
        t->io.readable = false;
    return got;
}

/* Judges the result of a send; -EAGAIN and the full buffer show in `writable`. */
static ssize_t sent(struct io *io, ssize_t put, size_t wanted)
{
    if (put < 0) {
        if (errno == EAGAIN)
            io->writable = false;
        return -errno;
    }
    if ((size_t)put < wanted)
        io->writable = false;
    return put;
}

ssize_t tcp_write_parts(struct io *io, const struct iovec *parts, int count, bool more)
{
    const int flags = MSG_NOSIGNAL | (more ? MSG_MORE : 0);
    size_t wanted = 0;
    ssize_t put;

    if (count > IOV_MAX)
        count = IOV_MAX;
    for (int i = 0; i < count; i++)
        wanted += parts[i].iov_len;

    if (count == 1) {
        do
            put = send(io->fd, parts->iov_base, parts->iov_len, flags);
        while (put < 0 && errno == EINTR);
    } else {
        const struct msghdr message = { .msg_iov = (struct iovec *)parts,
                                        .msg_iovlen = (size_t)count };
        do
            put = sendmsg(io->fd, &message, flags);
        while (put < 0 && errno == EINTR);
    }
    return sent(io, put, wanted);
}

ssize_t tcp_write_file(struct io *io, int fd, uint64_t offset, size_t len)
{
    off_t at = (off_t)offset;
    ssize_t put;

    if (len > SEND_FILE_MOST)
        len = SEND_FILE_MOST;
    do
        put = sendfile(io->fd, fd, &at, len);
    while (put < 0 && errno == EINTR);

    /* A short count may also mean that the file became shorter, and then no edge would come: only
     * EAGAIN says "full" here. */
    return sent(io, put, 0);
}

static ssize_t tcp_write(struct transport *t, const struct iovec *parts, int count, bool more)
{
    return tcp_write_parts(&t->io, parts, count, more);
}

static ssize_t tcp_send_file(struct transport *t, int fd, uint64_t offset, size_t len)
{
    return tcp_write_file(&t->io, fd, offset, len);
}

static bool has_bytes(const struct transport *t)
{
    int waiting = 0;

    return ioctl(t->io.fd, FIONREAD, &waiting) == 0 && waiting > 0;
}

/*
 * EAGAIN may mean either side. Nobody else reads the socket: when bytes wait in it and a further
 * try fails as well, it is the pipe.
 */
static ssize_t tcp_splice(struct transport *t, int pipe, size_t most)
{
    bool bytes_wait = false;
    ssize_t moved;

    for (;;) {
        moved = splice(t->io.fd, NULL, pipe, NULL, most, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
        if (moved >= 0)
            return moved;
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return -errno;
        if (bytes_wait)
            return -ENOBUFS;
        bytes_wait = has_bytes(t);
        if (!bytes_wait) {
            t->io.readable = false;
            return -EAGAIN;
        }
    }
}

static void tcp_finish(struct transport *t)
{
    (void)shutdown(t->io.fd, SHUT_WR); /* ENOTCONN: the peer was faster */
}

static void tcp_abort(struct transport *t)
{
    const struct linger none = { .l_onoff = 1, .l_linger = 0 };

    /* Without it the close to come is an ordinary one: nothing better is left to do. */
    (void)setsockopt(t->io.fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

static void tcp_close(struct transport *t)
{
    io_close_last(t->loop, &t->io);
    free(t);
}

static const struct transport_ops tcp_ops = {
    .read = tcp_read,
    .write = tcp_write,
    .send_file = tcp_send_file,
    .splice = tcp_splice,
    .finish = tcp_finish,
    .abort = tcp_abort,
    .close = tcp_close,
};

struct transport *tcp_transport(struct loop *loop, int fd)
{
    struct transport *t = malloc(sizeof(*t));
    if (!t)
        abort(); /* memory is gone: the supervisor starts the next server */

    *t = (struct transport){ .ops = &tcp_ops, .loop = loop };
    io_init(&t->io, fd, NULL);
    return t;
}
