#include "wire/fuzz_conn.h"

#include "base/chunk.h"
#include "loop/loop.h"
#include "wire/house.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#define PLAN_BYTES 4u

/* How this run goes, out of the first bytes of the input. */
struct plan {
    unsigned split;   /* bytes fed at a time; 0: all at once */
    size_t read_step; /* bytes per read */
    size_t room;      /* bytes written at a time; 0: no limit */
    unsigned handler; /* which behaviour */
    bool breaks;      /* the connection is reset at the end, not closed */
    bool drains;
};

static struct plan plan;

enum behaviour { ANSWER, STREAM, LENGTH, SHORT, BROKEN, LATE, READ_FIRST, RESET, BEHAVIOURS };

static void answer_after_body(struct house *house, struct exchange *x)
{
    exchange_want_body(x);
    house_swallow(house, x);
    house->received_len = 0;
    if (x->request.body.end != BODY_OPEN && !x->response.head_sent)
        house_answer(x, "read");
}

static void advance(struct house *house, struct exchange *x)
{
    if (plan.handler == READ_FIRST) {
        answer_after_body(house, x);
    } else if (plan.handler == LATE && !x->response.head_sent) {
        house_answer(x, "late");
    } else if (plan.handler == STREAM && x->response.body.end == BODY_OPEN) {
        house_put(x, "more");
        house_finish(x, BODY_COMPLETE);
    }
}

static void start(struct house *house, struct exchange *x)
{
    switch ((enum behaviour)plan.handler) {
    case BEHAVIOURS:
    case ANSWER:
        house_answer(x, "hello");
        break;
    case STREAM:
        house_head(x, 200, -1);
        house_put(x, "first");
        break;
    case LENGTH:
        house_head(x, 200, 3);
        house_put(x, "abcdef");
        house_finish(x, BODY_COMPLETE);
        break;
    case SHORT:
        house_head(x, 200, 30);
        house_put(x, "abc");
        house_finish(x, BODY_COMPLETE);
        break;
    case BROKEN:
        house_head(x, 200, -1);
        house_put(x, "abc");
        house_finish(x, BODY_BROKEN);
        break;
    case LATE:
        break;
    case READ_FIRST:
        answer_after_body(house, x);
        break;
    case RESET:
        exchange_reset(x, RESET_BROKEN);
        exchange_handler_done(x);
        break;
    }
}

static void make_plan(const uint8_t *data)
{
    plan = (struct plan){
        .split = data[0],
        .read_step = data[1] == 0 ? TRANSPORT_MEMORY_UNLIMITED : data[1],
        .room = data[2] % 64,
        .handler = data[3] % BEHAVIOURS,
        .breaks = (data[3] & 0x40) != 0,
        .drains = (data[3] & 0x80) != 0,
    };
}

/* One round: everybody does what can be done, the client takes a little, the handler has news. */
static void round_of(struct house *house)
{
    if (plan.room != 0)
        transport_memory_room(house->client, plan.room);
    house_settle(house);
    if (house->x)
        exchange_wake(house->x);
    house_settle(house);
}

static void feed(struct house *house, const uint8_t *data, size_t size)
{
    while (size > 0 && house->conn) {
        size_t part = plan.split == 0 || plan.split > size ? size : plan.split;

        transport_memory_feed(house->client, slice_of(data, part));
        round_of(house);
        data += part;
        size -= part;
    }
}

static void finish(struct house *house)
{
    if (plan.drains && house->conn)
        conn_drain(house->conn);
    if (plan.breaks)
        transport_memory_break(house->client, ECONNRESET);
    else
        transport_memory_feed_end(house->client);
    for (int i = 0; i < 20 && house->conn; i++)
        round_of(house);
    transport_memory_room(house->client, TRANSPORT_MEMORY_UNLIMITED);
    house_settle(house);
    house_pass(house, 60000);
}

void fuzz_conn(const uint8_t *data, size_t size, enum wire_http2 http2, struct slice opening)
{
    if (size < PLAN_BYTES || size > 60000)
        return;
    make_plan(data);

    struct house *house = house_new();
    house->start = start;
    house->advance = advance;
    house->limits.http2 = http2;
    house->limits.body_bytes = 5000;
    house->limits.head.head_bytes = plan.handler % 2 == 0 ? 2000 : 40000;
    transport_memory_read_step(house->client, plan.read_step);
    if (plan.room != 0)
        transport_memory_room(house->client, plan.room);
    house_open(house);
    transport_memory_feed(house->client, opening);
    feed(house, data + PLAN_BYTES, size - PLAN_BYTES);
    finish(house);

    assert(!house->conn && house->closed == 1);
    assert(house->begun == 0 || !house->x);
    assert(transport_memory_closed(house->client));
    house_free(house);
    assert(chunk_in_use() == 0);
}
