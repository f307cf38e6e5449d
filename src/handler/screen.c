/*
 * What a request to a program may not hold: where the host has DenyBody or one of the Prevent
 * options, the request is looked at before the program gets it. A body is collected for that, and
 * handed on as it came.
 *
 *   COLLECTING ──all is there──> LOOKING ──nothing, or tamed──> handed over to the program
 *                                   └──found──> 403, 404, 441, 442, 443
 *
 * Texts are looked at in windows that overlap, a few of them in one turn, so that a long body does
 * not hold the others up.
 */
#include "handler/registry.h"

#include "base/log.h"
#include "handler/services.h"
#include "http/cookie.h"
#include "http/spill.h"
#include "site/disguise.h"
#include "site/sieve.h"
#include "site/trace.h"

#include <string.h>

#define WINDOW_BYTES     ((size_t)16 * 1024)
#define WINDOW_OVERLAP   ((size_t)1024)
#define WINDOWS_PER_TURN 4u
#define LOOKED_AT_MOST   ((uint64_t)1024 * 1024) /* of a body; what is behind it is passed on */
#define SHOWN_MOST       100u                    /* of what was found, in the logs */

enum screen_state { SCREEN_COLLECTING, SCREEN_LOOKING, SCREEN_OVER };

struct screen {
    struct exchange *x;            /* borrowed */
    const struct verdict *guarded; /* borrowed */
    const struct screen_conf *conf;
    enum screen_state state;
    struct spill *spill; /* in the arena; NULL: there is no body to look at */
    uint64_t looked_at;  /* of the body */
    char *window;
    struct sieving sieving;
};

/* ---- who is looked at ---- */

static bool is_program(const struct verdict *verdict)
{
    return verdict->answer == ANSWER_CGI || verdict->answer == ANSWER_FASTCGI;
}

const struct verdict *screen_first(struct exchange *x, const struct verdict *verdict)
{
    if (!verdict->host || !is_program(verdict) || x->request.failed != 0 ||
        x->request.error_status != 0 || !screen_conf_is_on(&verdict->host->conf->screen))
        return verdict;

    struct verdict *screening = arena_new(&x->arena, struct verdict);
    *screening = (struct verdict){ .answer = ANSWER_SCREEN,
                                   .host = verdict->host,
                                   .folder = verdict->folder,
                                   .guarded = verdict };
    return screening;
}

/* ---- for who wants to know ---- */

static void tell_mode(struct trace *trace, const char *option, enum prevent mode, const char *what)
{
    static const char *const words[] = { [PREVENT_NO] = "no",
                                         [PREVENT_DETECT] = "detect",
                                         [PREVENT_TAME] = "prevent",
                                         [PREVENT_BLOCK] = "block" };

    if (mode != PREVENT_NO)
        trace_add(trace, TRACE_GATE, TRACE_FACT, NULL, "%s = %s: %s", option, words[mode], what);
}

static void tell_rules(struct trace *trace, const struct screen_conf *conf)
{
    for (const struct deny_body_conf *one = conf->deny_body; one; one = one->next)
        trace_add(trace, TRACE_GATE, TRACE_FACT, &one->place,
                  "DenyBody %.*s: a body that fits is answered 403", SLICE_ARGS(one->pattern));
    tell_mode(trace, "PreventSQLi", conf->sqli,
              "SQL is looked for in path, query, cookies and body");
    tell_mode(trace, "PreventXSS", conf->xss, "scripts are looked for in query and body");
    tell_mode(trace, "PreventCSRF", conf->csrf,
              "a request that changes something, and was sent by a page of another site");
}

/* ---- the end ---- */

static void let_go(struct screen *screen)
{
    screen->state = SCREEN_OVER;
    regex_scratch_done(&screen->sieving.scratch);
}

static void pass_on(struct screen *screen)
{
    let_go(screen);
    trace_note(screen->x->trace, TRACE_GATE, TRACE_YES,
               "nothing in it that these rules would stop%s",
               screen->x->trace->rehearses ? ", as far as it is known without a body" : "");
    exchange_hand_over(screen->x, handler_for(screen->guarded->answer), screen->guarded);
}

