/* Static files: conditions, ranges, precompressed neighbours. */
#include "handler/registry.h"

#include "base/siphash.h"
#include "base/text.h"
#include "base/unset.h"
#include "handler_private.h"
#include "http/conditional.h"
#include "http/date.h"
#include "http/negotiate.h"
#include "http/range.h"
#include "site/media.h"
#include "site/trace.h"

#include <assert.h>
#include <inttypes.h>

#define PART_OWN_TEXT 128u /* of the head of one part, besides its Content-Type */

/* What is sent: the file, or its precompressed neighbour. */
struct offer {
    struct cached_file *file;      /* borrowed from the verdict, or `neighbour` */
    struct cached_file *neighbour; /* held until the answer is put; NULL: none was chosen */
    struct validators validators;
    struct slice last_modified;
    struct slice type;
    struct slice coding;       /* Content-Encoding; empty: none */
    const struct fields *kept; /* borrowed: of the program that chose the file */
    const struct vhost_conf *conf;
    const struct folder_conf *folder;
    bool varies; /* another client may get another representation */
};

static int64_t now_s(const struct exchange *x)
{
    return x->record.begun_unix_ms / 1000;
}

/* ---- which representation ---- */

static struct cached_file *get_neighbour(struct exchange *x, const struct verdict *verdict,
                                         enum coding coding)
{
    const struct services *services = x->services;
    const struct slice parts[] = { verdict->resource.relative, coding_extension(coding) };
    struct cached_file *file = file_cache_get(services->files, verdict->resource.root,
                                              arena_join(&x->arena, parts, 2), x->loop->now_ms);

    if (file->kind == FILE_REGULAR && file->file)
        return file;
    cached_file_drop(services->files, file); /* it went this moment */
    return NULL;
}

/* Those that are there, the one that makes the shortest answers first. */
static unsigned list_codings(unsigned there, enum coding ret[CODING_COUNT])
{
    unsigned count = 0;

    for (unsigned i = 0; i < CODING_COUNT; i++) {
        if (there & 1u << i)
            ret[count++] = (enum coding)i;
    }
    return count;
}

static void choose_coding(struct exchange *x, const struct verdict *verdict, struct offer *offer)
{
    const struct services *services = x->services;
    unsigned there = file_cache_codings(services->files, verdict->resource.root,
                                        verdict->resource.found, x->loop->now_ms);

    offer->varies = there != 0;
    while (there != 0 && !offer->neighbour) {
        enum coding codings[CODING_COUNT];
        const unsigned count = list_codings(there, codings);
        const enum coding coding = negotiate_coding(&x->request.fields, codings, count);

        if (coding == CODING_COUNT)
            break;
        offer->neighbour = get_neighbour(x, verdict, coding);
        offer->coding = coding_name(coding);
        there &= ~(1u << coding);
    }
    if (offer->neighbour)
        offer->file = offer->neighbour;
    else
        offer->coding = SLICE("");
}

/* The fields outlive the neighbour, and RFC 9110 8.8.2.1 forbids a Last-Modified in the future. */
static void choose_validators(struct exchange *x, struct offer *offer)
{
    const struct cached_file *file = offer->file;

    offer->validators = (struct validators){ file->etag, file->modified_s };
    offer->last_modified = file->last_modified;
    if (offer->neighbour) {
        offer->validators.etag = arena_copy(&x->arena, file->etag);
        offer->last_modified = arena_copy(&x->arena, file->last_modified);
    }
    if (file->modified_s > now_s(x)) {
        char *date = arena_bytes(&x->arena, DATE_LEN + 1);
        date_write(now_s(x), date);
        offer->last_modified = slice_of(date, DATE_LEN);
        offer->validators.modified_s = now_s(x);
    }
}

static struct slice own_type(struct exchange *x, const struct verdict *verdict)
{
    return media_type_in(verdict->host->media, verdict->resource.extension,
                         verdict->host->conf->charset, &x->arena);
}

static void make_offer(struct exchange *x, const struct verdict *verdict, struct offer *offer)
{
    const struct field *type = fields_find(&verdict->kept, FIELD_CONTENT_TYPE);

    *offer = (struct offer){
        .file = verdict->resource.found,
        .type = type ? type->value : own_type(x, verdict),
        .kept = &verdict->kept,
        .conf = verdict->host->conf,
        .folder = verdict->folder,
    };
    assert(offer->file->kind == FILE_REGULAR && offer->file->file);
    if (!fields_find(&verdict->kept, FIELD_CONTENT_ENCODING) && verdict->host->hashes.count == 0)
        choose_coding(x, verdict, offer);
    choose_validators(x, offer);
}

/* ---- what is said about it ---- */

static void say_age(struct exchange *x, const char *who, uint64_t age_s)
{
    char *date;

    if (age_s == 0) {
        exchange_field_id(x, FIELD_CACHE_CONTROL, SLICE("no-cache"));
        return;
    }
    date = arena_bytes(&x->arena, DATE_LEN + 1);
    date_write(now_s(x) + (int64_t)age_s, date);
    exchange_field_id(x, FIELD_CACHE_CONTROL,
                      arena_printf(&x->arena, "%smax-age=%llu", who, (unsigned long long)age_s));
    exchange_field_id(x, FIELD_EXPIRES, slice_of(date, DATE_LEN));
}

