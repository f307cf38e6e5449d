#include "gateway/fcgi_conn.h"

#include <stdlib.h>

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
