#include "errand.h"

#include "http/clock.h"
#include "transform.h"

#include <inttypes.h>

#define TAIL_MOST 512u /* of stderr, in the line that says why */

/* RFC 3875 5: a program that speaks to the client itself, if it could. */
static bool is_nph(struct slice script)
{
    size_t slash = slice_find_last(script, '/');

    return slice_starts(slash == SLICE_NONE ? script : slice_skip(script, slash + 1),
                        SLICE("nph-"));
}

/* What the program does not say itself, and what it works on. */
static void take_transformation(struct errand *errand)
{
    const struct transformation *transformation = errand->verdict->transformation;

    reply_give_head(&errand->delivery.reply, transformation->status, &transformation->fields);
    upload_init_document(&errand->upload, errand->x);
}

void errand_init(struct errand *errand, struct exchange *x, const struct verdict *verdict,
                 uint64_t collect_most)
{
    const struct services *services = x->services;
    const struct host *host = verdict->host;

    *errand = (struct errand){
        .x = x,
        .services = services,
        .verdict = verdict,
        .host = host,
        .log = host->error_log ? host->error_log : services->log,
        .script = verdict->guarded ? x->request.target.path : verdict->resource.absolute,
    };
    const bool is_question = errand_is_question(errand);
    x->record.handler = x->handler->name;
    delivery_init(&errand->delivery, x,
                  verdict->folder->local_redirect && !is_question && x->request.error_status == 0);
    errand->delivery.judges = is_question;
    output_tap_init(&errand->tap, x, verdict);
    if (!is_question)
        errand->delivery.tap = &errand->tap.tap;
    errand->delivery.leaves_errors =
        host->conf->trigger_on_cgi_status && !is_question && x->request.error_status == 0;
    errand->delivery.reply.nph = !is_question && is_nph(errand->script);
    last_words_init(&errand->words, errand->log, x->id_text, host->name, errand->script);
    if (verdict->transformation)
        take_transformation(errand);
    else if (is_question)
        upload_init_none(&errand->upload, x);
    else
        upload_init(&errand->upload, x, services->snapshot->conf->work_directory, collect_most);
    x->request.body.reader = &x->wake;
    x->response.body.writer = &x->wake;
    if (verdict->folder->output_spool_bytes > BODY_HIGH)
        body_spool(&x->response.body, services->snapshot->conf->work_directory,
                   verdict->folder->output_spool_bytes - BODY_HIGH);
}

/* ---- who it is ---- */

const struct confine_conf *errand_confine(const struct errand *errand)
{
    return errand->verdict->confine ? errand->verdict->confine : &errand->host->conf->confine;
}

const struct user_conf *errand_owner(const struct errand *errand)
{
    const struct site_root *root = errand->verdict->resource.root;

    return root && errand->services->snapshot->conf->users.wrap ? root->user : NULL;
}

/* ---- variables ---- */

/* The path as the program sees it. */
static struct slice seen_place(const struct errand *errand, struct slice path)
{
    struct slice root = errand->program_root;

    while (root.len > 0 && root.at[root.len - 1] == '/')
        root.len--;
    if (root.len == 0 || !slice_starts(path, root))
        return path;
    if (path.len == root.len)
        return SLICE("/");
    return path.at[root.len] == '/' ? slice_skip(path, root.len) : path;
}

static bool names_itself(const struct host *host)
{
    return host->conf->server_name_as == SERVER_NAME_HOSTNAME;
}

/* An account's, or that of a name (HostFolders). */
static bool has_own_website(const struct mapping *mapping)
{
    return mapping->is_user || mapping->folder.len > 0;
}

/* RFC 3875 4.1.6: the path info as if it were a path of its own; in the website of an account, of
 * that. */
static struct slice translate(const struct errand *errand, struct slice path_info)
{
    const struct mapping *mapping = &errand->verdict->resource.mapping;
    const struct slice parts[] = {
        has_own_website(mapping) ? mapping_place(mapping, &errand->x->arena) : SLICE(""), path_info
    };

    if (path_info.len == 0)
        return (struct slice){ 0 };
    if (mapping->is_user)
        return arena_join(&errand->x->arena, parts, 2);
    if (mapping->folder.len > 0)
        return seen_place(errand, arena_join(&errand->x->arena, parts, 2));
    return seen_place(errand, mapping_translate(errand->host, path_info, &errand->x->arena));
}

