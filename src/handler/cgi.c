/*
 * CGI: one program per request, started by the spawner.
 *
 * Both directions are pumped at once: the request's body to stdin, stdout to the answer, stderr to
 * the host's error log. A slow client stops the reading of stdout, so the program waits; a program
 * that does not read stops the client. The answer ends with the end of stdout; the exchange when
 * the program is known to be gone, so that its exit can be told.
 */
#include "errand.h"
#include "gateway/program_input.h"
#include "gateway/program_output.h"
#include "gateway/program_stderr.h"
#include "gateway/spawn_client.h"
#include "os/fd.h"
#include "outcome.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A program that closed stdout without an answer has so long to say how it ended, for the log. */
#define EXIT_WAIT_MS 1000u
#define LATE_NEWS_MS 300u /* one that has closed stderr too */

/* An answer of unknown length has so long to be confirmed by the program's exit. */
#define DOUBT_MS 20u

#define RETRY_AFTER_S 5u

/*
 *  COLLECTING ──> WAITING ──> ASKING ──> RUNNING ──> REPLYING ──> ENDING ──> DRAINING ──> ENDED
 *                                                          any ── failure, cancel ──> ENDED
 *
 *  COLLECTING  a body of unknown length is kept until its length is known
 *  WAITING     for a seat
 *  ASKING      the spawner has the request
 *  RUNNING     the program runs, the head of its answer is not complete
 *  REPLYING    the head is out
 *  ENDING      stdout has ended; whether that was all is known in a moment
 *  DRAINING    the answer is out; the program may live a little longer
 */
enum cgi_state {
    CGI_COLLECTING,
    CGI_WAITING,
    CGI_ASKING,
    CGI_RUNNING,
    CGI_REPLYING,
    CGI_ENDING,
    CGI_DRAINING,
    CGI_ENDED,
};

struct cgi {
    struct errand errand;
    enum cgi_state state;
    struct program program;
    struct program_input input;
    struct program_stderr err;
    struct program_output output;
    enum delivery_end end; /* DRAINING */
    struct timer exit_timer;
    bool awaits_exit; /* ENDING: it let go of all its pipes, so it is over, or about to be */
    const char *slow; /* which limit it has nearly used up; NULL: none yet, or that was said */
    struct text seen; /* what the spawner saw it do then */
};

/* ---- letting go ---- */

/* How it ended, and what it took, for the access log. */
static void note_exit(const struct cgi *cgi)
{
    struct program_record *record = &cgi->errand.x->record.program;
    const struct spawn_exited *exited = &cgi->program.exited;

    if (cgi->program.state != PROGRAM_EXITED)
        return;
    record->exited = true;
    if (WIFEXITED(exited->status))
        record->exit_code = WEXITSTATUS(exited->status);
    else
        record->signal = WTERMSIG(exited->status);
    record->cpu_us = exited->cpu_us;
    record->peak_kib = exited->peak_kib;
}

static void cgi_let_go(struct cgi *cgi)
{
    struct loop *loop = cgi->errand.x->loop;

    cgi->state = CGI_ENDED;
    timer_stop(loop, &cgi->exit_timer);
    program_stderr_close(&cgi->err);
    program_input_close(&cgi->input);
    program_output_close(&cgi->output);
    note_exit(cgi);
    spawn_client_forget(cgi->errand.services->spawner, &cgi->program); /* kills what still lives */
}

static void cgi_fail_for(struct cgi *cgi, int status, enum reset_reason reason, const char *format,
                         ...) __attribute__((format(printf, 4, 5)));

static void cgi_fail_for(struct cgi *cgi, int status, enum reset_reason reason, const char *format,
                         ...)
{
    va_list args;

    va_start(args, format);
    struct slice why = arena_printf_v(&cgi->errand.x->arena, format, args);
    va_end(args);
    cgi_let_go(cgi);
    errand_fail(&cgi->errand, status, status == 503 ? RETRY_AFTER_S : 0, reason, "%.*s",
                SLICE_ARGS(why));
}

