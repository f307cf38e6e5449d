/*
 * The unprivileged process: takes what the supervisor hands over, builds the house, gives up what
 * it does not need, starts the reactors and waits for word.
 */
#include "ipc/acme.h"
#include "ipc/handover.h"
#include "os/fd.h"
#include "os/pass.h"
#include "os/sandbox.h"
#include "server/acme_status.h"
#include "server/control.h"
#include "server/house_build.h"
#include "server/legacy.h"
#include "server/log_clock.h"
#include "server/names.h"
#include "server/proofs.h"
#include "server/reactor.h"
#include "server/reload.h"
#include "server/workers_status.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define OUTCOME_MOST (1u << 20)
#define ROOM_FOR_DESCRIPTORS                                                                       \
    65536u /* 512 KiB of the kernel; a table that gets beyond grows by itself */

/*  TAKING ──GO──> OPEN ──STOP, supervisor gone──> CLOSING ──reactors ended──> loop stops  */
enum server_state { SERVER_TAKING, SERVER_OPEN, SERVER_CLOSING };

struct server {
    enum server_state state;
    struct loop loop;
    struct io channel;
    struct task channel_task;
    struct mailbox mailbox;
    struct takeover takeover;
    struct house house;
    struct control *control;
    struct names *names; /* NULL: ConnectTo names no host */
    struct reload *reload;
    bool takes_next; /* another generation is being handed over */
    bool starved;    /* a part of it found no descriptor */
    int spare_fd;    /* given up for what a message brings when descriptors run out */
    int exit_status;
};

static void server_send(struct server *server, const struct handover *message)
{
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];
    int count = handover_encode(message, head, parts);

    if (count > 0)
        pass_send(server->channel.fd, parts, count, NULL, 0);
}

static void server_tell(struct server *server, enum handover_kind kind, uint64_t number,
                        const char *why)
{
    server_send(server,
                &(struct handover){ .kind = kind, .number = number, .text = slice_cstr(why) });
}

static void server_fail(struct server *server, const char *why)
{
    fprintf(stderr, "longhouse server: %s\n", why);
    server_tell(server, HANDOVER_FAILED, server->takeover.generation, why);
    server->exit_status = 1;
    loop_stop(&server->loop);
}

/* ---- the end ---- */

static struct server *the_server; /* letters carry no owner; there is one server in a process */

static void server_read_ended(struct letter *letter)
{
    struct server *server = the_server;
    struct reactor *reactor = container_of(letter, struct reactor, ended_letter);

    for (unsigned i = 0; i < server->house.reactor_count; i++) {
        if (server->house.reactors[i] == reactor)
            server->house.reactors[i] = NULL;
    }
    reactor_join(reactor);
    if (atomic_fetch_sub(&server->house.reactors_left, 1) == 1)
        loop_stop(&server->loop);
}

static void server_stop(struct server *server, uint64_t drain_ms)
{
    if (server->state == SERVER_TAKING) {
        loop_stop(&server->loop);
        return;
    }
    if (server->state == SERVER_OPEN && server->control) {
        control_close(server->control);
        server->control = NULL;
    }
    server->state = SERVER_CLOSING;
    legacy_rest(server->house.legacy); /* its file may be that of a new house by now */
    for (unsigned i = 0; i < server->house.reactor_count; i++) {
        if (server->house.reactors[i])
            reactor_drain(server->house.reactors[i], drain_ms);
    }
}

/* ---- the beginning ---- */

/* As many descriptors as we may have; threads are not there yet. */
static void prepare_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    fd_make_room(limit.rlim_max < ROOM_FOR_DESCRIPTORS ? (unsigned)limit.rlim_max
                                                       : ROOM_FOR_DESCRIPTORS);
}

static int server_confine(void)
{
    int r = sandbox_no_new_privs();

    if (r == 0)
        r = sandbox_drop_capabilities();
    if (r == 0)
        r = sandbox_server_filter();
    return r;
}

