/*
 * UseXSLT: an XML file, as the stylesheet that belongs to it shows it. And what all stylesheets
 * have in common (transform.h).
 */
#include "handler/registry.h"

#include "config/roots.h"
#include "handler/services.h"
#include "handler_private.h"
#include "http/conditional.h"
#include "http/date.h"
#include "os/fd.h"
#include "site/root.h"
#include "site/stylesheet.h"
#include "transform.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- running it ---- */

struct spill *transform_document(struct exchange *x)
{
    const struct services *services = x->services;
    struct spill *document = arena_new(&x->arena, struct spill);

    if (x->request.collected)
        spill_done(x->request.collected);
    spill_init(document, x->loop, &x->arena, services->snapshot->conf->work_directory);
    x->request.collected = document;
    return document;
}

void transform(struct exchange *x, const struct verdict *verdict,
               const struct transformation *transformation)
{
    struct transformation *own = arena_new(&x->arena, struct transformation);
    struct verdict *program = arena_new(&x->arena, struct verdict);

    *own = *transformation;
    *program = (struct verdict){
        .answer = ANSWER_CGI,
        .why = "xsltproc makes it",
        .host = verdict->host,
        .folder = verdict->folder ? verdict->folder : &verdict->host->conf->folder,
        .resource = { .found = own->found, .relative = own->script, .absolute = own->absolute },
        .rule = own->rule,
        .confine = &verdict->host->conf->style_confine,
        .transformation = own,
    };
    const struct verdict *first = own->found ? hashes_first(x, program) : program;
    exchange_hand_over(x, handler_for(first->answer), first);
}

/* The first bytes of a file; empty when it cannot be read. */
static struct slice read_begin(int fd, struct arena *arena)
{
    char *bytes = arena_bytes(arena, STYLESHEET_MOST);
    const ssize_t got = pread(fd, bytes, STYLESHEET_MOST, 0);

    return slice_of(bytes, got > 0 ? (size_t)got : 0);
}

void transform_by_own(struct exchange *x, const struct verdict *verdict, struct slice stylesheet,
                      int status, const struct fields *fields)
{
    const char *path = arena_cstr(&x->arena, stylesheet);
    scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct slice text = fd >= 0 ? read_begin(fd, &x->arena) : SLICE("");
    struct transformation own = {
        .rule = roots_rule_own_style(verdict->host->conf, stylesheet),
        .script = slice_skip(slice_cstr(path), slice_find_last(stylesheet, '/') + 1),
        .absolute = slice_cstr(path),
        .status = status,
        .fields = *fields,
    };

    fields_add(&own.fields, &x->arena, SLICE("Content-Type"), stylesheet_type(text, &x->arena));
    transform(x, verdict, &own);
}

/* ---- UseXSLT ---- */

/* What the file cache has of a small file, or its beginning. */
static struct slice begin_of(const struct cached_file *found, struct arena *arena)
{
    const struct file_ref *file = found->file;

    if (!file)
        return SLICE("");
    return file->fd < 0 ? slice_first(file->bytes, STYLESHEET_MOST) : read_begin(file->fd, arena);
}

static struct slice without_quotes(struct slice etag)
{
    return slice_first(slice_skip(etag, 1), etag.len - 2);
}

/* None where the output may change while both files stay as they are, or is a page for an error. */
static void find_validators(struct exchange *x, const struct verdict *verdict, struct slice text,
                            struct validators *ret)
{
    const struct cached_file *document = verdict->resource.found;
    const struct cached_file *style = verdict->style.found;
    const struct slice parts[] = { SLICE("W/\""), without_quotes(document->etag), SLICE("-"),
                                   without_quotes(style->etag), SLICE("\"") };
    const int64_t now_s = x->record.begun_unix_ms / 1000;

    *ret = (struct validators){ .modified_s = -1 };
    if (x->request.error_status != 0 || text.len == 0 || !stylesheet_stands_alone(text) ||
        !stylesheet_document_stands_alone(begin_of(document, &x->arena)))
        return;
    ret->etag = arena_join(&x->arena, parts, 5);
    ret->modified_s =
        document->modified_s > style->modified_s ? document->modified_s : style->modified_s;
    if (ret->modified_s > now_s) /* RFC 9110 8.8.2.1 */
        ret->modified_s = now_s;
}

static void tell_validators(struct exchange *x, const struct validators *validators,
                            struct fields *ret)
{
    char *date = arena_bytes(&x->arena, DATE_LEN + 1);

    date_write(validators->modified_s, date);
    fields_add(ret, &x->arena, SLICE("ETag"), validators->etag);
    fields_add(ret, &x->arena, SLICE("Last-Modified"), slice_of(date, DATE_LEN));
}

/* A descriptor of its own for the program, which moves its place in the file. */
static int open_document(struct exchange *x, const struct resource *resource)
{
    struct spill *document = transform_document(x);
    struct stat info;
    int fd;
    int r = site_root_open(resource->root, resource->relative.at, &fd, &info);

    if (r < 0)
        return r;
    document->bytes = (uint64_t)info.st_size;
    document->file = file_ref_new(fd, document->bytes);
    spill_finish(document);
    return 0;
}

static void show(struct exchange *x, const struct verdict *verdict, struct slice text,
                 const struct fields *fields)
{
    struct transformation shown = {
        .rule = verdict->rule,
        .script = verdict->style.relative,
        .absolute = verdict->style.absolute,
        .found = verdict->style.found,
        .fields = *fields,
    };
    const int r = open_document(x, &verdict->resource);

    if (r < 0) {
        reply_status(
            x, 500,
            arena_printf(&x->arena, "the file cannot be opened for UseXSLT: %s", strerror(-r)).at,
            0);
        return;
    }
    fields_add(&shown.fields, &x->arena, SLICE("Content-Type"), stylesheet_type(text, &x->arena));
    transform(x, verdict, &shown);
}

static void say_unchanged(struct exchange *x, const struct fields *fields)
{
    x->response.status = 304;
    for (uint32_t i = 0; i < fields->count; i++)
        exchange_field(x, fields->at[i].name, fields->at[i].value);
    exchange_send_head(x);
    body_finish(&x->response.body, BODY_COMPLETE);
    exchange_handler_done(x);
}

static void xslt_start(struct exchange *x, const struct verdict *verdict)
{
    const struct slice text = begin_of(verdict->style.found, &x->arena);
    struct fields fields = { 0 };
    struct validators validators;

    find_validators(x, verdict, text, &validators);
    if (validators.etag.len == 0) {
        show(x, verdict, text, &fields);
        return;
    }
    tell_validators(x, &validators, &fields);
    switch (conditional_judge(&x->request.fields, x->request.method, &validators,
                              x->record.begun_unix_ms / 1000)) {
    case CONDITION_GO:
        show(x, verdict, text, &fields);
        break;
    case CONDITION_NOT_MODIFIED:
        say_unchanged(x, &fields);
        break;
    case CONDITION_FAILED:
        reply_status(x, 412, "the file is not what the request wants it to be", 0);
        break;
    }
}

const struct handler_ops handler_xslt = {
    .name = "xslt",
    .start = xslt_start,
    .advance = handler_never_advances,
    .cancel = handler_never_cancelled,
};