void errand_describe(const struct errand *errand, struct meta_source *ret)
{
    const struct resource *resource = &errand->verdict->resource;
    const struct mapping *mapping = &resource->mapping;
    const bool is_folder = mapping->alias && mapping->alias->file.len == 0;
    const bool is_elsewhere = is_folder || mapping->is_user;
    const struct slice website = has_own_website(mapping)
                                     ? mapping_place(mapping, &errand->x->arena)
                                     : errand->host->conf->website_root;

    *ret = (struct meta_source){
        .exchange = errand->x,
        .script_name = resource->script_name,
        .path_info = resource->path_info,
        .script_filename = seen_place(errand, resource->absolute),
        .document_root = seen_place(errand, website),
        .path_translated = translate(errand, resource->path_info),
        .alias_from = is_elsewhere ? mapping->url : SLICE(""),
        .alias_to = is_elsewhere ? seen_place(errand, mapping->root->path) : SLICE(""),
        .server_name = names_itself(errand->host) ? errand->host->name : SLICE(""),
        .setenv = errand->verdict->folder->setenv,
        .body_length = errand->upload.length,
        .for_authorizer = errand_is_question(errand),
    };
}

bool errand_tell(struct errand *errand, const struct meta_source *source, struct meta_sink *sink,
                 int *ret_status, const char **ret_why)
{
    struct arena *arena = &errand->x->arena;
    struct slice name;

    errand->told = *source;
    switch (meta_build(source, sink, &name)) {
    case META_DONE:
        return true;
    case META_TOO_LONG_REQUEST:
        *ret_status = 431;
        *ret_why = arena_printf(arena,
                                "the variables for the program are longer than "
                                "MaxEnvironment allows (at %.*s)",
                                SLICE_ARGS(name))
                       .at;
        return false;
    case META_TOO_LONG_CONF:
        *ret_status = 500;
        *ret_why = arena_printf(arena, "the variable %.*s of Setenv does not fit: it is too long",
                                SLICE_ARGS(name))
                       .at;
        return false;
    case META_NOT_TEXT:
        break;
    }
    *ret_status = 400;
    *ret_why = arena_printf(arena, "NUL in the value of %.*s", SLICE_ARGS(name)).at;
    return false;
}

/* ---- seats ---- */

static struct turnstile *turnstile_of(const struct errand *errand)
{
    return turnstiles_at(errand->services->turnstiles, errand->host->conf->index);
}

/* Without MaxCGI only programs that we start are counted: a backend bounds itself by its workers,
 * and who is asked for consent bounds itself in any case. */
static bool needs_no_seat(const struct errand *errand)
{
    return errand_is_question(errand) ||
           (errand->verdict->answer == ANSWER_FASTCGI && errand->host->conf->max_cgi == 0);
}

enum errand_seat errand_seat(struct errand *errand)
{
    struct exchange *x = errand->x;
    struct ticket *ticket = &errand->ticket;

    if (!errand->services->turnstiles || needs_no_seat(errand))
        return ERRAND_SEATED;
    if (ticket->state == TICKET_NONE) {
        errand->waits_since_ms = x->loop->now_ms;
        errand_came(errand);
        ticket_take(ticket, turnstile_of(errand), errand->services->desk, &x->wake,
                    &x->visit->client);
    }
    if (ticket->state == TICKET_SEATED)
        return ERRAND_SEATED;
    return ticket->state == TICKET_REFUSED || ticket_is_late(ticket) ? ERRAND_TURNED_AWAY
                                                                     : ERRAND_WAITS;
}

