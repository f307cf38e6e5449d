#include "gateway/spawn_client.h"

#include "base/container.h"
#include "base/unset.h"
#include "os/fd.h"
#include "os/pass.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_ROOM (SPAWN_SEEN_MOST + 64u) /* all messages but SEEN are small */
#define BUCKETS     256 /* programs by token: numbers that follow each other, so no hash is needed */

/* A seat of a program that was forgotten while it lived: it ends soon, but has not yet. */
struct dying {
    struct list_link link;
    uint32_t token;
    struct seat seat;
};

struct spawn_client {
    struct loop *loop; /* borrowed */
    struct log *log;   /* borrowed */
    struct io io;      /* the channel; fd -1: none now */
    struct task task;
    struct io_batch batch;
    struct timer give_up;       /* the first that waits in vain */
    struct list waiting;        /* not asked yet, in order */
    struct list known[BUCKETS]; /* ASKED and RUNNING, by token */
    struct list dying[BUCKETS]; /* by token */
    uint32_t last_token;
    uint32_t *kills; /* tokens whose KILL did not fit the channel */
    size_t kill_count;
    size_t kill_room;
};

static struct list *bucket(struct spawn_client *client, uint32_t token)
{
    return &client->known[token % BUCKETS];
}

static struct program *program_of(struct list_link *link)
{
    return container_of(link, struct program, link);
}

static struct program *find(struct spawn_client *client, uint32_t token)
{
    list_for_each (link, bucket(client, token))
        if (program_of(link)->ask.token == token)
            return program_of(link);
    return NULL;
}

/* ---- those whose end nobody waits for ---- */

static void keep_seat_of_dying(struct spawn_client *client, struct program *program)
{
    struct dying *dying = malloc(sizeof(*dying));

    if (!dying)
        abort();
    *dying = (struct dying){ .token = program->ask.token, .seat = program->seat };
    program->seat = (struct seat){ 0 };
    list_push_back(&client->dying[dying->token % BUCKETS], &dying->link);
}

/* It is killed; its seat is free when it is gone. */
static void end_unseen(struct spawn_client *client, struct program *program)
{
    spawn_client_kill(client, program);
    if (program->seat.turnstile && client->io.fd >= 0 &&
        (program->state == PROGRAM_ASKED || program->state == PROGRAM_RUNNING))
        keep_seat_of_dying(client, program);
}

static void bury_dying(struct dying *dying)
{
    list_remove(&dying->link);
    seat_return(&dying->seat);
    free(dying);
}

/* A program that was forgotten is gone now, or never came to be. */
static void end_dying(struct spawn_client *client, uint32_t token)
{
    list_for_each (link, &client->dying[token % BUCKETS]) {
        struct dying *dying = container_of(link, struct dying, link);

        if (dying->token == token) {
            bury_dying(dying);
            return;
        }
    }
}

static void end_all_dying(struct spawn_client *client)
{
    for (unsigned i = 0; i < BUCKETS; i++) {
        struct list_link *link;

        while ((link = list_first(&client->dying[i])) != NULL)
            bury_dying(container_of(link, struct dying, link));
    }
}

/* ---- news for programs ---- */

static void change(struct spawn_client *client, struct program *program, enum program_state state)
{
    program->state = state;
    loop_wake(client->loop, program->task);
}

static void fail(struct spawn_client *client, struct program *program, enum spawn_stage stage,
                 int error)
{
    list_remove(&program->link);
    seat_return(&program->seat);
    program->failed =
        (struct spawn_failed){ .token = program->ask.token, .stage = stage, .error = error };
    change(client, program, PROGRAM_FAILED);
}

static void on_started(struct spawn_client *client, const struct spawn_started *started, int *fds,
                       int fd_count)
{
    struct program *program = find(client, started->token);

    if (!program || program->state != PROGRAM_ASKED)
        return; /* forgotten meanwhile: its KILL is on the way; the caller closes the pipes */

    int *at = fds;
    program->started = *started;
    program->stdin_fd = started->has_stdin ? fd_take(at++) : -1;
    program->stdout_fd = fd_take(at++);
    program->stderr_fd = fd_take(at++);
    assert(at == fds + fd_count);
    change(client, program, PROGRAM_RUNNING);
}

