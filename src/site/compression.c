#include "site/compression.h"

#include "http/negotiate.h"
#include "http/press.h"
#include "http/status.h"
#include "site/trace.h"

#include <inttypes.h>

static const struct slice usual[] = {
    SLICE_INIT("text/*"),
    SLICE_INIT("application/javascript"),
    SLICE_INIT("application/json"),
    SLICE_INIT("application/xml"),
    SLICE_INIT("*+json"),
    SLICE_INIT("*+xml"),
    SLICE_INIT("application/wasm"),
    SLICE_INIT("application/x-javascript"),
    SLICE_INIT("application/x-ndjson"),
    SLICE_INIT("application/toml"),
    SLICE_INIT("application/sql"),
    SLICE_INIT("application/vnd.ms-fontobject"),
    SLICE_INIT("font/ttf"),
    SLICE_INIT("font/otf"),
    SLICE_INIT("image/bmp"),
    SLICE_INIT("image/x-icon"),
    SLICE_INIT("image/vnd.microsoft.icon"),
};

static const enum coding coding_of[CONF_CODINGS] = {
    [CONF_CODING_GZIP] = CODING_GZIP,
    [CONF_CODING_BR] = CODING_BR,
    [CONF_CODING_ZSTD] = CODING_ZSTD,
};

/* ---- which types ---- */

static bool type_fits(struct slice type, struct slice pattern)
{
    if (slice_ends(pattern, SLICE("/*")))
        return slice_starts_nocase(type, slice_first(pattern, pattern.len - 1));
    if (slice_starts(pattern, SLICE("*+"))) {
        const struct slice suffix = slice_skip(pattern, 1);

        return type.len > suffix.len &&
               slice_equal_nocase(slice_skip(type, type.len - suffix.len), suffix);
    }
    return slice_equal_nocase(type, pattern);
}

bool compression_is_for(const struct vhost_conf *host, struct slice type)
{
    struct slice bare;
    struct slice parameters;

    slice_cut(type, ';', &bare, &parameters);
    bare = slice_trim(bare);
    if (host->compress_types) {
        for (const struct conf_word *word = host->compress_types; word; word = word->next) {
            if (type_fits(bare, word->text))
                return true;
        }
        return false;
    }
    for (unsigned i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (type_fits(bare, usual[i]))
            return true;
    }
    return false;
}

/* ---- which answers ---- */

/* Bytes of the answer; -1: not known yet. */
static int64_t length_of(const struct exchange *x)
{
    const struct response *response = &x->response;

    if (response->status == 304)
        return response->unsent_length;
    if (response->length < 0 && response->body.end == BODY_COMPLETE &&
        x->request.method != METHOD_HEAD)
        return (int64_t)response->body.put_bytes;
    return response->length;
}

/*
 * BREACH: another website makes the browser of a visitor ask for pages with a guess in them, and
 * learns from their length whether it was right. Browsers tell who made them ask.
 */
static bool may_leak(const struct exchange *x)
{
    const struct fields *fields = &x->request.fields;
    const struct field *from = fields_find_name(fields, SLICE("Sec-Fetch-Site"));

    return x->record.handler && from && slice_equal_nocase(from->value, SLICE("cross-site")) &&
           (fields_find(fields, FIELD_COOKIE) || fields_find(fields, FIELD_AUTHORIZATION));
}

/* Why it stays as it is for everybody; NULL: it may be compressed. */
static const char *reason_to_leave(const struct exchange *x)
{
    const struct fields *fields = &x->response.fields;

    if (x->response.status == 206)
        return "it is a part";
    if (fields_find(fields, FIELD_CONTENT_ENCODING))
        return "it is coded already";
    if (fields_list_has(fields, FIELD_CACHE_CONTROL, SLICE("no-transform")))
        return "Cache-Control says no-transform";
    if (length_of(x) >= 0 && length_of(x) < COMPRESSION_LEAST)
        return "it is short";
    return NULL;
}

/* By the order of Compress among those that the client likes equally. */
static enum coding choose_coding(const struct exchange *x, const struct conf_compress *compress)
{
    enum coding offered[CONF_CODINGS];

    for (unsigned i = 0; i < compress->count; i++)
        offered[i] = coding_of[compress->codings[i]];
    return negotiate_coding(&x->request.fields, offered, compress->count);
}

/* ---- what the head says ---- */

static void say_varies(struct exchange *x)
{
    if (!fields_list_has(&x->response.fields, FIELD_VARY, SLICE("Accept-Encoding")) &&
        !fields_list_has(&x->response.fields, FIELD_VARY, SLICE("*")))
        exchange_field_id(x, FIELD_VARY, SLICE("Accept-Encoding"));
}

