/* The head of an HTTP/2 request (RFC 9113 8.3), field by field. */
#include "h2_private.h"

#include "base/number.h"
#include "base/text.h"
#include "http/websocket.h"

/* What HTTP/1 would need besides: ": " and the end of the line. */
#define LINE_EXTRA 4u

static void refuse(struct h2_head *head, int status, const char *why)
{
    if (head->failed != 0)
        return;
    head->failed = status;
    head->why = why;
}

/* ---- field by field ---- */

static bool has_room(struct h2_head *head, const struct h1_limits *limits, struct slice name,
                     struct slice value)
{
    head->bytes += name.len + value.len + LINE_EXTRA;
    if (limits->head_bytes == 0 || head->bytes <= limits->head_bytes)
        return true;
    refuse(head, 431, "the head of the request is too large");
    return false;
}

static void add_pseudo(struct h2_head *head, struct arena *arena, const struct h1_limits *limits,
                       struct slice name, struct slice value)
{
    if (slice_equal(name, SLICE(":method")))
        head->method = arena_copy(arena, value);
    else if (slice_equal(name, SLICE(":scheme")))
        head->scheme = arena_copy(arena, value);
    else if (slice_equal(name, SLICE(":authority")))
        head->authority = arena_copy(arena, value);
    else if (slice_equal(name, SLICE(":protocol")))
        head->protocol = arena_copy(arena, value);
    else if (!slice_equal(name, SLICE(":path")))
        refuse(head, 400, "unknown pseudo-field");
    else if (limits->target_bytes > 0 && value.len > limits->target_bytes)
        refuse(head, 414, "target is too long");
    else
        head->path = arena_copy(arena, value);
}

void h2_head_add(struct h2_head *head, struct exchange *x, const struct h1_limits *limits,
                 struct slice name, struct slice value)
{
    struct fields *fields = &x->request.fields;

    if (!has_room(head, limits, name, value))
        return;
    if (slice_starts(name, SLICE(":"))) {
        add_pseudo(head, &x->arena, limits, name, value);
        return;
    }
    if (limits->fields > 0 && fields->count == limits->fields) {
        refuse(head, 431, "too many fields");
        return;
    }
    fields_add(fields, &x->arena, arena_copy(&x->arena, name), arena_copy(&x->arena, value));
    head->crumbs += fields->at[fields->count - 1].id == FIELD_COOKIE;
}

void h2_head_add_invalid(struct h2_head *head)
{
    refuse(head, 400, "a field with bytes that it may not have");
}

/* ---- all of it ---- */

/* RFC 9113 8.2.3: one field again. */
static void join_cookies(const struct h2_head *head, struct exchange *x)
{
    struct fields *fields = &x->request.fields;
    size_t most = 0;

    if (head->crumbs < 2)
        return;
    for (uint32_t i = 0; i < fields->count; i++)
        if (fields->at[i].id == FIELD_COOKIE)
            most += fields->at[i].value.len + 2;

    struct text text = text_on(arena_bytes(&x->arena, most), most);
    for (uint32_t i = 0; i < fields->count; i++) {
        if (fields->at[i].id != FIELD_COOKIE)
            continue;
        if (text.len > 0)
            text_add(&text, SLICE("; "));
        text_add(&text, fields->at[i].value);
    }
    fields_remove(fields, FIELD_COOKIE);
    fields_add_id(fields, &x->arena, FIELD_COOKIE, text_slice(&text));
}

/* What logs show, in the manner of HTTP/1. */
static struct slice line_of(const struct h2_head *head, struct arena *arena)
{
    const struct slice parts[] = {
        head->method,
        SLICE(" "),
        head->path.len > 0 ? head->path : head->authority,
        SLICE(" HTTP/2.0"),
    };

    return arena_join(arena, parts, sizeof(parts) / sizeof(parts[0]));
}

/* RFC 8441 5: whoever is asked sees the GET that HTTP/1.1 would have brought. */
static void read_connect(struct h2_head *head, struct exchange *x)
{
    if (head->protocol.len == 0)
        return; /* RFC 9113 8.5: an ordinary one */
    if (!slice_equal(head->protocol, SLICE("websocket"))) {
        refuse(head, 501, "CONNECT leads to no other protocol than websocket");
        return;
    }
    x->request.method = METHOD_GET;
    x->request.method_name = SLICE("GET");
    x->request.websocket_key = websocket_make_key(&x->arena);
}

