#include "handler/output_cache.h"

#include "base/number.h"
#include "base/siphash.h"
#include "handler/services.h"
#include "http/answer_store.h"
#include "http/clock.h"
#include "http/conditional.h"
#include "http/cookie.h"
#include "http/date.h"
#include "http/freshness.h"
#include "output_tap.h"
#include "proxy_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define NOTES       64u /* that a reactor may be behind */
#define SECONDS_MIN 2u
#define SECONDS_MAX 3600u
#define VARIES_MOST 8u

/* What is to be forgotten: of which host, and which target. */
struct note {
    uint64_t host;
    uint64_t target;
    bool all;
};

struct forgotten {
    pthread_mutex_t lock; /* guards the notes */
    _Atomic uint64_t count;
    struct note notes[NOTES];
};

struct output_cache {
    struct answer_store store;
    size_t answer_most;
    struct forgotten *forgotten; /* borrowed */
    uint64_t heeded;             /* notes */
};

/* ---- what is to be forgotten ---- */

struct forgotten *forgotten_new(void)
{
    struct forgotten *forgotten = calloc(1, sizeof(*forgotten));

    if (!forgotten)
        abort();
    pthread_mutex_init(&forgotten->lock, NULL);
    return forgotten;
}

void forgotten_free(struct forgotten *forgotten)
{
    if (!forgotten)
        return;
    pthread_mutex_destroy(&forgotten->lock);
    free(forgotten);
}

static void forgotten_add(struct forgotten *forgotten, struct note note)
{
    pthread_mutex_lock(&forgotten->lock);
    const uint64_t count = atomic_load_explicit(&forgotten->count, memory_order_relaxed);
    forgotten->notes[count % NOTES] = note;
    atomic_store_explicit(&forgotten->count, count + 1, memory_order_release);
    pthread_mutex_unlock(&forgotten->lock);
}

/* Who is too far behind forgets everything. */
static void heed_notes(struct output_cache *cache)
{
    struct forgotten *forgotten = cache->forgotten;

    if (atomic_load_explicit(&forgotten->count, memory_order_acquire) == cache->heeded)
        return;
    pthread_mutex_lock(&forgotten->lock);
    const uint64_t count = atomic_load_explicit(&forgotten->count, memory_order_relaxed);
    if (count - cache->heeded > NOTES) {
        answer_store_forget_all(&cache->store);
        cache->heeded = count;
    }
    for (; cache->heeded < count; cache->heeded++) {
        const struct note *note = &forgotten->notes[cache->heeded % NOTES];

        answer_store_forget(&cache->store, note->host, note->target, note->all);
    }
    pthread_mutex_unlock(&forgotten->lock);
}

struct output_cache *output_cache_new(size_t most_bytes, size_t answer_most,
                                      struct forgotten *forgotten)
{
    struct output_cache *cache = calloc(1, sizeof(*cache));

    if (!cache)
        abort();
    answer_store_init(&cache->store, most_bytes);
    cache->answer_most = most_bytes > 0 ? answer_most : 0;
    cache->forgotten = forgotten;
    cache->heeded = atomic_load_explicit(&forgotten->count, memory_order_acquire);
    return cache;
}

void output_cache_free(struct output_cache *cache)
{
    if (!cache)
        return;
    answer_store_done(&cache->store);
    free(cache);
}

/* ---- which request an answer is for ---- */

static uint64_t hash_of(struct slice text)
{
    return siphash(siphash_process_key(), text);
}

void output_cache_forget(struct forgotten *forgotten, struct slice host, struct slice target)
{
    forgotten_add(forgotten, (struct note){ .host = hash_of(host),
                                            .target = hash_of(target),
                                            .all = slice_equal_cstr(target, "all") });
}

/* A program that wants its answers kept is asked no more often for that; a backend of ReverseProxy
 * did not say so. */
static bool wants_it_fresh(const struct exchange *x, const struct verdict *verdict)
{
    return freshness_is_wanted(&x->request.fields) && proxy_cache_is_meant(x, verdict);
}

static bool has_skip_cookie(const struct exchange *x, const struct host *host)
{
    struct cookie_walk walk = { .fields = &x->request.fields };
    struct slice name;
    struct slice value;

    if (!host->conf->skip_cache_cookies)
        return false;
    while (cookie_walk_next(&walk, &name, &value))
        for (const struct conf_word *word = host->conf->skip_cache_cookies; word; word = word->next)
            if (slice_equal(word->text, name))
                return true;
    return false;
}

