/* The clockwork of logs that begin anew, and the process that packs the old ones. */
#include "supervisor_private.h"

#include "os/fd.h"
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioprio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define AGAIN_MS   1000u /* something is in the way: a reload, a file that is still written to */
#define LAST_NICE  19
#define IDLE_CLASS IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)

static void look(struct house *house);

/* ---- the packer ---- */

static int give_up_rights(const struct house *house, pid_t parent)
{
    const struct identity *identity = &house->identity;
    int r = sandbox_drop_bounding_set();

    if (r == 0 && identity->switches)
        r = sandbox_become(identity->user, identity->group, identity->groups,
                           identity->group_count);
    if (r == 0)
        r = sandbox_drop_capabilities();
    if (r == 0)
        r = sandbox_no_new_privs();
    if (r == 0)
        r = sandbox_die_with_parent(parent);
    return r;
}

/* The last in everything: requests come first. */
static void stand_behind(void)
{
    (void)setpriority(PRIO_PROCESS, 0, LAST_NICE);
    (void)syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IDLE_CLASS);
}

static _Noreturn void become_packer(const struct house *house, pid_t parent)
{
    const struct old_log *old = &house->rotation.old;
    char path[4096];
    char title[] = "longhouse packer";
    char *argv[] = { title, NULL };
    char *environment[] = { NULL };
    sigset_t none;

    setsid();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(old->from, STDIN_FILENO) < 0 || dup2(old->to, STDOUT_FILENO) < 0 ||
        dup2(house->null_fd, STDERR_FILENO) < 0)
        _exit(errno);
    stand_behind();
    snprintf(path, sizeof(path), "%s/packer", house->folder);
    int program = open(path, O_PATH | O_CLOEXEC);
    int r = give_up_rights(house, parent);
    if (r < 0)
        _exit(-r);
    execve(path, argv, environment);
    if (errno == EACCES && program >= 0) /* a build tree in a folder that is closed to this user */
        execveat(program, "", argv, environment, AT_EMPTY_PATH);
    _exit(errno);
}

static int start_packer(struct house *house)
{
    const pid_t parent = getpid();
    pid_t pid = fork();

    if (pid == 0)
        become_packer(house, parent);
    if (pid < 0)
        return -errno;
    house->rotation.packer = pid;
    return 0;
}

/* ---- which log is next ---- */

static void complain(struct house *house, struct log_entry *entry, const char *name, int error)
{
    entry->settled = true;
    log_error(&house->journal.log, "the old log '%s' of '%s' stays as it is, unpacked: %s", name,
              entry->path, strerror(error));
}

/* 0: one is being packed. -EAGAIN: one is still written to. -ENOENT: there is none. */
static int pack_one_of(struct house *house, struct log_entry *entry)
{
    struct rotation *rotation = &house->rotation;
    int r = old_log_begin(entry->path, &rotation->old);

    if (r == -ENOENT)
        entry->settled = true; /* no folder is searched in vain twice */
    if (r == -ENOENT || r == -EAGAIN)
        return r;
    if (r == 0) {
        r = start_packer(house);
        if (r < 0)
            old_log_give_up(&rotation->old);
    }
    if (r < 0) {
        complain(house, entry, rotation->old.name, -r);
        return -ENOENT;
    }
    snprintf(rotation->log_path, sizeof(rotation->log_path), "%s", entry->path);
    return 0;
}

/* True: there will be something to do soon. */
static bool pack_next(struct house *house)
{
    bool waits = false;

    if (house->rotation.packer > 0)
        return false;
    for (struct log_entry *entry = house->logs.first; entry; entry = entry->next) {
        if (entry->rotate == ROTATE_NEVER || entry->settled)
            continue;
        int r = pack_one_of(house, entry);
        if (r == 0)
            return false;
        waits = waits || r == -EAGAIN;
    }
    return waits;
}

bool rotation_reaped(struct house *house, pid_t pid, int status)
{
    struct rotation *rotation = &house->rotation;
    char how[64];

    if (rotation->packer == 0 || pid != rotation->packer)
        return false;
    rotation->packer = 0;
    int r = -ECANCELED;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        r = old_log_finish(&rotation->old);
    else
        old_log_give_up(&rotation->old);
    if (r < 0) {
        const bool failed = r == -ECANCELED;
        const int error = failed && WIFEXITED(status) ? WEXITSTATUS(status) : -r;

        for (struct log_entry *entry = house->logs.first; entry; entry = entry->next)
            if (strcmp(entry->path, rotation->log_path) == 0)
                entry->settled = true;
        log_error(&house->journal.log, "the old log '%s' of '%s' stays as it is, unpacked: %s%s",
                  rotation->old.name, rotation->log_path,
                  failed && !WIFEXITED(status) ? "the packer " : "",
                  failed && !WIFEXITED(status) ? child_status_text(status, how, sizeof(how))
                                               : strerror(error));
    }
    if (house->phase == PHASE_RUNNING)
        look(house);
    return true;
}

/* ---- the look ---- */

static bool is_used(const struct house *house)
{
    for (const struct log_entry *entry = house->logs.first; entry; entry = entry->next)
        if (entry->rotate != ROTATE_NEVER)
            return true;
    return false;
}

static void look(struct house *house)
{
    const time_t now = time(NULL);
    struct loop *loop = &house->loop;
    struct tm local;

    if (house->reload.draft) { /* it has opened the same files */
        timer_set(loop, &house->rotation.timer, loop->now_ms + AGAIN_MS);
        return;
    }
    if (!is_used(house) || !localtime_r(&now, &local)) {
        timer_stop(loop, &house->rotation.timer);
        return;
    }
    if (logs_rotate(&house->logs, now, &house->journal.log) > 0)
        house_reopen_logs(house);
    const bool soon = pack_next(house);
    timer_set(loop, &house->rotation.timer,
              loop->now_ms + (soon ? AGAIN_MS : calendar_wait_ms(&local)));
}

static void on_look(struct task *task)
{
    struct rotation *rotation = container_of(task, struct rotation, task);
    struct house *house = container_of(rotation, struct house, rotation);

    if (house->phase == PHASE_RUNNING)
        look(house);
}

void rotation_init(struct rotation *rotation)
{
    *rotation = (struct rotation){ .old = { .folder = -1, .from = -1, .to = -1 } };
    rotation->task.run = on_look;
    rotation->timer.task = &rotation->task;
}

void rotation_begin(struct house *house)
{
    look(house);
}

void rotation_close(struct house *house)
{
    timer_stop(&house->loop, &house->rotation.timer);
    loop_forget(&house->loop, &house->rotation.task);
    old_log_give_up(&house->rotation.old);
}
