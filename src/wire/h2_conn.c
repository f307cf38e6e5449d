/* The life of an HTTP/2 connection. */
#include "h2_private.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>

#define FAULT_TEXT_MOST 160

static struct h2_stream *stream_at(struct list_link *link)
{
    return container_of(link, struct h2_stream, link);
}

/* ---- the end ---- */

/* From here on no stream is touched any more. */
static void let_go(struct conn *conn)
{
    struct h2 *h2 = conn->h2;

    h2_session_close(conn);
    for (struct list_link *link; (link = list_first(&h2->streams)) != NULL;)
        h2_stream_finish(stream_at(link));
    free(h2->kept);
    free(h2);
    conn->h2 = NULL;
}

static void close_now(struct conn *conn)
{
    let_go(conn);
    conn_close(conn);
}

static void cut_all(struct conn *conn, enum reset_reason reason)
{
    list_for_each (link, &conn->h2->streams)
        exchange_cancel(stream_at(link)->x, reason);
    list_for_each (link, &conn->h2->streams)
        stream_at(link)->cut = true;
}

/* The last words: GOAWAY, as far as it can be written. */
static void say_goodbye(struct conn *conn, uint32_t error)
{
    nghttp2_session_terminate_session(conn->h2->session, error);
    conn->h2->turn_bytes = 0;
    while (h2_output_step(conn) == STEP_AGAIN)
        ;
}

/* All is said, or all that can be. What the client still sends is read and dropped, so that it sees
 * the last words. */
static void leave(struct conn *conn)
{
    if (conn->h2->lost || conn->transport->io.hung_up) {
        close_now(conn);
        return;
    }
    let_go(conn);
    conn_linger(conn);
}

static void leave_for_fault(struct conn *conn)
{
    const struct h2 *h2 = conn->h2;
    char why[FAULT_TEXT_MOST];
    struct text text = text_on(why, sizeof(why));

    text_add_cstr(&text, h2->fault);
    text_add_cstr(&text, ", ");
    text_add_cstr(&text, nghttp2_http2_strerror(h2->error));
    conn->owner->ops->misbehaved(conn->owner, conn, text_cstr(&text));
    cut_all(conn, RESET_CLIENT_GONE);
    say_goodbye(conn, h2->error);
    leave(conn);
}

static void leave_for_silence(struct conn *conn)
{
    say_goodbye(conn, NGHTTP2_NO_ERROR);
    leave(conn);
}

static void lose(struct conn *conn)
{
    if (!list_empty(&conn->h2->streams))
        transport_abort(conn->transport);
    cut_all(conn, RESET_CLIENT_GONE);
    close_now(conn);
}

static void end(struct conn *conn, enum reset_reason reason)
{
    const bool was_idle = list_empty(&conn->h2->streams);

    cut_all(conn, reason);
    say_goodbye(conn, reason == RESET_BANNED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_NO_ERROR);
    if (!was_idle)
        transport_abort(conn->transport);
    close_now(conn);
}

/* ---- reading ---- */

/* Who does not take what we say is not heard. */
static bool is_crowded(const struct h2 *h2)
{
    return nghttp2_session_get_outbound_queue_size(h2->session) > H2_QUEUE_MOST;
}

static bool may_read(struct conn *conn)
{
    struct h2 *h2 = conn->h2;

    if (!conn_may_read(conn))
        return false;
    h2->reading_held = is_crowded(h2);
    if (h2->reading_held)
        return false;
    if (h2->turn_bytes < H2_TURN_BYTES)
        return true;
    conn_again_next_turn(conn);
    return false;
}

static enum step read_some(struct conn *conn)
{
    struct chunk *chunk = chunk_new();
    ssize_t got = transport_read(conn->transport, chunk->data, CHUNK_SIZE);

    if (got > 0) {
        conn->h2->turn_bytes += (unsigned)got;
        h2_session_feed(conn, slice_of(chunk->data, (size_t)got));
    } else if (got != -EAGAIN) {
        conn->h2->lost = true;
    }
    chunk_free(chunk);
    return got > 0 ? STEP_AGAIN : STEP_WAIT;
}

static void read_all(struct conn *conn)
{
    while (!conn->h2->fault && may_read(conn) && read_some(conn) == STEP_AGAIN)
        ;
}

/* ---- leaving in peace (RFC 9113 6.8) ---- */

static void notice(struct conn *conn)
{
    nghttp2_session *session = conn->h2->session;

    conn->h2->state = H2_NOTICED;
    conn->h2->noticed_ms = conn->loop->now_ms;
    conn->h2->notice_read = false;
    nghttp2_submit_shutdown_notice(session);
    nghttp2_submit_ping(session, NGHTTP2_FLAG_NONE, NULL);
}

static void name_the_last(struct conn *conn)
{
    nghttp2_session *session = conn->h2->session;

    conn->h2->state = H2_LEAVING;
    nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(session), NGHTTP2_NO_ERROR, NULL,
                          0);
}

static void look_at_state(struct conn *conn)
{
    struct h2 *h2 = conn->h2;

    if (h2->state == H2_OPEN && (conn->draining || conn->last))
        notice(conn);
    if (h2->state == H2_NOTICED &&
        (h2->notice_read || conn->loop->now_ms >= h2->noticed_ms + H2_NOTICE_MS))
        name_the_last(conn);
}