static void answer(struct screen *screen, int status, const char *why)
{
    struct exchange *x = screen->x;
    struct verdict *verdict = arena_new(&x->arena, struct verdict);

    *verdict = (struct verdict){
        .answer = ANSWER_STATUS,
        .status = status,
        .why = why,
        .host = screen->guarded->host,
        .folder = screen->guarded->folder,
    };
    let_go(screen);
    exchange_hand_over(x, handler_for(verdict->answer), verdict);
}

/* ---- what was found ---- */

struct find {
    const char *kind;   /* for the logs: "SQL injection" */
    const char *option; /* that looked for it */
    const char *where;  /* "in the body" */
    struct slice what;
    enum prevent mode;
    int blocked;        /* the answer, when it is blocked */
    int tamed;          /* and where it is not, but cannot be passed on; 0: it can */
    const char *passed; /* what becomes of it then */
    enum offence offence;
};

static void note(const struct screen *screen, const struct find *find, const char *outcome)
{
    const struct services *services = screen->x->services;
    const struct host *host = screen->guarded->host;
    const struct request *request = &screen->x->request;

    log_at(host->error_log ? host->error_log : services->log, LEVEL_WARNING,
           "%.*s: %.*s %.*s from %s: %s (%s) %s: '%.*s'; %s, request %s", SLICE_ARGS(host->name),
           SLICE_ARGS(request->method_name), SLICE_ARGS(slice_first(request->target.path, 200)),
           exchange_client(screen->x), find->kind, find->option, find->where,
           SLICE_ARGS(find->what), outcome, screen->x->id_text);
    trace_note(screen->x->trace, TRACE_GATE, TRACE_NO, "%s %s: '%.*s' (%s); %s", find->option,
               find->where, SLICE_ARGS(find->what), find->kind, outcome);
}

/* True: the request is answered, and goes no further. */
static bool judge(struct screen *screen, struct find *find)
{
    struct exchange *x = screen->x;
    const int status = find->mode == PREVENT_BLOCK  ? find->blocked
                       : find->mode == PREVENT_TAME ? find->tamed
                                                    : 0;

    find->what = arena_copy(&x->arena, slice_first(find->what, SHOWN_MOST));
    x->record.exploit = find->kind;
    x->record.exploit_data = find->what;
    if (status == 0) {
        note(screen, find, find->mode == PREVENT_DETECT ? "passed on" : find->passed);
        return false;
    }
    exchange_blame(x, find->offence, 0);
    note(screen, find, arena_printf(&x->arena, "answering %d", status).at);
    answer(screen, status,
           arena_printf(&x->arena, "%s (%s) %s", find->kind, find->option, find->where).at);
    return true;
}

/* ---- from another site ---- */

/* As somebody asks who is not known and has nothing to say. */
static void make_stranger(struct exchange *x)
{
    exchange_redirect(x, &x->request.target);
    fields_remove(&x->request.fields, FIELD_COOKIE);
}

static bool look_at_origin(struct screen *screen)
{
    struct exchange *x = screen->x;
    struct find find = { .kind = "CSRF",
                         .option = "PreventCSRF",
                         .where = "from another site",
                         .mode = screen->conf->csrf,
                         .blocked = 443,
                         .passed = "passed on as a GET without body and cookies",
                         .offence = OFFENCE_NONE };

    if (find.mode == PREVENT_NO ||
        !sieve_is_foreign(screen->guarded->host->conf, &x->request, &find.what))
        return false;
    if (judge(screen, &find))
        return true;
    if (find.mode == PREVENT_TAME)
        make_stranger(x);
    return false;
}

/* ---- texts ---- */

static bool look_for_sql(struct screen *screen, struct slice text, const char *where)
{
    struct find find = { .kind = "SQL injection",
                         .option = "PreventSQLi",
                         .where = where,
                         .mode = screen->conf->sqli,
                         .blocked = 441,
                         .tamed = 404,
                         .offence = OFFENCE_SQL };

    if (find.mode == PREVENT_NO || !sieve_finds_sql(&screen->sieving, text, &find.what))
        return false;
    return judge(screen, &find);
}