/* ExpirePeriod, else MaxAge, unless the program that chose the file says more of it. */
static void add_age(struct exchange *x, const struct offer *offer)
{
    const struct conf_expire *expire = &offer->folder->expire;

    if (fields_find(offer->kept, FIELD_CACHE_CONTROL) || fields_find(offer->kept, FIELD_EXPIRES))
        return;
    if (expire->is_given)
        say_age(x, expire->is_public ? "public, " : "private, ", expire->age_s);
    else if (offer->conf->has_max_age)
        say_age(x, "", offer->conf->max_age_ms / 1000);
}

static void add_validators(struct exchange *x, const struct offer *offer)
{
    add_age(x, offer);
    exchange_field_id(x, FIELD_LAST_MODIFIED, offer->last_modified);
    exchange_field_id(x, FIELD_ETAG, offer->validators.etag);
    if (offer->varies)
        exchange_field_id(x, FIELD_VARY, SLICE("Accept-Encoding"));
}

/* `content`: the answer has some, else what speaks about it is left out. */
static void add_kept(struct exchange *x, const struct offer *offer, bool content)
{
    for (uint32_t i = 0; i < offer->kept->count; i++) {
        const struct field *field = &offer->kept->at[i];

        if (field->id == FIELD_CONTENT_TYPE ||
            (!content && slice_starts_nocase(field->name, SLICE("Content-"))))
            continue;
        exchange_field(x, field->name, field->value);
    }
}

static void begin(struct exchange *x, const struct offer *offer, int status, struct slice type,
                  uint64_t length)
{
    x->response.status = status;
    x->response.length = (int64_t)length;
    exchange_field_id(x, FIELD_CONTENT_TYPE, type);
    add_validators(x, offer);
    if (offer->coding.len > 0)
        exchange_field_id(x, FIELD_CONTENT_ENCODING, offer->coding);
    exchange_field_id(x, FIELD_ACCEPT_RANGES, SLICE("bytes"));
    add_kept(x, offer, true);
    trace_note(x->trace, TRACE_ANSWER, TRACE_YES, "%d: %.*s, %" PRIu64 " bytes%s%.*s", status,
               SLICE_ARGS(type), length, offer->coding.len > 0 ? ", from the neighbour in " : "",
               SLICE_ARGS(offer->coding));
}

static void finish(struct exchange *x)
{
    body_finish(&x->response.body, BODY_COMPLETE);
    exchange_handler_done(x);
}

static void put_span(struct exchange *x, const struct offer *offer, uint64_t first, uint64_t len)
{
    if (len > 0)
        body_put_file(&x->response.body, offer->file->file, first, len);
}

/* ---- the answers ---- */

static void send_whole(struct exchange *x, const struct offer *offer, int status)
{
    uint64_t size = offer->file->file->size;

    x->response.content = offer->file->content;
    begin(x, offer, status, offer->type, size);
    exchange_send_head(x);
    if (x->request.method != METHOD_HEAD)
        put_span(x, offer, 0, size);
    finish(x);
}

static void send_not_modified(struct exchange *x, const struct offer *offer)
{
    x->response.status = 304;
    if (offer->coding.len == 0) {
        x->response.unsent_type = offer->type;
        x->response.unsent_length = (int64_t)offer->file->file->size;
    }
    add_validators(x, offer);
    add_kept(x, offer, false);
    exchange_send_head(x);
    finish(x);
}

static struct slice content_range(struct exchange *x, const struct range *range, uint64_t size)
{
    return arena_printf(&x->arena, "bytes %llu-%llu/%llu", (unsigned long long)range->first,
                        (unsigned long long)range->last, (unsigned long long)size);
}

static void send_span(struct exchange *x, const struct offer *offer, const struct range *range)
{
    uint64_t len = range->last - range->first + 1;

    begin(x, offer, 206, offer->type, len);
    exchange_field_id(x, FIELD_CONTENT_RANGE, content_range(x, range, offer->file->file->size));
    exchange_send_head(x);
    put_span(x, offer, range->first, len);
    finish(x);
}

/* Nobody can have put it into the file: it hangs on a key of this process and on this request. */
static struct slice make_boundary(struct exchange *x)
{
    struct siphash_key key = siphash_process_key();
    uint64_t half = siphash(key, slice_of(&x->id, sizeof(x->id)));

    key.b ^= half;
    return arena_printf(&x->arena, "%016llx%016llx", (unsigned long long)half,
                        (unsigned long long)siphash(key, slice_of(&x->id, sizeof(x->id))));
}