static int server_start_reactors(struct server *server)
{
    struct takeover *takeover = &server->takeover;
    struct house *house = &server->house;

    house->started_ms = server->loop.now_ms;
    house->reactor_count = takeover->reactors;
    atomic_store(&house->reactors_left, takeover->reactors);
    for (unsigned i = 0; i < takeover->reactors; i++) {
        int spawner = i < takeover->spawner_count ? fd_take(&takeover->spawners[i]) : -1;
        int r = reactor_start(house, i, spawner, &server->mailbox, server_read_ended,
                              &house->reactors[i]);

        if (r < 0)
            return r;
        house->reactors[i]->spawner_pid =
            i < takeover->spawner_pid_count ? takeover->spawner_pids[i] : -1;
    }
    return 0;
}

/* ---- another generation ---- */

static void server_ask_reload(void *self, uint64_t number, bool upgrade)
{
    server_send(self,
                &(struct handover){ .kind = HANDOVER_RELOAD, .index = upgrade, .number = number });
}

static void server_ask_renewal(void *self, struct slice host)
{
    server_send(self, &(struct handover){ .kind = HANDOVER_ACME_RENEW, .text = host });
}

static void server_settled(void *self, uint64_t generation)
{
    server_tell(self, HANDOVER_READY, generation, NULL);
}

static void server_left(void *self, uint64_t generation)
{
    server_tell(self, HANDOVER_LEFT, generation, NULL);
}

/* What the resolver is asked for belongs to sections, which may be others now. */
static void server_renew_names(struct server *server)
{
    names_close(server->names);
    server->names = names_open(&server->loop, &server->mailbox, &server->house);
}

static void server_go_on(struct server *server)
{
    const uint64_t generation = server->takeover.generation;

    if (server->starved) {
        server->takes_next = false;
        takeover_done(&server->takeover);
        server_tell(server, HANDOVER_FAILED, generation,
                    "too many open files (ulimit -n, LimitNOFILE); reload again later");
        return;
    }
    names_close(server->names); /* it looks at the sections of the former */
    server->names = NULL;
    const char *why = reload_begin(server->reload, &server->takeover);
    server_renew_names(server);
    server->takes_next = false;
    takeover_done(&server->takeover);
    if (why)
        server_tell(server, HANDOVER_FAILED, generation, why);
}

/* False: it is no message of a handover, or none is under way. */
static bool server_take_next(struct server *server, const struct handover *message, int fd)
{
    if (message->kind == HANDOVER_BUNDLE) {
        server->takes_next = true;
        server->starved = fd < 0;
    }
    if (!server->takes_next || server->state != SERVER_OPEN)
        return false;
    if (!takeover_take(&server->takeover, message, fd))
        return false;
    if (message->kind == HANDOVER_GO)
        server_go_on(server);
    return true;
}

static void server_go(struct server *server)
{
    int control_fd = fd_take(&server->takeover.control_fd);
    const char *why = house_build(&server->house, &server->takeover);

    if (why) {
        fd_close(&control_fd);
        server_fail(server, why);
        return;
    }
    int r = server_confine();
    if (r < 0) {
        fd_close(&control_fd);
        log_error(server->house.log, "the sandbox cannot be set up: %s", strerror(-r));
        server_fail(server, "the sandbox cannot be set up");
        return;
    }
    server->house.legacy =
        legacy_open(&server->loop, &server->mailbox,
                    (struct legacy_estate){ server->house.bans, &server->house.edition },
                    fd_take(&server->takeover.legacy_fd), server->house.log);
    r = server_start_reactors(server);
    if (r < 0) {
        fd_close(&control_fd);
        server_fail(server, "a reactor cannot be started");
        return;
    }
    server->names = names_open(&server->loop, &server->mailbox, &server->house);
    names_connect(server->names, fd_take(&server->takeover.resolver_fd));
    if (control_fd >= 0)
        server->control =
            control_open(&server->loop, &server->house, control_fd,
                         (struct control_boss){ server_ask_reload, server_ask_renewal, server });
    server->reload =
        reload_open(&server->house, (struct reload_boss){ server_settled, server_left, server });
    takeover_done(&server->takeover);
    server->state = SERVER_OPEN;
    server_tell(server, HANDOVER_READY, server->house.edition->generation, NULL);
}