/* All of them in the text, whose memory is ours. */
static void tame_scripts(struct slice text)
{
    struct slice at;

    while (disguise_find_script(text, &at)) {
        disguise_tame(at);
        text = slice_skip(text, (size_t)(at.at - text.at) + at.len);
    }
}

/* *ret_found: and the text may go on, tamed. */
static bool look_for_scripts(struct screen *screen, struct slice text, const char *where,
                             bool *ret_found)
{
    struct find find = { .kind = "XSS",
                         .option = "PreventXSS",
                         .where = where,
                         .mode = screen->conf->xss,
                         .blocked = 442,
                         .passed = "passed on with _script",
                         .offence = OFFENCE_NONE };

    *ret_found = find.mode != PREVENT_NO && disguise_find_script(text, &find.what);
    if (!*ret_found)
        return false;
    find.what = slice_of(find.what.at, text.len - (size_t)(find.what.at - text.at));
    return judge(screen, &find);
}

/* ---- URL and cookies ---- */

/* In the query itself, and in what programs are told as REQUEST_URI. */
static void tame_target(struct exchange *x)
{
    struct target *target = &x->request.target;

    target->query = arena_copy(&x->arena, target->query);
    target->raw = arena_copy(&x->arena, target->raw);
    tame_scripts(target->query);
    tame_scripts(target->raw);
}

static bool look_at_query(struct screen *screen)
{
    struct exchange *x = screen->x;
    const struct slice query = slice_first(x->request.target.query, WINDOW_BYTES);
    bool found;

    if (look_for_sql(screen, query, "in the query") ||
        look_for_scripts(screen, query, "in the query", &found))
        return true;
    if (found && screen->conf->xss == PREVENT_TAME)
        tame_target(x);
    return false;
}

static bool look_at_cookies(struct screen *screen)
{
    struct cookie_walk walk = { .fields = &screen->x->request.fields };
    struct slice name;
    struct slice value;

    while (screen->conf->sqli != PREVENT_NO && cookie_walk_next(&walk, &name, &value))
        if (look_for_sql(screen, slice_first(value, WINDOW_BYTES), "in a cookie"))
            return true;
    return false;
}

static bool look_at_head(struct screen *screen)
{
    const struct slice path = slice_first(screen->x->request.target.path, WINDOW_BYTES);

    return look_at_origin(screen) || look_for_sql(screen, path, "in the path") ||
           look_at_query(screen) || look_at_cookies(screen);
}

/* ---- the body ---- */

static bool look_for_denied(struct screen *screen, struct slice text)
{
    struct find find = { .kind = "denied body",
                         .option = "DenyBody",
                         .where = "by the pattern",
                         .mode = PREVENT_BLOCK,
                         .blocked = 403,
                         .offence = OFFENCE_DENIED_BODY };

    return sieve_denies(&screen->sieving, text, &find.what) && judge(screen, &find);
}

/* 0 or negative errno; what was written over goes back into the body. */
static int tame_window(struct screen *screen, struct slice text)
{
    tame_scripts(text);
    return spill_overwrite(screen->spill, screen->looked_at, text);
}

static void fail(struct screen *screen, int error)
{
    answer(screen, 500,
           arena_printf(&screen->x->arena,
                        "the body of the request cannot be kept in WorkDirectory: %s; make room "
                        "there",
                        strerror(-error))
               .at);
}

/* True: the request is answered. */
static bool look_at_window(struct screen *screen, struct slice text)
{
    bool found;

    if (look_for_denied(screen, text) || look_for_sql(screen, text, "in the body") ||
        look_for_scripts(screen, text, "in the body", &found))
        return true;
    if (!found || screen->conf->xss != PREVENT_TAME)
        return false;
    const int r = tame_window(screen, text);
    if (r < 0)
        fail(screen, r);
    return r < 0;
}

