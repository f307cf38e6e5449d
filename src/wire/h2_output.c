/*
 * Frames on their way to the transport: all that nghttp2 has to say is collected in one piece of
 * memory of the thread and written at once. Only what the transport does not take is kept by the
 * connection.
 */
#include "h2_private.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define FULL       ((size_t)0x10000)        /* then it is written */
#define FRAME_MOST ((size_t)0x4000 + 0x100) /* what nghttp2 hands out at a time */

static _Thread_local char collected[FULL + FRAME_MOST];
static _Thread_local size_t collected_len;

char *h2_output_claim(size_t len)
{
    if (collected_len > 0 && collected_len + len > FULL)
        return NULL;
    assert(collected_len + len <= sizeof(collected));
    collected_len += len;
    return collected + collected_len - len;
}

void h2_output_unclaim(size_t len)
{
    collected_len -= len;
}

static void collect(struct conn *conn)
{
    const uint8_t *frame;
    ssize_t len;

    collected_len = 0;
    while (collected_len < FULL) {
        len = nghttp2_session_mem_send(conn->h2->session, &frame);
        if (len == NGHTTP2_ERR_NOMEM)
            abort();
        if (len < 0)
            conn->h2->lost = true; /* it cannot go on */
        if (len <= 0)
            return;
        assert((size_t)len <= sizeof(collected) - collected_len);
        memcpy(collected + collected_len, frame, (size_t)len);
        collected_len += (size_t)len;
    }
}

/* Bytes taken; fewer than `len` when there is no room for more or the transport is broken. */
static size_t push(struct conn *conn, const char *at, size_t len)
{
    size_t done = 0;

    while (done < len && conn->transport->io.writable) {
        const struct iovec part = { .iov_base = (void *)(at + done), .iov_len = len - done };
        ssize_t put = transport_write(conn->transport, &part, 1, false);

        if (put == -EAGAIN)
            break;
        if (put < 0) {
            conn->h2->lost = true;
            break;
        }
        done += (size_t)put;
    }
    if (done > 0)
        conn->h2->blocked_since_ms = 0;
    if (done < len && conn->h2->blocked_since_ms == 0)
        conn->h2->blocked_since_ms = conn->loop->now_ms;
    conn->h2->turn_bytes += (unsigned)done;
    return done;
}

static void keep(struct h2 *h2, const char *at, size_t len)
{
    h2->kept = malloc(len);
    if (!h2->kept)
        abort(); /* as everywhere: true exhaustion ends the process */
    memcpy(h2->kept, at, len);
    h2->kept_begin = 0;
    h2->kept_end = len;
}

/* True: nothing is kept any more. */
static bool push_kept(struct conn *conn)
{
    struct h2 *h2 = conn->h2;

    if (!h2->kept)
        return true;
    h2->kept_begin += push(conn, h2->kept + h2->kept_begin, h2->kept_end - h2->kept_begin);
    if (h2->kept_begin < h2->kept_end)
        return false;
    free(h2->kept);
    h2->kept = NULL;
    return true;
}

bool h2_output_is_blocked(const struct conn *conn)
{
    return conn->h2->kept != NULL;
}

enum step h2_output_step(struct conn *conn)
{
    struct h2 *h2 = conn->h2;

    if (h2->turn_bytes >= H2_TURN_BYTES) {
        conn_again_next_turn(conn);
        return STEP_WAIT;
    }
    if (!push_kept(conn) || h2->lost)
        return STEP_WAIT;
    collect(conn);
    if (collected_len == 0)
        return STEP_WAIT;
    size_t done = push(conn, collected, collected_len);
    if (done == collected_len)
        return STEP_AGAIN;
    keep(h2, collected + done, collected_len - done);
    return STEP_WAIT;
}