/* Says which of the limits it was that all wait for. */
const char *errand_turned_away_text(const struct errand *errand)
{
    const struct turnstile_numbers now = turnstile_numbers(turnstile_of(errand));
    const struct turnstiles *all = errand->services->turnstiles;
    struct arena *arena = &errand->x->arena;
    struct slice seats =
        now.taken >= now.rules.seats
            ? arena_printf(arena, "all %u seats of the host are taken (MaxCGI)", now.rules.seats)
            : arena_printf(arena,
                           "the host has %u seats, all hosts together %u of %u (MaxCGItotal)",
                           now.taken, turnstiles_taken(all), turnstiles_seats(all));

    if (errand->ticket.state == TICKET_REFUSED)
        return arena_printf(arena, "%.*s, and %u requests wait already (CGIqueue)",
                            SLICE_ARGS(seats), now.waiting)
            .at;
    return arena_printf(arena, "%.*s, and it has waited %" PRIu64 " ms (CGIqueue)",
                        SLICE_ARGS(seats), errand->x->loop->now_ms - errand->waits_since_ms)
        .at;
}

/* ---- time ---- */

void errand_came(struct errand *errand)
{
    if (errand->came_us == 0)
        errand->came_us = clock_monotonic_us();
}

void errand_let_in(struct errand *errand)
{
    if (errand->seated_us > 0)
        return;
    errand->seated_us = clock_monotonic_us();
    if (errand->came_us > 0)
        errand->x->record.program.queue_us = errand->seated_us - errand->came_us;
}

/* A rule of ReverseProxy bounds silence only: what it fetches may be long. */
static struct time_rules rules_of_time(const struct errand *errand)
{
    const struct folder_conf *conf = errand->verdict->folder;
    const struct proxy_conf *proxy = errand->verdict->proxy;

    if (proxy)
        return (struct time_rules){ .first_byte_ms = proxy->wait_ms, .idle_ms = proxy->wait_ms };
    return (struct time_rules){
        .total_ms = conf->time_for_cgi_ms,
        .first_byte_ms = conf->cgi_first_byte_ms,
        .idle_ms = conf->cgi_idle_ms,
        .tells_near = errand->is_watched,
    };
}

void errand_start_time(struct errand *errand)
{
    const struct time_rules rules = rules_of_time(errand);

    if (errand->limit.loop)
        return;
    errand_let_in(errand);
    time_limit_start(&errand->limit, errand->x->loop, &errand->x->wake, &rules);
}

void errand_started(struct errand *errand)
{
    errand->x->record.program.start_us = clock_monotonic_us() - errand->seated_us;
}

void errand_listen(struct errand *errand)
{
    struct program_record *record = &errand->x->record.program;

    if (errand->delivery.output_bytes == errand->heard_bytes)
        return;
    if (errand->heard_bytes == 0)
        record->first_byte_us = clock_monotonic_us() - errand->seated_us;
    errand->heard_bytes = errand->delivery.output_bytes;
    time_limit_heard(&errand->limit);
}

bool errand_is_out_of_time(const struct errand *errand)
{
    return time_limit_over(&errand->limit) != TIME_LEFT;
}

static const char *limit_name(const struct errand *errand, enum time_over which)
{
    if (errand->verdict->proxy)
        return arena_printf(&errand->x->arena, "the time limit of its %s",
                            errand->verdict->proxy->option)
            .at;
    return which == TIME_FIRST_BYTE ? "CGIfirstByte"
           : which == TIME_IDLE     ? "CGIidle"
                                    : "TimeForCGI";
}

/* "TimeForCGI (5 s)". */
static struct slice limit_text(const struct errand *errand, enum time_over which, uint64_t *ret_ms)
{
    const struct time_rules rules = rules_of_time(errand);
    const uint64_t ms = which == TIME_FIRST_BYTE ? rules.first_byte_ms
                        : which == TIME_IDLE     ? rules.idle_ms
                                                 : rules.total_ms;
    const bool whole = ms % 1000 == 0;

    *ret_ms = ms;
    return arena_printf(&errand->x->arena, "%s (%" PRIu64 " %s)", limit_name(errand, which),
                        whole ? ms / 1000 : ms, whole ? "s" : "ms");
}

const char *errand_time_text(const struct errand *errand)
{
    uint64_t ms;
    struct slice limit = limit_text(errand, time_limit_over(&errand->limit), &ms);

    return arena_printf(&errand->x->arena, "%.*s is over", SLICE_ARGS(limit)).at;
}