/* It runs, but its pipes did not reach us. */
static void on_started_in_vain(struct spawn_client *client, uint32_t token)
{
    struct program *program = find(client, token);

    if (!program || program->state != PROGRAM_ASKED)
        return;
    end_unseen(client, program);
    if (program->state == PROGRAM_ASKED) /* else the channel went, and it with that */
        fail(client, program, SPAWN_STAGE_PIPES, EMFILE);
}

static void on_exited(struct spawn_client *client, const struct spawn_exited *exited)
{
    struct program *program = find(client, exited->token);

    end_dying(client, exited->token);
    if (!program || program->state != PROGRAM_RUNNING)
        return;
    program->exited = *exited;
    seat_return(&program->seat);
    if (!exited->family_left)
        list_remove(&program->link); /* else: still known, so that it can be killed */
    change(client, program, PROGRAM_EXITED);
}

static void on_seen(struct spawn_client *client, const struct spawn_seen *seen)
{
    struct program *program = find(client, seen->token);

    if (!program || !program->seen)
        return;
    text_add(program->seen, seen->text);
    program->seen = NULL;
    loop_wake(client->loop, program->task);
}

/* NULL, or why the other side cannot be a spawner. */
static const char *act_on(struct spawn_client *client, const struct spawn_message *message,
                          int *fds, int fd_count)
{
    struct program *program;
    int expected = 0;

    if (message->kind == SPAWN_STARTED && fd_count == PASS_FDS_LOST) {
        on_started_in_vain(client, message->started.token);
        return NULL;
    }
    if (message->kind == SPAWN_STARTED)
        expected = message->started.has_stdin ? 3 : 2;
    if (fd_count != expected)
        return "wrong number of descriptors";

    switch (message->kind) {
    case SPAWN_STARTED:
        on_started(client, &message->started, fds, fd_count);
        return NULL;
    case SPAWN_FAILED:
        end_dying(client, message->failed.token);
        program = find(client, message->failed.token);
        if (program && program->state == PROGRAM_ASKED)
            fail(client, program, message->failed.stage, message->failed.error);
        return NULL;
    case SPAWN_EXITED:
        on_exited(client, &message->exited);
        return NULL;
    case SPAWN_SEEN:
        on_seen(client, &message->seen);
        return NULL;
    case SPAWN_ASK:
    case SPAWN_KILL:
    case SPAWN_LOOK:
        break;
    }
    return "a message that only we send";
}

/* ---- the channel ---- */

static void close_channel(struct spawn_client *client)
{
    io_close(client->loop, &client->io);
    client->kill_count = 0; /* a spawner without its channel ends its programs by itself */
    for (unsigned i = 0; i < BUCKETS; i++) {
        struct list_link *link;

        while ((link = list_pop_front(&client->known[i])) != NULL) {
            struct program *program = program_of(link);

            if (program->state == PROGRAM_ASKED)
                fail(client, program, SPAWN_STAGE_GONE, EPIPE);
            else if (program->state == PROGRAM_RUNNING) {
                seat_return(&program->seat);
                change(client, program, PROGRAM_GONE);
            }
        }
    }
    end_all_dying(client);
}

/* Those who wait for a channel that is not there get a time to give up. */
static void begin_patience(struct spawn_client *client)
{
    const uint64_t give_up_ms = client->loop->now_ms + SPAWN_WAIT_MS;

    list_for_each (link, &client->waiting)
        program_of(link)->give_up_ms = give_up_ms;
    if (!list_empty(&client->waiting))
        timer_set(client->loop, &client->give_up, give_up_ms);
}

static void lose_channel(struct spawn_client *client, const char *why)
{
    log_warning(client->log, "spawner: %s; programs wait for the next one", why);
    close_channel(client);
    begin_patience(client);
}

/* False: nothing more to read now. */
static bool read_message(struct spawn_client *client)
{
    UNSET char bytes[ANSWER_ROOM];
    int fds[3];
    int fd_count;
    struct spawn_message message;
    struct parse_fault fault;
    const char *why = NULL;

    int len = pass_receive(client->io.fd, bytes, sizeof(bytes), fds, 3, &fd_count);
    if (len == -EAGAIN) {
        client->io.readable = false;
        return false;
    }
    if (len == 0)
        why = "it went away";
    else if (len < 0)
        why = strerror(-len);
    else if (spawn_decode(slice_of(bytes, (size_t)len), &message, &fault) != PARSE_DONE)
        why = fault.why;
    else
        why = act_on(client, &message, fds, fd_count);

    for (int i = 0; i < fd_count; i++)
        fd_close(&fds[i]); /* those that nobody took */
    if (why)
        lose_channel(client, why);
    return !why;
}

