#include "gateway/delivery.h"

#include "http/status.h"

void delivery_init(struct delivery *delivery, struct exchange *x, bool local_redirects)
{
    *delivery = (struct delivery){ .x = x, .local_redirects = local_redirects };
    reply_init(&delivery->reply, &x->arena);
}

/* Answers without content say what they would have held (RFC 9110 8.6): their length binds nobody.
 */
static bool length_binds(const struct delivery *delivery)
{
    const struct exchange *x = delivery->x;

    return x->response.length >= 0 && x->request.method != METHOD_HEAD &&
           !status_has_no_content(x->response.status);
}

/* How many of `len` more bytes of body may be sent on. */
static size_t admit(struct delivery *delivery, size_t len)
{
    size_t most = len;

    if (length_binds(delivery)) {
        uint64_t length = (uint64_t)delivery->x->response.length;
        uint64_t left = length > delivery->body_bytes ? length - delivery->body_bytes : 0;
        if (left < most)
            most = (size_t)left;
    }
    delivery->surplus |= most < len;
    delivery->body_bytes += len;
    return most;
}

/* ---- the head ---- */

static void send_head(struct delivery *delivery)
{
    delivery->way = DELIVERY_TO_CLIENT;
    reply_apply(&delivery->reply, &delivery->x->response, &delivery->x->arena);
    exchange_send_head(delivery->x);
}

/* A Location that is no target, or has a fragment, is left to the client. */
static bool is_local(struct delivery *delivery)
{
    struct slice path;

    return delivery->local_redirects && reply_is_local_redirect(&delivery->reply, &path) &&
           target_parse(path, false, false, &delivery->x->arena, &delivery->path, NULL) ==
               PARSE_DONE;
}

static enum delivery_way way_of(struct delivery *delivery)
{
    if (delivery->judges && delivery->reply.status == 200)
        return DELIVERY_LETS_PASS;
    if (delivery->leaves_errors && delivery->reply.status >= 400)
        return DELIVERY_FROM_HOUSE;
    if (reply_wants_file(&delivery->reply))
        return DELIVERY_FROM_FILE;
    return is_local(delivery) ? DELIVERY_FROM_PATH : DELIVERY_TO_CLIENT;
}

/* A report of a crash or a page has no status: only one that is said is a consent. */
static bool is_vague(const struct delivery *delivery)
{
    const struct reply *reply = &delivery->reply;

    return delivery->judges && reply->status == 0 && !fields_find(&reply->fields, FIELD_LOCATION);
}

/* A page for an error has the status of the error, unless it says another. */
static void keep_error(struct delivery *delivery)
{
    struct reply *reply = &delivery->reply;

    if (reply->status == 0 && !fields_find(&reply->fields, FIELD_LOCATION))
        reply->status = delivery->x->request.error_status;
}

static void decide(struct delivery *delivery)
{
    if (is_vague(delivery)) {
        delivery->reply.state = PARSE_BAD;
        delivery->reply.why =
            "it says no status; an authorizer says 'Status: 200' to let a request pass";
        return;
    }
    keep_error(delivery);
    if (delivery->tap)
        delivery->tap->head(delivery->tap, &delivery->reply);
    delivery->way = way_of(delivery);
    if (delivery->session)
        session_heed(delivery->session, &delivery->reply.fields);
    if (delivery->way == DELIVERY_TO_CLIENT)
        send_head(delivery);
}

/* Feeds the head; false when it is refused. What belongs to it is taken off *bytes. */
static bool take_head(struct delivery *delivery, struct slice *bytes)
{
    size_t used = 0;

    if (reply_feed(&delivery->reply, *bytes, &used) == PARSE_BAD)
        return false;
    *bytes = slice_skip(*bytes, used);
    if (delivery->reply.state == PARSE_DONE)
        decide(delivery);
    return delivery->reply.state != PARSE_BAD;
}

/* The page for an error, another path, the word of an authorizer: none of them was asked for. */
static bool was_asked_for(const struct delivery *delivery)
{
    const struct exchange *x = delivery->x;

    return !delivery->judges && x->request.error_status == 0 && x->redirects == 0;
}

