#include "http/exchange.h"

#include "base/siphash.h"
#include "http/clock.h"
#include "http/press.h"
#include "http/spill.h"
#include "http/trailer.h"

#include <assert.h>
#include <stdatomic.h>

/* ---- names ---- */

/*
 * Each thread counts for itself in a range of its own: no cache line is shared for a number. The
 * text is the number sent through a permutation with the key of this process, so that two are never
 * the same, a restart does not repeat them, and a visitor who sees one does not learn how busy the
 * house is.
 */
#define THREAD_SHIFT 44

static uint64_t next_id(void)
{
    static _Atomic(uint64_t) threads;
    static _Thread_local uint64_t last;

    if (last == 0)
        last = atomic_fetch_add(&threads, 1) << THREAD_SHIFT;
    return ++last;
}

static uint64_t permute(uint64_t id)
{
    static _Thread_local struct siphash_key key;

    if (key.a == 0 && key.b == 0)
        key = siphash_process_key();
    id += key.a; /* each step can be undone, so different numbers stay different (splitmix64) */
    id = (id ^ (id >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    id = (id ^ (id >> 27)) * UINT64_C(0x94d049bb133111eb);
    return id ^ (id >> 31) ^ key.b;
}

static void write_id(uint64_t id, char out[20])
{
    static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz"; /* none that look alike */
    uint64_t mixed = permute(id);

    for (unsigned i = 0; i < 13; i++, mixed >>= 5)
        out[i] = digits[mixed & 31];
    out[13] = '\0';
}

static const char *reason_text(enum reset_reason reason)
{
    switch (reason) {
    case RESET_NONE:
        break;
    case RESET_CLIENT_GONE:
        return "the client left";
    case RESET_TOO_SLOW:
        return "the client was too slow";
    case RESET_DRAIN:
        return "the house stopped";
    case RESET_BANNED:
        return "the client was banned (KickOnBan)";
    case RESET_DEADLINE:
        return "the time limit was reached";
    case RESET_BROKEN:
        return "the answer could not be finished";
    }
    return NULL;
}

static void note_cause(struct exchange *x, const char *cause)
{
    if (!x->record.cause)
        x->record.cause = cause;
}

/* ---- life ---- */

static void run_task(struct task *task)
{
    exchange_run(container_of(task, struct exchange, wake));
}

/* The connection, which has it, may be gone before the exchange. */
static const struct client_certificate *copy_certificate(struct arena *arena,
                                                         const struct client_certificate *shown)
{
    struct client_certificate *copy = arena_new(arena, struct client_certificate);

    *copy = (struct client_certificate){
        .subject = arena_copy(arena, shown->subject),
        .issuer = arena_copy(arena, shown->issuer),
        .serial = arena_copy(arena, shown->serial),
        .fingerprint = arena_copy(arena, shown->fingerprint),
        .authority = arena_copy(arena, shown->authority),
    };
    return copy;
}

struct exchange *exchange_new(struct loop *loop, struct exchange_owner *owner,
                              const struct visit *visit, const struct wire_ops *wire,
                              void *wire_self)
{
    struct arena arena = { 0 };
    struct exchange *x = arena_room(&arena, sizeof(*x)); /* lives in its own arena */
    struct visit *visit_copy = arena_room(&arena, sizeof(*visit_copy));

    *visit_copy = *visit;
    if (visit->certificate)
        visit_copy->certificate = copy_certificate(&arena, visit->certificate);
    *x = (struct exchange){
        .arena = arena,
        .loop = loop,
        .owner = owner,
        .visit = visit_copy,
        .id = next_id(),
        .wire = wire,
        .wire_self = wire_self,
        .response.length = -1,
        .wake.run = run_task,
        .record.begun_ms = loop->now_ms,
        .record.begun_unix_ms = clock_unix_ms(),
    };
    write_id(x->id, x->id_text);
    body_init(&x->request.body, loop, &x->arena);
    x->request.body.reader = &x->wake;
    body_init(&x->response.body, loop, &x->arena);
    x->response.body.writer = &x->wake;
    x->response.out = &x->response.body;
    return x;
}

static void release(struct grave *grave)
{
    struct exchange *x = container_of(grave, struct exchange, grave);

    loop_forget(x->loop, &x->wake);
    if (x->press)
        press_done(x->press);
    body_done(&x->request.body);
    body_done(&x->response.body);
    if (x->request.collected)
        spill_done(x->request.collected);

    struct arena arena = x->arena; /* holds the exchange itself */
    arena_done(&arena);
}

static void end(struct exchange *x)
{
    x->ended = true;
    x->owner->ops->ended(x->owner, x);
    loop_forget(x->loop, &x->wake);
    loop_bury(x->loop, &x->grave, release);
}

static void route(struct exchange *x)
{
    x->routed = true;
    if (x->reset != RESET_NONE)
        x->handler_finished = true; /* the client left before anybody was asked */
    else
        x->owner->ops->route(x->owner, x);
}

static void tell_handler(struct exchange *x)
{
    if (x->handler_finished)
        return;
    if (!x->handler) {
        /* The owner found nobody yet; once the client is gone nobody is needed any more. */
        x->handler_finished = exchange_is_over(x);
    } else if (x->reset == RESET_NONE) {
        x->handler->advance(x);
    } else if (!x->cancel_told) {
        x->cancel_told = true;
        x->handler->cancel(x, x->reset);
    }
}

void exchange_run(struct exchange *x)
{
    if (x->ended)
        return;
    if (!x->routed)
        route(x);
    else
        tell_handler(x);
    if (x->wire_finished && x->handler_finished)
        end(x);
}

/* ---- the wire's side ---- */

/* Nobody reads the answer any more. */
static void abandon_answer(struct exchange *x)
{
    if (x->press)
        press_stop(x->press);
    body_abandon(&x->response.body);
}

void exchange_begin(struct exchange *x)
{
    exchange_wake(x);
}

void exchange_cancel(struct exchange *x, enum reset_reason reason)
{
    assert(reason != RESET_NONE);
    if (x->wire_finished || x->reset != RESET_NONE)
        return;
    x->reset = reason;
    note_cause(x, reason_text(reason));
    abandon_answer(x);
    exchange_wake(x);
}

void exchange_wire_done(struct exchange *x)
{
    assert(!x->wire_finished);
    x->wire_finished = true;
    x->wire_self = NULL;
    x->response.body.reader = NULL;
    abandon_answer(x);
    x->request.body.writer = NULL;
    if (x->request.body.end == BODY_OPEN)
        body_finish(&x->request.body,
                    BODY_BROKEN); /* a handler that still reads must not wait for more */
    exchange_wake(x);
}

/* ---- the handler's side ---- */

void exchange_want_body(struct exchange *x)
{
    static const struct fields no_fields;

    if (!x->request.expects_continue || x->response.head_sent || exchange_is_over(x))
        return;
    x->request.expects_continue = false;
    x->wire->interim(x, 100, &no_fields);
}

/* Some proxies that speak HTTP/1.1 take such an answer for the final one (nginx 1.22 does). */
static bool knows_interims(const struct exchange *x)
{
    return x->request.version == 20 || (x->request.version == 11 && !x->visit->shared);
}

void exchange_inform(struct exchange *x, int status, const struct fields *fields)
{
    assert(status >= 102 && status <= 199);
    if (knows_interims(x) && !x->response.head_sent && !exchange_is_over(x))
        x->wire->interim(x, status, fields);
}

void exchange_field(struct exchange *x, struct slice name, struct slice value)
{
    fields_add(&x->response.fields, &x->arena, name, value);
}

void exchange_field_id(struct exchange *x, enum field_id id, struct slice value)
{
    fields_add_id(&x->response.fields, &x->arena, id, value);
}

void exchange_add_trailers(struct exchange *x, const struct fields *fields)
{
    assert(x->response.body.end == BODY_OPEN);
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->at[i];

        if (trailer_is_allowed(field->name) && !(x->press && trailer_is_about_bytes(field->name)))
            fields_append(&x->response.trailers, &x->arena, *field);
    }
}

void exchange_send_head(struct exchange *x)
{
    assert(!x->response.head_sent && x->response.status != 0);
    x->owner->ops->head(x->owner, x);
    x->response.head_sent = true;
    if (x->press)
        press_hold_head(x->press);
    else if (!exchange_is_over(x))
        x->wire->head(x);
}

void exchange_open_tunnel(struct exchange *x)
{
    struct body *body = &x->request.body;
    struct task *reader = body->reader;
    struct task *writer = body->writer;
    const size_t high = body->high;

    assert(!x->response.head_sent && !x->press && body->end == BODY_COMPLETE && body_empty(body));
    body_done(body);
    body_init(body, x->loop, &x->arena);
    body->reader = reader;
    body->writer = writer;
    body->high = high;
    body_spool(&x->response.body, SLICE(""), 0); /* a tunnel waits for its slower end */
    x->response.is_tunnel = true;
}

void exchange_reset(struct exchange *x, enum reset_reason reason)
{
    if (x->response.body.end == BODY_OPEN)
        body_finish(&x->response.body, BODY_BROKEN);
    if (exchange_is_over(x))
        return;
    note_cause(x, reason_text(reason));
    if (x->press)
        press_release_head(x->press);
    x->wire->reset(x, reason);
}

void exchange_handler_done(struct exchange *x)
{
    assert(!x->handler_finished);
    x->handler_finished = true;
    /* One who lets go without having finished leaves an answer that nobody can finish. */
    if (!x->response.head_sent || x->response.body.end == BODY_OPEN)
        exchange_reset(x, RESET_BROKEN);
    exchange_wake(x);
}

/* ---- both ---- */

void exchange_redirect(struct exchange *x, const struct target *target)
{
    static const enum field_id about_body[] = { FIELD_CONTENT_TYPE,      FIELD_CONTENT_LENGTH,
                                                FIELD_CONTENT_ENCODING,  FIELD_CONTENT_RANGE,
                                                FIELD_TRANSFER_ENCODING, FIELD_EXPECT };
    struct request *request = &x->request;

    x->redirects++;
    request->target = *target;
    if (request->method != METHOD_HEAD) {
        request->method = METHOD_GET;
        request->method_name = SLICE("GET");
    }
    for (size_t i = 0; i < sizeof(about_body) / sizeof(about_body[0]); i++)
        fields_remove(&request->fields, about_body[i]);
    body_abandon(&request->body);
    request->has_body = false;
    request->length = -1;
}

void exchange_hand_over(struct exchange *x, const struct handler_ops *handler,
                        const struct verdict *verdict)
{
    struct body *body = &x->response.body;
    struct task *reader = body->reader;
    bool reader_gone = body->reader_gone;

    assert(!x->response.head_sent && !x->handler_finished && !x->press);
    body_done(body);
    x->response = (struct response){ .length = -1, .out = body };
    body_init(body, x->loop, &x->arena);
    body->reader = reader;
    body->writer = &x->wake;
    body->reader_gone = reader_gone;

    x->handler = handler;
    x->handler_self = NULL;
    handler->start(x, verdict);
}
