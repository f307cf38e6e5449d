#include "gateway/http_request.h"

#include "base/address.h"
#include "base/encode.h"
#include "base/text.h"
#include "http/cookie.h"

#include <assert.h>
#include <inttypes.h>

#define OWN_ROOM 1024u /* names, addresses and numbers that are written besides what came */

/* ---- where to ---- */

/* The path as it was sent, if that means what was judged. */
static bool is_plain(const struct target *target, struct arena *arena)
{
    char *decoded = arena_bytes(arena, target->raw_path.len + 1);
    size_t len;

    return percent_decode(target->raw_path, decoded, &len) &&
           slice_equal(slice_of(decoded, len), target->path);
}

/* "/a/b/c" without one part is "/b/c", without four "/". */
static struct slice skip_parts(struct slice path, unsigned count)
{
    for (; count > 0 && path.len > 1; count--) {
        const size_t slash = slice_find(slice_skip(path, 1), '/');

        path = slash == SLICE_NONE ? SLICE("/") : slice_skip(path, slash + 1);
    }
    return path;
}

static void add_path(struct text *text, const struct http_request_plan *plan)
{
    struct exchange *x = plan->x;
    const struct target *target = &x->request.target;

    text_add(text, plan->path);
    if (is_plain(target, &x->arena))
        text_add(text, skip_parts(target->raw_path, plan->skip));
    else
        percent_encode_path(text, skip_parts(target->path, plan->skip));
}

static void add_line(struct text *text, const struct http_request_plan *plan)
{
    const struct request *request = &plan->x->request;

    text_add(text, request->method_name);
    text_add_char(text, ' ');
    add_path(text, plan);
    if (request->target.has_query) {
        text_add_char(text, '?');
        text_add(text, request->target.query);
    }
    text_add_cstr(text, " HTTP/1.1\r\n");
}

/* ---- fields ---- */

static void add_field(struct text *text, struct slice name, struct slice value)
{
    text_add(text, name);
    text_add_cstr(text, ": ");
    text_add(text, value);
    text_add_cstr(text, "\r\n");
}

static bool is_plain_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alpha(name.at[i]) && !ascii_is_digit(name.at[i]) && name.at[i] != '-')
            return false;
    return true;
}

static bool tells_of_the_client(const struct field *field)
{
    return field->id == FIELD_FORWARDED || field->id == FIELD_X_REAL_IP ||
           slice_starts_nocase(field->name, SLICE("X-Forwarded-"));
}

/* Over HTTP/2 there is no key, and the version need not be said (RFC 8441 5). */
static bool is_about_a_websocket_of_ours(const struct exchange *x, const struct field *field)
{
    return x->request.websocket_key.len > 0 && x->request.version == 20 &&
           (slice_equal_nocase(field->name, SLICE("Sec-WebSocket-Key")) ||
            slice_equal_nocase(field->name, SLICE("Sec-WebSocket-Version")));
}

/* The administrator says it himself. */
static bool is_custom(const struct http_request_plan *plan, struct slice name)
{
    for (const struct conf_pair *pair = plan->custom; pair; pair = pair->next)
        if (slice_equal_nocase(pair->name, name))
            return true;
    return false;
}

static bool is_passed_on(const struct http_request_plan *plan, const struct field *field)
{
    switch (field->id) {
    case FIELD_HOST:
    case FIELD_CONTENT_LENGTH:
    case FIELD_EXPECT:
    case FIELD_PROXY: /* HTTP_PROXY is taken for a setting by many programs */
        return false;
    case FIELD_AUTHORIZATION:
        return plan->tell_authorization;
    default:
        break;
    }
    return !field_is_hop_by_hop(field->id) && !tells_of_the_client(field) &&
           is_plain_name(field->name) && !is_custom(plan, field->name) &&
           !is_about_a_websocket_of_ours(plan->x, field) &&
           !fields_list_has(&plan->x->request.fields, FIELD_CONNECTION, field->name);
}

static void add_cookie(struct text *text, const struct http_request_plan *plan,
                       const struct field *field)
{
    const struct slice left =
        plan->hidden_cookie.len > 0
            ? cookie_without(field->value, plan->hidden_cookie, &plan->x->arena)
            : field->value;

    if (left.len > 0)
        add_field(text, field->name, left);
}

static void add_fields(struct text *text, const struct http_request_plan *plan)
{
    const struct fields *fields = &plan->x->request.fields;

    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->at[i];

        if (!is_passed_on(plan, field))
            continue;
        if (field->id == FIELD_COOKIE)
            add_cookie(text, plan, field);
        else
            add_field(text, field->name, field->value);
    }
    for (const struct conf_pair *pair = plan->custom; pair; pair = pair->next)
        add_field(text, pair->name, pair->value);
}

/* ---- who asks ---- */

/* The host as it was asked for, with its port. */
static struct slice own_name(struct exchange *x)
{
    const struct request *request = &x->request;

    if (request->host_port == 0)
        return request->host;
    return arena_printf(&x->arena, "%.*s:%u", SLICE_ARGS(request->host), request->host_port);
}

