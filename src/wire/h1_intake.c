/* The body of an HTTP/1 request: from the socket to the exchange. */
#include "wire_private.h"

#include <assert.h>
#include <errno.h>

static void begin_reading(struct conn *conn)
{
    struct h1_leg *leg = conn->h1.leg;

    conn->h1.x->request.expects_continue = false;
    leg->intake = leg->framing.chunked ? H1_INTAKE_CHUNKED : H1_INTAKE_LENGTH;
    leg->intake_since_ms = conn->loop->now_ms;
}

static enum step finish_intake(struct conn *conn)
{
    conn->h1.leg->intake = H1_INTAKE_OVER;
    body_finish(&conn->h1.x->request.body, BODY_COMPLETE);
    return STEP_AGAIN;
}

void h1_intake_start(struct conn *conn)
{
    struct request *request = &conn->h1.x->request;
    struct h1_leg *leg = conn->h1.leg;

    leg->intake_left = request->length > 0 ? (uint64_t)request->length : 0;
    if (!leg->framing.chunked && transport_can_splice(conn->transport))
        body_offer_outlet(&request->body);
    if (request->failed != 0 || !request->has_body ||
        (!leg->framing.chunked && leg->intake_left == 0))
        finish_intake(conn);
    else if (request->expects_continue && input_filled(&conn->h1.input).len == 0)
        leg->intake = H1_INTAKE_HELD;
    else
        begin_reading(conn);
}

void h1_intake_tunnel(struct conn *conn)
{
    assert(conn->h1.leg->intake == H1_INTAKE_OVER);
    conn->h1.leg->intake = H1_INTAKE_TUNNEL;
    conn->h1.leg->intake_left = UINT64_MAX;
}

void h1_intake_fail(struct conn *conn, int status, const char *why)
{
    struct exchange *x = conn->h1.x;

    assert(conn->h1.leg->intake < H1_INTAKE_OVER);
    conn->h1.leg->intake = H1_INTAKE_FAILED;
    conn->h1.leg->keep_alive = false;
    x->request.failed = status;
    x->request.failed_why = why;
    if (!x->record.cause)
        x->record.cause = why;
    body_finish(&x->request.body, BODY_BROKEN);
}

/* The stream ended within the body. An answer that is whole already is still worth being written.
 */
static enum step intake_lost(struct conn *conn)
{
    if (conn->h1.leg->intake != H1_INTAKE_TUNNEL && h1_answer_is_whole(conn))
        h1_intake_fail(conn, 400, "the body ended before its end");
    else
        h1_cut(conn, RESET_CLIENT_GONE, NULL);
    return STEP_AGAIN;
}

/* Our own pauses are not held against the client's rate. */
static bool intake_paused(struct conn *conn)
{
    struct h1_leg *leg = conn->h1.leg;
    uint64_t now_ms = conn->loop->now_ms;

    if (body_room(&conn->h1.x->request.body) == 0) {
        if (leg->intake_held_ms == 0)
            leg->intake_held_ms = now_ms;
        return true;
    }
    if (leg->intake_held_ms != 0) {
        leg->intake_since_ms += now_ms - leg->intake_held_ms;
        leg->intake_held_ms = 0;
    }
    return false;
}

static enum step read_input(struct conn *conn)
{
    if (!h1_may_read(conn))
        return STEP_WAIT;

    ssize_t got = input_fill(&conn->h1.input, conn->transport, CHUNK_SIZE);
    if (got > 0) {
        conn->h1.turn_bytes += (unsigned)got;
        return STEP_AGAIN;
    }
    if (got == -EAGAIN)
        return STEP_WAIT;
    if (got == -ENOBUFS) { /* the decoder's own limits are below that */
        h1_intake_fail(conn, 400, "a chunk line is too long");
        return STEP_AGAIN;
    }
    return intake_lost(conn);
}

static enum step intake_held(struct conn *conn)
{
    /* A client that grows tired of waiting sends without being asked (RFC 9110 10.1.1). */
    if (!conn->h1.x->request.expects_continue || input_filled(&conn->h1.input).len > 0) {
        begin_reading(conn);
        return STEP_AGAIN;
    }
    return read_input(conn);
}

static void count_intake(struct conn *conn, size_t len)
{
    struct h1_leg *leg = conn->h1.leg;

    leg->intake_left -= len;
    leg->intake_bytes += len;
}

/* Straight from the socket into the pipe of a program. */
static enum step pass_to_outlet(struct conn *conn)
{
    struct body *body = &conn->h1.x->request.body;

    if (!h1_may_read(conn))
        return STEP_WAIT;