#define cgi_fail(cgi, status, ...) cgi_fail_for((cgi), (status), RESET_BROKEN, __VA_ARGS__)

/* ---- asking ---- */

static void cgi_ask(struct cgi *cgi)
{
    struct errand *errand = &cgi->errand;
    const struct server_conf *conf = errand->services->snapshot->conf;
    struct meta_source source;
    struct meta_block block;
    int status;
    const char *why;

    errand_describe(errand, &source);
    source.search_path = META_SEARCH_PATH;
    source.tell_authorization = errand->verdict->folder->http_auth_to_cgi;
    meta_block_init(&block, &errand->x->arena, conf->max_environment_bytes);
    if (!errand_tell(errand, &source, &block.sink, &status, &why)) {
        cgi_fail(cgi, status, "%s", why);
        return;
    }
    errand_tell_trace(errand);
    if (errand_is_rehearsed(errand)) {
        cgi_let_go(cgi);
        errand_end_rehearsal(errand);
        return;
    }

    const struct file_ref *file = errand->upload.spill.file;
    struct spawn_ask ask = {
        .generation = errand->services->snapshot->generation,
        .rule = errand->verdict->rule,
        .account = errand->verdict->account,
        .stdin_kind = file                        ? SPAWN_STDIN_FILE
                      : errand->upload.length > 0 ? SPAWN_STDIN_PIPE
                                                  : SPAWN_STDIN_NONE,
        .script = errand->verdict->resource.relative,
        .environment = meta_block_slice(&block),
    };
    if (errand->verdict->folder->indexed_query)
        ask.arguments = meta_query_words(&errand->x->request, &errand->x->arena);
    errand_start_time(errand);
    cgi->state = CGI_ASKING;
    cgi->program.seat = ticket_take_seat(&errand->ticket); /* until it is gone, whatever we do */
    spawn_client_ask(errand->services->spawner, &cgi->program, &ask, file ? file->fd : -1);
}

static enum step cgi_collect(struct cgi *cgi)
{
    struct errand *errand = &cgi->errand;

    switch (upload_advance(&errand->upload)) {
    case UPLOAD_COLLECTING:
        return STEP_WAIT;
    case UPLOAD_READY:
        cgi->state = CGI_WAITING;
        return STEP_AGAIN;
    case UPLOAD_BROKEN:
        cgi_fail(cgi, errand_broken_body_status(errand), "the client did not send the whole body");
        return STEP_WAIT;
    case UPLOAD_FAILED:
        cgi_fail(cgi, 500, "the body cannot be kept in WorkDirectory: %s",
                 strerror(-errand->upload.error));
        return STEP_WAIT;
    }
    return STEP_WAIT;
}

static enum step cgi_wait_for_seat(struct cgi *cgi)
{
    switch (errand_seat(&cgi->errand)) {
    case ERRAND_WAITS:
        return STEP_WAIT;
    case ERRAND_SEATED:
        cgi_ask(cgi);
        return STEP_AGAIN;
    case ERRAND_TURNED_AWAY:
        cgi_fail(cgi, 503, "not started: %s", errand_turned_away_text(&cgi->errand));
        return STEP_WAIT;
    }
    return STEP_WAIT;
}

/* ---- the spawner's answer ---- */

/* Who it was to be. */
static struct slice user_of(const struct errand *errand)
{
    const struct user_conf *owner = errand_owner(errand);

    return owner ? owner->name : errand_confine(errand)->user;
}

static void cgi_refused(struct cgi *cgi)
{
    struct errand *errand = &cgi->errand;
    const struct refusal refusal =
        refusal_of(&cgi->program.failed, user_of(errand), &errand->x->arena);

    cgi_fail(cgi, refusal.status, "%s", refusal.why);
}

/* A program that is already over has written what it had to say; else that will be told. */
static void take_pipes(struct cgi *cgi)
{
    struct program *program = &cgi->program;

    if (program->stdin_fd >= 0)
        program_input_open(&cgi->input, fd_take(&program->stdin_fd));
    program_stderr_open(&cgi->err, fd_take(&program->stderr_fd));
    program_output_open(&cgi->output, fd_take(&program->stdout_fd),
                        program->state == PROGRAM_EXITED);
}