/* 0, -EAGAIN (the channel is full), -EMSGSIZE, or the channel is lost: -EPIPE. */
static int send_message(struct spawn_client *client, const struct spawn_message *message,
                        int stdin_file)
{
    unsigned char head[SPAWN_HEAD_MOST];
    struct iovec parts[SPAWN_PARTS_MOST];
    int count = spawn_encode(message, head, parts);

    if (count < 0)
        return count;

    int r = pass_send(client->io.fd, parts, count, &stdin_file, stdin_file >= 0 ? 1 : 0);
    if (r == -EAGAIN) {
        client->io.writable = false;
        loop_wake(client->loop, &client->task); /* which watches for room */
    } else if (r < 0 && r != -EMSGSIZE && r != -ENOBUFS && r != -ETOOMANYREFS) {
        lose_channel(client, strerror(-r));
        return -EPIPE;
    }
    return r;
}

static bool may_send(const struct spawn_client *client)
{
    return client->io.fd >= 0 && client->io.writable;
}

/* False: this one has to wait. */
static bool send_ask(struct spawn_client *client, struct program *program)
{
    const struct spawn_message message = { .kind = SPAWN_ASK, .ask = program->ask };
    int r = send_message(client, &message, program->stdin_file);

    switch (r) {
    case 0:
        list_remove(&program->link);
        list_push_back(bucket(client, program->ask.token), &program->link);
        program->state = PROGRAM_ASKED;
        return true;
    case -EAGAIN:
    case -EPIPE:
        return false;
    case -EMSGSIZE:
        fail(client, program, SPAWN_STAGE_EXEC, E2BIG);
        return true;
    default:
        fail(client, program, SPAWN_STAGE_PIPES, -r);
        return true;
    }
}

static bool send_kill(struct spawn_client *client, uint32_t token)
{
    const struct spawn_message message = { .kind = SPAWN_KILL, .kill_token = token };

    return send_message(client, &message, -1) != -EAGAIN;
}

/* ---- one step ---- */

static void flush(struct spawn_client *client)
{
    size_t sent = 0;

    while (may_send(client) && sent < client->kill_count && send_kill(client, client->kills[sent]))
        sent++;
    if (client->kill_count > 0 && sent > 0) { /* a lost channel has emptied the list */
        memmove(client->kills, client->kills + sent,
                (client->kill_count - sent) * sizeof(client->kills[0]));
        client->kill_count -= sent;
    }
    while (may_send(client) && !list_empty(&client->waiting) &&
           send_ask(client, program_of(list_first(&client->waiting))))
        ;
}

/* Those who waited too long for a channel. One that is only full does not count: its spawner is
 * alive. */
static void give_up_old(struct spawn_client *client)
{
    client->give_up.fired = false;
    if (client->io.fd >= 0)
        return;

    struct list_link *link;
    while ((link = list_first(&client->waiting)) != NULL) {
        struct program *program = program_of(link);

        if (program->give_up_ms > client->loop->now_ms) {
            timer_set(client->loop, &client->give_up, program->give_up_ms);
            return;
        }
        fail(client, program, SPAWN_STAGE_GONE, ENOTCONN);
    }
}

/* The channel is told again while something is left in it. */
static void read_messages(struct spawn_client *client)
{
    if (client->io.fd < 0 || !client->io.readable)
        return;
    for (unsigned left = io_batch_most(client->loop, &client->batch); left > 0; left--)
        if (!read_message(client))
            break;
    client->io.readable = false;
}

static void run(struct task *task)
{
    struct spawn_client *client = container_of(task, struct spawn_client, task);

    read_messages(client);
    flush(client);
    if (client->io.fd >= 0 && io_wait(client->loop, &client->io) < 0)
        lose_channel(client, "its channel cannot be watched");
    if (client->give_up.fired)
        give_up_old(client);
}

/* ---- the face ---- */

struct spawn_client *spawn_client_new(struct loop *loop, struct log *log)
{
    struct spawn_client *client = calloc(1, sizeof(*client));

