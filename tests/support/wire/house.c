#include "wire/house.h"

#include "base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void handler_start(struct exchange *x, const struct verdict *verdict)
{
    struct house *house = x->services;

    (void)verdict;
    if (x->request.failed != 0) {
        house_head(x, x->request.failed, -1);
        house_put(x, "failed");
        house_finish(x, BODY_COMPLETE);
    } else if (house->start) {
        house->start(house, x);
    } else {
        house_answer(x, "hello");
    }
}

static void handler_advance(struct exchange *x)
{
    struct house *house = x->services;

    assert(x->reset == RESET_NONE);
    if (house->advance)
        house->advance(house, x);
}

static void handler_cancel(struct exchange *x, enum reset_reason reason)
{
    struct house *house = x->services;

    house->cancels++;
    house->cancel_reason = reason;
    if (!house->keep_on_cancel)
        exchange_handler_done(x);
}

static const struct handler_ops house_handler = {
    .name = "test",
    .start = handler_start,
    .advance = handler_advance,
    .cancel = handler_cancel,
};

static void owner_route(struct exchange_owner *owner, struct exchange *x)
{
    struct house *house = container_of(owner, struct house, exchanges);

    house->x = x;
    house->begun++;
    x->services = house;
    x->handler = &house_handler;
    x->handler->start(x, NULL);
}

static void owner_head(struct exchange_owner *owner, struct exchange *x)
{
    (void)owner;
    exchange_field_id(x, FIELD_SERVER, SLICE("test"));
}

static void owner_ended(struct exchange_owner *owner, struct exchange *x)
{
    struct house *house = container_of(owner, struct house, exchanges);

    house->ended++;
    house->record = x->record;
    house->status = x->response.status;
    house->failed = x->request.failed;
    snprintf(house->cause, sizeof(house->cause), "%s", x->record.cause ? x->record.cause : "");
    snprintf(house->line, sizeof(house->line), "%.*s", SLICE_ARGS(x->request.line));
    if (house->x == x)
        house->x = NULL;
}

static const struct exchange_owner_ops exchanges_ops = {
    .route = owner_route,
    .head = owner_head,
    .ended = owner_ended,
};

static void conn_closed(struct conn_owner *owner, struct conn *conn)
{
    struct house *house = container_of(owner, struct house, owner);

    assert(conn == house->conn);
    house->closed++;
    house->conn = NULL;
}

static void conn_rests(struct conn_owner *owner, struct conn *conn)
{
    struct house *house = container_of(owner, struct house, owner);

    (void)conn;
    house->rested++;
}

static void conn_introduced(struct conn_owner *owner, struct visit *visit)
{
    struct house *house = container_of(owner, struct house, owner);

    assert(visit->client_text[0]);
    house->introduced++;
    visit->believed = true;
}

static void conn_misled(struct conn_owner *owner, struct conn *conn, const char *why)
{
    struct house *house = container_of(owner, struct house, owner);

    assert(conn == house->conn);
    snprintf(house->misled, sizeof(house->misled), "%s", why);
}

static void conn_misbehaved(struct conn_owner *owner, struct conn *conn, const char *why)
{
    struct house *house = container_of(owner, struct house, owner);

    assert(conn == house->conn && house->misbehaved[0] == '\0'); /* once */
    snprintf(house->misbehaved, sizeof(house->misbehaved), "%s", why);
}

static const struct conn_owner_ops owner_ops = {
    .closed = conn_closed,
    .introduced = conn_introduced,
    .rests = conn_rests,
    .misled = conn_misled,
    .misbehaved = conn_misbehaved,
};

struct house *house_new(void)
{
    struct house *house = calloc(1, sizeof(*house));

    assert(house);
    house->driver = driver_fake_new();
    loop_init(&house->loop, house->driver);
    house->client = transport_memory_new(&house->loop);
    house->owner.ops = &owner_ops;
    house->exchanges.ops = &exchanges_ops;
    house->limits = (struct wire_limits){
        .head = { .head_bytes = 8192, .target_bytes = 4096, .fields = 50, .body_bytes = 1000000 },
        .first_head_ms = 10000,
        .next_head_ms = 5000,
        .body_bytes = 1000000,
        .body_rate = 100,
        .body_grace_ms = 3000,
        .send_ms = 4000,
        .keep_alive_most = 100,
    };
    return house;
}

void house_free(struct house *house)
{
    if (house->conn)
        conn_end(house->conn, RESET_DRAIN);
    house_settle(house);
    transport_memory_free(house->client);
    loop_done(&house->loop);
    free(house);
}

void house_open(struct house *house)
{
    const struct visit visit = { .client_text = "192.0.2.1", .local_port = 80 };

    house->conn = conn_open(&house->loop, transport_memory_transport(house->client), &visit,
                            &house->limits, &house->exchanges, &house->owner);
}

void house_feed(struct house *house, const char *text)
{
    transport_memory_feed(house->client, slice_cstr(text));
    house_settle(house);
}

void house_settle(struct house *house)
{
    loop_settle(&house->loop);
}

void house_pass(struct house *house, uint64_t ms)
{
    loop_pass(&house->loop, ms);
}

const char *house_written(struct house *house)
{
    static char copy[1 << 21];
    struct slice written = transport_memory_written(house->client);
    struct text text = text_on(copy, sizeof(copy));

    for (;;) {
        size_t at = slice_find_slice(written, SLICE("\r\nDate: "));
        if (at == SLICE_NONE || written.len < at + 37)
            break;
        text_add(&text, slice_first(written, at + 8));
        text_add(&text, SLICE("now"));
        written = slice_skip(written, at + 37);
    }
    text_add(&text, written);
    return text_cstr(&text);
}

void house_forget(struct house *house)
{
    transport_memory_forget(house->client);
}

void house_head(struct exchange *x, int status, int64_t length)
{
    x->response.status = status;
    x->response.length = length;
    exchange_send_head(x);
}

void house_put(struct exchange *x, const char *text)
{
    body_put_bytes(&x->response.body, slice_cstr(text));
}

void house_finish(struct exchange *x, enum body_end how)
{
    body_finish(&x->response.body, how);
    exchange_handler_done(x);
}

void house_answer(struct exchange *x, const char *text)
{
    house_head(x, 200, -1);
    house_put(x, text);
    house_finish(x, BODY_COMPLETE);
}

void house_swallow(struct house *house, struct exchange *x)
{
    struct body *body = &x->request.body;
    struct iovec part;

    while (body_peek(body, &part, 1) == 1) {
        size_t room = sizeof(house->received) - house->received_len;
        size_t len = part.iov_len < room ? part.iov_len : room;

        memcpy(house->received + house->received_len, part.iov_base, len);
        house->received_len += len;
        body_take(body, part.iov_len);
    }
    house->received_end = body->end;
}