static enum step cgi_started(struct cgi *cgi)
{
    take_pipes(cgi);
    errand_started(&cgi->errand);
    cgi->state = CGI_RUNNING;
    if (cgi->input.io.fd >= 0 && !cgi->errand.upload.leaves)
        exchange_want_body(cgi->errand.x);
    return STEP_AGAIN;
}

static enum step cgi_wait_for_start(struct cgi *cgi)
{
    switch (cgi->program.state) {
    case PROGRAM_IDLE:
    case PROGRAM_WAITING:
    case PROGRAM_ASKED:
        return STEP_WAIT;
    case PROGRAM_FAILED:
        cgi_refused(cgi);
        return STEP_WAIT;
    case PROGRAM_RUNNING:
    case PROGRAM_EXITED: /* so soon that both news came in one turn: its pipes are still ours to
                            read */
        return cgi_started(cgi);
    case PROGRAM_GONE:
        cgi_fail(cgi, 503, "the spawner went away, and the program with it");
        return STEP_WAIT;
    }
    return STEP_WAIT;
}

/* ---- running ---- */

/*
 * The end of an output of unknown length says nothing about whether it was all: the program may
 * have died with the spawner. Its exit is usually known a moment later, and the end waits for that.
 */
static bool end_is_doubtful(const struct cgi *cgi)
{
    return cgi->program.state == PROGRAM_RUNNING && delivery_has_head(&cgi->errand.delivery) &&
           !delivery_is_satisfied(&cgi->errand.delivery);
}

/* An end of output that is no end of the answer: the program died with the spawner. */
static bool was_torn_off(const struct cgi *cgi)
{
    return cgi->program.state == PROGRAM_GONE && !delivery_is_satisfied(&cgi->errand.delivery);
}

static bool is_good(enum delivery_end end)
{
    return end == DELIVERY_DONE || end == DELIVERY_ELSEWHERE;
}

static void cgi_end_answer(struct cgi *cgi)
{
    struct exchange *x = cgi->errand.x;

    program_output_close(&cgi->output);
    program_input_close(&cgi->input);
    upload_abandon(&cgi->errand.upload);
    time_limit_hold(&cgi->errand.limit, false, false);
    time_limit_end_silence(&cgi->errand.limit);
    cgi->end = delivery_finish(&cgi->errand.delivery);
    if (!is_good(cgi->end)) { /* the log wants to know how it ended; the client does not wait
                                        long for that */
        timer_set(x->loop, &cgi->exit_timer, x->loop->now_ms + EXIT_WAIT_MS);
    }
    cgi->state = CGI_DRAINING;
}

static enum step cgi_pump(struct cgi *cgi)
{
    struct errand *errand = &cgi->errand;

    program_input_pump(&cgi->input);
    program_stderr_pump(&cgi->err);
    if (errand->upload.source->end == BODY_BROKEN && !errand->upload.source->reader_gone) {
        cgi_fail(cgi, errand_broken_body_status(errand), "the client did not send the whole body");
        return STEP_WAIT;
    }
    int error;
    const enum program_output_news news = program_output_pump(&cgi->output, &error);
    errand_listen(errand);
    switch (news) {
    case PROGRAM_OUTPUT_WAITS:
        break;
    case PROGRAM_OUTPUT_UNWATCHED:
        cgi_fail(cgi, 503, "its pipes cannot be watched: %s", strerror(error));
        return STEP_WAIT;
    case PROGRAM_OUTPUT_GOES_ON:
        loop_wake_next_turn(errand->x->loop, &errand->x->wake);
        break;
    case PROGRAM_OUTPUT_REFUSED:
        cgi_fail(cgi, 502, "the answer is refused: %s; it begins with '%.*s'",
                 errand->delivery.reply.why, (int)errand->delivery.reply.sample_len,
                 errand->delivery.reply.sample);
        return STEP_WAIT;
    case PROGRAM_OUTPUT_ENDED:
        cgi->state = CGI_ENDING;
        cgi->exit_timer.task = &errand->x->wake;
        if (end_is_doubtful(cgi))
            timer_set(errand->x->loop, &cgi->exit_timer, errand->x->loop->now_ms + DOUBT_MS);
        return STEP_AGAIN;
    }
    if (delivery_has_head(&errand->delivery))
        cgi->state = CGI_REPLYING;
    time_limit_hold(&errand->limit, program_input_is_hungry(&cgi->input),
                    program_output_is_ahead(&cgi->output));
    return STEP_WAIT;
}