/* Who is known to the house or the program, or says something, has an answer of his own. */
static bool is_anybodys(const struct exchange *x, const struct verdict *verdict)
{
    const struct fields *fields = &x->request.fields;

    return !x->trace && !verdict->guarded && !x->request.has_body && !x->request.proof.by &&
           x->request.granted.count == 0 && x->request.error_status == 0 &&
           x->request.websocket_key.len == 0 &&
           (x->request.method == METHOD_GET || x->request.method == METHOD_HEAD) &&
           !fields_find(fields, FIELD_AUTHORIZATION) &&
           !fields_find(fields, FIELD_PROXY_AUTHORIZATION) && !has_skip_cookie(x, verdict->host);
}

/* Of these only a part may be wanted, or nothing at all: the program's affair. */
static bool wants_it_whole(const struct exchange *x)
{
    const struct fields *fields = &x->request.fields;

    return !fields_find(fields, FIELD_RANGE) && !fields_find(fields, FIELD_IF_MATCH) &&
           !fields_find(fields, FIELD_IF_UNMODIFIED_SINCE);
}

/* What a trusted proxy says that the client asked for, which programs build links with. */
static struct slice told_host(const struct exchange *x)
{
    const struct field *told = fields_find_name(&x->request.fields, SLICE("X-Forwarded-Host"));

    return x->visit->believed && told ? told->value : SLICE("");
}

/* All that decides what the program is told, but for fields, which Vary names. */
static struct slice key_of(struct exchange *x, const struct verdict *verdict)
{
    const struct slice end = slice_of("", 1);
    const struct slice parts[] = {
        verdict->host->name,
        end,
        x->request.host,
        end,
        arena_printf(&x->arena, "%d %u %u", x->visit->secure, x->visit->local_port,
                     x->request.host_port),
        end,
        told_host(x),
        end,
        x->request.target.raw,
        end,
        verdict->proxy ? verdict->fastcgi->id : SLICE(""), /* `absolute` is a path of its own */
        end,
        verdict->resource.absolute,
        end,
        verdict->resource.path_info,
        end,
        x->request.target.query,
    };

    return arena_join(&x->arena, parts, sizeof(parts) / sizeof(parts[0]));
}

static struct output_cache *cache_of(const struct exchange *x)
{
    const struct services *services = x->services;

    return services->outputs;
}

/* ---- giving ---- */

static struct validators validators_of(const struct stored_answer *answer)
{
    struct validators validators = { .etag = fields_value(&answer->fields, FIELD_ETAG),
                                     .modified_s = -1 };
    const struct slice modified = fields_value(&answer->fields, FIELD_LAST_MODIFIED);

    if (modified.len > 0 && !date_parse(modified, clock_unix_ms() / 1000, &validators.modified_s))
        validators.modified_s = -1;
    return validators;
}

/* RFC 9110 15.4.5: what describes content is not said without it. */
static bool is_about_content(enum field_id id)
{
    return id == FIELD_CONTENT_TYPE || id == FIELD_CONTENT_ENCODING || id == FIELD_CONTENT_LENGTH ||
           id == FIELD_LAST_MODIFIED;
}

static void give_head(struct exchange *x, const struct stored_answer *answer, int status)
{
    struct arena *arena = &x->arena;
    const uint64_t age_s = answer->age_s + (x->loop->now_ms - answer->stored_ms) / 1000;

    x->response.status = status;
    if (status == answer->status)
        x->response.phrase = arena_copy(arena, answer->phrase);
    for (uint32_t i = 0; i < answer->fields.count; i++) {
        const struct field *field = &answer->fields.at[i];

        if (status != 304 || !is_about_content(field->id))
            exchange_field(x, arena_copy(arena, field->name), arena_copy(arena, field->value));
    }
    exchange_field(x, SLICE("Age"), arena_printf(arena, "%llu", (unsigned long long)age_s));
    if (status != 304)
        x->response.length = (int64_t)answer->body->bytes.len;
    exchange_send_head(x);
}

static void give(struct exchange *x, const struct stored_answer *answer)
{
    const struct validators validators = validators_of(answer);
    const bool is_known = conditional_judge(&x->request.fields, x->request.method, &validators,
                                            clock_unix_ms() / 1000) == CONDITION_NOT_MODIFIED;
    struct file_ref *body = file_ref_hold(answer->body);

    x->record.handler = "cache";
    give_head(x, answer, is_known ? 304 : answer->status);
    if (!is_known && x->request.method != METHOD_HEAD)
        body_put_file(&x->response.body, body, 0, body->size);
    body_finish(&x->response.body, BODY_COMPLETE);
    file_ref_drop(body);
    exchange_handler_done(x);
}