/* What the trusted proxy says in all fields of that name; false: nothing, or nobody is trusted. */
static bool add_told(struct text *text, const struct exchange *x, enum field_id id)
{
    const struct fields *fields = &x->request.fields;
    bool some = false;

    for (uint32_t i = 0; x->visit->believed && i < fields->count; i++) {
        if (fields->at[i].id != id || fields->at[i].value.len == 0)
            continue;
        if (some)
            text_add_cstr(text, ", ");
        text_add(text, fields->at[i].value);
        some = true;
    }
    return some;
}

/* RFC 7239 6: an IPv6 address in brackets, and therefore in quotes. */
static void add_node(struct text *text, const char *address)
{
    const bool is_v6 = slice_has(slice_cstr(address), ':');

    text_printf(text, is_v6 ? "for=\"[%s]\"" : "for=%s", address);
}

/* The peer passes on what somebody else asked: it is told behind him. */
static bool passes_on(const struct visit *visit)
{
    return visit->believed && !address_equal_ip(&visit->peer, &visit->client);
}

static void add_x_forwarded(struct text *text, struct exchange *x, const char *peer)
{
    const struct visit *visit = x->visit;
    const struct field *told =
        visit->believed ? fields_find_name(&x->request.fields, SLICE("X-Forwarded-Host")) : NULL;

    text_add_cstr(text, "X-Forwarded-For: ");
    if (!add_told(text, x, FIELD_X_FORWARDED_FOR))
        text_add_cstr(text, visit->client_text);
    if (passes_on(visit)) {
        text_add_cstr(text, ", ");
        text_add_cstr(text, peer);
    }
    text_add_cstr(text, "\r\n");
    add_field(text, SLICE("X-Forwarded-Proto"), visit->secure ? SLICE("https") : SLICE("http"));
    add_field(text, SLICE("X-Forwarded-Host"), told ? told->value : own_name(x));
}

static void add_forwarded(struct text *text, struct exchange *x, const char *peer)
{
    const struct visit *visit = x->visit;

    text_add_cstr(text, "Forwarded: ");
    if (passes_on(visit)) {
        if (!add_told(text, x, FIELD_FORWARDED))
            add_node(text, visit->client_text);
        text_add_cstr(text, ", ");
    }
    add_node(text, passes_on(visit) ? peer : visit->client_text);
    text_printf(text, ";host=\"%.*s\";proto=%s\r\n", SLICE_ARGS(own_name(x)),
                visit->secure ? "https" : "http");
}

static void add_sender(struct text *text, struct exchange *x)
{
    char peer[ADDRESS_TEXT_MOST];

    address_text(&x->visit->peer, peer);
    add_x_forwarded(text, x, peer);
    add_forwarded(text, x, peer);
    text_printf(text, "Via: %d.%d longhouse\r\n", x->request.version / 10, x->request.version % 10);
}

/* ---- the whole ---- */

static void add_connection(struct text *text, const struct http_request_plan *plan)
{
    const struct exchange *x = plan->x;
    const bool wants_trailers = x->request.wants_trailers && exchange_takes_trailers(x);

    if (x->request.websocket_key.len > 0)
        text_add_cstr(text, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
    else if (wants_trailers) /* RFC 9110 10.1.4 */
        text_printf(text, "Connection: %sTE\r\nTE: trailers\r\n", plan->keep ? "" : "close, ");
    else if (!plan->keep)
        text_add_cstr(text, "Connection: close\r\n");
}

/* RFC 9110 8.6: that a request which may have a body has none is said too, if it was said here. */
static void add_framing(struct text *text, const struct http_request_plan *plan)
{
    if (plan->body_length >= 0)
        text_printf(text, "Content-Length: %" PRId64 "\r\n", plan->body_length);
    else if (fields_find(&plan->x->request.fields, FIELD_CONTENT_LENGTH))
        text_add_cstr(text, "Content-Length: 0\r\n");
    add_connection(text, plan);
    if (plan->x->request.websocket_key.len > 0 && plan->x->request.version == 20) {
        add_field(text, SLICE("Sec-WebSocket-Key"), plan->x->request.websocket_key);
        add_field(text, SLICE("Sec-WebSocket-Version"), SLICE("13"));
    }
}

static size_t room_for(const struct http_request_plan *plan)
{
    const struct request *request = &plan->x->request;
    const struct target *target = &request->target;
    size_t room = OWN_ROOM + request->method_name.len + target->raw_path.len +
                  3 * target->path.len + target->query.len + 4 * request->host.len +
                  plan->host.len + plan->path.len;

    for (uint32_t i = 0; i < request->fields.count; i++)
        room += request->fields.at[i].name.len + request->fields.at[i].value.len + 4;
    for (const struct conf_pair *pair = plan->custom; pair; pair = pair->next)
        room += pair->name.len + pair->value.len + 4;
    return room;
}

struct slice http_request_head(const struct http_request_plan *plan)
{
    struct exchange *x = plan->x;
    const size_t room = room_for(plan);
    struct text text = text_on(arena_bytes(&x->arena, room), room);

    add_line(&text, plan);
    add_field(&text, SLICE("Host"), plan->host.len > 0 ? plan->host : own_name(x));
    add_fields(&text, plan);
    add_sender(&text, x);
    add_framing(&text, plan);
    text_add_cstr(&text, "\r\n");
    assert(!text.cut);
    return text_slice(&text);
}
