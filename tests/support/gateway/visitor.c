#include "gateway/visitor.h"

#include "base/chunk.h"
#include "base/container.h"
#include "base/text.h"

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the log ---- */

static void keep_line(struct log *log, enum log_level level, struct slice line)
{
    struct visitor *visitor = container_of(log, struct visitor, log);

    ck_assert_uint_lt(visitor->line_count, VISITOR_LINES_MOST);
    visitor->levels[visitor->line_count] = level;
    snprintf(visitor->lines[visitor->line_count++], 1024, "%.*s", SLICE_ARGS(line));
}

unsigned visitor_lines(const struct visitor *visitor, enum log_level least)
{
    unsigned count = 0;

    for (unsigned i = 0; i < visitor->line_count; i++)
        count += visitor->levels[i] >= least;
    return count;
}

bool visitor_log_has(const struct visitor *visitor, const char *text)
{
    for (unsigned i = 0; i < visitor->line_count; i++)
        if (strstr(visitor->lines[i], text))
            return true;
    return false;
}

/* ---- the wire ---- */

static void take_bytes(struct visitor *visitor, struct body *body)
{
    struct iovec parts[8];
    int count;

    while ((count = body_peek(body, parts, 8)) > 0) {
        size_t taken = 0;
        for (int i = 0; i < count; i++) {
            ck_assert_uint_lt(visitor->body_len + parts[i].iov_len, sizeof(visitor->body));
            memcpy(visitor->body + visitor->body_len, parts[i].iov_base, parts[i].iov_len);
            visitor->body_len += parts[i].iov_len;
            taken += parts[i].iov_len;
        }
        body_take(body, taken);
    }
}

static void add_lines(struct text *text, const struct fields *fields)
{
    for (uint32_t i = 0; i < fields->count; i++)
        text_printf(text, "%.*s: %.*s\n", SLICE_ARGS(fields->at[i].name),
                    SLICE_ARGS(fields->at[i].value));
    text_cstr(text);
}

static void take_trailers(struct visitor *visitor, const struct fields *trailers)
{
    struct text text = text_on(visitor->trailers, sizeof(visitor->trailers));

    add_lines(&text, trailers);
}

static void take_answer(struct task *task)
{
    struct visitor *visitor = container_of(task, struct visitor, task);
    struct exchange *x = visitor->x;

    if (!x || x->wire_finished || visitor->stalled)
        return;
    if (visitor->reset != RESET_NONE) {
        visitor->end = BODY_BROKEN;
        exchange_wire_done(x);
        return;
    }
    if (visitor->status == 0)
        return;
    take_bytes(visitor, &x->response.body);
    visitor->end = x->response.body.end;
    if (visitor->end == BODY_OPEN)
        return;
    take_trailers(visitor, &x->response.trailers);
    exchange_wire_done(x);
}

static void note_interim(struct visitor *visitor, int status, const struct fields *fields)
{
    const size_t len = strlen(visitor->informed);
    struct text text = text_on(visitor->informed + len, sizeof(visitor->informed) - len);

    text_printf(&text, "%d ", status);
    add_lines(&text, fields);
}

static void wire_interim(struct exchange *x, int status, const struct fields *fields)
{
    struct visitor *visitor = x->wire_self;

    visitor->interims++;
    if (status != 100)
        note_interim(visitor, status, fields);
}

static void wire_head(struct exchange *x)
{
    struct visitor *visitor = x->wire_self;
    struct text text = text_on(visitor->fields, sizeof(visitor->fields));

    visitor->status = x->response.status;
    add_lines(&text, &x->response.fields);
    x->response.body.reader = &visitor->task;
    loop_wake(&visitor->loop, &visitor->task);
}

static void wire_reset(struct exchange *x, enum reset_reason reason)
{
    struct visitor *visitor = x->wire_self;

    visitor->reset = reason;
    loop_wake(&visitor->loop, &visitor->task);
}

static const struct wire_ops visitor_wire = {
    .name = "visitor",
    .interim = wire_interim,
    .head = wire_head,
    .reset = wire_reset,
};

/* ---- the owner ---- */

static void owner_route(struct exchange_owner *owner, struct exchange *x)
{
    struct visitor *visitor = container_of(owner, struct visitor, owner);

    x->services = visitor->services;
    x->host = visitor->host;
    x->handler = visitor->handler;
    x->handler->start(x, visitor->verdict);
}

