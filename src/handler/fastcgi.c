/*
 * FastCGI, SCGI and HTTP: a request to a program that runs already, on one of the targets of its
 * section.
 *
 * Where it goes, and whether it has to wait, is the place's (gateway/place.h): a target that is
 * busy or starting anew is waited for, one that cannot be reached is left for the next one. Nothing
 * that may have been executed is sent twice, but for one case: a request without body, of a safe
 * method, whose connection closed before a word of an answer, is tried once more. What is not safe
 * is sent so that it is known whether it can have been executed, where that is possible (greeting,
 * gateway/fcgi_link.h).
 */
#include "fastcgi_private.h"
#include "gateway/http_request.h"
#include "gateway/named.h"
#include "http/websocket.h"
#include "os/socket.h"
#include "site/trace.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define RETRY_AFTER_S 5u

/* ---- letting go ---- */

void fastcgi_let_go(struct fastcgi *self, struct fcgi_conn *conn)
{
    if (self->state == FASTCGI_TUNNELING)
        fastcgi_end_tunnel(self);
    self->state = FASTCGI_ENDED;
    fcgi_link_close(&self->link);
    place_leave(&self->place, conn);
}

void fastcgi_blame(struct fastcgi *self)
{
    const uint64_t rest_ms = place_blame(&self->place);

    if (rest_ms > 0)
        log_warning(self->errand.services->log,
                    "%s %.*s: %.*s fails again and again (RestAfter); resting it for %" PRIu64 " s",
                    self->dialect->name, SLICE_ARGS(fastcgi_section(self)),
                    SLICE_ARGS(fastcgi_target(self)), rest_ms / 1000);
}

void fastcgi_fail(struct fastcgi *self, int status, enum reset_reason reason, const char *format,
                  ...)
{
    va_list args;

    va_start(args, format);
    struct slice why = arena_printf_v(&self->errand.x->arena, format, args);
    va_end(args);
    fastcgi_let_go(self, NULL);
    errand_fail(&self->errand, status, status == 503 ? RETRY_AFTER_S : 0, reason, "%s %.*s: %.*s",
                self->dialect->name, SLICE_ARGS(fastcgi_section(self)), SLICE_ARGS(why));
}

/* ---- the variables ---- */

/* One that may become a tunnel is none for others afterwards, whatever became of it. */
static bool keeps_connections(const struct fastcgi *self)
{
    return self->group->conf->keep_connections > 0 &&
           self->errand.x->request.websocket_key.len == 0;
}

/* What the house has checked itself is no concern of the program. */
static bool tells_authorization(const struct errand *errand)
{
    return !errand->x->request.proof.by || errand->verdict->folder->http_auth_to_cgi;
}

/* The request itself, for a backend that speaks HTTP. */
static struct slice make_head(const struct fastcgi *self)
{
    static const struct proxy_conf no_rule;
    const struct proxy_conf *rule = self->errand.verdict->proxy;

    if (!rule)
        rule = &no_rule;
    const struct http_request_plan plan = {
        .x = self->errand.x,
        .host = rule->host,
        .path = rule->path,
        .skip = rule->skip,
        .body_length = self->errand.upload.length,
        .keep = keeps_connections(self),
        .tell_authorization = tells_authorization(&self->errand),
        .hidden_cookie = session_own_cookie(self->group),
        .custom = self->errand.verdict->host->conf->backend_headers,
    };

    return http_request_head(&plan);
}

/* False: the request is answered. */
static bool tell_variables(struct fastcgi *self)
{
    struct errand *errand = &self->errand;
    const struct prelude_plan plan = {
        .arena = &errand->x->arena,
        .most = errand->services->snapshot->conf->max_environment_bytes,
        .role = errand_is_question(errand) ? FCGI_AUTHORIZER : FCGI_RESPONDER,
        .keep = keeps_connections(self),
        .body_length = errand->upload.length,
    };
    union prelude prelude;
    struct meta_source source;
    int status;
    const char *why;

    errand_describe(errand, &source);
    source.hidden_cookie = session_own_cookie(self->group);
    source.tell_authorization = tells_authorization(errand);
    struct meta_sink *sink = self->dialect->prelude_begin(&prelude, &plan);
    if (!errand_tell(errand, &source, sink, &status, &why)) {
        fastcgi_fail(self, status, RESET_BROKEN, "%s", why);
        return false;
    }
    self->prelude = self->dialect->prelude_end(&prelude);
    return true;
}

/* False: the request is answered. */
static bool make_prelude(struct fastcgi *self)
{
    if (self->dialect->prelude_begin)
        return tell_variables(self);
    self->prelude = make_head(self);
    return true;
}