    ssize_t moved = transport_splice(conn->transport, body_outlet(body), conn->h1.leg->intake_left);
    if (moved > 0) {
        body_passed(body, (uint64_t)moved);
        count_intake(conn, (size_t)moved);
        conn->h1.turn_bytes += (unsigned)moved;
        return STEP_AGAIN;
    }
    if (moved == 0)
        return intake_lost(conn);
    if (moved == -EAGAIN)
        return STEP_WAIT;
    if (moved == -ENOBUFS)
        body_outlet_full(body);
    else
        body_outlet_break(body); /* if it was the socket, reading finds out */
    return STEP_AGAIN;
}

/* Straight from the socket into the exchange's memory. */
static enum step read_into_body(struct conn *conn)
{
    struct body *body = &conn->h1.x->request.body;
    struct h1_leg *leg = conn->h1.leg;
    size_t room = 0;

    if (!h1_may_read(conn))
        return STEP_WAIT;

    char *into = body_reserve(body, &room);
    assert(into); /* intake_paused() saw room */
    if (room > leg->intake_left)
        room = (size_t)leg->intake_left;
    ssize_t got = transport_read(conn->transport, into, room);
    body_commit(body, got > 0 ? (size_t)got : 0);
    if (got == -EAGAIN)
        return STEP_WAIT;
    if (got == 0 && leg->intake == H1_INTAKE_TUNNEL)
        return finish_intake(conn);
    if (got <= 0)
        return intake_lost(conn);
    count_intake(conn, (size_t)got);
    conn->h1.turn_bytes += (unsigned)got;
    return STEP_AGAIN;
}

static enum step intake_length(struct conn *conn)
{
    struct h1_leg *leg = conn->h1.leg;
    struct slice filled = input_filled(&conn->h1.input);

    if (leg->intake_left == 0)
        return finish_intake(conn);
    if (intake_paused(conn))
        return STEP_WAIT;
    if (filled.len == 0)
        return body_outlet(&conn->h1.x->request.body) >= 0 ? pass_to_outlet(conn)
                                                           : read_into_body(conn);

    if (filled.len > leg->intake_left)
        filled.len = (size_t)leg->intake_left;
    body_put_bytes(&conn->h1.x->request.body, filled);
    input_take(&conn->h1.input, filled.len);
    count_intake(conn, filled.len);
    return STEP_AGAIN;
}

/* One step of the decoder is done: `used` bytes of the input, the last `data.len` of them content.
 */
static enum step take_chunk_step(struct conn *conn, size_t used, struct slice data)
{
    struct h1_leg *leg = conn->h1.leg;
    uint64_t most = conn->h1.x->request.body_most;
    uint64_t announced = data.len + leg->chunk.left; /* a chunk too large is refused by its size */

    if (most != 0 && (leg->intake_bytes > most || announced > most - leg->intake_bytes)) {
        h1_intake_fail(conn, 413, "the body is larger than allowed");
        return STEP_AGAIN;
    }
    body_put_bytes(&conn->h1.x->request.body, data);
    input_take(&conn->h1.input, used);
    leg->intake_bytes += data.len;
    return leg->chunk.state == H1_CHUNK_OVER ? finish_intake(conn) : STEP_AGAIN;
}

static enum step intake_chunked(struct conn *conn)
{
    struct slice filled = input_filled(&conn->h1.input);
    struct parse_fault fault = { 0 };
    struct slice data = { 0 };
    size_t used = 0;

    if (intake_paused(conn))
        return STEP_WAIT;
    if (filled.len == 0)
        return read_input(conn);

    switch (h1_chunk_decode(&conn->h1.leg->chunk, filled, &used, &data, &fault)) {
    case PARSE_DONE:
        return take_chunk_step(conn, used, data);
    case PARSE_MORE:
        return read_input(conn);
    case PARSE_BAD:
        h1_intake_fail(conn, 400, fault.why);
        return STEP_AGAIN;
    }
    return STEP_WAIT;
}

enum step h1_intake_step(struct conn *conn)
{
    switch (conn->h1.leg->intake) {
    case H1_INTAKE_HELD:
        return intake_held(conn);
    case H1_INTAKE_LENGTH:
    case H1_INTAKE_TUNNEL:
        return intake_length(conn);
    case H1_INTAKE_CHUNKED:
        return intake_chunked(conn);
    case H1_INTAKE_OVER:
    case H1_INTAKE_FAILED:
        break;
    }
    return STEP_WAIT;
}

uint64_t h1_intake_due(const struct conn *conn)
{
    const struct h1_leg *leg = conn->h1.leg;
    unsigned rate = conn->limits->body_rate;

    if ((leg->intake != H1_INTAKE_LENGTH && leg->intake != H1_INTAKE_CHUNKED) || rate == 0 ||
        leg->intake_held_ms != 0)
        return 0;

    /* When the average falls below the rate if nothing more comes. */
    uint64_t earned_ms = leg->intake_bytes * 1000 / rate;
    uint64_t grace_ms = conn->limits->body_grace_ms;
    return leg->intake_since_ms + (earned_ms > grace_ms ? earned_ms : grace_ms);
}
