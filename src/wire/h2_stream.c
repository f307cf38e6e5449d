/* One request over HTTP/2 and its answer: the exchange on one side, the stream on the other. */
#include "h2_private.h"

/* ---- what the exchange says ---- */

static void begin_body(struct h2_stream *stream)
{
    stream->intake = H2_INTAKE_BODY;
    stream->intake_since_ms = stream->conn->loop->now_ms;
}

static void wire_interim(struct exchange *x, int status, const struct fields *fields)
{
    struct h2_stream *stream = x->wire_self;
    const bool ends_wait = status == 100 && stream->intake == H2_INTAKE_HELD;

    if (ends_wait)
        begin_body(stream);
    if (ends_wait || (status != 100 && !h2_output_is_blocked(stream->conn)))
        h2_answer_interim(stream, status, fields);
    loop_wake(x->loop, &stream->conn->wake);
}

static void wire_head(struct exchange *x)
{
    struct h2_stream *stream = x->wire_self;

    loop_wake(x->loop, &stream->conn->wake);
}

static void wire_reset(struct exchange *x, enum reset_reason reason)
{
    struct h2_stream *stream = x->wire_self;

    stream->reset = reason;
    loop_wake(x->loop, &stream->conn->wake);
}

static const struct wire_ops h2_wire = {
    .name = "http/2",
    .interim = wire_interim,
    .head = wire_head,
    .reset = wire_reset,
};

/* ---- its life ---- */

struct h2_stream *h2_stream_new(struct conn *conn, int32_t id)
{
    struct exchange *x = conn_new_exchange(conn, &h2_wire, NULL);
    struct h2_stream *stream = arena_new(&x->arena, struct h2_stream);

    x->wire_self = stream;
    /* Whatever it takes, it says so: the window follows. */
    x->request.body.high = 1;
    *stream = (struct h2_stream){
        .conn = conn,
        .x = x,
        .id = id,
        .intake_since_ms = conn->loop->now_ms,
    };
    list_push_back(&conn->h2->streams, &stream->link);
    return stream;
}

void h2_stream_cut(struct h2_stream *stream, enum reset_reason reason, uint32_t error,
                   const char *cause)
{
    struct exchange *x = stream->x;

    if (stream->cut)
        return;
    stream->cut = true;
    if (cause && !x->record.cause)
        x->record.cause = cause;
    exchange_cancel(x, reason);
    nghttp2_submit_rst_stream(stream->conn->h2->session, NGHTTP2_FLAG_NONE, stream->id, error);
}

void h2_stream_finish(struct h2_stream *stream)
{
    struct conn *conn = stream->conn;
    struct exchange *x = stream->x;

    conn->h2->held -= stream->intake_bytes - stream->given_back;
    list_remove(&stream->link);
    if (conn->h2->heading == stream)
        conn->h2->heading = NULL;
    if (list_empty(&conn->h2->streams))
        conn->h2->idle_since_ms = conn->loop->now_ms;
    if (stream->answer != H2_ANSWER_OVER)
        exchange_cancel(x, RESET_CLIENT_GONE); /* it may have been cancelled for another reason */
    exchange_wire_done(x);
}

/* ---- the request ---- */

static void end_intake(struct h2_stream *stream, enum h2_intake intake, enum body_end end)
{
    struct body *body = &stream->x->request.body;

    stream->intake = intake;
    if (body->end == BODY_OPEN)
        body_finish(body, end);
}

static void fail_intake(struct h2_stream *stream, int status, const char *why)
{
    struct exchange *x = stream->x;

    x->request.failed = status;
    x->request.failed_why = why;
    if (!x->record.cause)
        x->record.cause = why;
    end_intake(stream, H2_INTAKE_DROPPED, BODY_BROKEN);
}

void h2_stream_head_is_whole(struct h2_stream *stream, bool bare)
{
    struct request *request = &stream->x->request;

    h2_head_finish(&stream->head, stream->x, &stream->conn->limits->head, bare);
    if (bare)
        end_intake(stream, H2_INTAKE_OVER, BODY_COMPLETE);
    else if (request->failed == 0 && request_asks_tunnel(request))
        end_intake(stream, H2_INTAKE_ASKED, BODY_COMPLETE);
    else if (request->failed != 0 || !request->has_body)
        end_intake(stream, H2_INTAKE_DROPPED, BODY_COMPLETE);
    else
        stream->intake = request->expects_continue ? H2_INTAKE_HELD : H2_INTAKE_BODY;
    stream->intake_since_ms = stream->conn->loop->now_ms;
    stream->conn->h2->begun++;
    exchange_begin(stream->x);
}

