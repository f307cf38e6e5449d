/*
 * FastCGI: a request to a program that runs already, on one of the targets of its section.
 *
 * A target that cannot be reached is left for the next one at once; one that is busy (its queue is
 * full, or it says OVERLOADED) is asked again for a short while before the client hears of it.
 * Nothing that may have been executed is sent twice, but for one case: a request without body, of a
 * safe method, whose connection closed before a word of an answer, goes to one other target.
 */
#include "errand.h"
#include "gateway/backend.h"
#include "gateway/balance.h"
#include "gateway/fcgi_link.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define BUSY_FIRST_MS 5u
#define BUSY_MOST_MS  50u
#define BUSY_TOTAL_MS 2000u
#define RETRY_AFTER_S 5u

/*
 *  COLLECTING ──> WAITING ──> CHOOSING ──> TALKING ──> ENDED     any ── failure, cancel ──> ENDED
 *                              ^    │         │
 *                              │    v         │
 *                              │   BUSY       │
 *                              └────┴─────────┘
 */
enum fastcgi_state {
    FASTCGI_COLLECTING, /* a body of unknown length is kept until its length is known */
    FASTCGI_WAITING,    /* for a seat */
    FASTCGI_CHOOSING,
    FASTCGI_BUSY, /* all that can be reached are busy: the timer brings us back */
    FASTCGI_TALKING,
    FASTCGI_ENDED,
};

struct fastcgi {
    struct errand errand;
    enum fastcgi_state state;
    struct backend_group *group; /* borrowed */
    struct backend *backend;     /* TALKING */
    struct fcgi_link link;
    struct slice prelude; /* BEGIN_REQUEST and PARAMS */
    bool *tried;          /* by target */
    bool *busy;           /* by target: it was reached, but had no room */
    bool any_busy;
    bool settled;     /* the target was reached, and the client stays with it */
    bool tried_again; /* after a connection that closed before a word */
    struct timer busy_timer;
    uint64_t busy_ms;         /* the next pause */
    uint64_t busy_until_ms;   /* 0: none was busy yet */
    struct slice last_target; /* that failed, and how */
    int last_error;
};

/* ---- letting go ---- */

static void leave_target(struct fastcgi *self)
{
    fcgi_link_close(&self->link);
    if (self->backend)
        atomic_fetch_sub_explicit(&self->backend->now, 1, memory_order_relaxed);
    self->backend = NULL;
}

static void fastcgi_let_go(struct fastcgi *self)
{
    self->state = FASTCGI_ENDED;
    timer_stop(self->errand.x->loop, &self->busy_timer);
    leave_target(self);
}

/* A failure that the target is to be blamed for. */
static void blame_target(struct fastcgi *self)
{
    if (self->backend)
        atomic_fetch_add_explicit(&self->backend->failed_requests, 1, memory_order_relaxed);
}