bool output_cache_answers(struct exchange *x, const struct verdict *verdict)
{
    struct output_cache *cache = cache_of(x);

    if (!cache || cache->store.count == 0 || !is_anybodys(x, verdict) || !wants_it_whole(x) ||
        wants_it_fresh(x, verdict))
        return false;
    heed_notes(cache);
    const struct stored_answer *answer =
        answer_store_find(&cache->store, key_of(x, verdict), &x->request.fields, x->loop->now_ms);
    if (!answer)
        return false;
    give(x, answer);
    return true;
}

/* ---- keeping ---- */

/* The value of a wish of the program; the field is not for clients. */
static bool take_wish(struct fields *fields, struct slice name, struct slice former,
                      struct slice *ret)
{
    uint32_t kept = 0;
    bool found = false;

    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field field = fields->at[i];

        if (slice_equal_nocase(field.name, name) || slice_equal_nocase(field.name, former)) {
            *ret = field.value;
            found = true;
        } else {
            fields->at[kept++] = field;
        }
    }
    fields->count = kept;
    return found;
}

static void heed_removal(const struct output_tap *tap, struct fields *fields)
{
    struct slice what;

    if (!take_wish(fields, SLICE("X-Longhouse-Cache-Remove"), SLICE("X-Hiawatha-Cache-Remove"),
                   &what) ||
        !tap->cache)
        return;
    output_cache_forget(tap->cache->forgotten, tap->verdict->host->name, what);
}

/* The program's own word counts beside its wish. */
static bool is_for_everybody(const struct fields *fields)
{
    return !fields_find(fields, FIELD_SET_COOKIE) && !cache_control_has(fields, SLICE("private")) &&
           !cache_control_has(fields, SLICE("no-store")) &&
           !fields_list_has(fields, FIELD_VARY, SLICE("*"));
}

static bool lasts(struct slice wish, uint64_t *ret_ms)
{
    uint64_t seconds;

    if (!number_parse(wish, UINT32_MAX, &seconds) || seconds < SECONDS_MIN)
        return false;
    *ret_ms = 1000 * (seconds < SECONDS_MAX ? seconds : SECONDS_MAX);
    return true;
}

static bool find_time(const struct output_tap *tap, struct fields *fields, uint64_t *ret_ms)
{
    struct slice wish;

    if (take_wish(fields, SLICE("X-Longhouse-Cache"), SLICE("X-Hiawatha-Cache"), &wish))
        return lasts(wish, ret_ms);
    return proxy_cache_lasts(tap->x, tap->verdict, fields, ret_ms);
}

static bool names_an_origin(const struct fields *fields)
{
    const struct field *field = fields_find_name(fields, SLICE("Access-Control-Allow-Origin"));

    return field && !slice_equal_cstr(field->value, "*");
}

/* False: by too much. */
static bool note_varies(struct stored_answer *draft, const struct fields *fields,
                        const struct fields *request)
{
    unsigned count = 0;
    struct slice name;

    for (uint32_t i = 0; i < fields->count; i++) {
        struct slice rest = fields->at[i].value;

        if (fields->at[i].id != FIELD_VARY)
            continue;
        while (slice_next(&rest, ',', &name)) {
            if (name.len > 0 && count++ < VARIES_MOST)
                stored_answer_vary(draft, name, request);
        }
    }
    /* Who does not say so and is encoded, or is for one origin, meant it. */
    if (fields_find(fields, FIELD_CONTENT_ENCODING))
        stored_answer_vary(draft, SLICE("Accept-Encoding"), request);
    if (names_an_origin(fields))
        stored_answer_vary(draft, SLICE("Origin"), request);
    return count <= VARIES_MOST;
}

/* Age is told anew; fields that follow the body, which Trailer announces, are not kept. */
static bool is_kept(const struct field *field)
{
    return field->id != FIELD_TRAILER && !slice_equal_nocase(field->name, SLICE("Age"));
}

static void keep_fields(struct stored_answer *draft, const struct fields *fields)
{
    struct arena *arena = &draft->arena;

    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->at[i];

        if (is_kept(field))
            fields_add(&draft->fields, arena, arena_copy(arena, field->name),
                       arena_copy(arena, field->value));
    }
}

