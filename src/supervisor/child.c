/* One child of the supervisor: started, watched, started again with back-off. */
#include "supervisor_private.h"

#include "os/fd.h"
#include "os/pass.h"
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIVED_WELL_MS   1000u
#define SILENT_MOST_MS  2000u
#define BACKOFF_LEAST   100u
#define BACKOFF_MOST_MS 30000u

uint64_t backoff_next(struct backoff *backoff, uint64_t lived_ms)
{
    if (lived_ms >= LIVED_WELL_MS || !backoff->died_before) {
        *backoff = (struct backoff){ .died_before = true };
        return 0;
    }
    uint64_t longer = backoff->wait_ms * 2;
    backoff->wait_ms = longer < BACKOFF_LEAST ? BACKOFF_LEAST : longer;
    if (backoff->wait_ms > BACKOFF_MOST_MS)
        backoff->wait_ms = BACKOFF_MOST_MS;
    return backoff->wait_ms;
}

/* ---- the channel ---- */

/* Most ends are seen here before the exit is: a child that closed its channel has a while to end.
 */
static void on_broken(struct child *child, int error)
{
    struct loop *loop = &child->house->loop;

    io_close(loop, &child->channel);
    if (error == -EBADMSG)
        child_kill(child); /* what does not speak properly is started anew */
    else
        timer_set(loop, &child->again, loop->now_ms + SILENT_MOST_MS);
}

static int read_one(struct child *child)
{
    char bytes[HANDOVER_HEAD + HANDOVER_TEXT_MOST];
    struct handover message;
    int fd_count;
    int len = pass_receive(child->channel.fd, bytes, sizeof(bytes), NULL, 0, &fd_count);

    if (len <= 0)
        return len == 0 ? -ECONNRESET : len;
    if (handover_decode(slice_of(bytes, (size_t)len), &message, NULL) != PARSE_DONE)
        return -EBADMSG;
    if (message.kind == HANDOVER_FAILED && !child->ready)
        snprintf(child->complaint, sizeof(child->complaint), "%.*s", SLICE_ARGS(message.text));
    child->on_message(child, &message);
    return 0;
}

static int read_all(struct child *child)
{
    int r = 0;

    while (r == 0 && child->channel.fd >= 0)
        r = read_one(child);
    return r;
}

static void on_channel(struct task *task)
{
    struct child *child = container_of(task, struct child, task);

    if (child->channel.fd < 0)
        return;
    int r = read_all(child);
    if (r == -EAGAIN) {
        child->channel.readable = false;
        r = outbox_flush(&child->outbox, child->channel.fd);
        if (r == -EAGAIN) {
            child->channel.writable = false;
            r = 0;
        }
        if (r == 0)
            r = io_wait(&child->house->loop, &child->channel);
    }
    if (r < 0)
        on_broken(child, r);
}

void child_send(struct child *child, const struct handover *message, int fd)
{
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];
    int count = handover_encode(message, head, parts);

    if (child->channel.fd < 0 || count < 0)
        return;
    int own = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;
    int r = fd >= 0 && own < 0 ? -errno
                               : outbox_send(&child->outbox, child->channel.fd, parts, count, &own,
                                             own < 0 ? 0 : 1);
    if (r == -EAGAIN)
        child->channel.writable = false;
    if (r < 0)
        loop_wake(&child->house->loop, &child->task); /* flushes, or finds it broken */
    if (r < 0 && r != -EAGAIN)
        log_error(&child->house->journal.log, "the %s cannot be told something: %s", child->name,
                  strerror(-r));
}

/* ---- the beginning ---- */