static enum step fastcgi_collect(struct fastcgi *self)
{
    struct errand *errand = &self->errand;

    switch (upload_advance(&errand->upload)) {
    case UPLOAD_COLLECTING:
        return STEP_WAIT;
    case UPLOAD_READY:
        self->state = FASTCGI_WAITING;
        return STEP_AGAIN;
    case UPLOAD_BROKEN:
        fastcgi_fail(self, errand_broken_body_status(errand), RESET_BROKEN,
                     "the client did not send the whole body");
        return STEP_AGAIN;
    case UPLOAD_FAILED:
        fastcgi_fail(self, 500, RESET_BROKEN, "the body cannot be kept in WorkDirectory: %s",
                     strerror(-errand->upload.error));
        return STEP_AGAIN;
    }
    return STEP_AGAIN;
}

/* What a backend of HTTP would be asked, as it stands. */
static void tell_head(const struct fastcgi *self)
{
    struct trace *trace = self->errand.x->trace;

    if (!self->dialect->prelude_begin)
        trace->head = arena_copy(trace->arena, self->prelude);
}

static void prepare_to_choose(struct fastcgi *self)
{
    self->state = FASTCGI_CHOOSING;
    errand_tell_trace(&self->errand);
    if (!errand_is_rehearsed(&self->errand))
        return;
    tell_head(self);
    fastcgi_let_go(self, NULL);
    errand_end_rehearsal(&self->errand);
}

static enum step fastcgi_wait_for_seat(struct fastcgi *self)
{
    switch (errand_seat(&self->errand)) {
    case ERRAND_WAITS:
        return STEP_WAIT;
    case ERRAND_SEATED:
        if (make_prelude(self))
            prepare_to_choose(self);
        return STEP_AGAIN;
    case ERRAND_TURNED_AWAY:
        fastcgi_fail(self, 503, RESET_BROKEN, "not asked: %s",
                     errand_turned_away_text(&self->errand));
        return STEP_AGAIN;
    }
    return STEP_WAIT;
}

/* ---- a place ---- */

static const char *last_failure(const struct fastcgi *self)
{
    struct arena *arena = &self->errand.x->arena;

    if (self->last_error == 0)
        return "";
    if (self->last_why)
        return arena_printf(arena, "; %.*s: %s", SLICE_ARGS(self->last_target), self->last_why).at;
    return arena_printf(arena, "; %.*s: %s; %s", SLICE_ARGS(self->last_target),
                        strerror(-self->last_error), fastcgi_connect_cure(self, self->last_error))
        .at;
}

static enum step turn_away(struct fastcgi *self)
{
    const struct place *place = &self->place;
    struct arena *arena = &self->errand.x->arena;
    const char *what = self->last_error != 0 ? "no target is left"
                       : named_none(self->group)
                           ? "no host of ConnectTo has an address; the system log says why"
                           : "no target takes new sessions (backend drain)";

    if (place->state == PLACE_REFUSED)
        what = arena_printf(arena,
                            "every target is busy or gone, and %" PRIu64
                            " requests wait already (Queue)",
                            self->group->conf->queue_length)
                   .at;
    else if (place->state == PLACE_WAITING)
        what =
            arena_printf(
                arena, "every target is busy or gone, and it has waited %" PRIu64 " ms (Queue)%s",
                self->errand.x->loop->now_ms - place->waits_since_ms,
                self->last_error != 0 ? "" : "; they need more workers (php-fpm: pm.max_children)")
                .at;
    if (self->tried_again) /* that was the failure; the rest came of it */
        fastcgi_fail(self, 502, RESET_BROKEN,
                     "it closed before a word, and then %s%s; did its worker die?%s", what,
                     last_failure(self), errand_last_words(&self->errand));
    else if (self->last_why) /* it is there, and not believed: waiting does not help */
        fastcgi_fail(self, 502, RESET_BROKEN, "%s%s", what, last_failure(self));
    else
        fastcgi_fail(self, 503, RESET_BROKEN, "%s%s", what, last_failure(self));
    return STEP_AGAIN;
}

static bool is_unix(const struct backend *backend)
{
    return backend->address.any.sa_family == AF_UNIX;
}

static struct fcgi_plan plan_of(struct fastcgi *self)
{
    struct errand *errand = &self->errand;

    return (struct fcgi_plan){
        .dialect = self->dialect,
        .loop = errand->x->loop,
        .task = &errand->x->wake,
        .delivery = &errand->delivery,
        .words = &errand->words,
        .source = errand->upload.source,
        .source_length = errand->upload.length,
        .prelude = self->prelude,
        .greets = !method_is_safe(errand->x->request.method) && is_unix(self->place.backend),
        .keeps_conn = keeps_connections(self),
        .socket_owner = self->group->socket_owner,
        .remote = self->place.backend->remote,
    };
}

