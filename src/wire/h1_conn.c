/* The states of an HTTP/1 connection. */
#include "wire_private.h"

#include <errno.h>

#define LINE_MOST   200  /* of a request line that could not be read, for the log */
#define UNREAD_MOST 4000 /* of a head, likewise (GarbageLogfile) */

enum step h1_close(struct conn *conn)
{
    conn->h1.state = H1_CLOSED;
    input_release(&conn->h1.input);
    conn_close(conn);
    return STEP_AGAIN;
}

static enum step enter(struct conn *conn, enum h1_state state)
{
    conn->h1.state = state;
    return STEP_AGAIN;
}

enum step h1_enter_timed(struct conn *conn, enum h1_state state)
{
    conn->h1.since_ms = conn->loop->now_ms;
    return enter(conn, state);
}

void h1_cut(struct conn *conn, enum reset_reason reason, const char *cause)
{
    struct exchange *x = conn->h1.x;

    if (cause && !x->record.cause)
        x->record.cause = cause;
    exchange_cancel(x, reason);
    exchange_wire_done(x);
    conn->h1.x = NULL;
    conn->h1.leg = NULL;
    transport_abort(conn->transport);
    h1_close(conn);
}

/* ---- what the exchange says ---- */

static void wire_interim(struct exchange *x, int status, const struct fields *fields)
{
    struct conn *conn = x->wire_self;
    const struct h1_leg *leg = conn->h1.leg;

    if (status == 100 ? leg->intake == H1_INTAKE_HELD : leg->blocked_since_ms == 0)
        h1_answer_interim(conn, status, fields);
    loop_wake(conn->loop, &conn->wake);
}

static void wire_head(struct exchange *x)
{
    struct conn *conn = x->wire_self;

    loop_wake(conn->loop, &conn->wake);
}

static void wire_reset(struct exchange *x, enum reset_reason reason)
{
    struct conn *conn = x->wire_self;

    conn->h1.leg->reset = reason;
    loop_wake(conn->loop, &conn->wake);
}

static const struct wire_ops h1_wire = {
    .name = "http/1",
    .interim = wire_interim,
    .head = wire_head,
    .reset = wire_reset,
};

bool h1_may_read(struct conn *conn)
{
    if (!conn_may_read(conn))
        return false;
    if (conn->h1.turn_bytes < H1_TURN_BYTES)
        return true;
    conn_again_next_turn(conn);
    return false;
}

/* ---- IDLE, HEAD ---- */

static struct exchange *new_exchange(struct conn *conn)
{
    struct exchange *x = conn_new_exchange(conn, &h1_wire, conn);

    conn->h1.leg = arena_new(&x->arena, struct h1_leg);
    conn->h1.x = x;
    conn->h1.scanned = 0;
    return x;
}

static enum step begin(struct conn *conn)
{
    h1_intake_start(conn);
    exchange_begin(conn->h1.x);
    return enter(conn, H1_EXCHANGE);
}

static void refuse(struct request *request, int status, const char *why)
{
    request->failed = status;
    request->failed_why = why;
}

/* The head cannot be read: an exchange is begun all the same, so that it is answered and logged. */
static enum step begin_failed(struct conn *conn, int status, const char *why)
{
    struct exchange *x = new_exchange(conn);
    struct slice line = input_filled(&conn->h1.input);
    struct slice rest;

    slice_cut(line, '\n', &line, &rest);
    x->request.line = arena_copy(&x->arena, slice_first(slice_trim_space(line), LINE_MOST));
    x->request.version = 11;
    x->request.unread =
        arena_copy(&x->arena, slice_first(input_filled(&conn->h1.input), UNREAD_MOST));
    refuse(&x->request, status, why);
    input_release(&conn->h1.input);
    return begin(conn);
}

/* What the limits of this connection refuse besides the parser's. */
static void refuse_by_limits(const struct wire_limits *limits, struct request *request)
{
    request->body_most = body_most(limits->body_bytes, limits->put_bytes, request->method);
    if (request->body_most != 0 && request->length > 0 &&
        (uint64_t)request->length > request->body_most)
        refuse(request, 413, "the body is larger than allowed");
}