/* The text is made before the target is left: it names it. */
static void fastcgi_fail(struct fastcgi *self, int status, enum reset_reason reason,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

static void fastcgi_fail(struct fastcgi *self, int status, enum reset_reason reason,
                         const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct slice why = arena_printf_v(&self->errand.x->arena, format, args);
    va_end(args);
    fastcgi_let_go(self);
    errand_fail(&self->errand, status, status == 503 ? RETRY_AFTER_S : 0, reason, "%.*s",
                SLICE_ARGS(why));
}

static struct slice section_name(const struct fastcgi *self)
{
    return self->group->conf->id;
}

static struct slice target_name(const struct fastcgi *self)
{
    return self->backend->conf->text;
}

/* ---- the variables ---- */

/* The path as a program sees it whose root is `root`. */
static struct slice below_root(struct slice path, struct slice root)
{
    while (root.len > 0 && root.at[root.len - 1] == '/')
        root.len--;
    if (root.len == 0 || !slice_starts(path, root))
        return path;
    if (path.len == root.len)
        return SLICE("/");
    return path.at[root.len] == '/' ? slice_skip(path, root.len) : path;
}

/* False: the request is answered. */
static bool make_prelude(struct fastcgi *self)
{
    struct errand *errand = &self->errand;
    const struct slice root = self->group->conf->server_root;
    struct meta_source source;
    struct fcgi_params params;
    int status;
    const char *why;

    errand_describe(errand, &source);
    source.script_filename = below_root(source.script_filename, root);
    source.document_root = below_root(source.document_root, root);
    source.tell_authorization = true;
    fcgi_params_init(&params, &errand->x->arena,
                     errand->services->snapshot->conf->max_environment_bytes);
    if (!errand_tell(errand, &source, &params.sink, &status, &why)) {
        fastcgi_fail(self, status, RESET_BROKEN, "%s", why);
        return false;
    }
    self->prelude = fcgi_params_end(&params);
    return true;
}

static enum step fastcgi_collect(struct fastcgi *self)
{
    struct errand *errand = &self->errand;

    switch (upload_advance(&errand->upload)) {
    case UPLOAD_COLLECTING:
        return STEP_WAIT;
    case UPLOAD_READY:
        self->state = FASTCGI_WAITING;
        return STEP_AGAIN;
    case UPLOAD_BROKEN:
        fastcgi_fail(self, errand_broken_body_status(errand), RESET_BROKEN,
                     "the client did not send the whole body");
        return STEP_AGAIN;
    case UPLOAD_FAILED:
        fastcgi_fail(self, 500, RESET_BROKEN, "the body cannot be kept in WorkDirectory: %s",
                     strerror(-errand->upload.error));
        return STEP_AGAIN;
    }
    return STEP_AGAIN;
}

static enum step fastcgi_wait_for_seat(struct fastcgi *self)
{
    switch (errand_seat(&self->errand)) {
    case ERRAND_WAITS:
        return STEP_WAIT;
    case ERRAND_SEATED:
        if (make_prelude(self)) {
            errand_start_time(&self->errand);
            self->state = FASTCGI_CHOOSING;
        }
        return STEP_AGAIN;
    case ERRAND_TURNED_AWAY:
        fastcgi_fail(self, 503, RESET_BROKEN, "FastCGI %.*s: not asked: %s",
                     SLICE_ARGS(section_name(self)), errand_turned_away_text(&self->errand));
        return STEP_AGAIN;
    }
    return STEP_WAIT;
}

/* ---- choosing ---- */

/* What an administrator can do about a target that cannot be reached. */
static const char *connect_cure(int error)
{
    switch (error) {
    case -ENOENT:
        return "the socket is not there; does the program run?";
    case -ECONNREFUSED:
        return "nobody listens there; does the program run?";
    case -EACCES:
    case -EPERM:
        return "the user of the server may not open the socket (php-fpm: listen.owner, "
               "listen.mode)";
    case -ETIMEDOUT:
        return "no answer within ConnectTimeout; is it the right address, does a firewall stand "
               "between?";
    case -EAGAIN:
        return "its queue is full (php-fpm: pm.max_children, listen.backlog)";
    default:
        return "see connect(2)";
    }
}

static enum step give_up_choosing(struct fastcgi *self)
{
    if (self->any_busy)
        fastcgi_fail(self, 503, RESET_BROKEN,
                     "FastCGI %.*s: every target is busy for %u ms; they need more workers "
                     "(php-fpm: pm.max_children, listen.backlog)",
                     SLICE_ARGS(section_name(self)), BUSY_TOTAL_MS);
    else
        fastcgi_fail(self, 503, RESET_BROKEN, "FastCGI %.*s: no target left after %.*s: %s; %s",
                     SLICE_ARGS(section_name(self)), SLICE_ARGS(self->last_target),
                     strerror(-self->last_error), connect_cure(self->last_error));
    return STEP_AGAIN;
}

/* All were tried and some were only busy: they are asked again after a pause. */
static enum step pause_for_busy(struct fastcgi *self)
{
    struct loop *loop = self->errand.x->loop;

    if (self->busy_until_ms == 0) {
        self->busy_until_ms = loop->now_ms + BUSY_TOTAL_MS;
        self->busy_ms = BUSY_FIRST_MS;
        self->busy_timer.task = &self->errand.x->wake;
    }
    if (loop->now_ms >= self->busy_until_ms)
        return give_up_choosing(self);
    timer_set(loop, &self->busy_timer, loop->now_ms + self->busy_ms);
    self->busy_ms = self->busy_ms * 2 < BUSY_MOST_MS ? self->busy_ms * 2 : BUSY_MOST_MS;
    self->state = FASTCGI_BUSY;
    return STEP_WAIT;
}

static enum step fastcgi_wait_for_room(struct fastcgi *self)
{
    if (!self->busy_timer.fired)
        return STEP_WAIT;
    self->busy_timer.fired = false;
    for (unsigned i = 0; i < self->group->count; i++) {
        self->tried[i] = self->tried[i] && !self->busy[i];
        self->busy[i] = false;
    }
    self->any_busy = false;
    self->state = FASTCGI_CHOOSING;
    return STEP_AGAIN;
}

static enum step fastcgi_choose(struct fastcgi *self)
{
    struct errand *errand = &self->errand;
    struct exchange *x = errand->x;
    int chosen = balance_choose(self->group, &x->visit->client, x->loop->now_ms, self->tried);

    if (chosen == BALANCE_NOBODY)
        return self->any_busy ? pause_for_busy(self) : give_up_choosing(self);

    self->backend = &self->group->targets[chosen];
    self->tried[chosen] = true;
    x->record.program.backend = self->backend->conf->text;
    x->record.program.attempts++;
    self->settled = false;
    atomic_fetch_add_explicit(&self->backend->now, 1, memory_order_relaxed);
    const struct fcgi_plan plan = {
        .loop = x->loop,
        .task = &x->wake,
        .delivery = &errand->delivery,
        .words = &errand->words,
        .source = errand->upload.source,
        .source_length = errand->upload.length,
        .prelude = self->prelude,
    };
    self->state = FASTCGI_TALKING;
    fcgi_link_open(&self->link, &plan, &self->backend->conf->address,
                   self->group->conf->connect_timeout_ms);
    return STEP_AGAIN;
}

/* ---- what became of a link ---- */

static unsigned target_index(const struct fastcgi *self)
{
    return (unsigned)(self->backend - self->group->targets);
}

static enum step next_target(struct fastcgi *self)
{
    leave_target(self);
    self->state = FASTCGI_CHOOSING;
    return STEP_AGAIN;
}

static enum step on_unreachable(struct fastcgi *self)
{
    uint64_t rest_ms = backend_failed(self->backend, self->errand.x->loop->now_ms);

    self->last_target = target_name(self);
    self->last_error = self->link.error;
    if (rest_ms > 0 && self->group->count > 1)
        log_warning(self->errand.services->log,
                    "FastCGI %.*s: cannot reach %.*s: %s; resting it for %" PRIu64 " s; %s",
                    SLICE_ARGS(section_name(self)), SLICE_ARGS(target_name(self)),
                    strerror(-self->link.error), rest_ms / 1000, connect_cure(self->link.error));
    return next_target(self);
}

static enum step on_busy(struct fastcgi *self)
{
    if (!fcgi_link_is_replayable(&self->link)) {
        blame_target(self);
        fastcgi_fail(self, 503, RESET_BROKEN,
                     "FastCGI %.*s: %.*s is overloaded, and the body cannot be sent again",
                     SLICE_ARGS(section_name(self)), SLICE_ARGS(target_name(self)));
        return STEP_AGAIN;
    }
    self->busy[target_index(self)] = true;
    self->any_busy = true;
    return next_target(self);
}

/* A last try elsewhere: only what cannot have changed anything, and once. */
static bool may_try_elsewhere(const struct fastcgi *self)
{
    const struct request *request = &self->errand.x->request;

    if (self->tried_again || !method_is_safe(request->method) || self->errand.upload.length > 0 ||
        !fcgi_link_is_replayable(&self->link))
        return false;
    for (unsigned i = 0; i < self->group->count; i++)
        if (!self->tried[i])
            return true;
    return false;
}

static enum step on_closed(struct fastcgi *self)
{
    struct errand *errand = &self->errand;
    const struct delivery *delivery = &errand->delivery;
    const char *how = self->link.error < 0 ? strerror(-self->link.error) : "end of file";
    const char *words = errand_last_words(errand);

    if (may_try_elsewhere(self)) {
        self->tried_again = true;
        errand_note(errand, LEVEL_WARNING,
                    "FastCGI %.*s: %.*s closed before a word (%s); trying another target",
                    SLICE_ARGS(section_name(self)), SLICE_ARGS(target_name(self)), how);
        return next_target(self);
    }
    blame_target(self);
    if (delivery_knows_head(delivery))
        fastcgi_fail(self, 502, RESET_BROKEN,
                     "FastCGI %.*s: %.*s closed in the middle of its answer (%s), after %" PRIu64
                     " bytes; did its worker die?%s",
                     SLICE_ARGS(section_name(self)), SLICE_ARGS(target_name(self)), how,
                     delivery->body_bytes, words);
    else
        fastcgi_fail(self, 502, RESET_BROKEN,
                     "FastCGI %.*s: %.*s closed before the head of its answer was complete (%s); "
                     "did its worker die (php-fpm: request_terminate_timeout, memory)?%s",
                     SLICE_ARGS(section_name(self)), SLICE_ARGS(target_name(self)), how, words);
    return STEP_AGAIN;
}

static enum step on_bad_head(struct fastcgi *self)
{
    const struct reply *reply = &self->errand.delivery.reply;
    const char *words = errand_last_words(&self->errand);

    blame_target(self);
    if (reply->sample_len > 0)
        fastcgi_fail(self, 502, RESET_BROKEN,
                     "FastCGI %.*s: the answer of %.*s is refused: %s; it begins with '%.*s'%s",
                     SLICE_ARGS(section_name(self)), SLICE_ARGS(target_name(self)), reply->why,
                     (int)reply->sample_len, reply->sample, words);
    else
        fastcgi_fail(self, 502, RESET_BROKEN, "FastCGI %.*s: %.*s ended the request, but %s%s",
                     SLICE_ARGS(section_name(self)), SLICE_ARGS(target_name(self)), reply->why,
                     words);
    return STEP_AGAIN;
}

static enum step on_complete(struct fastcgi *self)
{
    struct errand *errand = &self->errand;
    struct delivery *delivery = &errand->delivery;

    switch (delivery_finish(delivery)) {
    case DELIVERY_BAD:
        return on_bad_head(self);
    case DELIVERY_TOO_FEW:
        blame_target(self);
        fastcgi_fail(self, 502, RESET_BROKEN,
                     "FastCGI %.*s: %.*s sent %" PRIu64 " of the %" PRId64 " bytes it announced%s",
                     SLICE_ARGS(section_name(self)), SLICE_ARGS(target_name(self)),
                     delivery->body_bytes, delivery->reply.length, errand_last_words(errand));
        return STEP_AGAIN;
    case DELIVERY_DONE:
    case DELIVERY_ELSEWHERE:
        break;
    }
    errand->x->record.program.exited = true;
    errand->x->record.program.exit_code = self->link.app_status;
    errand_note_repairs(errand);
    if (self->link.skipped > 0)
        errand_note(errand, LEVEL_WARNING, "FastCGI %.*s: skipped %u records of unknown types",
                    SLICE_ARGS(section_name(self)), self->link.skipped);
    if (self->link.app_status != 0)
        errand_note(errand, LEVEL_NOTICE, "it ended with status %u, with its answer complete",
                    self->link.app_status);
    fastcgi_let_go(self);
    errand_conclude(errand);
    return STEP_AGAIN;
}

static enum step on_link_end(struct fastcgi *self)
{
    switch (self->link.end) {
    case LINK_NOT_YET:
        break;
    case LINK_COMPLETE:
        return on_complete(self);
    case LINK_BUSY:
        return on_busy(self);
    case LINK_UNREACHABLE:
        return on_unreachable(self);
    case LINK_CLOSED:
        return on_closed(self);
    case LINK_BAD_HEAD:
        return on_bad_head(self);
    case LINK_STRANGE:
        blame_target(self);
        fastcgi_fail(self, 502, RESET_BROKEN,
                     "FastCGI %.*s: %.*s does not speak as expected: %s; is it a FastCGI program?",
                     SLICE_ARGS(section_name(self)), SLICE_ARGS(target_name(self)), self->link.why);
        break;
    case LINK_BODY_LOST:
        fastcgi_fail(self, 500, RESET_BROKEN, "the body cannot be read from WorkDirectory: %s",
                     strerror(-self->link.error));
        break;
    }
    return STEP_AGAIN;
}

/* ---- talking ---- */

static bool is_reached(const struct fcgi_link *link)
{
    switch (link->state) {
    case LINK_CONNECTING:
        return false;
    case LINK_SENDING:
    case LINK_RECEIVING:
        return true;
    case LINK_ENDED:
        break;
    }
    return link->end != LINK_UNREACHABLE && link->end != LINK_BUSY;
}

/* The target was reached: it is well, the client stays with it, and its body is wanted now. */
static void settle(struct fastcgi *self)
{
    struct exchange *x = self->errand.x;

    if (self->settled || !is_reached(&self->link))
        return;
    self->settled = true;
    errand_started(&self->errand);
    backend_reached(self->backend);
    atomic_fetch_add_explicit(&self->backend->requests, 1, memory_order_relaxed);
    balance_settle(self->group, &x->visit->client, x->loop->now_ms, target_index(self));
    if (self->errand.upload.length > 0)
        exchange_want_body(x);
}

static enum step fastcgi_talk(struct fastcgi *self)
{
    struct errand *errand = &self->errand;
    const struct body *source = errand->upload.source;

    settle(self);
    fcgi_link_advance(&self->link);
    settle(self);
    errand_listen(errand);
    if (self->link.state == LINK_ENDED)
        return on_link_end(self);
    if (source->end == BODY_BROKEN && !source->reader_gone) {
        fastcgi_fail(self, errand_broken_body_status(errand), RESET_BROKEN,
                     "the client did not send the whole body");
        return STEP_AGAIN;
    }
    time_limit_hold(&errand->limit, fcgi_link_waits_for_client(&self->link),
                    body_room(&errand->x->response.body) == 0);
    return STEP_WAIT;
}

/* In which part of the work it was, for the log. */
static const char *phase_text(const struct fastcgi *self)
{
    if (self->state != FASTCGI_TALKING)
        return "while all targets were busy";
    switch (self->link.state) {
    case LINK_CONNECTING:
        return "while connecting";
    case LINK_SENDING:
        return delivery_has_head(&self->errand.delivery) ? "in the middle of the answer"
                                                         : "while the request was sent";
    case LINK_RECEIVING:
    case LINK_ENDED:
        break;
    }
    return delivery_has_head(&self->errand.delivery) ? "in the middle of the answer"
                                                     : "without an answer";
}

static void fastcgi_out_of_time(struct fastcgi *self)
{
    struct errand *errand = &self->errand;
    struct slice target = self->backend ? target_name(self) : SLICE("-");
    const char *phase = phase_text(self);
    const char *words = errand_last_words(errand);

    blame_target(self);
    fastcgi_fail(self, 504, RESET_DEADLINE, "FastCGI %.*s: %s, %s (%.*s)%s",
                 SLICE_ARGS(section_name(self)), errand_time_text(errand), phase,
                 SLICE_ARGS(target), words);
}

/* ---- the face ---- */

static void fastcgi_advance(struct exchange *x)
{
    struct fastcgi *self = x->handler_self;
    enum step step = STEP_AGAIN;

    if (errand_is_out_of_time(&self->errand)) {
        fastcgi_out_of_time(self);
        return;
    }
    while (step == STEP_AGAIN) {
        switch (self->state) {
        case FASTCGI_COLLECTING:
            step = fastcgi_collect(self);
            break;
        case FASTCGI_WAITING:
            step = fastcgi_wait_for_seat(self);
            break;
        case FASTCGI_CHOOSING:
            step = fastcgi_choose(self);
            break;
        case FASTCGI_BUSY:
            step = fastcgi_wait_for_room(self);
            break;
        case FASTCGI_TALKING:
            step = fastcgi_talk(self);
            break;
        case FASTCGI_ENDED:
            return;
        }
    }
}

static void fastcgi_start(struct exchange *x, const struct verdict *verdict)
{
    const struct services *services = x->services;
    struct fastcgi *self = arena_new(&x->arena, struct fastcgi);

    x->handler_self = self;
    self->group = services->backends[verdict->fastcgi->index];
    self->tried = arena_array(&x->arena, bool, self->group->count);
    self->busy = arena_array(&x->arena, bool, self->group->count);
    errand_init(&self->errand, x, verdict);
    self->errand.program_root = self->group->conf->server_root;
    fastcgi_advance(x);
}

static void fastcgi_cancel(struct exchange *x, enum reset_reason reason)
{
    struct fastcgi *self = x->handler_self;

    (void)reason;
    fastcgi_let_go(self);
    errand_release(&self->errand);
    exchange_handler_done(x);
}

const struct handler_ops handler_fastcgi = {
    .name = "fastcgi",
    .start = fastcgi_start,
    .advance = fastcgi_advance,
    .cancel = fastcgi_cancel,
};
