/*
 * What is read of a client although nobody wants it: the rest of a body, to keep the connection;
 * and at the end whatever comes, so that the answer is not reset away before the client has heard
 * it.
 */
#include "wire_private.h"

#include "base/chunk.h"

#include <errno.h>

enum step h1_enter_linger(struct conn *conn)
{
    input_release(&conn->h1.input);
    transport_finish(conn->transport);
    conn->h1.lags = transport_lags(conn->transport);
    conn->h1.drop_left = H1_LINGER_BYTES;
    return h1_enter_timed(conn, H1_LINGER);
}

void conn_linger(struct conn *conn)
{
    conn->protocol = &protocol_h1;
    h1_enter_linger(conn);
    loop_wake(conn->loop, &conn->wake);
}

enum step h1_part(struct conn *conn)
{
    if (!conn->transport->io.hung_up && transport_lags(conn->transport))
        return h1_enter_linger(conn);
    return h1_close(conn);
}

/* Reads at most what is left to drop; a chunk is borrowed for the moment. */
static ssize_t drop_some(struct conn *conn)
{
    if (!h1_may_read(conn))
        return -EAGAIN;

    struct chunk *chunk = chunk_new();
    size_t most = conn->h1.drop_left < CHUNK_SIZE ? (size_t)conn->h1.drop_left : CHUNK_SIZE;
    ssize_t got = transport_read(conn->transport, chunk->data, most);

    chunk_free(chunk);
    if (got > 0) {
        conn->h1.drop_left -= (size_t)got;
        conn->h1.turn_bytes += (unsigned)got;
    }
    return got;
}

enum step h1_rest(struct conn *conn)
{
    struct slice filled = input_filled(&conn->h1.input);

    if (conn->h1.drop_left == 0)
        return h1_enter_timed(conn, H1_IDLE);
    if (filled.len > 0) {
        size_t part = slice_first(filled, (size_t)conn->h1.drop_left).len;

        input_take(&conn->h1.input, part);
        conn->h1.drop_left -= part;
        return STEP_AGAIN;
    }
    ssize_t got = drop_some(conn);
    if (got == -EAGAIN)
        return STEP_WAIT;
    return got > 0 ? STEP_AGAIN : h1_part(conn);
}

/* The last bytes have left the transport: from now on the client has time to hear them. */
static void look_at_lag(struct conn *conn)
{
    if (!conn->h1.lags)
        return;
    conn->h1.lags = transport_lags(conn->transport);
    if (!conn->h1.lags)
        conn->h1.since_ms = conn->loop->now_ms;
}

enum step h1_linger(struct conn *conn)
{
    if (conn->h1.drop_left == 0)
        return h1_close(conn);

    ssize_t got = drop_some(conn);
    look_at_lag(conn);
    if (got == -EAGAIN || (got == 0 && conn->h1.lags && !conn->transport->io.hung_up))
        return STEP_WAIT;
    return got > 0 ? STEP_AGAIN : h1_close(conn);
}