/* Everything was said that will be. */
static bool is_over(const struct conn *conn)
{
    const struct h2 *h2 = conn->h2;

    if (h2->kept)
        return false;
    if (h2->state == H2_LEAVING && list_empty(&h2->streams))
        return nghttp2_session_want_write(h2->session) == 0;
    /* To nghttp2 the notice is the end already. */
    return h2->state != H2_NOTICED && nghttp2_session_want_read(h2->session) == 0 &&
           nghttp2_session_want_write(h2->session) == 0;
}

/* ---- time ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0)
        return a + b;
    return a < b ? a : b;
}

static bool is_past(uint64_t due_ms, uint64_t now_ms)
{
    return due_ms != 0 && now_ms >= due_ms;
}

static uint64_t idle_due(const struct conn *conn)
{
    const struct wire_limits *limits = conn->limits;
    const uint64_t limit_ms = conn->requests == 0 ? limits->first_head_ms : limits->next_head_ms;

    if (!list_empty(&conn->h2->streams) || limit_ms == 0)
        return 0;
    return conn->h2->idle_since_ms + limit_ms;
}

static uint64_t output_due(const struct conn *conn)
{
    if (conn->h2->blocked_since_ms == 0 || conn->limits->send_ms == 0)
        return 0;
    return conn->h2->blocked_since_ms + conn->limits->send_ms;
}

static uint64_t due(struct conn *conn)
{
    uint64_t due_ms = earlier(idle_due(conn), output_due(conn));

    if (conn->h2->state == H2_NOTICED)
        due_ms = earlier(due_ms, conn->h2->noticed_ms + H2_NOTICE_MS);
    list_for_each (link, &conn->h2->streams)
        due_ms = earlier(due_ms, h2_stream_due(stream_at(link)));
    return due_ms;
}

/* True: something was done about it. */
static bool time_out_streams(struct conn *conn)
{
    const uint64_t now_ms = conn->loop->now_ms;
    bool done = false;

    list_for_each (link, &conn->h2->streams) {
        struct h2_stream *stream = stream_at(link);

        if (!is_past(h2_stream_due(stream), now_ms))
            continue;
        h2_stream_time_out(stream);
        done = true;
    }
    return done;
}

/* ---- the protocol ---- */

static void look_at_streams(struct conn *conn)
{
    list_for_each (link, &conn->h2->streams)
        h2_stream_look(stream_at(link));
    h2_window_settle(conn);
}

/* True: the connection has ended. */
static bool look_for_end(struct conn *conn)
{
    const uint64_t now_ms = conn->loop->now_ms;

    if (conn->h2->fault && !conn->h2->lost)
        leave_for_fault(conn);
    else if (conn->h2->lost)
        lose(conn);
    else if (is_past(output_due(conn), now_ms))
        end(conn, RESET_TOO_SLOW);
    else if (is_past(idle_due(conn), now_ms))
        leave_for_silence(conn);
    else if (is_over(conn))
        leave(conn);
    else
        return false;
    return true;
}

static void write_all(struct conn *conn)
{
    do {
        look_at_streams(conn);
        look_at_state(conn);
        while (h2_output_step(conn) == STEP_AGAIN)
            ;
    } while (!conn->h2->fault && !conn->h2->lost && time_out_streams(conn));
    if (conn->h2->reading_held && !is_crowded(conn->h2))
        conn_again(conn);
}

/*
 * Exchanges that were just begun run first, behind those who wait already: often their answers are
 * there then, and all goes out in one piece. Once, so that who asks without a pause is answered.
 */
static bool looks_away(struct conn *conn)
{
    struct h2 *h2 = conn->h2;
    const bool away = h2->begun > 0 && !h2->looked_away && !h2->fault && !h2->lost;

    h2->begun = 0;
    h2->looked_away = away;
    return away;
}

static void advance(struct conn *conn)
{
    if (conn->next_turn)
        conn->h2->turn_bytes = 0;
    conn->next_turn = false;
    conn->looks_again = false;
    read_all(conn);
    if (looks_away(conn)) {
        conn_again(conn);
        return;
    }
    if (!conn->h2->lost)
        write_all(conn);
    if (look_for_end(conn) || conn->looks_again)
        return;

    conn->h2->turn_bytes = 0;
    if (!conn_wait(conn, due(conn)))
        end(conn, RESET_BROKEN); /* nobody would ever wake it */
}

static void begin(struct conn *conn)
{
    struct h2 *h2 = calloc(1, sizeof(*h2));
    struct h1_input *input = &conn->h1.input;

    if (!h2)
        abort(); /* true exhaustion ends the process */
    conn->h2 = h2;
    list_init(&h2->streams);
    h2->idle_since_ms = conn->h1.since_ms;
    h2->calm.at_ms = conn->loop->now_ms;
    h2_session_open(conn);
    conn_tell_rest(conn);
    h2_session_feed(conn, input_filled(input));
    input_release(input);
}

static void begin_or_advance(struct conn *conn)
{
    if (!conn->h2)
        begin(conn);
    advance(conn);
}

static bool idle(const struct conn *conn)
{
    return list_empty(&conn->h2->streams);
}

const struct protocol protocol_h2 = {
    .name = "http/2",
    .advance = begin_or_advance,
    .end = end,
    .idle = idle,
};