static void owner_head(struct exchange_owner *owner, struct exchange *x)
{
    (void)owner;
    (void)x;
}

static void owner_ended(struct exchange_owner *owner, struct exchange *x)
{
    struct visitor *visitor = container_of(owner, struct visitor, owner);

    visitor->cause = x->record.cause ? "known" : NULL;
    visitor->x = NULL;
    visitor->ended++;
}

static const struct exchange_owner_ops owner_ops = {
    .route = owner_route,
    .head = owner_head,
    .ended = owner_ended,
};

/* ---- the test's side ---- */

struct visitor *visitor_new(void)
{
    struct visitor *visitor = calloc(1, sizeof(*visitor));

    ck_assert_ptr_nonnull(visitor);
    signal(SIGPIPE, SIG_IGN);
    loop_init(&visitor->loop, driver_fake_new());
    visitor->log.write = keep_line;
    visitor->owner.ops = &owner_ops;
    visitor->task.run = take_answer;
    snprintf(visitor->visit.client_text, sizeof(visitor->visit.client_text), "192.0.2.1");
    visitor->visit.client.in4 =
        (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201) };
    visitor->visit.client_port = 1234;
    visitor->visit.local_port = 80;
    return visitor;
}

void visitor_free(struct visitor *visitor)
{
    ck_assert_ptr_null(visitor->x);
    ck_assert_uint_eq(chunk_in_use(), 0);
    loop_done(&visitor->loop);
    free(visitor);
}

static enum method method_from(const char *name)
{
    return method_of(slice_cstr(name));
}

void visitor_ask(struct visitor *visitor, const char *method, const char *target, int64_t body_len,
                 void (*prepare)(struct exchange *x))
{
    struct exchange *x =
        exchange_new(&visitor->loop, &visitor->owner, &visitor->visit, &visitor_wire, visitor);

    visitor->x = x;
    visitor->status = 0;
    visitor->informed[0] = '\0';
    visitor->body_len = 0;
    visitor->end = BODY_OPEN;
    visitor->reset = RESET_NONE;
    x->request.method = method_from(method);
    x->request.method_name = slice_cstr(method);
    x->request.version = 11;
    x->request.target.raw = x->request.target.path = slice_cstr(target);
    x->request.has_body = body_len != VISITOR_NO_BODY;
    x->request.length = body_len == VISITOR_CHUNKED   ? -1
                        : body_len == VISITOR_NO_BODY ? 0
                                                      : body_len;
    if (body_len == VISITOR_NO_BODY || body_len == 0)
        body_finish(&x->request.body, BODY_COMPLETE);
    if (prepare)
        prepare(x);
    exchange_begin(x);
    visitor_settle(visitor);
}

void visitor_send(struct visitor *visitor, const char *text)
{
    body_put_bytes(&visitor->x->request.body, slice_cstr(text));
    visitor_settle(visitor);
}

void visitor_send_many(struct visitor *visitor, size_t len)
{
    static char bytes[4096];
    struct body *body = &visitor->x->request.body;

    memset(bytes, 'b', sizeof(bytes));
    while (len > 0 && body_room(body) > 0) {
        struct slice part = slice_first(slice_of(bytes, sizeof(bytes)), len);
        body_put_bytes(body, part);
        len -= part.len;
    }
    visitor_settle(visitor);
}

void visitor_end_body(struct visitor *visitor, enum body_end how)
{
    body_finish(&visitor->x->request.body, how);
    visitor_settle(visitor);
}

/* As a wire does: it is done with the exchange when it has told. */
void visitor_leave(struct visitor *visitor, enum reset_reason reason)
{
    exchange_cancel(visitor->x, reason);
    exchange_wire_done(visitor->x);
    visitor_settle(visitor);
}

void visitor_take_again(struct visitor *visitor)
{
    visitor->stalled = false;
    loop_wake(&visitor->loop, &visitor->task);
    visitor_settle(visitor);
}

void visitor_settle(struct visitor *visitor)
{
    loop_settle(&visitor->loop);
}

void visitor_pass(struct visitor *visitor, uint64_t ms)
{
    loop_pass(&visitor->loop, ms);
}
