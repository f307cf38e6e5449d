/* Short answers: errors, redirects, OPTIONS, TRACE. */
#include "handler/registry.h"

#include "base/text.h"
#include "handler_private.h"
#include "site/trace.h"

#define NAMED_MOST 200u /* of what was asked for: the reason behind it must stay readable */

static struct log *log_of(const struct exchange *x, const struct host *host)
{
    const struct services *services = x->services;

    return host && host->error_log ? host->error_log : services->log;
}

/* One line for the administrator, where the decision falls. */
static void log_failure(const struct exchange *x, const struct verdict *verdict,
                        enum log_level level)
{
    const struct host *host = verdict->host;
    const struct request *request = &x->request;
    struct slice name = host ? host->name : SLICE("-");
    struct slice path = slice_first(request->target.path, NAMED_MOST);

    log_at(log_of(x, host), level, "%.*s: %.*s %.*s: %s; answering %d, request %s",
           SLICE_ARGS(name), SLICE_ARGS(request->method_name), SLICE_ARGS(path),
           verdict->why ? verdict->why : "no reason given",
           x->request.error_status != 0 ? x->request.error_status : verdict->status, x->id_text);
}

/* Its method and target may not be known: the line as it came. */
static void log_refusal(const struct exchange *x, const struct verdict *verdict)
{
    const struct host *host = verdict->host;
    struct slice name = host ? host->name : SLICE("-");
    struct slice line = slice_first(x->request.line, NAMED_MOST);

    log_at(log_of(x, host), LEVEL_INFO, "%.*s: %s sent '%.*s': %s; answering %d, request %s",
           SLICE_ARGS(name), exchange_client(x), SLICE_ARGS(line),
           verdict->why ? verdict->why : "no reason given", verdict->status, x->id_text);
}

/* Slow clients are many and ordinary (LogTimeouts). */
static bool is_worth_a_line(const struct exchange *x)
{
    const struct services *services = x->services;

    return x->request.failed != 408 ||
           (services->snapshot && services->snapshot->conf->log_timeouts);
}

/*
 * What fails in the house is an error. A 403 is most often a mode, a link or an option that
 * somebody meant otherwise. What the wire refuses is the client's fault: told for those who wonder
 * why.
 */
static void note_failure(struct exchange *x, const struct verdict *verdict)
{
    if (verdict->status < 400)
        return;
    if (!x->record.cause)
        x->record.cause = verdict->why;
    if (x->visit->refuse != REFUSE_NOTHING)
        return; /* in the access log, and a ban in the system log: many may come */
    if (x->request.failed != 0) {
        if (is_worth_a_line(x))
            log_refusal(x, verdict);
    } else if (verdict->status >= 500) {
        log_failure(x, verdict, LEVEL_ERROR);
    } else if (verdict->status == 403) {
        log_failure(x, verdict, LEVEL_WARNING);
    }
}

/* ---- TRACE ---- */

static bool is_secret(enum field_id id)
{
    return id == FIELD_COOKIE || id == FIELD_AUTHORIZATION || id == FIELD_PROXY_AUTHORIZATION;
}

static const char *version_line_end(int version)
{
    switch (version) {
    case 10:
        return " HTTP/1.0\r\n";
    case 20:
        return " HTTP/2.0\r\n";
    default:
        return " HTTP/1.1\r\n";
    }
}

/* The request as it came, without what nobody else should read (RFC 9110 9.3.8). */
static struct slice echo_request(struct exchange *x)
{
    const struct request *request = &x->request;
    size_t room = request->method_name.len + request->target.raw.len + 16;

    for (uint32_t i = 0; i < request->fields.count; i++)
        room += request->fields.at[i].name.len + request->fields.at[i].value.len + 4;

    struct text text = text_on(arena_bytes(&x->arena, room), room);
    text_add(&text, request->method_name);
    text_add_char(&text, ' ');
    text_add(&text, request->target.raw);
    text_add_cstr(&text, version_line_end(request->version));
    for (uint32_t i = 0; i < request->fields.count; i++) {
        const struct field *field = &request->fields.at[i];

        if (is_secret(field->id))
            continue;
        text_add(&text, field->name);
        text_add_cstr(&text, ": ");
        text_add(&text, field->value);
        text_add_cstr(&text, "\r\n");
    }
    text_add_cstr(&text, "\r\n");
    return text_slice(&text);
}

static void send_echo(struct exchange *x)
{
    struct slice echo = echo_request(x);

    x->response.status = 200;
    x->response.length = (int64_t)echo.len;
    exchange_field_id(x, FIELD_CONTENT_TYPE, SLICE("message/http"));
    exchange_send_head(x);
    body_put_borrowed(&x->response.body, echo);
    body_finish(&x->response.body, BODY_COMPLETE);
    exchange_handler_done(x);
}

/* ---- the handler ---- */

static void add_fields(struct exchange *x, const struct verdict *verdict)
{
    if (verdict->answer == ANSWER_REDIRECT)
        exchange_field_id(x, FIELD_LOCATION, verdict->location);
    if (verdict->allow.len > 0)
        exchange_field_id(x, FIELD_ALLOW, verdict->allow);
    for (uint32_t i = 0; i < verdict->kept.count; i++)
        exchange_field(x, verdict->kept.at[i].name, verdict->kept.at[i].value);
    if (verdict->retry_after_s > 0)
        exchange_field_id(x, FIELD_RETRY_AFTER,
                          arena_printf(&x->arena, "%u", verdict->retry_after_s));
}

static void reply_start(struct exchange *x, const struct verdict *verdict)
{
    if (x->request.method == METHOD_TRACE && verdict->status == 200) {
        send_echo(x);
        return;
    }
    note_failure(x, verdict);
    trace_note(x->trace, TRACE_ANSWER, trace_mark_of(verdict->status < 400), "%d: %s",
               verdict->status, verdict->why ? verdict->why : "no reason given");
    if (verdict->status >= 400 && error_page_start(x, verdict))
        return;
    verdict = error_page_origin(x, verdict);
    add_fields(x, verdict);
    page_send(x, verdict->status, verdict->host,
              verdict->answer == ANSWER_REDIRECT ? verdict->location : SLICE(""), verdict->details);
}

void handler_never_advances(struct exchange *x)
{
    (void)x;
}

void handler_never_cancelled(struct exchange *x, enum reset_reason reason)
{
    (void)x;
    (void)reason;
}

const struct handler_ops handler_reply = {
    .name = "reply",
    .start = reply_start,
    .advance = handler_never_advances,
    .cancel = handler_never_cancelled,
};

void reply_status(struct exchange *x, int status, const char *why, unsigned retry_after_s)
{
    reply_status_with(x, status, why, retry_after_s, SLICE(""));
}

void reply_status_with(struct exchange *x, int status, const char *why, unsigned retry_after_s,
                       struct slice details)
{
    struct verdict *verdict = arena_new(&x->arena, struct verdict);

    *verdict = (struct verdict){
        .answer = ANSWER_STATUS,
        .status = status,
        .why = why,
        .retry_after_s = status == 503 ? retry_after_s : 0,
        .details = details,
        .host = x->host,
    };
    exchange_hand_over(x, &handler_reply, verdict);
}