bool errand_is_slow(struct errand *errand, const char **ret)
{
    enum time_over which;
    uint64_t ms;

    if (!time_limit_is_near(&errand->limit, &which))
        return false;
    struct slice limit = limit_text(errand, which, &ms);
    *ret = arena_printf(&errand->x->arena, "%" PRIu64 " ms of %.*s", ms - ms / 5, SLICE_ARGS(limit))
               .at;
    return true;
}

/* ---- words ---- */

int errand_broken_body_status(const struct errand *errand)
{
    return errand->x->request.failed != 0 ? errand->x->request.failed : 400;
}

void errand_note(const struct errand *errand, enum log_level level, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct slice text = arena_printf_v(&errand->x->arena, format, args);
    va_end(args);
    log_at(errand->log, level, "%s %.*s: %.*s: %.*s", errand->x->id_text,
           SLICE_ARGS(errand->host->name), SLICE_ARGS(errand->script), SLICE_ARGS(text));
}

void errand_note_repairs(const struct errand *errand)
{
    const struct reply *reply = &errand->delivery.reply;

    if (reply->dropped_lines > 0)
        errand_note(errand, LEVEL_WARNING, "dropped %u lines of its head that are no fields (%s)",
                    reply->dropped_lines, reply->dropped_why);
    if (errand->x->response.body.spool.error < 0)
        errand_note(errand, LEVEL_WARNING,
                    "its answer cannot be put aside in WorkDirectory (OutputSpool): %s; it had to "
                    "wait for its client",
                    strerror(-errand->x->response.body.spool.error));
    if (errand->delivery.surplus)
        errand_note(errand, LEVEL_WARNING,
                    "cut its answer of %" PRIu64 " bytes to the %" PRId64
                    " that its Content-Length announced",
                    errand->delivery.body_bytes, reply->length);
    if (errand->x->response.status >= 500 && errand->x->request.error_status == 0)
        errand_note(errand, LEVEL_NOTICE, "it answered %d by itself", errand->x->response.status);
}

const char *errand_last_words(const struct errand *errand)
{
    char bytes[TAIL_MOST];
    struct slice tail = last_words_tail(&errand->words, bytes, sizeof(bytes));

    if (tail.len == 0)
        return "";
    return arena_printf(&errand->x->arena, "; last words: '%.*s'", SLICE_ARGS(tail)).at;
}

/* ---- the end ---- */

/* What a program or its files caused is worth a line although it is no 5xx (a 403 gets one anyway);
 * what the client did is not. */
static bool is_worth_a_line(int status)
{
    return status == 404 || status == 431;
}

void errand_release(struct errand *errand)
{
    output_tap_drop(&errand->tap);
    ticket_return(&errand->ticket);
    time_limit_stop(&errand->limit);
    upload_done(&errand->upload);
    last_words_end(&errand->words);
    last_words_done(&errand->words);
}

void errand_fail(struct errand *errand, int status, unsigned retry_after_s,
                 enum reset_reason reason, const char *format, ...)
{
    struct exchange *x = errand->x;
    va_list args;

    va_start(args, format);
    struct slice why = arena_printf_v(&x->arena, format, args);
    va_end(args);
    why = arena_printf(&x->arena, "%.*s; after %" PRIu64 " ms%s%.*s", SLICE_ARGS(why),
                       x->loop->now_ms - x->record.begun_ms,
                       x->record.user.len > 0 ? ", for user " : "", SLICE_ARGS(x->record.user));
    struct slice details = status >= 500 ? errand_details(errand, why) : (struct slice){ 0 };
    last_words_repeat_end(&errand->words);
    errand_release(errand);

    if (exchange_is_over(x)) {
        exchange_handler_done(x);
    } else if (!x->response.head_sent) {
        if (is_worth_a_line(status))
            errand_note(errand, LEVEL_WARNING, "%.*s; answering %d", SLICE_ARGS(why), status);
        reply_status_with(
            x, status,
            arena_printf(&x->arena, "%.*s: %.*s", SLICE_ARGS(errand->script), SLICE_ARGS(why)).at,
            retry_after_s, details);
    } else {
        errand_note(errand, LEVEL_ERROR, "%.*s; the answer was cut, the client sees that",
                    SLICE_ARGS(why));
        x->record.cause = why.at;
        exchange_reset(x, reason);
        exchange_handler_done(x);
    }
}
