#include "handler/afterwards.h"

#include "config/roots.h"
#include "gateway/meta.h"
#include "gateway/spawn_client.h"
#include "handler/services.h"
#include "os/fd.h"
#include "outcome.h"
#include "site/router.h"
#include "site/snapshot.h"
#include "site/trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_ROOM      4096u
#define READS_PER_TURN 16u

/*  WAITING ──> ASKED ──> RUNNING ──> over       any ── failure, out of time ──> over  */
enum deed_state { DEED_WAITING, DEED_ASKED, DEED_RUNNING };

/* One run of a program; it is its own owner. */
struct deed {
    struct list_link link;
    struct services *services; /* borrowed: kept by afterwards.begun() */
    const struct host *host;   /* borrowed from their snapshot */
    const char *option;
    struct slice program;
    struct arena arena;
    struct slice environment;
    char id[20];
    union socket_address client;
    enum deed_state state;
    uint64_t limit_ms;
    struct task task;
    struct timer timer; /* of TimeForCGI */
    struct ticket ticket;
    struct program run;
    struct io output[2]; /* its stdout and stderr */
    struct grave grave;
};

/* ---- which ---- */

static bool is_download(const struct exchange *x, const struct verdict *verdict)
{
    return verdict->answer == ANSWER_FILE && !verdict->chosen && x->request.method == METHOD_GET &&
           (x->response.status == 200 || x->response.status == 206);
}

static bool is_altered(const struct exchange *x, const struct verdict *verdict)
{
    return verdict->answer == ANSWER_ALTER &&
           (x->response.status == 201 || x->response.status == 204);
}

struct slice afterwards_program(const struct exchange *x, const struct verdict *verdict)
{
    if (is_altered(x, verdict)) /* also when the client does not hear of it any more */
        return verdict->host->conf->run_on_alter;
    if (is_download(x, verdict) && x->reset == RESET_NONE)
        return verdict->folder->run_on_download;
    return (struct slice){ 0 };
}

/* ---- what it is told ---- */

static void tell(struct meta_block *block, const char *name, struct slice value)
{
    if (value.len > 0 && !slice_has(value, '\0'))
        block->sink.put(&block->sink, slice_cstr(name), value);
}

static void tell_field(struct meta_block *block, const char *name, const struct exchange *x,
                       enum field_id id)
{
    tell(block, name, fields_value(&x->request.fields, id));
}

/* Hiawatha's, and PATH_TRANSLATED: values only, so nothing that a client says is an argument. */
static struct slice environment_of(const struct exchange *x, const struct verdict *verdict,
                                   const struct services *services, struct arena *arena)
{
    struct meta_block block;

    meta_block_init(&block, arena, services->snapshot->conf->max_environment_bytes);
    tell(&block, "PATH", META_SEARCH_PATH);
    tell(&block, "REQUEST_METHOD", x->request.method_name);
    tell(&block, "DOCUMENT_ROOT", verdict->host->conf->website_root);
    tell(&block, "PATH_TRANSLATED", verdict->resource.absolute);
    tell(&block, "HTTP_RETURN_CODE", arena_printf(arena, "%d", x->response.status));
    tell(&block, "REMOTE_ADDR", slice_cstr(x->visit->client_text));
    tell(&block, "REMOTE_USER", x->record.user);
    tell(&block, "REQUEST_URI", x->request.target.raw);
    tell_field(&block, "HTTP_ORIGIN", x, FIELD_ORIGIN);
    tell_field(&block, "HTTP_RANGE", x, FIELD_RANGE);
    tell_field(&block, "HTTP_REFERER", x, FIELD_REFERER);
    tell_field(&block, "HTTP_USER_AGENT", x, FIELD_USER_AGENT);
    return meta_block_slice(&block);
}

/* ---- the end ---- */

static void release(struct grave *grave)
{
    free(container_of(grave, struct deed, grave));
}

static void deed_end(struct deed *deed)
{
    struct services *services = deed->services;

    timer_stop(services->loop, &deed->timer);
    ticket_return(&deed->ticket);
    for (int i = 0; i < 2; i++)
        io_close(services->loop, &deed->output[i]);
    spawn_client_forget(services->spawner, &deed->run); /* kills what still lives */
    list_remove(&deed->link);
    loop_forget(services->loop, &deed->task);
    arena_done(&deed->arena);
    services->afterwards.over(services);
    loop_bury(services->loop, &deed->grave, release);
}

/* Says why, and ends it. */
static void deed_fail(struct deed *deed, const char *why)
{
    log_at(deed->host->error_log, LEVEL_WARNING, "%s %.*s: %s %.*s: %s", deed->id,
           SLICE_ARGS(deed->host->name), deed->option, SLICE_ARGS(deed->program), why);
    deed_end(deed);
}

/* ---- the steps ---- */