/* What a child may know of our environment; the rest may hold anything. */
static bool passes_on(const char *entry)
{
    static const char *const names[] = {
        "PATH=",          "TZ=",           "ASAN_OPTIONS=", "LSAN_OPTIONS=",
        "UBSAN_OPTIONS=", "TSAN_OPTIONS=", "LONGHOUSE_"
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strncmp(entry, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static char **pick_environment(void)
{
    size_t count = 0;
    size_t room = 0;

    while (environ[room])
        room++;
    char **picked = calloc(room + 1, sizeof(*picked));
    if (!picked)
        abort();
    for (size_t i = 0; i < room; i++)
        if (passes_on(environ[i]))
            picked[count++] = environ[i];
    return picked;
}

/* Says what failed over the channel, where the supervisor expects a FAILED. */
static _Noreturn void give_up(const char *what, int error)
{
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];
    char why[160];
    struct handover message = { .kind = HANDOVER_FAILED };

    snprintf(why, sizeof(why), "%s: %s", what, strerror(error));
    message.text = slice_cstr(why);
    int count = handover_encode(&message, head, parts);
    (void)pass_send(HANDOVER_FD, parts, count, NULL, 0);
    _exit(126);
}

/* /dev/null first: its number may be that of the channel in the child. */
static void settle_descriptors(const struct house *house, int channel)
{
    for (int fd = 0; fd <= (house->behind ? 2 : 0); fd++)
        if (dup2(house->null_fd, fd) < 0)
            _exit(126);
    /* Ours are all close-on-exec; dup2() to another number clears that for the copy. */
    if (channel == HANDOVER_FD ? fcntl(channel, F_SETFD, 0) < 0 : dup2(channel, HANDOVER_FD) < 0)
        _exit(126);
}

static void settle_signals(void)
{
    sigset_t none;

    signal(SIGPIPE, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A spawner whose policy has other users becomes them in its children, and ends what runs as them.
 */
static uint64_t rights_of(const struct child *child)
{
    const struct house *house = child->house;

    return child->confined || !house->identity.switches ? 0 : house->rights;
}

/*
 * The spawner is not told to die with the supervisor: its closed channel says so, and leaves it the
 * time to end its programs. The programs' rights are the policy's affair, so no-new-privileges is
 * for the server alone.
 */
static void give_up_rights(const struct child *child, pid_t parent)
{
    const struct identity *identity = &child->house->identity;
    int r = child->confined ? sandbox_drop_bounding_set() : 0;

    if (r < 0)
        give_up("cannot give up what programs could gain", -r);
    const uint64_t kept = rights_of(child);
    if (r == 0 && kept != 0)
        r = sandbox_keep_over_change();
    if (r == 0 && identity->switches)
        r = sandbox_become(identity->user, identity->group, identity->groups,
                           identity->group_count);
    if (r < 0)
        give_up("cannot become the user of the server", -r);
    r = kept != 0 ? sandbox_hand_down(kept) : sandbox_drop_capabilities();
    if (r < 0)
        give_up("cannot give up capabilities", -r);
    if (!child->confined)
        return;
    r = sandbox_no_new_privs();
    if (r == 0)
        r = sandbox_die_with_parent(parent);
    if (r < 0)
        give_up("cannot confine the process", -r);
}

/* Beside those of its programs: then it may move them there. */
static void enter_group(const struct child *child)
{
    int folder = child->house->groups.house.spawner;
    int r = child->confined || folder < 0 ? 0 : cgroup_enter(folder);

    if (r < 0)
        give_up("cannot enter the control group of the spawner", -r);
}

static _Noreturn void become_child(const struct child *child, int channel, pid_t parent)
{
    char path[4096];
    char title[64];
    char *argv[] = { title, NULL };

    setsid(); /* a terminal's ^C is for the supervisor, which tells the others */
    settle_descriptors(child->house, channel);
    settle_signals();
    setrlimit(RLIMIT_NOFILE, &child->house->files);
    snprintf(path, sizeof(path), "%s/%s", child->house->folder, child->name);
    snprintf(title, sizeof(title), "longhouse %s", child->name);
    char **environment = pick_environment();
    int program = open(path, O_PATH | O_CLOEXEC);
    enter_group(child);
    give_up_rights(child, parent);
    execve(path, argv, environment);
    if (errno == EACCES &&
        program >= 0) /* a build tree below a folder that is closed to this user */
        execveat(program, "", argv, environment, AT_EMPTY_PATH);
    give_up(path, errno);
}

int child_start(struct child *child)
{
    pid_t parent = getpid();
    int ours;
    scoped_fd theirs = -1;

    int r = pass_pair(&ours, &theirs);
    if (r < 0)
        return r;
    pid_t pid = fork();
    if (pid == 0)
        become_child(child, theirs, parent);
    if (pid < 0) {
        r = -errno;
        fd_close(&ours);
        return r;
    }
    child_begin(child, pid, ours);
    return 0;
}

void child_begin(struct child *child, pid_t pid, int channel)
{
    struct loop *loop = &child->house->loop;

    child->pid = pid;
    child->ready = false;
    child->complaint[0] = '\0';
    child->started_ms = loop->driver->ops->now_ms(loop->driver);
    io_init(&child->channel, channel, &child->task);
    outbox_init(&child->outbox);
    loop_wake(loop, &child->task);
}

/* ---- the end ---- */

void child_gone(struct child *child)
{
    struct loop *loop = &child->house->loop;

    child->pid = 0;  /* the number may be another's from here on */
    read_all(child); /* what it said before it went */
    io_close(loop, &child->channel);
    outbox_done(&child->outbox);
    outbox_init(&child->outbox);
    loop_forget(loop, &child->task);
    timer_stop(loop, &child->again);
    child->ready = false;
}

void child_kill(struct child *child)
{
    if (child->pid > 0)
        kill(child->pid, SIGKILL);
}

char *child_status_text(int status, char *out, size_t room)
{
    if (WIFEXITED(status))
        snprintf(out, room, "exited with status %d", WEXITSTATUS(status));
    else
        snprintf(out, room, "was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    return out;
}

void child_close(struct child *child)
{
    struct loop *loop = &child->house->loop;

    outbox_done(&child->outbox);
    io_close(loop, &child->channel);
    timer_stop(loop, &child->again);
}

void child_init(struct child *child, struct house *house, const char *name, bool confined,
                void (*on_message)(struct child *, const struct handover *))
{
    *child = (struct child){
        .house = house,
        .name = name,
        .confined = confined,
        .on_message = on_message,
        .channel.fd = -1,
        .task.run = on_channel,
        .again.task = &child->again_task,
    };
    outbox_init(&child->outbox);
}