static uint64_t left_to_look_at(const struct screen *screen)
{
    const uint64_t whole =
        screen->spill->bytes < LOOKED_AT_MOST ? screen->spill->bytes : LOOKED_AT_MOST;

    return whole - screen->looked_at;
}

static void look(struct screen *screen)
{
    for (unsigned i = 0; i < WINDOWS_PER_TURN; i++) {
        const uint64_t left = left_to_look_at(screen);
        const size_t part = left < WINDOW_BYTES ? (size_t)left : WINDOW_BYTES;
        const ssize_t got = spill_read(screen->spill, screen->looked_at, screen->window, part);

        if (got < 0) {
            fail(screen, (int)got);
            return;
        }
        if (look_at_window(screen, slice_of(screen->window, (size_t)got)))
            return;
        if (left <= WINDOW_BYTES) {
            pass_on(screen);
            return;
        }
        screen->looked_at += WINDOW_BYTES - WINDOW_OVERLAP;
    }
    loop_wake_next_turn(screen->x->loop, &screen->x->wake);
}

/* From here on the program reads what was collected. */
static void begin_to_look(struct screen *screen)
{
    struct request *request = &screen->x->request;

    spill_finish(screen->spill);
    request->length = (int64_t)screen->spill->bytes;
    screen->state = SCREEN_LOOKING;
    look(screen);
}

static void collect(struct screen *screen)
{
    struct exchange *x = screen->x;
    const int r = spill_take(screen->spill, &x->request.body);

    if (r < 0)
        fail(screen, r);
    else if (x->request.body.end == BODY_COMPLETE)
        begin_to_look(screen);
    else if (x->request.body.end == BODY_BROKEN)
        answer(screen, x->request.failed != 0 ? x->request.failed : 400,
               "the client did not send all of the body");
}

/* ---- the handler ---- */

static bool wants_body(const struct screen *screen)
{
    const struct request *request = &screen->x->request;
    const struct screen_conf *conf = screen->conf;

    return request->has_body && (conf->deny_body || conf->sqli || conf->xss) &&
           sieve_reads(fields_value(&request->fields, FIELD_CONTENT_TYPE));
}

/* Behind whoever asked before (a local redirect, an authorizer) it may be there already. */
static void begin_to_collect(struct screen *screen)
{
    const struct services *services = screen->x->services;
    struct exchange *x = screen->x;

    screen->window = arena_bytes(&x->arena, WINDOW_BYTES);
    screen->spill = arena_new(&x->arena, struct spill);
    spill_init(screen->spill, x->loop, &x->arena, services->snapshot->conf->work_directory);
    x->request.collected = screen->spill;
    x->request.body.reader = &x->wake;
    exchange_want_body(x);
    collect(screen);
}

static void screen_start(struct exchange *x, const struct verdict *verdict)
{
    const struct services *services = x->services;
    struct screen *screen = arena_new(&x->arena, struct screen);

    *screen = (struct screen){
        .x = x,
        .guarded = verdict->guarded,
        .conf = &verdict->host->conf->screen,
        .sieving = { .sieve = services->snapshot->sieve,
                     .host = verdict->host->conf,
                     .room = arena_bytes(&x->arena, WINDOW_BYTES) },
    };
    x->handler_self = screen;
    if (x->trace)
        tell_rules(x->trace, screen->conf);
    if (look_at_head(screen))
        return;
    if (wants_body(screen))
        begin_to_collect(screen);
    else
        pass_on(screen);
}

static void screen_advance(struct exchange *x)
{
    struct screen *screen = x->handler_self;

    if (screen->state == SCREEN_COLLECTING)
        collect(screen);
    else if (screen->state == SCREEN_LOOKING)
        look(screen);
}

static void screen_cancel(struct exchange *x, enum reset_reason reason)
{
    (void)reason;
    let_go(x->handler_self);
    exchange_handler_done(x);
}

const struct handler_ops handler_screen = {
    .name = "screen",
    .start = screen_start,
    .advance = screen_advance,
    .cancel = screen_cancel,
};