static void deed_ask(struct deed *deed)
{
    struct services *services = deed->services;
    const struct vhost_conf *conf = deed->host->conf;
    const struct spawn_ask ask = {
        .generation = services->snapshot->generation,
        .rule = roots_rule_hook(conf, deed->program),
        .stdin_kind = SPAWN_STDIN_NONE,
        .script = slice_skip(deed->program, slice_find_last(deed->program, '/') + 1),
        .environment = deed->environment,
    };

    deed->state = DEED_ASKED;
    timer_set(services->loop, &deed->timer, services->loop->now_ms + deed->limit_ms);
    deed->run.seat = ticket_take_seat(&deed->ticket); /* until it is gone */
    spawn_client_ask(services->spawner, &deed->run, &ask, -1);
}

static void deed_take_seat(struct deed *deed)
{
    struct services *services = deed->services;
    struct ticket *ticket = &deed->ticket;

    if (services->turnstiles && ticket->state == TICKET_NONE)
        ticket_take(ticket, turnstiles_at(services->turnstiles, deed->host->conf->index),
                    services->desk, &deed->task, &deed->client);
    if (!services->turnstiles || ticket->state == TICKET_SEATED)
        deed_ask(deed);
    else if (ticket->state == TICKET_REFUSED || ticket_is_late(ticket))
        deed_fail(deed, "not run: all seats of the host are taken, and the line is full or its "
                        "time is over (MaxCGI, MaxCGItotal, CGIqueue)");
}

static void deed_take_output(struct deed *deed)
{
    io_init(&deed->output[0], fd_take(&deed->run.stdout_fd), &deed->task);
    io_init(&deed->output[1], fd_take(&deed->run.stderr_fd), &deed->task);
    deed->state = DEED_RUNNING;
}

/* Reads what it says, so that it is not stopped by a full pipe. */
static void throw_away(struct deed *deed, struct io *output)
{
    struct loop *loop = deed->services->loop;
    char room[READ_ROOM];
    ssize_t got = 1;

    for (unsigned reads = 0; output->fd >= 0 && output->readable && reads < READS_PER_TURN;
         reads++) {
        got = read(output->fd, room, sizeof(room));
        if (got < 0 && errno == EAGAIN)
            output->readable = false;
        else if (got == 0 || (got < 0 && errno != EINTR))
            io_close(loop, output);
    }
    if (output->fd >= 0 && output->readable)
        loop_wake_next_turn(loop, &deed->task);
    else if (output->fd >= 0 && io_wait(loop, output) < 0)
        io_close(loop, output);
}

static const char *end_text(struct deed *deed)
{
    return exit_text(&deed->run, &deed->host->conf->confine, &deed->arena);
}

static void deed_look(struct deed *deed)
{
    switch (deed->run.state) {
    case PROGRAM_IDLE:
    case PROGRAM_WAITING:
    case PROGRAM_ASKED:
        return;
    case PROGRAM_RUNNING:
        if (deed->state == DEED_ASKED)
            deed_take_output(deed);
        throw_away(deed, &deed->output[0]);
        throw_away(deed, &deed->output[1]);
        return;
    case PROGRAM_EXITED:
        if (deed->run.exited.status != 0)
            deed_fail(deed, end_text(deed));
        else
            deed_end(deed);
        return;
    case PROGRAM_FAILED:
        deed_fail(deed,
                  refusal_of(&deed->run.failed, deed->host->conf->confine.user, &deed->arena).why);
        return;
    case PROGRAM_GONE:
        deed_fail(deed, end_text(deed));
        return;
    }
}

static void deed_run(struct task *task)
{
    struct deed *deed = container_of(task, struct deed, task);

    if (deed->state == DEED_WAITING)
        deed_take_seat(deed);
    else if (deed->timer.fired)
        deed_fail(deed, "TimeForCGI is over: it was ended");
    else
        deed_look(deed);
}

/* ---- the face ---- */

void afterwards_init(struct afterwards *afterwards, void (*begun)(struct services *),
                     void (*over)(struct services *))
{
    *afterwards = (struct afterwards){ .begun = begun, .over = over };
    list_init(&afterwards->deeds);
}

void afterwards_start(struct exchange *x, const struct verdict *verdict)
{
    struct services *services = x->services;
    const struct slice program = afterwards_program(x, verdict);

    if (program.len == 0 || (x->trace && x->trace->rehearses))
        return;

    struct deed *deed = calloc(1, sizeof(*deed));
    if (!deed)
        abort();
    deed->services = services;
    deed->host = verdict->host;
    deed->option = verdict->answer == ANSWER_ALTER ? "RunOnAlter" : "RunOnDownload";
    deed->program = program;
    deed->environment = environment_of(x, verdict, services, &deed->arena);
    memcpy(deed->id, x->id_text, sizeof(deed->id));
    deed->client = x->visit->client;
    deed->limit_ms = verdict->folder->time_for_cgi_ms;
    deed->task.run = deed_run;
    deed->timer.task = &deed->task;
    deed->run.task = &deed->task;
    deed->output[0].fd = deed->output[1].fd = -1;
    list_push_back(&services->afterwards.deeds, &deed->link);
    services->afterwards.begun(services);
    loop_wake(services->loop, &deed->task);
}

void afterwards_cut(struct services *services)
{
    struct list_link *link;

    while ((link = list_first(&services->afterwards.deeds)) != NULL)
        deed_fail(container_of(link, struct deed, link),
                  "the server ends, and the program with it");
}