/* ---- word from the supervisor ---- */

static void server_new_log(struct server *server, struct slice path, int fd)
{
    const struct conf_log conf = { .kind = LOG_TO_FILE, .path = path };
    struct log_file *file = log_writer_find(server->house.writer, &conf);

    if (file)
        log_file_reopen(file, fd);
    else
        fd_close(&fd);
}

static void server_take_outcome(struct server *server, const struct handover *message, int fd)
{
    struct house_outcome *outcome = &server->house.outcome;
    char *text;
    size_t len;

    if (fd_read_all(fd, OUTCOME_MOST, &text, &len) == 0) {
        snprintf(outcome->when, sizeof(outcome->when), "%.*s", SLICE_ARGS(message->text));
        outcome->failed = message->index != 0;
        snprintf(outcome->failure, sizeof(outcome->failure), "%.*s",
                 outcome->failed ? (int)strcspn(text, "\n") : 0, text);
        if (server->control)
            control_tell(server->control, message->number, slice_of(text, len));
        free(text);
    }
    fd_close(&fd);
}

/* The control socket's client waits for it all the same. */
static void server_miss_outcome(struct server *server, const struct handover *message)
{
    if (server->control)
        control_tell(server->control, message->number,
                     message->index != 0
                         ? SLICE("error: nothing has changed; the system log says why\n")
                         : SLICE("ok: the system log says what changed\n"));
}

static void server_new_spawner(struct reactor *reactor, const struct handover *message, int fd)
{
    reactor->spawner_pid = (int)message->number;
    reactor_new_spawner(reactor, fd);
}

static void server_write_legacy(struct server *server)
{
    legacy_write(server->house.legacy);
    server_tell(server, HANDOVER_LEGACY, 0, NULL);
}

/* And says so, when all reactors would answer it. */
static void server_take_proof(struct server *server, const struct handover *message)
{
    struct slice name;
    struct slice token;
    struct slice answer;

    if (message->index == 1)
        proofs_hide(server->house.proofs, message->text);
    else if (slice_cut(message->text, ' ', &name, &answer) &&
             slice_cut(answer, ' ', &token, &answer))
        proofs_show(server->house.proofs, name, token, answer);
    server_tell(server, HANDOVER_ACME_PROOF, message->number, NULL);
}

static void server_take_open(struct server *server, const struct handover *message, int fd)
{
    if (server_take_next(server, message, fd))
        return;
    if (message->kind == HANDOVER_LEGACY && fd < 0)
        server_write_legacy(server);
    else if (message->kind == HANDOVER_OUTCOME && fd >= 0)
        server_take_outcome(server, message, fd);
    else if (message->kind == HANDOVER_OUTCOME)
        server_miss_outcome(server, message);
    else if (message->kind == HANDOVER_LOG && fd >= 0)
        server_new_log(server, message->text, fd);
    else if (message->kind == HANDOVER_WORKERS && fd < 0)
        workers_status_take(server->house.workers, message->index, message->text);
    else if (message->kind == HANDOVER_ACME_STATE && fd < 0)
        acme_status_take(message->index == ACME_STAPLE ? server->house.staples : server->house.acme,
                         message->text);
    else if (message->kind == HANDOVER_ACME_PROOF && fd < 0)
        server_take_proof(server, message);
    else if (message->kind == HANDOVER_RESOLVER)
        names_connect(server->names, fd);
    else if (message->kind == HANDOVER_SPAWNER && message->index < server->house.reactor_count &&
             server->house.reactors[message->index] && fd >= 0)
        server_new_spawner(server->house.reactors[message->index], message, fd);
    else
        fd_close(&fd);
}

