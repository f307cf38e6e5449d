/* What comes before the first request: nobody is answered yet, and who leaves is let go. */
#include "wire_private.h"

#include <errno.h>

enum step prelude_close(struct conn *conn)
{
    input_release(&conn->h1.input);
    conn_close(conn);
    return STEP_WAIT;
}

enum step prelude_fill(struct conn *conn, size_t most)
{
    if (!conn_may_read(conn))
        return STEP_WAIT;

    ssize_t got = input_fill(&conn->h1.input, conn->transport, most);
    if (got == -EAGAIN)
        return STEP_WAIT;
    return got > 0 ? STEP_AGAIN : prelude_close(conn); /* a look at the port, perhaps */
}

uint64_t prelude_due(const struct conn *conn)
{
    return conn->limits->first_head_ms ? conn->h1.since_ms + conn->limits->first_head_ms : 0;
}

bool prelude_is_late(const struct conn *conn)
{
    const uint64_t due_ms = prelude_due(conn);

    return due_ms != 0 && conn->loop->now_ms >= due_ms;
}

void prelude_end(struct conn *conn, enum reset_reason reason)
{
    (void)reason;
    prelude_close(conn);
}

bool prelude_idle(const struct conn *conn)
{
    (void)conn;
    return true;
}
