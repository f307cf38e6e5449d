/* The spawner as a whole: its boss, its channels, its end. */
#include "spawner_private.h"

#include "ipc/handover.h"
#include "os/fd.h"
#include "os/pass.h"
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Everything ends: what was asked for, then the loop. */
static void begin_ending(struct spawner *spawner)
{
    if (spawner->ending)
        return;
    spawner->ending = true;
    while (!list_empty(&spawner->channels))
        channel_close(container_of(list_first(&spawner->channels), struct channel, link));
    programs_end_all(spawner);
    programs_finish(spawner);
}

/* ---- the supervisor ---- */

void spawner_tell(struct spawner *spawner, const struct handover *message)
{
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];
    int count = handover_encode(message, head, parts);

    if (spawner->boss.fd < 0 || count < 0)
        return;
    int r = outbox_send(&spawner->boss_out, spawner->boss.fd, parts, count, NULL, 0);
    if (r == -EAGAIN)
        spawner->boss.writable = false;
    if (r < 0)
        loop_wake(&spawner->loop, &spawner->boss_task); /* flushes, or finds it gone */
}

/* Why a generation is refused. */
static void refuse(struct spawner *spawner, uint64_t generation, const char *what, const char *why)
{
    char line[512];

    snprintf(line, sizeof(line), "spawner: %s: %s", what, why);
    spawner_tell(spawner, &(struct handover){ .kind = HANDOVER_FAILED,
                                              .number = generation,
                                              .text = slice_cstr(line) });
}

void spawner_complain(struct spawner *spawner, const char *format, ...)
{
    char line[512];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    spawner_tell(spawner, &(struct handover){ .kind = HANDOVER_FAILED, .text = slice_cstr(line) });
}

/* Once for all programs costs none of them a call. */
static void gain_nothing_more(struct spawner *spawner, struct rules *rules)
{
    if (!spawner->gains_nothing && !spawner->policies.newest && rules_gain_nothing(rules) &&
        services_gain_nothing(spawner->services, rules))
        spawner->gains_nothing = sandbox_no_new_privs() == 0;
}

/* What runs goes on; what is asked for is judged by the rules of the generation it names. */
static void adopt_policy(struct spawner *spawner, int fd, uint64_t generation)
{
    struct rules *rules;
    const char *why;
    int r = rules_adopt(fd, &spawner->sandboxes, &rules, &why);

    if (r < 0) {
        sandboxes_close(&spawner->sandboxes);
        refuse(spawner, generation, "policy refused", why);
        return;
    }
    gain_nothing_more(spawner, rules);
    if (spawner->gains_nothing && !rules_gain_nothing(rules)) {
        rules_free(rules);
        refuse(spawner, generation, "NoNewPrivileges cannot be taken back while the house runs",
               "stop the house and start it again");
        return;
    }
    if (spawner->gains_nothing)
        rules_let_gain_rest(rules);
    policies_add(&spawner->policies, rules, generation);
    spawner_tell(spawner, &(struct handover){ .kind = HANDOVER_READY, .number = generation });
    services_begin(spawner);
}

/* At the start before the policy; those of a further generation when it was adopted. */
static void adopt_pools(struct spawner *spawner, int fd, uint64_t generation)
{
    const char *why = "no room";
    int r = services_adopt(spawner, fd, generation, &why);

    if (r < 0)
        spawner_complain(spawner, "spawner: pools of workers refused: %s (%s)", why, strerror(-r));
}

static void act_on(struct spawner *spawner, const struct handover *message, int fd)
{
    bool wants_fd = message->kind == HANDOVER_POLICY || message->kind == HANDOVER_CHANNEL ||
                    message->kind == HANDOVER_CGROUP || message->kind == HANDOVER_SANDBOX ||
                    message->kind == HANDOVER_POOLS || message->kind == HANDOVER_SOCKET;

    if (wants_fd && fd < 0)
        spawner_complain(spawner, "spawner: a message of kind %d came without its descriptor",
                         (int)message->kind);
    else if (message->kind == HANDOVER_POLICY)
        adopt_policy(spawner, fd, message->number);
    else if (message->kind == HANDOVER_CHANNEL && !spawner->ending)
        channel_open(spawner, fd_take(&fd), message->index);
    else if (message->kind == HANDOVER_CGROUP)
        leaves_adopt(spawner, fd_take(&fd));
    else if (message->kind == HANDOVER_SANDBOX &&
             !sandboxes_add(&spawner->sandboxes, message->index, fd_take(&fd)))
        spawner_complain(spawner, "spawner: sandbox %u came out of order", message->index);
    else if (message->kind == HANDOVER_POOLS)
        adopt_pools(spawner, fd, message->number);
    else if (message->kind == HANDOVER_SOCKET && services_take_socket(spawner, message->index, fd))
        fd_take(&fd);
    else if (message->kind == HANDOVER_FORGET)
        policies_forget(&spawner->policies, message->number);
    else if (message->kind == HANDOVER_STOP)
        begin_ending(spawner);
    fd_close(&fd);
}