static void server_take(struct server *server, const struct handover *message, int fd)
{
    if (message->kind == HANDOVER_STOP) {
        fd_close(&fd);
        server_stop(server, message->number);
    } else if (server->state != SERVER_TAKING) {
        server_take_open(server, message, fd);
    } else if (!takeover_take(&server->takeover, message, fd)) {
        fd_close(&fd);
        server_fail(server, "a message of the supervisor is not understood");
    } else if (message->kind == HANDOVER_GO) {
        server_go(server);
    }
}

/* What it takes with it: said here, once for each message. */
static void server_note_loss(struct server *server, const struct handover *message)
{
    server->starved = true;
    if (message->kind == HANDOVER_LOG)
        log_error(server->house.log,
                  "too many open files: %.*s is not opened again; send USR1 once more later",
                  SLICE_ARGS(message->text));
    else if (message->kind == HANDOVER_SPAWNER)
        log_error(server->house.log,
                  "too many open files: reactor %u has lost its way to the spawner and starts no "
                  "programs; raise the limit (ulimit -n, LimitNOFILE) and restart",
                  message->index);
}

static void server_on_channel(struct task *task)
{
    struct server *server = container_of(task, struct server, channel_task);
    char data[HANDOVER_HEAD + HANDOVER_TEXT_MOST];

    while (server->channel.fd >= 0 && server->channel.readable && !server->loop.stopped) {
        struct handover message;
        int fds[1] = { -1 };
        int fd_count = 0;

        fd_close(&server->spare_fd);
        int n = pass_receive(server->channel.fd, data, sizeof(data), fds, 1, &fd_count);

        if (n == -EAGAIN) {
            server->channel.readable = false;
        } else if (n <= 0) { /* nobody is left who could start us again */
            io_close(&server->loop, &server->channel);
            server_stop(server, 0);
        } else if (handover_decode(slice_of(data, (size_t)n), &message, NULL) == PARSE_DONE) {
            if (fd_count == PASS_FDS_LOST)
                server_note_loss(server, &message);
            server_take(server, &message, fd_count > 0 ? fds[0] : -1);
        } else {
            fd_close(&fds[0]);
            server_fail(server, "a message of the supervisor is malformed");
        }
        server->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
}

int main(void)
{
    struct server server = { .state = SERVER_TAKING, .spare_fd = -1 };
    struct driver *driver = NULL;

    the_server = &server;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* a terminal's ^C is the supervisor's affair */
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    prepare_descriptors();
#ifndef LONGHOUSE_SANITIZED /* the leak check traces its own process */
    /* Programs run as the same user: they must not read what clients said from our memory. */
    if (sandbox_undumpable() < 0) {
        fprintf(stderr, "longhouse server: cannot give up core dumps\n");
        return 1;
    }
#endif
    log_clock_prepare();
    if (driver_epoll_new(&driver) < 0 || fd_set_nonblocking(HANDOVER_FD) < 0) {
        fprintf(stderr, "longhouse server: started without a supervisor; use 'longhouse run'\n");
        return 2;
    }
    loop_init(&server.loop, driver);
    takeover_init(&server.takeover);
    server.channel_task.run = server_on_channel;
    io_init(&server.channel, HANDOVER_FD, &server.channel_task);
    if (mailbox_open(&server.mailbox, &server.loop) < 0 ||
        io_wait(&server.loop, &server.channel) < 0) {
        fprintf(stderr, "longhouse server: started without a supervisor; use 'longhouse run'\n");
        return 2;
    }
    loop_wake(&server.loop, &server.channel_task);
    loop_run(&server.loop);

    if (server.exit_status != 0) /* reactors may run: nothing is taken from under them */
        _exit(server.exit_status);
    takeover_done(&server.takeover);
    names_close(server.names);
    reload_close(server.reload);
    legacy_close(server.house.legacy);
    house_free(&server.house);
    server_tell(&server, HANDOVER_STOPPED, 0, NULL);
    mailbox_close(&server.mailbox);
    io_close(&server.loop, &server.channel);
    loop_done(&server.loop);
    return 0;
}