    if (!client)
        abort();
    client->loop = loop;
    client->log = log;
    client->task.run = run;
    client->give_up.task = &client->task;
    io_init(&client->io, -1, &client->task);
    list_init(&client->waiting);
    for (unsigned i = 0; i < BUCKETS; i++) {
        list_init(&client->known[i]);
        list_init(&client->dying[i]);
    }
    return client;
}

static void close_pipes(struct program *program)
{
    fd_close(&program->stdin_fd);
    fd_close(&program->stdout_fd);
    fd_close(&program->stderr_fd);
}

static void forget_all(struct list *list)
{
    struct list_link *link;

    while ((link = list_pop_front(list)) != NULL) {
        struct program *program = program_of(link);

        close_pipes(program);
        seat_return(&program->seat);
        program->state = PROGRAM_IDLE;
    }
}

void spawn_client_free(struct spawn_client *client)
{
    forget_all(&client->waiting);
    for (unsigned i = 0; i < BUCKETS; i++)
        forget_all(&client->known[i]);
    end_all_dying(client);
    timer_stop(client->loop, &client->give_up);
    loop_forget(client->loop, &client->task);
    io_close(client->loop, &client->io);
    free(client->kills);
    free(client);
}

void spawn_client_attach(struct spawn_client *client, int fd)
{
    if (client->io.fd >= 0)
        close_channel(client);
    io_init_quiet(&client->io, fd, &client->task);
    timer_stop(client->loop, &client->give_up);
    loop_wake(client->loop, &client->task);
}

static uint32_t fresh_token(struct spawn_client *client)
{
    do
        client->last_token++;
    while (find(client, client->last_token)); /* of those that are dying none is as old */
    return client->last_token;
}

void spawn_client_ask(struct spawn_client *client, struct program *program,
                      const struct spawn_ask *ask, int stdin_file)
{
    assert(program->state == PROGRAM_IDLE);
    program->ask = *ask;
    program->ask.token = fresh_token(client);
    program->stdin_file = ask->stdin_kind == SPAWN_STDIN_FILE ? stdin_file : -1;
    program->stdin_fd = program->stdout_fd = program->stderr_fd = -1;
    program->state = PROGRAM_WAITING;
    program->give_up_ms = client->loop->now_ms + SPAWN_WAIT_MS;

    const bool first = list_empty(&client->waiting);
    list_push_back(&client->waiting, &program->link);
    if (first && may_send(client) && client->kill_count == 0)
        send_ask(client, program);
    if (client->io.fd < 0 && program->state == PROGRAM_WAITING && client->give_up.due_ms == 0)
        timer_set(client->loop, &client->give_up, program->give_up_ms);
}

static void kill_later(struct spawn_client *client, uint32_t token)
{
    if (client->kill_count == client->kill_room) {
        size_t room = client->kill_room > 0 ? 2 * client->kill_room : 16;
        uint32_t *more = realloc(client->kills, room * sizeof(*more));

        if (!more)
            abort();
        client->kills = more;
        client->kill_room = room;
    }
    client->kills[client->kill_count++] = token;
}

void spawn_client_kill(struct spawn_client *client, struct program *program)
{
    bool alive = program->state == PROGRAM_ASKED || program->state == PROGRAM_RUNNING ||
                 (program->state == PROGRAM_EXITED && program->exited.family_left);

    if (!alive || client->io.fd < 0)
        return;
    if (!may_send(client) || client->kill_count > 0 || !send_kill(client, program->ask.token))
        kill_later(client, program->ask.token);
}

void spawn_client_look(struct spawn_client *client, struct program *program, struct text *seen)
{
    const struct spawn_message message = { .kind = SPAWN_LOOK, .look_token = program->ask.token };

    if (program->state == PROGRAM_RUNNING && may_send(client) &&
        send_message(client, &message, -1) == 0)
        program->seen = seen;
}

static void let_go(struct program *program)
{
    program->seen = NULL;
    seat_return(&program->seat);
    list_remove(&program->link);
    close_pipes(program);
    program->state = PROGRAM_IDLE;
}

void spawn_client_forget(struct spawn_client *client, struct program *program)
{
    if (program->state == PROGRAM_IDLE)
        return;
    end_unseen(client, program);
    let_go(program);
}

/* Its seat is free for others: it is nobody's any more. */
void spawn_client_leave_alone(struct spawn_client *client, struct program *program)
{
    if (program->state == PROGRAM_RUNNING || program->state == PROGRAM_EXITED)
        let_go(program);
    else
        spawn_client_forget(client, program);
}
