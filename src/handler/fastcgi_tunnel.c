/* A WebSocket through an HTTP backend: from the 101 of the backend to the end of the connection. */
#include "fastcgi_private.h"

#include <inttypes.h>
#include <string.h>

static uint64_t idle_ms_of(const struct fastcgi *self)
{
    const struct proxy_conf *rule = self->errand.verdict->proxy;

    return rule ? rule->tunnel_idle_ms : TUNNEL_IDLE_MS;
}

enum step fastcgi_begin_tunnel(struct fastcgi *self)
{
    struct errand *errand = &self->errand;
    struct exchange *x = errand->x;
    const struct tunnel_plan plan = {
        .loop = x->loop,
        .task = &x->wake,
        .up = &x->request.body,
        .down = &x->response.body,
        .idle_ms = idle_ms_of(self),
    };

    time_limit_stop(&errand->limit);
    place_praise(&self->place);
    atomic_fetch_add_explicit(&self->place.backend->tunnels, 1, memory_order_relaxed);
    tunnel_open(&self->tunnel, &plan, fcgi_link_take_conn(&self->link));
    self->state = FASTCGI_TUNNELING;
    return STEP_AGAIN;
}

void fastcgi_end_tunnel(struct fastcgi *self)
{
    tunnel_close(&self->tunnel);
    atomic_fetch_sub_explicit(&self->place.backend->tunnels, 1, memory_order_relaxed);
}

/* Nothing more goes to and fro. What the client has not heard yet, it still hears. */
static void finish(struct fastcgi *self)
{
    struct exchange *x = self->errand.x;

    if (x->response.body.end == BODY_OPEN)
        body_finish(&x->response.body, BODY_COMPLETE);
    fastcgi_let_go(self, NULL);
    errand_release(&self->errand);
    exchange_handler_done(x);
}

static void note_cause(struct fastcgi *self, const char *cause)
{
    self->errand.x->record.cause = cause;
    errand_note(&self->errand, LEVEL_NOTICE, "%s %.*s: the WebSocket to %.*s was closed: %s",
                self->dialect->name, SLICE_ARGS(fastcgi_section(self)),
                SLICE_ARGS(fastcgi_target(self)), cause);
}

enum step fastcgi_tunnel(struct fastcgi *self)
{
    struct arena *arena = &self->errand.x->arena;

    tunnel_advance(&self->tunnel);
    switch (self->tunnel.end) {
    case TUNNEL_OPEN:
        return STEP_WAIT;
    case TUNNEL_OVER:
        break;
    case TUNNEL_IDLE:
        note_cause(self, arena_printf(arena, "nothing was said for %" PRIu64 " min",
                                      self->tunnel.idle_ms / 60000)
                             .at);
        break;
    case TUNNEL_BROKEN:
        note_cause(
            self,
            arena_printf(arena, "its connection broke (%s)", strerror(-self->tunnel.error)).at);
        break;
    }
    finish(self);
    return STEP_AGAIN;
}
