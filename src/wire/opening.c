/*
 * HTTP/1 or HTTP/2: over TLS the handshake has settled it (RFC 9113 3.2), without TLS the first
 * bytes tell (RFC 9113 3.3). Its time counts for the first head.
 */
#include "net/tls.h"
#include "wire_private.h"

/* What an HTTP/2 client begins with (RFC 9113 3.4); no HTTP/1 request can. */
#define PREFACE SLICE("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

static enum step begin(struct conn *conn, const struct protocol *protocol)
{
    conn->protocol = protocol;
    return STEP_WAIT;
}

static enum step look(struct conn *conn)
{
    struct slice filled = input_filled(&conn->h1.input);

    if (filled.len == 0)
        return prelude_fill(conn, CHUNK_SIZE);
    if (conn->transport->secure)
        return begin(conn, tls_is_for_h2(conn->transport) ? &protocol_h2 : &protocol_h1);
    if (slice_starts(filled, PREFACE))
        return begin(conn, &protocol_h2);
    return slice_starts(PREFACE, filled) ? prelude_fill(conn, CHUNK_SIZE)
                                         : begin(conn, &protocol_h1);
}

static void advance(struct conn *conn)
{
    const uint64_t due_ms = prelude_due(conn);
    enum step step = STEP_AGAIN;

    while (step == STEP_AGAIN)
        step = look(conn);
    if (!conn->transport)
        return;
    if (conn->protocol == &protocol_opening && (conn->draining || prelude_is_late(conn)))
        conn->protocol = &protocol_h1; /* which knows what to do about it */
    if (conn->protocol != &protocol_opening)
        conn->protocol->advance(conn);
    else if (!conn_wait(conn, due_ms))
        prelude_close(conn); /* nobody would ever wake it */
}

const struct protocol protocol_opening = {
    .name = "opening",
    .advance = advance,
    .end = prelude_end,
    .idle = prelude_idle,
};
