/*
 * The PROXY line before the first request: the proxy introduces its client, then HTTP begins.
 *
 * Its time counts for the first head.
 */
#include "net/proxy_line.h"
#include "wire_private.h"

#include <errno.h>
#include <string.h>

static enum step close_now(struct conn *conn)
{
    input_release(&conn->h1.input);
    conn_close(conn);
    return STEP_WAIT;
}

static enum step refuse(struct conn *conn, const char *why)
{
    conn->owner->ops->misled(conn->owner, conn, why);
    return close_now(conn);
}

static enum step begin_http(struct conn *conn)
{
    conn->protocol = conn_first_protocol(conn);
    return STEP_AGAIN;
}

static enum step learn(struct conn *conn, const struct proxy_line *line)
{
    char text[ADDRESS_TEXT_MOST];
    struct visit visit;

    if (!line->told)
        return begin_http(conn);
    conn_tell_visit(conn, &visit);
    visit.client = line->client;
    visit.client_port = address_port(&line->client);
    address_text(&line->client, text);
    memccpy(visit.client_text, text, 0, sizeof(visit.client_text) - 1);
    visit.secure = visit.secure || line->secure;
    conn->owner->ops->introduced(conn->owner, &visit);
    conn_keep_visit(conn, &visit);
    return begin_http(conn);
}

static enum step fill(struct conn *conn)
{
    if (conn->draining)
        return close_now(conn);
    if (!conn_may_read(conn))
        return STEP_WAIT;

    ssize_t got = input_fill(&conn->h1.input, conn->transport, PROXY_LINE_MOST);
    if (got == -EAGAIN)
        return STEP_WAIT;
    return got > 0 ? STEP_AGAIN : close_now(conn); /* it left: a look at the port, perhaps */
}

static enum step look(struct conn *conn)
{
    struct slice filled = input_filled(&conn->h1.input);
    struct proxy_line line;
    struct parse_fault fault;
    struct visit visit;
    size_t used;

    conn_tell_visit(conn, &visit);
    if (visit.introduction == INTRODUCTION_POSSIBLE && proxy_line_is_none(filled))
        return begin_http(conn);
    switch (proxy_line_parse(filled, &line, &used, &fault)) {
    case PARSE_DONE:
        input_take(&conn->h1.input, used);
        return learn(conn, &line);
    case PARSE_MORE:
        return fill(conn);
    case PARSE_BAD:
        return refuse(conn, fault.why);
    }
    return STEP_WAIT;
}

static void advance(struct conn *conn)
{
    uint64_t due_ms =
        conn->limits->first_head_ms ? conn->h1.since_ms + conn->limits->first_head_ms : 0;
    enum step step = STEP_AGAIN;

    while (step == STEP_AGAIN && conn->protocol == &protocol_introduction)
        step = look(conn);
    if (!conn->transport)
        return;
    if (conn->protocol != &protocol_introduction)
        conn->protocol->advance(conn);
    else if (due_ms != 0 && conn->loop->now_ms >= due_ms)
        refuse(conn, "it did not come in time");
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

const struct protocol protocol_introduction = {
    .name = "proxy",
    .advance = advance,
    .drain = drain,
    .end = end,
    .idle = idle,
};