static enum step begin_exchange(struct conn *conn, size_t head_len)
{
    struct exchange *x = new_exchange(conn);
    struct parse_fault fault = { 0 };
    struct slice head = arena_copy(&x->arena, slice_first(input_filled(&conn->h1.input), head_len));

    input_take(&conn->h1.input, head_len);
    if (h1_parse_head(head, &conn->limits->head, &x->arena, &x->request, &conn->h1.leg->framing,
                      &fault) == PARSE_DONE) {
        refuse_by_limits(conn->limits, &x->request);
    } else {
        conn->h1.leg->framing = (struct h1_framing){ 0 };
        if (x->request.failed == 0)
            refuse(&x->request, 400, fault.why);
        x->request.unread = slice_first(head, UNREAD_MOST);
        if (x->request.version == 0)
            x->request.version = 11;
    }
    return begin(conn);
}

/* A head beyond the limit: is it the request line or the fields? */
static enum step begin_too_large(struct conn *conn)
{
    struct slice filled = input_filled(&conn->h1.input);

    while (filled.len > 0 && (filled.at[0] == '\r' || filled.at[0] == '\n'))
        filled = slice_skip(filled, 1);
    if (filled.len > 0 && !slice_has(slice_first(filled, conn->limits->head.head_bytes), '\n'))
        return begin_failed(conn, 414, "the request line is too long");
    return begin_failed(conn, 431, "the head of the request is too large");
}

static enum step fill_head(struct conn *conn)
{
    if (!h1_may_read(conn))
        return STEP_WAIT;

    ssize_t got = input_fill(&conn->h1.input, conn->transport, conn->limits->head.head_bytes + 1);
    if (got == -EAGAIN)
        return STEP_WAIT;
    if (got <= 0)
        return h1_part(conn); /* it left between requests or within a head: nobody waits */
    conn->h1.turn_bytes += (unsigned)got;
    return STEP_AGAIN;
}

/* Empty lines before a request are skipped (RFC 9112 2.2), and do not begin one. */
static void skip_empty_lines(struct h1_input *input)
{
    size_t len = 0;

    for (struct slice filled = input_filled(input); slice_starts(filled, SLICE("\r\n"));
         filled = slice_skip(filled, 2))
        len += 2;
    if (len > 0)
        input_take(input, len);
}

/*
 * Drained: what is there already is still served, and told that the connection ends. A client that
 * was accepted a moment ago has had no chance to ask, nor to know of a better house.
 */
static bool is_done(const struct conn *conn)
{
    return conn->draining && !conn->looks_again &&
           (conn->requests > 0 || conn->loop->now_ms >= conn->h1.since_ms + H1_FRESH_MS);
}

static enum step h1_idle(struct conn *conn)
{
    skip_empty_lines(&conn->h1.input);
    if (input_filled(&conn->h1.input).len == 0) {
        enum step step = fill_head(conn);

        return step == STEP_WAIT && is_done(conn) ? h1_part(conn) : step;
    }
    if (conn->h1.turn_requests >= H1_TURN_REQUESTS) {
        conn_again_next_turn(conn);
        return STEP_WAIT;
    }
    return enter(conn, H1_HEAD);
}

/* The head is not whole. Often it never will be, and that can be seen. */
static enum step wait_for_head(struct conn *conn)
{
    const char *why = h1_find_nonsense(input_filled(&conn->h1.input));

    return why ? begin_failed(conn, 400, why) : fill_head(conn);
}

static enum step h1_head(struct conn *conn)
{
    size_t len = 0;

    switch (h1_find_head(input_filled(&conn->h1.input), conn->limits->head.head_bytes,
                         &conn->h1.scanned, &len)) {
    case PARSE_DONE:
        return begin_exchange(conn, len);
    case PARSE_MORE:
        return wait_for_head(conn);
    case PARSE_BAD:
        return begin_too_large(conn);
    }
    return STEP_WAIT;
}

/* ---- EXCHANGE ---- */

/*
 * A plain close resets the connection when bytes of the client are unread or on their way, and the
 * reset may overtake the answer. Only a client that itself wanted the end and has said all is
 * closed at once.
 */
static bool must_linger(const struct conn *conn, bool client_goes_on)
{
    if (conn->transport->io.hung_up)
        return false;
    return client_goes_on || input_filled(&conn->h1.input).len > 0 || conn->transport->io.readable;
}