/* 0, -EAGAIN, or a negative errno: the supervisor is gone. */
static int read_boss(struct spawner *spawner)
{
    char bytes[HANDOVER_HEAD + HANDOVER_TEXT_MOST];
    struct handover message;
    struct parse_fault fault;
    int fd = -1;
    int fd_count;
    int len = pass_receive(spawner->boss.fd, bytes, sizeof(bytes), &fd, 1, &fd_count);

    if (len <= 0)
        return len == 0 ? -ECONNRESET : len;
    if (fd_count <= 0)
        fd = -1;
    if (handover_decode(slice_of(bytes, (size_t)len), &message, &fault) != PARSE_DONE) {
        fd_close(&fd);
        return -EBADMSG;
    }
    act_on(spawner, &message, fd);
    return 0;
}

static void on_boss(struct task *task)
{
    struct spawner *spawner = container_of(task, struct spawner, boss_task);
    int r = 0;

    if (spawner->boss.fd < 0)
        return;
    while (r == 0)
        r = read_boss(spawner);
    if (r == -EAGAIN) {
        spawner->boss.readable = false;
        r = outbox_flush(&spawner->boss_out, spawner->boss.fd);
        if (r == -EAGAIN) {
            spawner->boss.writable = false;
            r = 0;
        }
        if (r == 0)
            r = io_wait(&spawner->loop, &spawner->boss);
    }
    if (r < 0) { /* no supervisor: no server, no policy, nobody to run for */
        io_close(&spawner->loop, &spawner->boss);
        begin_ending(spawner);
    }
}

/* ---- exits ---- */

static void on_signals(struct task *task)
{
    struct spawner *spawner = container_of(task, struct spawner, signals_task);
    struct signalfd_siginfo signals[8];
    ssize_t got = read(spawner->signals.fd, signals, sizeof(signals));

    /* There is one pending SIGCHLD at most: after a read that brought less than was asked, it is
     * empty. One that failed left it there, and nothing would be told again. */
    const bool failed = got < 0 && errno != EAGAIN;
    if (got > 0 || failed)
        programs_reap(spawner);
    spawner->signals.readable = failed || got == (ssize_t)sizeof(signals);
    if (spawner->signals.readable)
        loop_wake_next_turn(&spawner->loop, task);
}

static int watch_exits(struct spawner *spawner)
{
    sigset_t exits;

    sigemptyset(&exits);
    sigaddset(&exits, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &exits, NULL) < 0)
        return -errno;
    int fd = signalfd(-1, &exits, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    io_init(&spawner->signals, fd, &spawner->signals_task);

    /* Orphans of programs come to us, not to the first process of the system: they are reaped, and
     * seen. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        return -errno;
    return io_wait(&spawner->loop, &spawner->signals);
}

/* ---- the whole ---- */

int spawner_open(struct spawner *spawner, struct driver *driver, int boss)
{
    *spawner = (struct spawner){
        .boss_task.run = on_boss,
        .signals.fd = -1,
        .signals_task.run = on_signals,
        .datagram = malloc(SPAWN_MESSAGE_MOST),
        .pid = getpid(),
        .null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC),
    };
    if (!spawner->datagram)
        abort();
    loop_init(&spawner->loop, driver);
    io_init(&spawner->boss, boss, &spawner->boss_task);
    outbox_init(&spawner->boss_out);
    list_init(&spawner->channels);
    list_init(&spawner->running);
    list_init(&spawner->families);
    announce_open(spawner);
    adopted_open(spawner);
    leaves_open(spawner);

    int r = spawner->null_fd < 0 ? -errno : watch_exits(spawner);
    if (r < 0) {
        spawner_close(spawner);
        return r;
    }
    loop_wake(&spawner->loop, &spawner->boss_task);
    loop_wake(&spawner->loop, &spawner->signals_task);
    return 0;
}

void spawner_close(struct spawner *spawner)
{
    while (!list_empty(&spawner->channels))
        channel_close(container_of(list_first(&spawner->channels), struct channel, link));
    announce_close(spawner);
    adopted_close(spawner);
    services_free(spawner->services);
    list_append_all(&spawner->running, &spawner->families);
    for (struct list_link *link; (link = list_first(&spawner->running)) != NULL;) {
        struct program *program = container_of(link, struct program, link);
        list_remove(&program->link);
        timer_stop(&spawner->loop, &program->grace);
        if (program->leaf)
            leaf_release(program->leaf);
        free(program);
    }
    leaves_close(spawner);
    outbox_done(&spawner->boss_out);
    io_close(&spawner->loop, &spawner->boss);
    io_close(&spawner->loop, &spawner->signals);
    fd_close(&spawner->null_fd);
    loop_done(&spawner->loop);
    policies_free(&spawner->policies);
    sandboxes_close(&spawner->sandboxes);
    table_done(&spawner->by_pid);
    free(spawner->datagram);
}
