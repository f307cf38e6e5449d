#include "wire/conn.h"

#include "wire_private.h"

#include <stdlib.h>

static void run_task(struct task *task)
{
    struct conn *conn = container_of(task, struct conn, wake);

    conn->protocol->advance(conn);
}

static void release(struct grave *grave)
{
    struct conn *conn = container_of(grave, struct conn, grave);

    loop_forget(conn->loop, &conn->wake);
    free(conn);
}

struct conn *conn_open(struct loop *loop, struct transport *transport, const struct visit *visit,
                       const struct wire_limits *limits, struct exchange_owner *exchanges,
                       struct conn_owner *owner)
{
    struct conn *conn = malloc(sizeof(*conn));

    if (!conn)
        abort(); /* true exhaustion ends the process; the supervisor starts the next one */
    *conn = (struct conn){
        .loop = loop,
        .transport = transport,
        .protocol = &protocol_h1,
        .limits = limits,
        .exchanges = exchanges,
        .owner = owner,
        .wake.run = run_task,
        .timer.task = &conn->wake,
        .visit = *visit,
        .h1.since_ms = loop->now_ms,
    };
    transport_attach(transport, &conn->wake);
    loop_wake(loop, &conn->wake);
    return conn;
}

void conn_drain(struct conn *conn)
{
    if (!conn->transport || conn->draining)
        return;
    conn->draining = true;
    conn->protocol->drain(conn);
}

void conn_end(struct conn *conn, enum reset_reason reason)
{
    if (conn->transport)
        conn->protocol->end(conn, reason);
}

bool conn_is_idle(const struct conn *conn)
{
    return conn->protocol->idle(conn);
}

const struct visit *conn_visit(const struct conn *conn)
{
    return &conn->visit;
}

struct list_link *conn_link(struct conn *conn)
{
    return &conn->link;
}

struct conn *conn_from_link(struct list_link *link)
{
    return container_of(link, struct conn, link);
}

/* ---- for the protocols ---- */

void conn_again(struct conn *conn)
{
    conn->looks_again = true;
    loop_wake(conn->loop, &conn->wake);
}

void conn_again_next_turn(struct conn *conn)
{
    conn->looks_again = true;
    conn->next_turn = true;
    loop_wake_next_turn(conn->loop, &conn->wake);
}

bool conn_wait(struct conn *conn, uint64_t due_ms)
{
    /* Without a limit a former one is left where it is: when it fires, nothing is found to be due,
     * and the common request costs no work on the heap. */
    if (due_ms != 0)
        timer_set(conn->loop, &conn->timer, due_ms);
    return transport_wait(conn->transport) == 0;
}

void conn_close(struct conn *conn)
{
    transport_close(conn->transport);
    conn->transport = NULL;
    timer_stop(conn->loop, &conn->timer);
    loop_forget(conn->loop, &conn->wake);
    loop_bury(conn->loop, &conn->grave, release);
    conn->owner->ops->closed(conn->owner, conn);
}
