/*
 * TunnelSSH: to the SSH server of this machine.
 *
 *   CONNECTING ──> TUNNELING ──> ENDED       any ── failure, cancel ──> ENDED
 */
#include "handler/registry.h"

#include "base/address.h"
#include "errand.h"
#include "gateway/fcgi_conn.h"
#include "gateway/tunnel.h"
#include "os/socket.h"
#include "site/trace.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define CONNECT_MS 5000u
#define IDLE_MS    UINT64_C(86400000)

struct ssh {
    struct exchange *x; /* borrowed */
    const char *place;
    struct fcgi_conn *conn; /* owned; NULL: it is the tunnel's, or has ended */
    struct timer timer;     /* to connect */
    struct tunnel tunnel;
};

static void let_go(struct ssh *self)
{
    timer_stop(self->x->loop, &self->timer);
    fcgi_conn_close(self->conn);
    self->conn = NULL;
    tunnel_close(&self->tunnel);
}

static void fail(struct ssh *self, int error)
{
    struct exchange *x = self->x;

    let_go(self);
    reply_status(x, 502,
                 arena_printf(&x->arena,
                              "TunnelSSH: %s cannot be reached (%s); does sshd listen there?",
                              self->place, strerror(-error))
                     .at,
                 0);
}

static void open_tunnel(struct ssh *self)
{
    struct exchange *x = self->x;
    const struct tunnel_plan plan = {
        .loop = x->loop,
        .task = &x->wake,
        .up = &x->request.body,
        .down = &x->response.body,
        .idle_ms = IDLE_MS,
    };

    timer_stop(x->loop, &self->timer);
    exchange_open_tunnel(x);
    x->response.status = 200;
    exchange_send_head(x);
    tunnel_open(&self->tunnel, &plan, self->conn);
    self->conn = NULL;
}

static enum step connect_further(struct ssh *self)
{
    struct io *io = &self->conn->io;

    if (self->timer.fired) {
        fail(self, -ETIMEDOUT);
        return STEP_WAIT;
    }
    const int waits = io->writable ? 0 : io_wait(self->x->loop, io);
    if (waits == 0 && !io->writable)
        return STEP_WAIT;
    const int r = waits < 0 ? waits : socket_error(io->fd);
    if (r < 0) {
        fail(self, r);
        return STEP_WAIT;
    }
    open_tunnel(self);
    return STEP_AGAIN;
}

/* How a tunnel ends is between its two ends, but for what the house does. */
static void conclude(struct ssh *self)
{
    struct exchange *x = self->x;

    if (self->tunnel.end == TUNNEL_IDLE)
        x->record.cause = "nothing was said for a day";
    else if (self->tunnel.end == TUNNEL_BROKEN)
        x->record.cause = "the SSH server broke the connection off";
    if (x->response.body.end == BODY_OPEN)
        body_finish(&x->response.body, BODY_COMPLETE);
    let_go(self);
    exchange_handler_done(x);
}

static void ssh_advance(struct exchange *x)
{
    struct ssh *self = x->handler_self;

    if (self->conn && connect_further(self) == STEP_WAIT)
        return;
    tunnel_advance(&self->tunnel);
    if (self->tunnel.end != TUNNEL_OPEN)
        conclude(self);
}

/* What the client would be told. */
static void rehearse(struct exchange *x)
{
    x->response.status = 200;
    exchange_send_head(x);
    body_finish(&x->response.body, BODY_COMPLETE);
    exchange_handler_done(x);
}

static void ssh_start(struct exchange *x, const struct verdict *verdict)
{
    struct ssh *self = arena_new(&x->arena, struct ssh);
    union socket_address address;
    int fd = -1;

    *self = (struct ssh){ .x = x, .place = verdict->ssh, .timer.task = &x->wake };
    x->handler_self = self;
    x->record.handler = "ssh";
    if (trace_rehearses(x->trace)) {
        rehearse(x);
        return;
    }
    const bool is_address = address_parse_target(slice_cstr(verdict->ssh), &address);
    assert(is_address);
    (void)is_address;
    const int r = socket_connect(&address, &fd);
    if (r != 0 && r != -EINPROGRESS) {
        fail(self, r);
        return;
    }
    self->conn = fcgi_conn_new(x->loop, fd, false);
    self->conn->io.task = &x->wake;
    self->conn->io.writable = r == 0;
    timer_set(x->loop, &self->timer, x->loop->now_ms + CONNECT_MS);
    exchange_wake(x);
}

static void ssh_cancel(struct exchange *x, enum reset_reason reason)
{
    (void)reason;
    let_go(x->handler_self);
    exchange_handler_done(x);
}

const struct handler_ops handler_ssh = {
    .name = "ssh",
    .start = ssh_start,
    .advance = ssh_advance,
    .cancel = ssh_cancel,
};
