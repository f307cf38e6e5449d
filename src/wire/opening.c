/*
 * HTTP/1 or HTTP/2: over TLS the handshake has settled it (RFC 9113 3.2), without TLS the first
 * bytes tell (RFC 9113 3.3). Its time counts for the first head.
 */
#include "net/tls.h"
#include "wire_private.h"

#include <errno.h>

/* What an HTTP/2 client begins with (RFC 9113 3.4); no HTTP/1 request can. */
#define PREFACE SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

static enum step close_now(struct conn *conn)
{
    input_release(&conn->h1.input);
    conn_close(conn);
    return STEP_WAIT;
}

static enum step begin(struct conn *conn, const struct protocol *protocol)
{
    conn->protocol = protocol;
    return STEP_WAIT;
}

static enum step fill(struct conn *conn)
{
    if (!conn_may_read(conn))
        return STEP_WAIT;

    ssize_t got = input_fill(&conn->h1.input, conn->transport, CHUNK_SIZE);
    if (got == -EAGAIN)
        return STEP_WAIT;
    return got > 0 ? STEP_AGAIN : close_now(conn); /* it left and has asked for nothing */
}

static enum step look(struct conn *conn)
{
    struct slice filled = input_filled(&conn->h1.input);

    if (filled.len == 0)
        return fill(conn);
    if (conn->transport->secure)
        return begin(conn, tls_is_for_h2(conn->transport) ? &protocol_h2 : &protocol_h1);
    if (slice_starts(filled, PREFACE))
        return begin(conn, &protocol_h2);
    return slice_starts(PREFACE, filled) ? fill(conn) : begin(conn, &protocol_h1);
}

static bool is_late(const struct conn *conn)
{
    return conn->limits->first_head_ms != 0 &&
           conn->loop->now_ms >= conn->h1.since_ms + conn->limits->first_head_ms;
}

static void advance(struct conn *conn)
{
    uint64_t due_ms =
        conn->limits->first_head_ms ? conn->h1.since_ms + conn->limits->first_head_ms : 0;
    enum step step = STEP_AGAIN;

    while (step == STEP_AGAIN)
        step = look(conn);
    if (!conn->transport)
        return;
    if (conn->protocol == &protocol_opening && (conn->draining || is_late(conn)))
        conn->protocol = &protocol_h1; /* which knows what to do about it */
    if (conn->protocol != &protocol_opening)
        conn->protocol->advance(conn);
    else if (!conn_wait(conn, due_ms))
        close_now(conn); /* nobody would ever wake it */
}

static void drain(struct conn *conn)
{
    loop_wake(conn->loop, &conn->wake);
}

static void end(struct conn *conn, enum reset_reason reason)
{
    (void)reason;
    close_now(conn);
}

static bool idle(const struct conn *conn)
{
    (void)conn;
    return true;
}

const struct protocol protocol_opening = {
    .name = "opening",
    .advance = advance,
    .drain = drain,
    .end = end,
    .idle = idle,
};
