/* FastCGI on a link: records both ways, one request at a time (FastCGI 1.0). */
#include "fcgi_link_private.h"
#include "gateway/dialect.h"

/* ---- the request ---- */

static struct meta_sink *fastcgi_prelude_begin(union prelude *prelude,
                                               const struct prelude_plan *plan)
{
    fcgi_params_init(&prelude->fastcgi, plan->arena, plan->most, plan->role, plan->keep);
    return &prelude->fastcgi.sink;
}

static struct slice fastcgi_prelude_end(union prelude *prelude)
{
    return fcgi_params_end(&prelude->fastcgi);
}

static void fastcgi_open_frame(struct fcgi_outgoing *out, size_t len)
{
    fcgi_head_encode(FCGI_STDIN, len, out->head);
    out->head_left = FCGI_HEAD_LEN;
    out->padding_left = fcgi_padding(len);
}

static void fastcgi_open_end(struct fcgi_outgoing *out)
{
    fcgi_head_encode(FCGI_STDIN, 0, out->end);
    out->end_left = FCGI_HEAD_LEN;
}

/* ---- the answer ---- */

static bool end(struct fcgi_link *link, enum link_end how)
{
    fcgi_link_end(link, how, 0);
    return false;
}

static bool find_strange(struct fcgi_link *link, const char *why)
{
    link->why = why;
    return end(link, LINK_STRANGE);
}

static bool end_request(struct fcgi_link *link, const struct fcgi_piece *piece, struct slice rest)
{
    link->app_status = piece->app_status;
    switch (piece->status) {
    case FCGI_COMPLETE:
        fcgi_link_complete(link, fcgi_reader_ends_with(&link->reader, rest));
        return false;
    case FCGI_OVERLOADED:
    case FCGI_CANT_MULTIPLEX:
        return link->heard ? find_strange(link, "it says that it is overloaded, behind an answer")
                           : end(link, LINK_OVERLOADED);
    case FCGI_UNKNOWN_ROLE:
        return find_strange(link, "it refuses the role that it is asked in (UNKNOWN_ROLE)");
    default:
        return find_strange(link, "it ended the request with an unknown status");
    }
}

static bool take_piece(struct fcgi_link *link, const struct fcgi_piece *piece, struct slice rest)
{
    switch (piece->type) {
    case FCGI_STDOUT:
        if (piece->content.len == 0) {
            link->output_ended = true;
            return true;
        }
        link->heard = true;
        return delivery_add(link->delivery, piece->content) || end(link, LINK_BAD_HEAD);
    case FCGI_STDERR:
        last_words_add(link->words, piece->content);
        return true;
    case FCGI_END_REQUEST:
        return end_request(link, piece, rest);
    default:
        link->skipped++;
        return true;
    }
}

static bool fastcgi_take_bytes(struct fcgi_link *link, struct slice bytes)
{
    struct fcgi_piece piece;
    struct parse_fault fault;

    for (;;) {
        switch (fcgi_reader_next(&link->reader, &bytes, &piece, &fault)) {
        case PARSE_DONE:
            if (!take_piece(link, &piece, bytes))
                return false;
            break;
        case PARSE_MORE:
            return true;
        case PARSE_BAD:
            return find_strange(link, fault.why);
        }
    }
}

/* An end without END_REQUEST is none when all that was announced is here. */
static bool fastcgi_is_whole(const struct fcgi_link *link, int error)
{
    (void)error;
    return delivery_is_satisfied(link->delivery) ||
           (delivery_knows_head(link->delivery) && link->output_ended);
}

const struct dialect dialect_fastcgi = {
    .name = "FastCGI",
    .handler = "fastcgi",
    .death = "did its worker die (php-fpm: request_terminate_timeout, memory)?",
    .prelude_begin = fastcgi_prelude_begin,
    .prelude_end = fastcgi_prelude_end,
    .greeting = FCGI_BEGIN_LEN,
    .open_frame = fastcgi_open_frame,
    .open_end = fastcgi_open_end,
    .take_bytes = fastcgi_take_bytes,
    .is_whole = fastcgi_is_whole,
};