void fastcgi_connect(struct fastcgi *self)
{
    const struct fcgi_plan plan = plan_of(self);

    self->errand.x->record.program.attempts++;
    fcgi_link_open(&self->link, &plan, &self->place.backend->address,
                   self->group->conf->connect_timeout_ms);
}

/* A kept connection may be closed by now. Who may not be sent twice looks before it uses one (and
 * greets, on a unix socket). */
static bool is_fit(const struct fastcgi *self, const struct fcgi_conn *conn)
{
    const bool looks =
        self->dialect->looks_first || !method_is_safe(self->errand.x->request.method);

    return !looks || !socket_has_input(conn->io.fd);
}

static void begin_talk(struct fastcgi *self)
{
    struct place *place = &self->place;
    struct fcgi_conn *conn = place->conn;

    self->errand.x->record.program.backend = fastcgi_target(self);
    trace_note_at(self->errand.x->trace, TRACE_BACKEND, TRACE_YES, &place->backend->conf->place,
                  "chosen: %.*s", SLICE_ARGS(fastcgi_target(self)));
    self->state = FASTCGI_TALKING;
    self->settled = false;
    errand_let_in(&self->errand);
    place->conn = NULL;
    if (conn && !is_fit(self, conn)) {
        fcgi_conn_close(conn);
        conn = NULL;
    }
    if (conn) {
        const struct fcgi_plan plan = plan_of(self);

        self->errand.x->record.program.attempts++;
        fcgi_link_open_kept(&self->link, &plan, conn);
    } else {
        fastcgi_connect(self);
    }
}

static enum step heed_place(struct fastcgi *self, enum place_state state)
{
    switch (state) {
    case PLACE_NONE:
        self->state = FASTCGI_CHOOSING;
        return STEP_AGAIN;
    case PLACE_WAITING:
        if (place_is_late(&self->place))
            return turn_away(self);
        self->state = FASTCGI_QUEUED;
        time_limit_hold(&self->errand.limit, true, false);
        return STEP_WAIT;
    case PLACE_GIVEN:
        begin_talk(self);
        return STEP_AGAIN;
    case PLACE_NOBODY:
    case PLACE_REFUSED:
        break;
    }
    return turn_away(self);
}

static enum step fastcgi_choose(struct fastcgi *self)
{
    if (self->place.state == PLACE_NONE) {
        errand_came(&self->errand);
        self->place.wanted = session_target(&self->session);
        place_take(&self->place);
    }
    return heed_place(self, self->place.state);
}

static enum step fastcgi_queue(struct fastcgi *self)
{
    return heed_place(self, place_advance(&self->place));
}

/* ---- talking ---- */

static bool is_reached(const struct fcgi_link *link)
{
    switch (link->state) {
    case LINK_CONNECTING:
    case LINK_SECURING:
    case LINK_GREETING:
        return false;
    case LINK_SENDING:
    case LINK_RECEIVING:
        return true;
    case LINK_ENDED:
        break;
    }
    return link->end != LINK_UNREACHABLE && link->end != LINK_INSECURE && link->end != LINK_BUSY &&
           link->end != LINK_UNHEARD;
}

static void note_recovery(struct fastcgi *self, bool answered)
{
    const uint64_t gone_ms = place_reached(&self->place, answered);

    if (gone_ms > 0)
        log_notice(self->errand.services->log, "%s %.*s: %.*s is there again, after %" PRIu64 " ms",
                   self->dialect->name, SLICE_ARGS(fastcgi_section(self)),
                   SLICE_ARGS(fastcgi_target(self)), gone_ms);
}

/* The target was reached: the client stays with it, its body is wanted now, the time begins. */
static void settle(struct fastcgi *self)
{
    struct backend *backend = self->place.backend;

    if (self->settled || !is_reached(&self->link))
        return;
    self->settled = true;
    errand_started(&self->errand);
    errand_start_time(&self->errand);
    note_recovery(self, false);
    atomic_fetch_add_explicit(&backend->requests, 1, memory_order_relaxed);
    session_settle(&self->session, (unsigned)(backend - self->group->targets));
    if (self->errand.upload.length > 0)
        exchange_want_body(self->errand.x);
}

static enum step fastcgi_talk(struct fastcgi *self)
{
    struct errand *errand = &self->errand;
    const struct body *source = errand->upload.source;

