/*
 * SCGI on a link: a netstring of variables and the body as it is; the answer is all bytes up to the
 * end of the stream. There is no stderr, no end of the request, no second request on a connection.
 */
#include "fcgi_link_private.h"
#include "gateway/dialect.h"

static struct meta_sink *scgi_prelude_begin(union prelude *prelude, const struct prelude_plan *plan)
{
    const uint64_t length = plan->body_length > 0 ? (uint64_t)plan->body_length : 0;

    scgi_head_init(&prelude->scgi, plan->arena, plan->most, length);
    return &prelude->scgi.sink;
}

static struct slice scgi_prelude_end(union prelude *prelude)
{
    return scgi_head_end(&prelude->scgi);
}

static bool scgi_take_bytes(struct fcgi_link *link, struct slice bytes)
{
    link->heard = true;
    if (delivery_add(link->delivery, bytes))
        return true;
    fcgi_link_end(link, LINK_BAD_HEAD, 0);
    return false;
}

/* The end of the stream is the end of the answer, unless the connection broke. */
static bool scgi_is_whole(const struct fcgi_link *link, int error)
{
    return delivery_is_satisfied(link->delivery) ||
           (delivery_knows_head(link->delivery) && error == 0);
}

const struct dialect dialect_scgi = {
    .name = "SCGI",
    .handler = "scgi",
    .death = "did its worker die?",
    .prelude_begin = scgi_prelude_begin,
    .prelude_end = scgi_prelude_end,
    .take_bytes = scgi_take_bytes,
    .is_whole = scgi_is_whole,
};

const struct dialect *dialect_of(enum conf_protocol protocol)
{
    switch (protocol) {
    case PROTOCOL_FASTCGI:
        break;
    case PROTOCOL_SCGI:
        return &dialect_scgi;
    case PROTOCOL_HTTP:
        return &dialect_http;
    }
    return &dialect_fastcgi;
}