static bool is_too_large(const struct h2_stream *stream, size_t more)
{
    const uint64_t most = stream->x->request.body_most;

    return most != 0 && (stream->intake_bytes > most || more > most - stream->intake_bytes);
}

void h2_stream_take_data(struct h2_stream *stream, struct slice data)
{
    struct h2 *h2 = stream->conn->h2;

    /* A client that grows tired of waiting sends without being asked (RFC 9110 10.1.1). */
    if (stream->intake == H2_INTAKE_HELD) {
        stream->x->request.expects_continue = false;
        begin_body(stream);
    }
    if (stream->intake == H2_INTAKE_BODY && is_too_large(stream, data.len))
        fail_intake(stream, 413, "the body is larger than allowed");
    if (stream->intake == H2_INTAKE_ASKED && data.len > 0)
        h2_stream_cut(stream, RESET_CLIENT_GONE, NGHTTP2_PROTOCOL_ERROR,
                      "the client spoke before the tunnel was agreed to");
    h2->owed += data.len;
    if (stream->intake != H2_INTAKE_BODY && stream->intake != H2_INTAKE_TUNNEL)
        return; /* the connection gets its window back, the stream does not: it has no use for it */
    h2->held += data.len;
    stream->intake_bytes += data.len;
    body_put_bytes(&stream->x->request.body, data);
}

void h2_stream_end_of_data(struct h2_stream *stream)
{
    end_intake(stream, H2_INTAKE_OVER, BODY_COMPLETE);
}

void h2_stream_answer_tunnel(struct h2_stream *stream)
{
    struct exchange *x = stream->x;

    if (stream->intake == H2_INTAKE_ASKED)
        stream->intake = x->response.is_tunnel ? H2_INTAKE_TUNNEL : H2_INTAKE_DROPPED;
    else if (x->response.is_tunnel)
        body_finish(&x->request.body, BODY_COMPLETE); /* the client has ended its side already */
}

/*
 * The answer is out, the rest of the request is of no use any more (RFC 9113 8.1). Some clients
 * forget an answer when they read RST_STREAM right behind it; most end the stream themselves.
 */
void h2_stream_linger(struct h2_stream *stream)
{
    end_intake(stream, H2_INTAKE_DROPPED, BODY_BROKEN);
    stream->lingers_until_ms = stream->conn->loop->now_ms + H1_LINGER_MS;
}

static void end_lingering(struct h2_stream *stream)
{
    stream->lingers_until_ms = 0;
    nghttp2_submit_rst_stream(stream->conn->h2->session, NGHTTP2_FLAG_NONE, stream->id,
                              NGHTTP2_NO_ERROR);
}

/* ---- windows ---- */

/* What the handler took since the last time. */
static void give_back(struct h2_stream *stream)
{
    struct body *body = &stream->x->request.body;
    const uint64_t taken = body->put_bytes - body_waiting(body);
    const uint64_t news = taken - stream->given_back;

    (void)body_room(body); /* tell us of the next */
    if (news == 0)
        return;
    stream->given_back = taken;
    stream->conn->h2->held -= news;
    if (stream->intake == H2_INTAKE_BODY || stream->intake == H2_INTAKE_TUNNEL)
        nghttp2_session_consume_stream(stream->conn->h2->session, stream->id, (size_t)news);
}

void h2_window_settle(struct conn *conn)
{
    struct h2 *h2 = conn->h2;
    const uint64_t keep = h2->held > H2_HELD_MOST ? h2->held - H2_HELD_MOST : 0;

    if (h2->owed <= keep)
        return;
    nghttp2_session_consume_connection(h2->session, (size_t)(h2->owed - keep));
    h2->owed = keep;
}

/* ---- looking ---- */

