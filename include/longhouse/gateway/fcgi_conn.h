#ifndef GATEWAY_FCGI_CONN_H
#define GATEWAY_FCGI_CONN_H

/*
 * A connection to a FastCGI program: a descriptor that outlives the request it was opened for. In
 * use it belongs to a link (gateway/fcgi_link.h); between requests it is kept with its target
 * (gateway/place.h), watched by the reactor that opened it, and may be taken by another one.
 */
#include "gateway/desk.h"
#include "loop/loop.h"

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

struct backend;
struct backend_group;
struct tls_line; /* net/tls_remote.h */

struct fcgi_conn {
    struct io io;         /* its task changes with its user */
    struct loop *loop;    /* borrowed: of the thread that it belongs to */
    struct tls_line *tls; /* owned; NULL: bytes go as they are */
    struct desk *desk;    /* borrowed, as the following; while kept */
    struct backend_group *group;
    struct backend *backend;
    struct list_link link; /* under the lock of the group: in backend->kept */
    struct task task;      /* while kept: it said something, closed, or its time is over */
    struct timer timer;    /* the same */
    bool shared;           /* another descriptor of it was made: see place_line.c */
    struct desk_note note; /* another reactor has taken it */
};

/* Takes the descriptor, of a connection on which nothing is to be read yet. Nothing is watched.
 * `shared`: there is, or may be, another descriptor of it. */
struct fcgi_conn *fcgi_conn_new(struct loop *loop, int fd, bool shared);

/* What was said of TLS on another descriptor of it (fcgi_conn_take_tls()) goes on here. NULL:
 * nothing was. */
void fcgi_conn_give_tls(struct fcgi_conn *conn, struct tls_line *tls);

/* The connection goes on elsewhere, on another descriptor: what is the caller's from now on, or
 * NULL. */
struct tls_line *fcgi_conn_take_tls(struct fcgi_conn *conn);

/*
 * Bytes, 0 at the end (receive), -EAGAIN, or another negative errno. The io tells by readable and
 * writable whether the next call may do something.
 */
ssize_t fcgi_conn_send(struct fcgi_conn *conn, const struct iovec *parts, int count);
ssize_t fcgi_conn_receive(struct fcgi_conn *conn, char *data, size_t room);

/* Nothing more will be sent. */
void fcgi_conn_finish(struct fcgi_conn *conn);

/* The other side has closed it, or said something that nobody asked for. In its own thread. */
static inline bool fcgi_conn_is_stale(const struct fcgi_conn *conn)
{
    return conn->io.readable || conn->io.read_closed || conn->io.hung_up;
}

/* In its own thread. NULL: nothing happens. */
void fcgi_conn_close(struct fcgi_conn *conn);

/* The same, but the descriptor lives on and belongs to the caller. */
int fcgi_conn_release(struct fcgi_conn *conn);

#endif