/* A chunked body that nobody read: if its end is here already, the connection can be kept. */
static void drop_chunked_rest(struct conn *conn)
{
    uint64_t most = conn->h1.leg->intake_bytes + H1_REST_MOST;

    body_abandon(&conn->h1.x->request.body);
    while (conn->h1.leg->intake == H1_INTAKE_CHUNKED && conn->h1.leg->intake_bytes < most) {
        if (h1_intake_step(conn) == STEP_WAIT)
            break;
    }
}

/* The connection can carry another request; *ret_rest bytes of this one's body come first. */
static bool can_go_on(struct conn *conn, uint64_t *ret_rest)
{
    struct h1_leg *leg = conn->h1.leg;

    *ret_rest = 0;
    if (!leg->keep_alive)
        return false;
    if (leg->intake == H1_INTAKE_CHUNKED)
        drop_chunked_rest(conn);
    if (leg->intake == H1_INTAKE_LENGTH)
        *ret_rest = leg->intake_left;
    return leg->intake == H1_INTAKE_OVER ||
           (leg->intake == H1_INTAKE_LENGTH && leg->intake_left <= H1_REST_MOST);
}

static enum step finish_exchange(struct conn *conn)
{
    struct exchange *x = conn->h1.x;
    struct h1_leg *leg = conn->h1.leg;
    uint64_t rest = 0;
    bool goes_on = can_go_on(conn, &rest);
    bool client_goes_on =
        leg->framing.keep_alive || leg->intake != H1_INTAKE_OVER || x->request.failed != 0;

    exchange_wire_done(x);
    conn->h1.x = NULL;
    conn->h1.leg = NULL;
    conn->h1.turn_requests++;
    if (!goes_on)
        return must_linger(conn, client_goes_on) ? h1_enter_linger(conn) : h1_part(conn);
    conn->h1.drop_left = rest;
    enum step step = h1_enter_timed(conn, rest > 0 ? H1_REST : H1_IDLE);
    conn_tell_rest(conn);
    return step;
}

/*
 * A client that has closed its side is taken as gone, as other servers take it, unless the answer
 * is whole: then a client that only shut down its writing side still gets it. Before the exchange
 * has run for the first time nothing can be said. The end of a tunnel is read, behind all that
 * came before it.
 */
static bool client_left(const struct conn *conn)
{
    const struct h1_leg *leg = conn->h1.leg;

    if (conn->h1.x->response.is_tunnel)
        return false;
    if (conn->transport->io.hung_up)
        return true;
    return conn->transport->io.read_closed && conn->h1.x->routed && leg->intake >= H1_INTAKE_OVER &&
           !h1_answer_is_whole(conn);
}

/* The handler gave up. What it said before that is still written, if there is a head; see
 * end_of_data(). */
static bool reset_at_once(const struct conn *conn)
{
    const struct response *response = &conn->h1.x->response;

    return conn->h1.leg->reset != RESET_NONE &&
           (!response->head_sent || response->body.end != BODY_BROKEN);
}

/* The client has heard all, and may still have something to say that somebody wants to hear. */
static bool goes_on_listening(struct conn *conn)
{
    struct h1_leg *leg = conn->h1.leg;

    if (leg->intake != H1_INTAKE_TUNNEL || conn->h1.x->request.body.reader_gone)
        return false;
    if (!leg->finished)
        transport_finish(conn->transport);
    leg->finished = true;
    return true;
}

static enum step h1_exchange(struct conn *conn)
{
    if (reset_at_once(conn)) {
        h1_cut(conn, conn->h1.leg->reset, NULL);
        return STEP_AGAIN;
    }
    enum step in = h1_intake_step(conn);
    if (conn->h1.state == H1_CLOSED)
        return STEP_AGAIN;
    enum step out = h1_answer_step(conn);
    if (conn->h1.state == H1_CLOSED)
        return STEP_AGAIN;
    if (conn->h1.leg->answer == H1_ANSWER_OVER && !goes_on_listening(conn))
        return finish_exchange(conn);
    if (client_left(conn)) {
        h1_cut(conn, RESET_CLIENT_GONE, NULL);
        return STEP_AGAIN;
    }
    if (in == STEP_AGAIN || out == STEP_AGAIN)
        return STEP_AGAIN;
    if (!conn->h1.x->routed)
        conn_again(
            conn); /* behind the exchange: its answer may be there before anybody has to wait */
    return STEP_WAIT;
}