void delivery_inform(struct delivery *delivery, int status, const struct fields *fields)
{
    if (was_asked_for(delivery))
        exchange_inform(delivery->x, status, fields);
}

bool delivery_take_head(struct delivery *delivery, size_t head_bytes)
{
    delivery->output_bytes += head_bytes;
    delivery->reply.state = PARSE_DONE;
    decide(delivery);
    return delivery->reply.state != PARSE_BAD;
}

void delivery_refuse_head(struct delivery *delivery, const char *why, struct slice begins)
{
    reply_refuse(&delivery->reply, why, begins);
}

/* What of *bytes is left for the client: nothing before its head is sent, nothing beside a file.
 * False: the head is refused. */
static bool take_bytes(struct delivery *delivery, struct slice *bytes)
{
    if (delivery->way == DELIVERY_UNKNOWN && !take_head(delivery, bytes))
        return false;
    if (delivery->way == DELIVERY_FROM_PATH && bytes->len > 0)
        send_head(delivery); /* RFC 3875 6.2.4: a client redirect with document */
    if (delivery->way != DELIVERY_TO_CLIENT)
        bytes->len = 0;
    return true;
}

/* ---- bytes ---- */

static void let_hear(struct delivery *delivery, struct slice bytes)
{
    if (delivery->tap && bytes.len > 0)
        delivery->tap->bytes(delivery->tap, bytes);
}

bool delivery_add(struct delivery *delivery, struct slice bytes)
{
    delivery->output_bytes += bytes.len;
    if (!take_bytes(delivery, &bytes))
        return false;
    if (bytes.len > 0) {
        bytes = slice_first(bytes, admit(delivery, bytes.len));
        let_hear(delivery, bytes);
        body_put_bytes(&delivery->x->response.body, bytes);
    }
    return true;
}

bool delivery_add_chunk(struct delivery *delivery, struct chunk *chunk)
{
    struct slice bytes = chunk_filled(chunk);

    delivery->output_bytes += bytes.len;
    if (!take_bytes(delivery, &bytes)) {
        chunk_free(chunk);
        return false;
    }
    chunk->begin = chunk->end - (uint32_t)bytes.len;
    chunk->end = chunk->begin + (uint32_t)admit(delivery, bytes.len);
    let_hear(delivery, chunk_filled(chunk));
    body_put_chunk(&delivery->x->response.body, chunk);
    return true;
}

char *delivery_reserve(struct delivery *delivery, size_t *ret_room)
{
    delivery->reserved = body_reserve(&delivery->x->response.body, ret_room);
    return delivery->reserved;
}

void delivery_commit(struct delivery *delivery, size_t len)
{
    delivery->output_bytes += len;
    const size_t admitted = admit(delivery, len);
    let_hear(delivery, slice_of(delivery->reserved, admitted));
    body_commit(&delivery->x->response.body, admitted);
}

bool delivery_is_satisfied(const struct delivery *delivery)
{
    const struct response *response = &delivery->x->response;

    if (!delivery_has_head(delivery))
        return false;
    if (status_has_no_content(response->status) || delivery->x->request.method == METHOD_HEAD)
        return true;
    return response->length >= 0 && delivery->body_bytes >= (uint64_t)response->length;
}

void delivery_add_trailers(struct delivery *delivery, const struct fields *fields)
{
    if (delivery->way == DELIVERY_TO_CLIENT)
        exchange_add_trailers(delivery->x, fields);
}

enum delivery_end delivery_finish(struct delivery *delivery)
{
    if (reply_end(&delivery->reply) == PARSE_BAD)
        return DELIVERY_BAD;
    if (delivery->way != DELIVERY_TO_CLIENT)
        return DELIVERY_ELSEWHERE;
    if (length_binds(delivery) && !delivery_is_satisfied(delivery))
        return DELIVERY_TOO_FEW;
    body_finish(&delivery->x->response.body, BODY_COMPLETE);
    return DELIVERY_DONE;
}
