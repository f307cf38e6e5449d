/*
 * The PROXY line before the first request: the proxy introduces its client, then HTTP begins.
 *
 * Its time counts for the first head.
 */
#include "net/proxy_line.h"
#include "wire_private.h"

#include <string.h>

static enum step refuse(struct conn *conn, const char *why)
{
    conn->owner->ops->misled(conn->owner, conn, why);
    return prelude_close(conn);
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
    return conn->draining ? prelude_close(conn) : prelude_fill(conn, PROXY_LINE_MOST);
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
    const uint64_t due_ms = prelude_due(conn);
    enum step step = STEP_AGAIN;

    while (step == STEP_AGAIN && conn->protocol == &protocol_introduction)
        step = look(conn);
    if (!conn->transport)
        return;
    if (conn->protocol != &protocol_introduction)
        conn->protocol->advance(conn);
    else if (prelude_is_late(conn))
        refuse(conn, "it did not come in time");
    else if (!conn_wait(conn, due_ms))
        prelude_close(conn); /* nobody would ever wake it */
}

const struct protocol protocol_introduction = {
    .name = "proxy",
    .advance = advance,
    .end = prelude_end,
    .idle = prelude_idle,
};
