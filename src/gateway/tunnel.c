#include "gateway/tunnel.h"

#include <errno.h>
#include <stdbool.h>

#define PARTS_MOST     16
#define BYTES_PER_TURN ((size_t)256 * 1024)

static void move_deadline(struct tunnel *tunnel)
{
    if (tunnel->idle_ms > 0)
        timer_set(tunnel->loop, &tunnel->timer, tunnel->loop->now_ms + tunnel->idle_ms);
}

void tunnel_open(struct tunnel *tunnel, const struct tunnel_plan *plan, struct fcgi_conn *conn)
{
    *tunnel = (struct tunnel){
        .loop = plan->loop,
        .task = plan->task,
        .up = plan->up,
        .down = plan->down,
        .conn = conn,
        .timer.task = plan->task,
        .idle_ms = plan->idle_ms,
    };
    conn->io.task = plan->task;
    conn->io.readable = true; /* trying finds out */
    conn->io.writable = true;
    move_deadline(tunnel);
}

static void end(struct tunnel *tunnel, enum tunnel_end how, int error)
{
    tunnel->end = how;
    tunnel->error = error;
    tunnel_close(tunnel);
}

/* ---- up ---- */

/* It wants no more, but what it said last is still to be heard. */
static void stop_sending(struct tunnel *tunnel)
{
    tunnel->up_over = true;
    tunnel->conn->io.readable = true;
    body_abandon(tunnel->up);
}

/* The client has said all, or can say no more. */
static void finish_sending(struct tunnel *tunnel)
{
    if (tunnel->up_over || tunnel->up->end == BODY_OPEN || !body_empty(tunnel->up))
        return;
    tunnel->up_over = true;
    fcgi_conn_finish(tunnel->conn);
}

/* One write. False: nothing to send now, or no room, or sending is over. */
static bool send_some(struct tunnel *tunnel)
{
    struct iovec parts[PARTS_MOST];
    const int count = body_peek(tunnel->up, parts, PARTS_MOST);

    if (count == 0)
        return false;
    const ssize_t put = fcgi_conn_send(tunnel->conn, parts, count);
    if (put >= 0) {
        body_take(tunnel->up, (uint64_t)put);
        move_deadline(tunnel);
        return true;
    }
    if (put != -EAGAIN)
        stop_sending(tunnel);
    return false;
}

static void go_up(struct tunnel *tunnel)
{
    while (!tunnel->up_over && tunnel->conn->io.writable && send_some(tunnel))
        ;
    finish_sending(tunnel);
}

/* ---- down ---- */

/* One read, straight into the queue. Bytes; 0: no more now, or `down` is over, or all is. */
static size_t receive_some(struct tunnel *tunnel)
{
    size_t room = 0;
    char *into = body_reserve(tunnel->down, &room);

    if (!into)
        return 0;
    const ssize_t got = fcgi_conn_receive(tunnel->conn, into, room);
    body_commit(tunnel->down, got > 0 ? (size_t)got : 0);
    if (got > 0) {
        move_deadline(tunnel);
        return (size_t)got;
    }
    if (got == 0)
        body_finish(tunnel->down, BODY_COMPLETE);
    else if (got != -EAGAIN)
        end(tunnel, TUNNEL_BROKEN, (int)got);
    return 0;
}

static void go_down(struct tunnel *tunnel)
{
    size_t budget = BYTES_PER_TURN;

    while (tunnel->conn && tunnel->conn->io.readable && tunnel->down->end == BODY_OPEN) {
        const size_t got = receive_some(tunnel);

        if (got == 0)
            return;
        if (budget <= got) {
            loop_wake_next_turn(tunnel->loop, tunnel->task);
            return;
        }
        budget -= got;
    }
}

/* ---- the face ---- */

static void await_more(struct tunnel *tunnel)
{
    const int r = io_wait(tunnel->loop, &tunnel->conn->io);

    if (r < 0)
        end(tunnel, TUNNEL_BROKEN, r);
}

void tunnel_advance(struct tunnel *tunnel)
{
    if (tunnel->end != TUNNEL_OPEN)
        return;
    go_up(tunnel);
    await_more(tunnel);
    go_down(tunnel);
    if (tunnel->end != TUNNEL_OPEN)
        return;
    if (tunnel->up_over && tunnel->down->end == BODY_COMPLETE)
        end(tunnel, TUNNEL_OVER, 0);
    else if (tunnel->timer.fired)
        end(tunnel, TUNNEL_IDLE, 0);
}

void tunnel_close(struct tunnel *tunnel)
{
    if (!tunnel->loop)
        return;
    timer_stop(tunnel->loop, &tunnel->timer);
    fcgi_conn_close(tunnel->conn);
    tunnel->conn = NULL;
}