/* ---- time ---- */

static uint64_t due_after(uint64_t since_ms, uint64_t limit_ms)
{
    return limit_ms != 0 ? since_ms + limit_ms : 0;
}

static uint64_t earlier_due(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

static uint64_t head_due(const struct conn *conn)
{
    const struct wire_limits *limits = conn->limits;

    return due_after(conn->h1.since_ms,
                     conn->requests == 0 ? limits->first_head_ms : limits->next_head_ms);
}

/* When the state's time is over; 0: never. */
static uint64_t due(const struct conn *conn)
{
    const struct h1 *h1 = &conn->h1;
    const struct wire_limits *limits = conn->limits;

    switch (h1->state) {
    case H1_IDLE:
        return earlier_due(head_due(conn), conn->draining ? h1->since_ms + H1_FRESH_MS : 0);
    case H1_HEAD:
        return head_due(conn);
    case H1_EXCHANGE:
        return earlier_due(h1_intake_due(conn), h1_answer_due(conn));
    case H1_REST:
        return due_after(h1->since_ms, limits->next_head_ms);
    case H1_LINGER:
        return h1->lags ? due_after(h1->since_ms, limits->send_ms) : h1->since_ms + H1_LINGER_MS;
    case H1_CLOSED:
        break;
    }
    return 0;
}

static bool is_over(uint64_t due_ms, uint64_t now_ms)
{
    return due_ms != 0 && now_ms >= due_ms;
}

static void time_out(struct conn *conn)
{
    switch (conn->h1.state) {
    case H1_HEAD:
        begin_failed(conn, 408, "the head of the request did not come in time");
        break;
    case H1_EXCHANGE:
        if (is_over(h1_answer_due(conn), conn->loop->now_ms))
            h1_cut(conn, RESET_TOO_SLOW, NULL);
        else
            h1_intake_fail(conn, 408, "the body of the request came too slowly");
        break;
    case H1_IDLE: /* nothing was asked: nothing is answered */
    case H1_REST:
        h1_part(conn);
        break;
    case H1_LINGER:
        h1_close(conn);
        break;
    case H1_CLOSED:
        break;
    }
}

/* ---- the protocol ---- */

static void run(struct conn *conn)
{
    enum step step = STEP_AGAIN;

    while (step == STEP_AGAIN) {
        switch (conn->h1.state) {
        case H1_IDLE:
            step = h1_idle(conn);
            break;
        case H1_HEAD:
            step = h1_head(conn);
            break;
        case H1_EXCHANGE:
            step = h1_exchange(conn);
            break;
        case H1_REST:
            step = h1_rest(conn);
            break;
        case H1_LINGER:
            step = h1_linger(conn);
            break;
        case H1_CLOSED:
            return;
        }
    }
}

static void end(struct conn *conn, enum reset_reason reason)
{
    if (conn->h1.x)
        h1_cut(conn, reason, NULL);
    else
        h1_close(conn);
}

static void new_budget(struct conn *conn)
{
    conn->h1.turn_bytes = 0;
    conn->h1.turn_requests = 0;
}

static void advance(struct conn *conn)
{
    if (conn->next_turn)
        new_budget(conn);
    conn->next_turn = false;
    conn->looks_again = false;
    run(conn);
    while (is_over(due(conn), conn->loop->now_ms)) {
        time_out(conn);
        run(conn);
    }
    if (conn->h1.state == H1_CLOSED || conn->looks_again)
        return;

    new_budget(conn);
    if (!conn_wait(conn, earlier_due(due(conn), h1_answer_look_ms(conn))))
        end(conn, RESET_BROKEN); /* nobody would ever wake it */
}

static bool idle(const struct conn *conn)
{
    return conn->h1.x == NULL;
}

const struct protocol protocol_h1 = {
    .name = "http/1",
    .advance = advance,
    .end = end,
    .idle = idle,
};
