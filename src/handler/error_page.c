/*
 * ErrorHandler: a page or a program of the website answers a request that failed, with the status
 * of the failure. It is looked for like any path of the host, once for a request: whatever fails
 * from then on has the small page of the first failure.
 */
#include "handler/registry.h"
#include "handler_private.h"
#include "site/trace.h"

static const struct error_handler_conf *find(const struct host *host, int status)
{
    const struct error_handler_conf *handler = host ? host->conf->error_handlers : NULL;

    while (handler && handler->status != status)
        handler = handler->next;
    return handler;
}

/* The URL of the failed request stays what REQUEST_URI tells. */
static void redirect(struct exchange *x, const struct error_handler_conf *handler)
{
    struct target target = x->request.target;

    target.form = TARGET_ORIGIN;
    target.raw_path = target.path = handler->path;
    target.query = handler->query;
    target.has_query = handler->has_query;
    exchange_redirect(x, &target);
}

/* Requests over a limit shall not cost a program each. */
static bool is_usable(const struct verdict *page, int status)
{
    return page->answer == ANSWER_FILE ||
           (status != 429 && (page->answer == ANSWER_CGI || page->answer == ANSWER_FASTCGI ||
                              page->answer == ANSWER_XSLT));
}

static void note_unusable(const struct exchange *x, const struct error_handler_conf *handler,
                          const struct verdict *page)
{
    const struct services *services = x->services;
    struct log *log = page->host->error_log ? page->host->error_log : services->log;

    log_warning(log, "%.*s: the ErrorHandler '%.*s' for %d cannot answer: %s; request %s",
                SLICE_ARGS(page->host->name), SLICE_ARGS(handler->path), handler->status,
                page->why ? page->why : "no reason given", x->id_text);
}

/* What the client is told besides the page. */
static void keep_fields(struct exchange *x, const struct verdict *failed, struct fields *ret)
{
    if (failed->allow.len > 0)
        fields_add(ret, &x->arena, SLICE("Allow"), failed->allow);
    if (failed->retry_after_s > 0)
        fields_add(ret, &x->arena, SLICE("Retry-After"),
                   arena_printf(&x->arena, "%u", failed->retry_after_s));
    for (uint32_t i = 0; i < failed->kept.count; i++)
        fields_append(ret, &x->arena, failed->kept.at[i]);
}

static void hand_over(struct exchange *x, struct verdict *page)
{
    struct fields fields = { 0 };

    keep_fields(x, page->error_of, &fields);
    if (page->answer == ANSWER_FILE) {
        page->chosen = true;
        page->status = page->error_of->status;
        page->kept = fields;
    }
    const struct verdict *first = hashes_first(x, page);
    exchange_hand_over(x, handler_for(first->answer), first);
    if (x->response.head_sent || x->handler_finished || page->answer == ANSWER_FILE)
        return;
    for (uint32_t i = 0; i < fields.count; i++)
        exchange_field(x, fields.at[i].name, fields.at[i].value);
}

static bool start_handler(struct exchange *x, const struct verdict *failed,
                          const struct error_handler_conf *handler)
{
    const struct services *services = x->services;
    struct verdict *page = arena_new(&x->arena, struct verdict);
    verdict_done(x->hold, services->files);
    x->hold = page;
    x->request.error_status = failed->status;
    redirect(x, handler);
    trace_note(x->trace, TRACE_HANDLER, TRACE_FACT, "ErrorHandler for %d: %.*s is to answer",
               failed->status, SLICE_ARGS(handler->path));
    router_judge(services->snapshot, failed->host, x, services->files, page);
    page->error_of = failed;
    if (!is_usable(page, failed->status)) {
        note_unusable(x, handler, page);
        return false;
    }
    hand_over(x, page);
    return true;
}

static bool start_style(struct exchange *x, const struct verdict *failed)
{
    struct fields fields = { 0 };

    keep_fields(x, failed, &fields);
    if (failed->status >= 500)
        fields_add(&fields, &x->arena, SLICE("Cache-Control"), SLICE("no-store"));
    return error_style_start(x, failed, &fields);
}

bool error_page_start(struct exchange *x, const struct verdict *failed)
{
    const struct error_handler_conf *handler = find(failed->host, failed->status);

    /* no page is made for whom the limits refuse: it might be a program */
    if (failed->answer != ANSWER_STATUS || x->request.failed != 0 ||
        x->visit->refuse != REFUSE_NOTHING || x->request.error_status != 0 ||
        failed->details.len > 0)
        return false;
    return handler ? start_handler(x, failed, handler) : start_style(x, failed);
}

const struct verdict *error_page_origin(struct exchange *x, const struct verdict *verdict)
{
    const struct verdict *page = x->hold;

    if (x->request.error_status == 0)
        return verdict;
    if (page && page->error_of)
        return page->error_of;

    struct verdict *plain = arena_new(&x->arena, struct verdict);
    *plain = (struct verdict){ .status = x->request.error_status, .host = verdict->host };
    return plain;
}