static struct stored_answer *draft_of(const struct output_tap *tap, const struct reply *reply,
                                      uint64_t lasts_ms)
{
    struct exchange *x = tap->x;
    struct stored_answer *draft = stored_answer_new(key_of(x, tap->verdict));
    struct arena *arena = &draft->arena;

    draft->owner = hash_of(tap->verdict->host->name);
    draft->name = hash_of(x->request.target.raw);
    draft->status = 200;
    draft->phrase = arena_copy(arena, reply->phrase);
    keep_fields(draft, &reply->fields);
    draft->stored_ms = x->loop->now_ms;
    draft->age_s = freshness_age_s(&reply->fields);
    draft->until_ms = x->loop->now_ms + lasts_ms;
    if (note_varies(draft, &reply->fields, &x->request.fields))
        return draft;
    stored_answer_free(draft);
    return NULL;
}

static struct output_tap *from_tap(struct delivery_tap *tap)
{
    return container_of(tap, struct output_tap, tap);
}

static void on_head(struct delivery_tap *base, struct reply *reply)
{
    struct output_tap *tap = from_tap(base);
    uint64_t lasts_ms;

    heed_removal(tap, &reply->fields);
    if (!find_time(tap, &reply->fields, &lasts_ms) || !tap->cache)
        return;
    if (tap->x->request.method != METHOD_GET || !is_anybodys(tap->x, tap->verdict) ||
        fields_find(&tap->x->request.fields, FIELD_RANGE))
        return;
    if ((reply->status != 0 && reply->status != 200) || reply_wants_file(reply) ||
        reply->is_open_ended || fields_find(&reply->fields, FIELD_LOCATION) ||
        !is_for_everybody(&reply->fields))
        return;
    if (reply->length > 0 && (uint64_t)reply->length > tap->cache->answer_most)
        return;
    tap->draft = draft_of(tap, reply, lasts_ms);
}

static void on_bytes(struct delivery_tap *base, struct slice bytes)
{
    struct output_tap *tap = from_tap(base);

    if (!tap->draft || bytes.len == 0)
        return;
    if (bytes.len > tap->cache->answer_most - tap->len) {
        output_tap_drop(tap); /* it is too long to be kept */
        return;
    }
    if (tap->len + bytes.len > tap->room) {
        tap->room = 2 * (tap->len + bytes.len);
        char *more = realloc(tap->bytes, tap->room);
        if (!more)
            abort();
        tap->bytes = more;
    }
    memcpy(tap->bytes + tap->len, bytes.at, bytes.len);
    tap->len += bytes.len;
}

void output_tap_init(struct output_tap *tap, struct exchange *x, const struct verdict *verdict)
{
    *tap = (struct output_tap){
        .tap = { .head = on_head, .bytes = on_bytes },
        .x = x,
        .verdict = verdict,
        .cache = cache_of(x),
    };
    if (tap->cache)
        tap->begun = atomic_load_explicit(&tap->cache->forgotten->count, memory_order_acquire);
}

/* A program that says by its exit that it failed is believed. */
static bool failed(const struct program_record *program)
{
    return program->exited && (program->signal != 0 || program->exit_code != 0);
}

/* Somebody wanted it forgotten while the program was about it: what it says may be out of date. */
static bool is_forgotten(const struct output_tap *tap)
{
    struct forgotten *forgotten = tap->cache->forgotten;
    bool found = false;

    if (atomic_load_explicit(&forgotten->count, memory_order_acquire) == tap->begun)
        return false;
    pthread_mutex_lock(&forgotten->lock);
    const uint64_t count = atomic_load_explicit(&forgotten->count, memory_order_relaxed);
    found = count - tap->begun > NOTES;
    for (uint64_t at = tap->begun; at < count && !found; at++) {
        const struct note *note = &forgotten->notes[at % NOTES];

        found = note->host == tap->draft->owner && (note->all || note->target == tap->draft->name);
    }
    pthread_mutex_unlock(&forgotten->lock);
    return found;
}

void output_tap_keep(struct output_tap *tap)
{
    if (tap->draft && !failed(&tap->x->record.program) && !is_forgotten(tap)) {
        heed_notes(tap->cache); /* they are about older ones */
        tap->draft->body = file_ref_of_bytes(tap->bytes, tap->len);
        tap->bytes = NULL;
        answer_store_put(&tap->cache->store, tap->draft);
        tap->draft = NULL;
    }
    output_tap_drop(tap);
}

void output_tap_drop(struct output_tap *tap)
{
    stored_answer_free(tap->draft);
    free(tap->bytes);
    tap->draft = NULL;
    tap->bytes = NULL;
    tap->len = 0;
    tap->room = 0;
}