    settle(self);
    fcgi_link_advance(&self->link);
    if (self->link.state == LINK_GREETING) /* it may be long in the queue of the socket */
        errand_start_time(errand);
    settle(self);
    errand_listen(errand);
    if (self->link.heard)
        note_recovery(self, true);
    if (self->link.state == LINK_ENDED)
        return fastcgi_conclude(self);
    if (source->end == BODY_BROKEN && !source->reader_gone) {
        fastcgi_fail(self, errand_broken_body_status(errand), RESET_BROKEN,
                     "the client did not send the whole body");
        return STEP_AGAIN;
    }
    time_limit_hold(&errand->limit, fcgi_link_waits_for_client(&self->link),
                    body_room(&errand->x->response.body) == 0);
    return STEP_WAIT;
}

/* In which part of the work it was, for the log. */
static const char *phase_text(const struct fastcgi *self)
{
    if (self->state != FASTCGI_TALKING)
        return "while it waited for a target";
    switch (self->link.state) {
    case LINK_CONNECTING:
        return "while connecting";
    case LINK_SECURING:
        return "in the TLS handshake";
    case LINK_GREETING:
        return "while it waited for a worker to read the request";
    case LINK_SENDING:
        return delivery_has_head(&self->errand.delivery) ? "in the middle of the answer"
                                                         : "while the request was sent";
    case LINK_RECEIVING:
    case LINK_ENDED:
        break;
    }
    return delivery_has_head(&self->errand.delivery) ? "in the middle of the answer"
                                                     : "without an answer";
}

static void fastcgi_out_of_time(struct fastcgi *self)
{
    struct errand *errand = &self->errand;
    struct slice target = self->place.state == PLACE_GIVEN ? fastcgi_target(self) : SLICE("-");
    const char *phase = phase_text(self);
    const char *words = errand_last_words(errand);

    fastcgi_blame(self);
    fastcgi_fail(self, 504, RESET_DEADLINE, "%s, %s (%.*s)%s", errand_time_text(errand), phase,
                 SLICE_ARGS(target), words);
}

/* ---- the face ---- */

static void fastcgi_advance(struct exchange *x)
{
    struct fastcgi *self = x->handler_self;
    enum step step = STEP_AGAIN;

    if (errand_is_out_of_time(&self->errand)) {
        fastcgi_out_of_time(self);
        return;
    }
    while (step == STEP_AGAIN) {
        switch (self->state) {
        case FASTCGI_COLLECTING:
            step = fastcgi_collect(self);
            break;
        case FASTCGI_WAITING:
            step = fastcgi_wait_for_seat(self);
            break;
        case FASTCGI_CHOOSING:
            step = fastcgi_choose(self);
            break;
        case FASTCGI_QUEUED:
            step = fastcgi_queue(self);
            break;
        case FASTCGI_TALKING:
            step = fastcgi_talk(self);
            break;
        case FASTCGI_TUNNELING:
            step = fastcgi_tunnel(self);
            break;
        case FASTCGI_ENDED:
            return;
        }
    }
}

/* A page for an error is a page, whatever was asked for. */
static void note_websocket(struct exchange *x, const struct verdict *verdict)
{
    if (x->request.error_status != 0)
        x->request.websocket_key = SLICE("");
    else if (verdict->fastcgi->protocol == PROTOCOL_HTTP)
        x->request.websocket_key = websocket_key_of(&x->request);
}

static void fastcgi_start(struct exchange *x, const struct verdict *verdict)
{
    note_websocket(x, verdict);
    if (output_cache_answers(x, verdict))
        return;

    const struct services *services = x->services;
    struct fastcgi *self = arena_new(&x->arena, struct fastcgi);

    x->handler_self = self;
    self->group = services->backends[verdict->fastcgi->index];
    self->dialect = dialect_of(self->group->conf->protocol);
    errand_init(&self->errand, x, verdict, self->group->conf->collect_bytes);
    x->record.handler = self->dialect->handler;
    session_init(&self->session, self->group, x);
    self->errand.delivery.session = &self->session;
    place_init(&self->place, self->group, services->desk, &x->wake, verdict->host->conf->index,
               &x->visit->client, arena_array(&x->arena, bool, self->group->count),
               arena_array(&x->arena, bool, self->group->count));
    self->errand.program_root = self->group->conf->server_root;
    fastcgi_advance(x);
}

static void fastcgi_cancel(struct exchange *x, enum reset_reason reason)
{
    struct fastcgi *self = x->handler_self;

    (void)reason;
    fastcgi_let_go(self, NULL);
    errand_release(&self->errand);
    exchange_handler_done(x);
}

const struct handler_ops handler_fastcgi = {
    .name = "fastcgi",
    .start = fastcgi_start,
    .advance = fastcgi_advance,
    .cancel = fastcgi_cancel,
};
