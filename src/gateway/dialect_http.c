/*
 * HTTP/1.1 on a link: the request as it came, its body of known length as it is, and one answer
 * that says itself where it ends. A connection serves the next request if the backend leaves it
 * open and nothing stands behind the answer.
 */
#include "fcgi_link_private.h"
#include "gateway/dialect.h"
#include "gateway/http_answer.h"
#include "http/websocket.h"

static struct http_answer *answer_of(struct fcgi_link *link)
{
    struct exchange *x = link->delivery->x;

    if (!link->answer) {
        link->answer = arena_new(&x->arena, struct http_answer);
        http_answer_init(link->answer, &x->arena, x->request.method == METHOD_HEAD);
        if (x->request.websocket_key.len > 0)
            link->answer->accept = websocket_accept(x->request.websocket_key, &x->arena);
    }
    return link->answer;
}

static bool refuse_head(struct fcgi_link *link, const struct http_answer *answer)
{
    const struct slice head = slice_of(answer->head, answer->head_len);

    delivery_refuse_head(link->delivery, answer->why, head);
    fcgi_link_end(link, LINK_BAD_HEAD, 0);
    return false;
}

/* Over HTTP/2 the status alone says it (RFC 8441 5). */
static void open_tunnel(struct exchange *x, struct http_answer *answer)
{
    if (x->request.version == 11) {
        fields_add_id(&answer->fields, &x->arena, FIELD_UPGRADE, SLICE("websocket"));
        fields_add(&answer->fields, &x->arena, SLICE("Sec-WebSocket-Accept"), answer->accept);
    }
    exchange_open_tunnel(x);
}

/* RFC 8441 5: over HTTP/2 any success says that there is a WebSocket. */
static bool would_be_consent(const struct exchange *x, const struct http_answer *answer)
{
    return x->request.websocket_key.len > 0 && x->request.version == 20 && answer->status >= 200 &&
           answer->status <= 299;
}

/* Who cannot get what follows the body need not know of it. */
static void announce_trailers(struct exchange *x, struct http_answer *answer)
{
    if (answer->announced.len > 0 && exchange_takes_trailers(x))
        fields_add_id(&answer->fields, &x->arena, FIELD_TRAILER, answer->announced);
}

static bool deliver_head(struct fcgi_link *link, struct http_answer *answer)
{
    struct reply *reply = &link->delivery->reply;

    if (would_be_consent(link->delivery->x, answer)) {
        answer->why = "it was asked for a WebSocket, and answers with a page";
        return refuse_head(link, answer);
    }
    if (answer->state == HTTP_ANSWER_SWITCHED)
        open_tunnel(link->delivery->x, answer);
    announce_trailers(link->delivery->x, answer);
    reply->status = answer->status;
    reply->phrase = answer->phrase;
    reply->fields = answer->fields;
    reply->length = answer->length;
    reply->is_open_ended = answer->state == HTTP_ANSWER_TO_END;
    if (delivery_take_head(link->delivery, answer->head_len))
        return true;
    fcgi_link_end(link, LINK_BAD_HEAD, 0);
    return false;
}

/* That the body may come (100) is our own affair: the backend is never asked for it. */
static void pass_interim(struct fcgi_link *link, const struct http_answer *answer)
{
    if (answer->status != 100)
        delivery_inform(link->delivery, answer->status, &answer->fields);
}

static bool take_head(struct fcgi_link *link, struct http_answer *answer, struct slice *bytes)
{
    for (;;) {
        switch (http_answer_head(answer, bytes)) {
        case PARSE_MORE:
            return true;
        case PARSE_BAD:
            return refuse_head(link, answer);
        case PARSE_DONE:
            if (answer->state != HTTP_ANSWER_HEAD)
                return deliver_head(link, answer);
            pass_interim(link, answer);
            break;
        }
    }
}

static bool take_body(struct fcgi_link *link, struct http_answer *answer, struct slice *bytes)
{
    struct slice content;

    while (answer->state != HTTP_ANSWER_OVER) {
        switch (http_answer_body(answer, bytes, &content)) {
        case PARSE_DONE:
            if (!delivery_add(link->delivery, content)) {
                fcgi_link_end(link, LINK_BAD_HEAD, 0);
                return false;
            }
            break;
        case PARSE_MORE:
            return true;
        case PARSE_BAD:
            link->why = answer->why;
            fcgi_link_end(link, LINK_STRANGE, 0);
            return false;
        }
    }
    delivery_add_trailers(link->delivery, &answer->trailers);
    fcgi_link_complete(link, answer->keeps && bytes->len == 0);
    return false;
}

static bool http_take_bytes(struct fcgi_link *link, struct slice bytes)
{
    struct http_answer *answer = answer_of(link);

    link->heard = true;
    if (answer->state == HTTP_ANSWER_HEAD) {
        if (!take_head(link, answer, &bytes))
            return false;
        if (answer->state == HTTP_ANSWER_HEAD)
            return true;
    }
    if (answer->state == HTTP_ANSWER_SWITCHED) {
        delivery_add(link->delivery, bytes);
        fcgi_link_switch(link);
        return false;
    }
    return take_body(link, answer, &bytes);
}

/* Only a body that nothing else ends is ended by the connection, and not when that broke. */
static bool http_is_whole(const struct fcgi_link *link, int error)
{
    return link->answer && link->answer->state == HTTP_ANSWER_TO_END && error == 0;
}

const struct dialect dialect_http = {
    .name = "HTTP",
    .handler = "proxy",
    .death = "did it crash, or restart?",
    .looks_first = true,
    .take_bytes = http_take_bytes,
    .is_whole = http_is_whole,
};
