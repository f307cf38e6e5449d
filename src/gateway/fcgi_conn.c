#include "gateway/fcgi_conn.h"

#include "net/tls_remote.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

struct fcgi_conn *fcgi_conn_new(struct loop *loop, int fd, bool shared)
{
    struct fcgi_conn *conn = calloc(1, sizeof(*conn));

    if (!conn)
        abort();
    conn->loop = loop;
    conn->shared = shared;
    io_init(&conn->io, fd, NULL);
    conn->io.readable = false; /* it speaks when it has heard us */
    return conn;
}

void fcgi_conn_give_tls(struct fcgi_conn *conn, struct tls_line *tls)
{
    conn->tls = tls;
    if (tls)
        tls_line_move(tls, &conn->io);
}

struct tls_line *fcgi_conn_take_tls(struct fcgi_conn *conn)
{
    struct tls_line *tls = conn->tls;

    conn->tls = NULL;
    return tls;
}

/* ---- bytes ---- */

ssize_t fcgi_conn_send(struct fcgi_conn *conn, const struct iovec *parts, int count)
{
    const struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count };
    ssize_t put;

    if (conn->tls)
        return tls_line_write(conn->tls, parts, count);
    do
        put = sendmsg(conn->io.fd, &message, MSG_NOSIGNAL);
    while (put < 0 && errno == EINTR);
    if (put >= 0)
        return put;
    if (errno == EAGAIN)
        conn->io.writable = false;
    return -errno;
}

ssize_t fcgi_conn_receive(struct fcgi_conn *conn, char *data, size_t room)
{
    const bool no_more = conn->io.read_closed || conn->io.hung_up;
    ssize_t got;

    if (conn->tls)
        return tls_line_read(conn->tls, data, room);
    do
        got = recv(conn->io.fd, data, room, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        if (errno == EAGAIN)
            conn->io.readable = false;
        return -errno;
    }
    if (got > 0 && (size_t)got < room && !no_more)
        conn->io.readable = false; /* new bytes and the end make a new edge */
    return got;
}

/* ---- the end ---- */

void fcgi_conn_finish(struct fcgi_conn *conn)
{
    if (conn->tls)
        tls_line_finish(conn->tls);
    else
        (void)shutdown(conn->io.fd, SHUT_WR); /* ENOTCONN: the peer was faster */
}

static void let_go(struct fcgi_conn *conn)
{
    timer_stop(conn->loop, &conn->timer);
    loop_forget(conn->loop, &conn->task);
    free(conn);
}

void fcgi_conn_close(struct fcgi_conn *conn)
{
    if (!conn)
        return;
    tls_line_close(conn->tls);
    if (conn->shared)
        io_close(conn->loop, &conn->io);
    else
        io_close_last(conn->loop, &conn->io);
    let_go(conn);
}

int fcgi_conn_release(struct fcgi_conn *conn)
{
    const int fd = io_release(conn->loop, &conn->io);

    let_go(conn);
    return fd;
}