/* The handler gave up. What it said before that is still written, if there is a head. */
static bool reset_at_once(const struct h2_stream *stream)
{
    const struct response *response = &stream->x->response;

    return stream->reset != RESET_NONE &&
           (!response->head_sent || response->body.end != BODY_BROKEN);
}

/* Our own pauses are not held against the client's rate. */
static void look_for_pause(struct h2_stream *stream)
{
    const uint64_t now_ms = stream->conn->loop->now_ms;

    if (body_waiting(&stream->x->request.body) > 0) {
        if (stream->intake_held_ms == 0)
            stream->intake_held_ms = now_ms;
    } else if (stream->intake_held_ms != 0) {
        stream->intake_since_ms += now_ms - stream->intake_held_ms;
        stream->intake_held_ms = 0;
    }
}

/* There is something to take, or that was all. */
static bool has_more(struct body *body)
{
    return body_ready(body) > 0 || (body->end != BODY_OPEN && body_waiting(body) == 0);
}

static void look_at_answer(struct h2_stream *stream)
{
    struct response *response = &stream->x->response;

    if (stream->answer == H2_ANSWER_WAITING && response->head_sent) {
        h2_answer_start(stream);
    } else if (stream->deferred && has_more(&response->body)) {
        stream->deferred = false;
        nghttp2_session_resume_data(stream->conn->h2->session, stream->id);
    }
}

void h2_stream_look(struct h2_stream *stream)
{
    if (stream->intake == H2_INTAKE_HEAD || stream->cut)
        return;
    give_back(stream);
    if (stream->answer == H2_ANSWER_OVER) {
        if (stream->intake == H2_INTAKE_TUNNEL && stream->x->request.body.reader_gone)
            h2_stream_linger(stream);
        return;
    }
    look_for_pause(stream);
    if (reset_at_once(stream))
        h2_stream_cut(stream, stream->reset, NGHTTP2_INTERNAL_ERROR, NULL);
    else
        look_at_answer(stream);
}

/* ---- time ---- */

static uint64_t intake_due(const struct h2_stream *stream)
{
    const struct wire_limits *limits = stream->conn->limits;

    if (stream->intake == H2_INTAKE_HEAD)
        return limits->first_head_ms ? stream->intake_since_ms + limits->first_head_ms : 0;
    if (stream->intake != H2_INTAKE_BODY || limits->body_rate == 0 || stream->intake_held_ms != 0)
        return 0;

    /* When the average falls below the rate if nothing more comes. */
    uint64_t earned_ms = stream->intake_bytes * 1000 / limits->body_rate;
    return stream->intake_since_ms +
           (earned_ms > limits->body_grace_ms ? earned_ms : limits->body_grace_ms);
}

/* All that could be written is: what still waits is held by a window of the client. */
static uint64_t answer_due(struct h2_stream *stream)
{
    const struct conn *conn = stream->conn;
    struct body *body = stream->x->response.out;

    if (stream->answer != H2_ANSWER_SENDING || stream->deferred || body_waiting(body) == 0) {
        stream->blocked_since_ms = 0;
        return 0;
    }
    body_reader_stuck(body);
    if (stream->blocked_since_ms == 0)
        stream->blocked_since_ms = conn->loop->now_ms;
    return conn->limits->send_ms ? stream->blocked_since_ms + conn->limits->send_ms : 0;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

uint64_t h2_stream_due(struct h2_stream *stream)
{
    if (stream->cut || stream->answer == H2_ANSWER_OVER)
        return stream->lingers_until_ms;
    return earlier(intake_due(stream), answer_due(stream));
}

void h2_stream_time_out(struct h2_stream *stream)
{
    const uint64_t answer_ms = answer_due(stream);

    if (stream->intake == H2_INTAKE_HEAD)
        h2_blame(stream->conn, NGHTTP2_ENHANCE_YOUR_CALM,
                 "the head of a request did not come in time");
    else if (stream->lingers_until_ms != 0)
        end_lingering(stream);
    else if (answer_ms != 0 && stream->conn->loop->now_ms >= answer_ms)
        h2_stream_cut(stream, RESET_TOO_SLOW, NGHTTP2_ENHANCE_YOUR_CALM, NULL);
    else
        fail_intake(stream, 408, "the body of the request came too slowly");
}
