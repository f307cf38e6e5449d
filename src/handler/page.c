/* The small page of an error or a redirect. */
#include "handler_private.h"

#include "base/text.h"
#include "http/status.h"

/* Readable without anything else to fetch, by day and by night. */
static const struct slice page_begin =
    SLICE_INIT("<!doctype html>\n"
               "<html lang=\"en\"><head><meta charset=\"utf-8\">"
               "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>");
static const struct slice page_style =
    SLICE_INIT("</title>\n<style>"
               ":root{color-scheme:light dark}"
               "body{margin:0;min-height:100vh;display:grid;place-items:center;"
               "font:1.1rem/1.5 system-ui,sans-serif;color:#23272e;background:#f7f7f5}"
               "main{max-width:34rem;padding:2rem}"
               "h1{font-size:1.5rem;margin:0 0 .5rem}"
               "p{margin:0 0 1.5rem;overflow-wrap:anywhere}"
               "small{color:#66707d}"
               "@media(prefers-color-scheme:dark){"
               "body{color:#dcdfe4;background:#17191d}small{color:#949ca8}a{color:#8ab4f8}}"
               "</style></head>\n<body><main><h1>");
static const struct slice page_end = SLICE_INIT("</small></main></body></html>\n");

#define ENTITY_MOST 6u   /* "&quot;" */
#define OWN_TEXT    512u /* status, phrases, explanation, id and version */

static void add_title(struct text *text, int status)
{
    text_add_u64(text, (uint64_t)status);
    text_add_char(text, ' ');
    text_add_html(text, status_phrase(status));
}

static void add_link(struct text *text, struct slice location)
{
    text_add_cstr(text, " <a href=\"");
    text_add_html(text, location);
    text_add_cstr(text, "\">");
    text_add_html(text, location);
    text_add_cstr(text, "</a>");
}

/* Who answered, and the id that leads to the line in the log. */
static void add_signature(struct text *text, const struct exchange *x, const struct host *host)
{
    const struct services *services = x->services;

    if (host) {
        text_add_html(text, host->name);
        text_add_cstr(text, " &middot; ");
    }
    text_add_cstr(text, "request ");
    text_add_cstr(text, x->id_text);
    if (services->snapshot && services->snapshot->conf->error_page_version)
        text_add_cstr(text, " &middot; Longhouse " LONGHOUSE_VERSION);
}

static struct slice make_page(struct exchange *x, int status, const struct host *host,
                              struct slice location, struct slice details)
{
    size_t room = page_begin.len + page_style.len + page_end.len + OWN_TEXT +
                  (location.len * 2 + details.len + (host ? host->name.len : 0)) * ENTITY_MOST;
    struct text text = text_on(arena_bytes(&x->arena, room), room);

    text_add(&text, page_begin);
    add_title(&text, status);
    text_add(&text, page_style);
    add_title(&text, status);
    text_add_cstr(&text, "</h1>\n<p>");
    text_add_html(&text, status_explanation(status));
    if (location.len > 0)
        add_link(&text, location);
    text_add_cstr(&text, "</p>\n<small>");
    add_signature(&text, x, host);
    if (details.len > 0) {
        text_add_cstr(&text, "</small><pre style=\"white-space:pre-wrap;text-align:left\">");
        text_add_html(&text, details);
        text_add_cstr(&text, "</pre><small>");
    }
    text_add(&text, page_end);
    return text_slice(&text);
}

void page_send(struct exchange *x, int status, const struct host *host, struct slice location,
               struct slice details)
{
    struct slice page = { 0 };

    x->response.status = status;
    if (!status_has_no_content(status)) {
        page = make_page(x, status, host, location, details);
        x->response.length = (int64_t)page.len;
        exchange_field_id(x, FIELD_CONTENT_TYPE, SLICE("text/html; charset=utf-8"));
    }
    if (status >= 500)
        exchange_field_id(x, FIELD_CACHE_CONTROL, SLICE("no-store"));
    exchange_send_head(x);
    body_put_borrowed(&x->response.body, page);
    body_finish(&x->response.body, BODY_COMPLETE);
    exchange_handler_done(x);
}