/* The compressed form is not the same byte for byte (RFC 9110 8.8.1), and is as good. */
static void weaken_etag(struct exchange *x)
{
    struct field *etag = fields_find(&x->response.fields, FIELD_ETAG);

    if (etag && slice_starts(etag->value, SLICE("\""))) {
        const struct slice parts[] = { SLICE("W/"), etag->value };

        etag->value = arena_join(&x->arena, parts, 2);
    }
}

static void say_coding(struct exchange *x, enum coding coding)
{
    struct fields *fields = &x->response.fields;

    weaken_etag(x);
    fields_remove(fields, FIELD_ACCEPT_RANGES);
    fields_remove_name(fields, SLICE("Content-Digest")); /* RFC 9530: of what was to be sent */
    fields_remove_name(fields, SLICE("Repr-Digest"));
    fields_remove_name(fields, SLICE("Digest"));
    exchange_field_id(x, FIELD_CONTENT_ENCODING, coding_name(coding));
}

/* The same was made for somebody else: its length is known. */
static void repeat(struct exchange *x, enum coding coding, struct file_ref *form)
{
    say_coding(x, coding);
    x->response.length = (int64_t)form->size;
    if (x->request.method != METHOD_HEAD)
        press_repeat(x, form);
    trace_note(x->trace, TRACE_ANSWER, TRACE_YES, "compressed with %.*s before, %" PRIu64 " bytes",
               SLICE_ARGS(coding_name(coding)), form->size);
}

static void compress(struct exchange *x, enum coding coding, enum effort effort)
{
    static const char *const works[EFFORT_COUNT] = {
        [EFFORT_FULL] = "full effort",
        [EFFORT_HALF] = "half the effort, the reactor is busy",
        [EFFORT_LEAST] = "the least effort, the reactor is very busy",
    };

    say_coding(x, coding);
    x->response.recoded = true;
    if (x->request.method != METHOD_HEAD)
        press_start(x, coding, effort);
    trace_note(x->trace, TRACE_ANSWER, TRACE_YES, "compressed with %.*s, %s",
               SLICE_ARGS(coding_name(coding)), works[effort]);
}

/* A 304 says of the answer it stands for what that would say. */
static void apply_not_modified(struct exchange *x, const struct vhost_conf *host,
                               const struct conf_compress *codings)
{
    if (x->response.unsent_type.len == 0 || !compression_is_for(host, x->response.unsent_type) ||
        reason_to_leave(x))
        return;
    say_varies(x);
    if (choose_coding(x, codings) != CODING_COUNT)
        weaken_etag(x);
}

/* True: nothing that is said of the answer depends on Accept-Encoding. */
static bool is_left(struct exchange *x, const struct vhost_conf *host)
{
    const char *why;

    if (status_has_no_content(x->response.status) ||
        !compression_is_for(host, fields_value(&x->response.fields, FIELD_CONTENT_TYPE)))
        return true;
    why = reason_to_leave(x);
    if (why)
        trace_note(x->trace, TRACE_ANSWER, TRACE_FACT, "not compressed: %s", why);
    return why != NULL;
}

/* By what is there already, or with the effort that can be spared. */
static void encode(struct exchange *x, enum coding coding, struct press_shelf *shelf,
                   struct slice folder)
{
    enum effort effort = EFFORT_LEAST;
    const bool can_press = press_effort(x->loop, &effort);
    struct file_ref *form =
        shelf ? press_shelf_find(shelf, x->response.content, coding, effort) : NULL;

    if (form) {
        repeat(x, coding, form);
    } else if (can_press) {
        compress(x, coding, effort);
        if (x->press && shelf && x->response.content != 0)
            press_copy_to(x->press, shelf, coding, folder);
    } else {
        trace_note(x->trace, TRACE_ANSWER, TRACE_NO,
                   "not compressed: the reactor has too many answers to compress");
    }
}

static void judge(struct exchange *x, enum coding coding, struct press_shelf *shelf,
                  struct slice folder)
{
    if (coding == CODING_COUNT)
        trace_note(x->trace, TRACE_ANSWER, TRACE_FACT,
                   "not compressed: the client takes no coding of Compress");
    else if (may_leak(x))
        trace_note(x->trace, TRACE_ANSWER, TRACE_NO,
                   "not compressed: another website sent this visitor, with a cookie or password");
    else
        encode(x, coding, shelf, folder);
}

void compression_apply(struct exchange *x, const struct verdict *verdict, struct press_shelf *shelf,
                       struct slice folder)
{
    if (!verdict || !verdict->folder || verdict->folder->compress.count == 0)
        return;
    const struct vhost_conf *host = verdict->host->conf;
    const struct conf_compress *codings = &verdict->folder->compress;

    if (x->response.status == 304) {
        apply_not_modified(x, host, codings);
    } else if (!is_left(x, host)) {
        say_varies(x);
        judge(x, choose_coding(x, codings), shelf, folder);
    }
}
