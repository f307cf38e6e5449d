/*
 * ErrorXSLTfile: the small page of an error is made by a stylesheet of the administrator, of a few
 * facts in XML. Once for a request: where that fails, the page is the usual one.
 */
#include "base/text.h"
#include "handler_private.h"
#include "http/status.h"
#include "site/trace.h"
#include "transform.h"

#define DOCUMENT_ROOM 2048u

static void add_element(struct text *text, const char *name, struct slice value)
{
    text_printf(text, "  <%s>", name);
    text_add_html(text, value);
    text_printf(text, "</%s>\n", name);
}

static int fill_document(struct exchange *x, const struct verdict *failed)
{
    struct spill *document = transform_document(x);
    const size_t room = DOCUMENT_ROOM + 6 * failed->host->name.len;
    struct text text = text_on(arena_bytes(&x->arena, room), room);

    text_add_cstr(&text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error>\n");
    text_printf(&text, "  <code>%d</code>\n", failed->status);
    add_element(&text, "message", status_phrase(failed->status));
    add_element(&text, "explanation", status_explanation(failed->status));
    add_element(&text, "hostname", failed->host->name);
    add_element(&text, "request", slice_cstr(x->id_text));
    text_add_cstr(&text, "</error>\n");
    const int r = spill_put(document, text_slice(&text));
    spill_finish(document);
    return r;
}

/* A house that is short of something, or refuses to do more for a client, starts no program to say
 * so; and of a HEAD nobody sees the page. */
static bool is_worth_a_program(const struct exchange *x, int status)
{
    return status != 429 && status != 503 && !status_has_no_content(status) &&
           x->request.method != METHOD_HEAD;
}

/* For what fails from now on (error_page_origin()). */
static void note_origin(struct exchange *x, const struct verdict *failed)
{
    const struct services *services = x->services;
    struct verdict *page = arena_new(&x->arena, struct verdict);

    if (x->hold)
        verdict_done(x->hold, services->files);
    *page = (struct verdict){ .host = failed->host, .folder = failed->folder, .error_of = failed };
    x->hold = page;
    x->request.error_status = failed->status;
}

bool error_style_start(struct exchange *x, const struct verdict *failed,
                       const struct fields *fields)
{
    const struct slice stylesheet = failed->host ? failed->host->conf->error_style : SLICE("");

    if (stylesheet.len == 0 || !is_worth_a_program(x, failed->status))
        return false;
    trace_note(x->trace, TRACE_HANDLER, TRACE_FACT, "ErrorXSLTfile: %.*s makes the page",
               SLICE_ARGS(stylesheet));
    if (trace_rehearses(x->trace) || fill_document(x, failed) < 0)
        return false;
    note_origin(x, failed);
    transform_by_own(x, failed, stylesheet, failed->status, fields);
    return true;
}