/* ---- the end ---- */

/*
 * Who only closes its stdout may run on for long; who let go of stderr too is mostly dead. The news
 * of that can be late: while the spawner starts another program, that one has a hold of the
 * channel. Others have gone on without anybody to listen (daemons), and are not waited for long.
 */
static bool has_died_unheard(struct cgi *cgi)
{
    program_stderr_look(&cgi->err);
    return cgi->err.io.fd < 0 && end_is_doubtful(cgi);
}

static enum step cgi_end(struct cgi *cgi)
{
    if (end_is_doubtful(cgi) && !cgi->exit_timer.fired)
        return STEP_WAIT;
    if (!cgi->awaits_exit && has_died_unheard(cgi)) {
        cgi->awaits_exit = true;
        cgi->exit_timer.fired = false;
        timer_set(cgi->errand.x->loop, &cgi->exit_timer,
                  cgi->errand.x->loop->now_ms + LATE_NEWS_MS);
        return STEP_WAIT;
    }
    timer_stop(cgi->errand.x->loop, &cgi->exit_timer);
    if (was_torn_off(cgi))
        cgi_fail(cgi, 503, "the spawner went away, and the program with it");
    else
        cgi_end_answer(cgi);
    return STEP_AGAIN;
}

/* How it ended, in words. */
static const char *end_text(const struct cgi *cgi)
{
    return exit_text(&cgi->program, errand_confine(&cgi->errand), &cgi->errand.x->arena);
}

static void cgi_fail_at_end(struct cgi *cgi)
{
    struct errand *errand = &cgi->errand;
    const struct reply *reply = &errand->delivery.reply;
    const char *how = end_text(cgi);
    const char *words = errand_last_words(errand);

    if (cgi->end == DELIVERY_TOO_FEW)
        cgi_fail(cgi, 502, "it sent %" PRIu64 " of the %" PRId64 " bytes it announced; %s%s",
                 errand->delivery.body_bytes, reply->length, how, words);
    else if (reply->sample_len > 0)
        cgi_fail(cgi, 502, "the answer is refused: %s; it begins with '%.*s'; %s%s", reply->why,
                 (int)reply->sample_len, reply->sample, how, words);
    else
        cgi_fail(cgi, errand->verdict->transformation ? 500 : 502, "%s; %s%s", reply->why, how,
                 words);
}

static void cgi_finish(struct cgi *cgi)
{
    struct errand *errand = &cgi->errand;
    const int status = cgi->program.exited.status;

    errand_note_repairs(errand);
    if (cgi->program.state == PROGRAM_EXITED && status != 0)
        errand_note(errand, WIFEXITED(status) ? LEVEL_NOTICE : LEVEL_WARNING,
                    "%s, with its answer complete", end_text(cgi));
    cgi_let_go(cgi);
    errand_conclude(errand);
}

static const struct server_conf *cgi_conf(const struct cgi *cgi)
{
    return cgi->errand.services->snapshot->conf;
}

static enum step cgi_drain(struct cgi *cgi)
{
    const bool over = cgi->program.state != PROGRAM_RUNNING;

    if (over || cgi->exit_timer.fired)
        program_stderr_look(&cgi->err); /* its last words came before its exit did */
    else
        program_stderr_pump(&cgi->err);
    if (is_good(cgi->end) && !cgi_conf(cgi)->wait_for_cgi)
        spawn_client_leave_alone(cgi->errand.services->spawner, &cgi->program);
    else if (!over && !cgi->exit_timer.fired)
        return STEP_WAIT;
    if (is_good(cgi->end))
        cgi_finish(cgi);
    else
        cgi_fail_at_end(cgi);
    return STEP_WAIT;
}