static struct slice part_head(struct exchange *x, const struct offer *offer, struct slice boundary,
                              const struct range *range, bool is_first)
{
    size_t room = PART_OWN_TEXT + boundary.len + offer->type.len;
    struct text text = text_on(arena_bytes(&x->arena, room), room);

    text_add_cstr(&text, is_first ? "--" : "\r\n--");
    text_add(&text, boundary);
    text_add_cstr(&text, "\r\nContent-Type: ");
    text_add(&text, offer->type);
    text_add_cstr(&text, "\r\nContent-Range: ");
    text_add(&text, content_range(x, range, offer->file->file->size));
    text_add_cstr(&text, "\r\n\r\n");
    assert(!text.cut);
    return text_slice(&text);
}

/* RFC 9110 14.6. The parts are made first: the length of the whole is known then. */
static void send_spans(struct exchange *x, const struct offer *offer, const struct range *ranges,
                       unsigned count)
{
    struct slice boundary = make_boundary(x);
    struct slice closing = arena_printf(&x->arena, "\r\n--%.*s--\r\n", SLICE_ARGS(boundary));
    struct slice type =
        arena_printf(&x->arena, "multipart/byteranges; boundary=%.*s", SLICE_ARGS(boundary));
    struct slice heads[RANGES_MOST];
    uint64_t length = closing.len;

    for (unsigned i = 0; i < count; i++) {
        heads[i] = part_head(x, offer, boundary, &ranges[i], i == 0);
        length += heads[i].len + (ranges[i].last - ranges[i].first + 1);
    }

    begin(x, offer, 206, type, length);
    exchange_send_head(x);
    for (unsigned i = 0; i < count; i++) {
        body_put_borrowed(&x->response.body, heads[i]);
        put_span(x, offer, ranges[i].first, ranges[i].last - ranges[i].first + 1);
    }
    body_put_borrowed(&x->response.body, closing);
    finish(x);
}

static void send_unsatisfiable(struct exchange *x, const struct offer *offer,
                               const struct verdict *verdict)
{
    if (!x->record.cause)
        x->record.cause = "nothing of the file lies in the range asked for";
    exchange_field_id(
        x, FIELD_CONTENT_RANGE,
        arena_printf(&x->arena, "bytes */%llu", (unsigned long long)offer->file->file->size));
    exchange_field_id(x, FIELD_ACCEPT_RANGES, SLICE("bytes"));
    add_kept(x, offer, false);
    page_send(x, 416, verdict->host, SLICE(""), SLICE(""));
}

/* Range has a meaning for GET only (RFC 9110 14.2). */
static enum range_result read_range(const struct exchange *x, const struct offer *offer,
                                    struct range ranges[RANGES_MOST], unsigned *ret_count)
{
    const struct fields *fields = &x->request.fields;
    const struct field *field = fields_find(fields, FIELD_RANGE);

    if (!field || x->request.method != METHOD_GET || fields_count_id(fields, FIELD_RANGE) != 1 ||
        !conditional_if_range(fields, &offer->validators, now_s(x)))
        return RANGE_IGNORE;
    return range_parse(field->value, offer->file->file->size, ranges, ret_count);
}

static void send_content(struct exchange *x, const struct offer *offer,
                         const struct verdict *verdict)
{
    UNSET struct range ranges[RANGES_MOST];
    unsigned count = 0;

    switch (read_range(x, offer, ranges, &count)) {
    case RANGE_IGNORE:
        send_whole(x, offer, 200);
        break;
    case RANGE_SATISFIABLE:
        if (count == 1)
            send_span(x, offer, &ranges[0]);
        else
            send_spans(x, offer, ranges, count);
        break;
    case RANGE_NOT:
        send_unsatisfiable(x, offer, verdict);
        break;
    }
}

static void send_judged(struct exchange *x, const struct offer *offer,
                        const struct verdict *verdict)
{
    switch (
        conditional_judge(&x->request.fields, x->request.method, &offer->validators, now_s(x))) {
    case CONDITION_GO:
        send_content(x, offer, verdict);
        break;
    case CONDITION_NOT_MODIFIED:
        send_not_modified(x, offer);
        break;
    case CONDITION_FAILED:
        reply_status(x, 412, "the file is not what the request wants it to be", 0);
        break;
    }
}

/* A file that is the answer to something else than "give me this file": the conditions of the
 * request are not about it. */
static bool is_unconditional(const struct exchange *x, const struct verdict *verdict)
{
    const enum method method = x->request.method;

    return verdict->chosen &&
           (verdict->status != 200 || (method != METHOD_GET && method != METHOD_HEAD));
}

static void file_start(struct exchange *x, const struct verdict *verdict)
{
    const struct services *services = x->services;
    struct offer offer;

    make_offer(x, verdict, &offer);
    if (is_unconditional(x, verdict))
        send_whole(x, &offer, verdict->status);
    else
        send_judged(x, &offer, verdict);
    if (offer.neighbour)
        cached_file_drop(services->files, offer.neighbour);
}

const struct handler_ops handler_file = {
    .name = "file",
    .start = file_start,
    .advance = handler_never_advances,
    .cancel = handler_never_cancelled,
};