static void read_method(struct h2_head *head, struct exchange *x)
{
    struct request *request = &x->request;

    request->method_name = head->method;
    request->method = method_of(head->method);
    if (!field_is_token(head->method))
        refuse(head, 400, "method is no token");
    else if (request->method == METHOD_CONNECT)
        read_connect(head, x);
}

static void take_target(struct h2_head *head, struct exchange *x, struct slice raw)
{
    struct request *request = &x->request;
    struct parse_fault fault = { 0 };

    if (target_parse(raw, request->method == METHOD_CONNECT, request->method == METHOD_OPTIONS,
                     &x->arena, &request->target, &fault) == PARSE_DONE)
        return;
    request->bad_target = true;
    refuse(head, 400, fault.why);
}

/* RFC 9113 8.3.1: the origin form, or "*" for OPTIONS; that is what target_parse() takes for them.
 * CONNECT has neither scheme nor path. */
static void read_target(struct h2_head *head, struct exchange *x)
{
    struct request *request = &x->request;

    if (head->failed != 0)
        return;
    if (request->method == METHOD_CONNECT) {
        take_target(head, x, head->authority);
        return;
    }
    if (!slice_equal(head->scheme, SLICE("https")) && !slice_equal(head->scheme, SLICE("http"))) {
        refuse(head, 400, "scheme is neither http nor https");
    } else if (!slice_starts(head->path, SLICE("/")) && !slice_equal(head->path, SLICE("*"))) {
        request->bad_target = true;
        refuse(head, 400, "target does not begin with '/'");
    } else {
        take_target(head, x, head->path);
    }
}

/* RFC 9113 8.3.1: programs look at Host, so it is made to say the same. */
static void read_host(struct h2_head *head, struct exchange *x)
{
    struct request *request = &x->request;
    struct fields *fields = &request->fields;
    struct field *field = fields_find(fields, FIELD_HOST);
    struct parse_fault fault = { 0 };

    if (fields_count_id(fields, FIELD_HOST) > 1) {
        refuse(head, 400, "several Host fields");
        return;
    }
    if (head->authority.len > 0 && !field) {
        fields_add_id(fields, &x->arena, FIELD_HOST, head->authority);
    } else if (head->authority.len > 0 && !slice_equal_nocase(field->value, head->authority)) {
        refuse(head, 400, "Host and :authority differ");
        return;
    }
    field = fields_find(fields, FIELD_HOST);
    if (!field)
        refuse(head, 400, "neither :authority nor Host");
    else if (host_parse(field->value, &x->arena, &request->host, &request->host_port, &fault) !=
             PARSE_DONE)
        refuse(head, 400, fault.why);
}

/* nghttp2 saw to it that there is one Content-Length at most, and that DATA keeps to it. */
static void read_length(struct h2_head *head, struct request *request,
                        const struct h1_limits *limits, bool bare)
{
    const struct field *field = fields_find(&request->fields, FIELD_CONTENT_LENGTH);
    uint64_t length = 0;

    request->length = 0;
    request->has_body = !bare && !request_asks_tunnel(request);
    if (field && request_asks_tunnel(request))
        refuse(head, 400, "a tunnel has no Content-Length");
    if (field && !number_parse(field->value, INT64_MAX, &length)) {
        refuse(head, 400, "Content-Length is no number of bytes");
        return;
    }
    if (field)
        request->has_body = request->has_body && length > 0;
    if (request->has_body)
        request->length = field ? (int64_t)length : -1;
    request->body_most = body_most(limits->body_bytes, limits->put_bytes, request->method);
    if (request->body_most > 0 && length > request->body_most)
        refuse(head, 413, "Content-Length is over the limit");
}

static void read_expectations(struct h2_head *head, struct request *request)
{
    bool wants_continue = false;

    if (find_unknown_expectation(&request->fields, &wants_continue))
        refuse(head, 417, "expectation is not 100-continue");
    request->expects_continue = wants_continue && request->has_body && head->failed == 0;
}

void h2_head_finish(struct h2_head *head, struct exchange *x, const struct h1_limits *limits,
                    bool bare)
{
    struct request *request = &x->request;

    request->version = 20;
    request->line = line_of(head, &x->arena);
    join_cookies(head, x);
    read_method(head, x);
    read_target(head, x);
    read_host(head, x);
    read_length(head, request, limits, bare);
    read_expectations(head, request);
    request->wants_trailers = fields_list_has(&request->fields, FIELD_TE, SLICE("trailers"));
    request->failed = head->failed;
    request->failed_why = head->why;
}