static void cgi_out_of_time(struct cgi *cgi)
{
    struct errand *errand = &cgi->errand;
    const char *what = errand_time_text(errand);
    const char *then = "killed";

    if (!cgi_conf(cgi)->kill_timed_out_cgi) {
        spawn_client_leave_alone(errand->services->spawner, &cgi->program);
        then = "left alone, as KillTimedoutCGI says";
    }

    if (cgi->state == CGI_DRAINING && is_good(cgi->end)) {
        errand_note(errand, LEVEL_WARNING, "%s: %s; its answer was complete, but it ran on", what,
                    then);
        cgi_finish(cgi);
        return;
    }
    program_stderr_look(&cgi->err);
    cgi_fail_for(cgi, 504, RESET_DEADLINE, "%s: %s%s", what, then, errand_last_words(errand));
}

/* ---- a slow program ---- */

/* Most of its time is over: its host's log has a right to know what it does. */
static void look_when_slow(struct cgi *cgi)
{
    struct errand *errand = &cgi->errand;

    if (errand_is_slow(errand, &cgi->slow)) {
        cgi->seen = text_on(arena_alloc(&errand->x->arena, SPAWN_SEEN_MOST), SPAWN_SEEN_MOST);
        spawn_client_look(errand->services->spawner, &cgi->program, &cgi->seen);
    }
    if (cgi->slow && cgi->seen.len > 0) {
        errand_note(errand, LEVEL_NOTICE, "slow: %s are over; %.*s", cgi->slow,
                    SLICE_ARGS(text_slice(&cgi->seen)));
        cgi->slow = NULL;
    }
}

/* ---- the face ---- */

static void cgi_advance(struct exchange *x)
{
    struct cgi *cgi = x->handler_self;
    enum step step = STEP_AGAIN;

    look_when_slow(cgi);
    if (errand_is_out_of_time(&cgi->errand)) {
        cgi_out_of_time(cgi);
        return;
    }
    while (step == STEP_AGAIN) {
        switch (cgi->state) {
        case CGI_COLLECTING:
            step = cgi_collect(cgi);
            break;
        case CGI_WAITING:
            step = cgi_wait_for_seat(cgi);
            break;
        case CGI_ASKING:
            step = cgi_wait_for_start(cgi);
            break;
        case CGI_RUNNING:
        case CGI_REPLYING:
            step = cgi_pump(cgi);
            break;
        case CGI_ENDING:
            step = cgi_end(cgi);
            break;
        case CGI_DRAINING:
            step = cgi_drain(cgi);
            break;
        case CGI_ENDED:
            return;
        }
    }
}

static void cgi_start(struct exchange *x, const struct verdict *verdict)
{
    if (!verdict->transformation && output_cache_answers(x, verdict))
        return;

    struct cgi *cgi = arena_new(&x->arena, struct cgi);

    x->handler_self = cgi;
    cgi->program.task = &x->wake;
    program_output_init(&cgi->output, &cgi->errand.delivery);
    program_stderr_init(&cgi->err, x->loop, &x->wake, &cgi->errand.words);
    program_input_init(&cgi->input, x, &cgi->errand.upload);
    errand_init(&cgi->errand, x, verdict, verdict->host->conf->collect_bytes);
    cgi->errand.is_watched = true;
    if (!errand_owner(&cgi->errand))
        cgi->errand.program_root = errand_confine(&cgi->errand)->chroot;
    cgi_advance(x);
}

static void cgi_cancel(struct exchange *x, enum reset_reason reason)
{
    struct cgi *cgi = x->handler_self;

    (void)reason;
    cgi_let_go(cgi);
    errand_release(&cgi->errand);
    exchange_handler_done(x);
}

const struct handler_ops handler_cgi = {
    .name = "cgi",
    .start = cgi_start,
    .advance = cgi_advance,
    .cancel = cgi_cancel,
};
