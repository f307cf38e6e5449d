/*
 * Another version of the program, without closing a socket: the new house begins beside this one,
 * with the same listening sockets; when it serves, this one finishes what it has begun and ends.
 *
 *   asked ──> our server notes bans and the state of targets ──> the heir begins ──READY──> it
 *   serves; we drain, end, and (in the foreground) wait
 *                   └── FAILED, its end, no news for a minute: nothing has changed
 *
 * Statistics begin anew, as at any start; cookies that name a target go on to do so.
 */
#include "estate.h"
#include "os/fd.h"
#include "os/notify.h"
#include "os/pass.h"
#include "supervisor_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 60000u
#define NOTES_MS    5000u /* a server that does not write by then will not */
#define WORDS_MOST  8

static bool is_asked(const struct upgrade *upgrade)
{
    return upgrade->notes || (upgrade->heir.pid > 0 && !upgrade->done);
}

__attribute__((format(printf, 1, 2))) static char *text_of(const char *format, ...)
{
    char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    return text;
}

static void note_failure(struct house *house, const char *why)
{
    log_error(&house->journal.log, "no upgrade: %s", why);
    reload_note(house, false, text_of("error: no upgrade, and nothing has changed: %s\n", why));
}

/* ---- the heir ---- */

static _Noreturn void become_heir(const struct house *house, int channel)
{
    char path[4096];
    char number[16];
    const char *words[WORDS_MOST] = { "longhouse supervisor", "-c", house->from.path, "--quiet" };
    int count = 4;

    if (house->behind)
        words[count++] = "--daemon";
    snprintf(number, sizeof(number), "%d", channel);
    words[count++] = "--estate";
    words[count++] = number;
    words[count] = NULL;
    snprintf(path, sizeof(path), "%s/supervisor", house->folder);
    setrlimit(RLIMIT_NOFILE, &house->files);
    if (fcntl(channel, F_SETFD, 0) == 0)
        execv(path, (char *const *)words);
    _exit(126);
}

static int start_heir(struct house *house)
{
    struct child *heir = &house->upgrade.heir;
    scoped_fd theirs = -1;
    int ours;

    int r = pass_pair(&ours, &theirs);
    if (r < 0)
        return r;
    pid_t pid = fork();
    if (pid == 0)
        become_heir(house, theirs);
    if (pid < 0) {
        r = -errno;
        fd_close(&ours);
        return r;
    }
    child_begin(heir, pid, ours);
    timer_set(&house->loop, &heir->again, house->loop.now_ms + PATIENCE_MS);
    return 0;
}

static void on_late(struct task *task)
{
    struct child *heir = container_of(task, struct child, again_task);

    if (heir->house->upgrade.notes)
        upgrade_begin(heir->house);
    else
        child_kill(heir);
}

/* From here on it is the house that people ask. */
static void hand_over(struct house *house)
{
    char line[64];
    const int pid = (int)house->upgrade.heir.pid;

    house->upgrade.done = true;
    timer_stop(&house->loop, &house->upgrade.heir.again);
    rotation_close(house);
    snprintf(line, sizeof(line), "MAINPID=%d\nREADY=1", pid);
    (void)notify_send(line);
    log_notice(&house->journal.log,
               "pid %d serves from now on; this house finishes what it has begun", pid);
    reload_note(house, true,
                text_of("ok: pid %d serves from now on; pid %d finishes what it has begun\n", pid,
                        (int)getpid()));
    house_stop(house);
}

static void on_message(struct child *heir, const struct handover *message)
{
    if (message->kind == HANDOVER_READY && !heir->house->upgrade.done)
        hand_over(heir->house);
}

/* ---- the face ---- */

void upgrade_init(struct house *house)
{
    struct child *heir = &house->upgrade.heir;

    child_init(heir, house, "new house", false, on_message);
    heir->again_task.run = on_late;
}

void upgrade_ask(struct house *house, uint64_t number)
{
    if (number > house->reload.asked)
        house->reload.asked = number;
    house->reload.answers = house->reload.asked;
    if (is_asked(&house->upgrade)) {
        note_failure(house, "one is in progress");
        return;
    }
    if (house->phase != PHASE_RUNNING || house->reload.state != RELOAD_NONE) {
        note_failure(house, "the house starts, reloads or ends; try it in a moment");
        return;
    }
    if (!house->from.path) {
        note_failure(house, "the configuration was handed in at the start, and is in no file");
        return;
    }
    house->upgrade.notes = true;
    timer_set(&house->loop, &house->upgrade.heir.again, house->loop.now_ms + NOTES_MS);
    child_send(&house->server, &(struct handover){ .kind = HANDOVER_LEGACY }, -1);
}

void upgrade_begin(struct house *house)
{
    if (!house->upgrade.notes || house->phase != PHASE_RUNNING)
        return;
    house->upgrade.notes = false;
    timer_stop(&house->loop, &house->upgrade.heir.again);
    int r = start_heir(house);
    if (r < 0) {
        note_failure(house, strerror(-r));
        return;
    }
    log_notice(&house->journal.log, "upgrade: a new house begins as pid %d",
               (int)house->upgrade.heir.pid);
    estate_send(house, &house->upgrade.heir);
}

bool upgrade_is_asked(const struct house *house)
{
    return is_asked(&house->upgrade);
}

bool upgrade_reaped(struct house *house, pid_t pid, int status)
{
    struct child *heir = &house->upgrade.heir;
    char how[64];
    char why[512];

    if (pid != heir->pid)
        return false;
    const bool was_asked = is_asked(&house->upgrade);
    child_gone(heir); /* which may have said READY at last: then it serves no more */
    house->upgrade.status = status;
    child_status_text(status, how, sizeof(how));
    if (!was_asked)
        return true;
    if (heir->complaint[0] != '\0')
        snprintf(why, sizeof(why), "%s", heir->complaint);
    else
        snprintf(why, sizeof(why), "the new house %s; the system log may say why", how);
    note_failure(house, why);
    return true;
}

void upgrade_give_up(struct house *house)
{
    house->upgrade.notes = false;
    if (is_asked(&house->upgrade))
        child_kill(&house->upgrade.heir);
    child_close(&house->upgrade.heir);
}

/* ---- whoever started us waits for us ---- */

static void pass_on(pid_t heir, const sigset_t *signals)
{
    int number = sigwaitinfo(signals, NULL);

    if (number > 0 && number != SIGCHLD)
        kill(heir, number);
}

int upgrade_wait_for_heir(const struct house *house, const sigset_t *signals)
{
    const pid_t heir = house->upgrade.heir.pid;
    int status = house->upgrade.status;

    while (heir > 0) {
        const pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid == heir || (pid < 0 && errno != EINTR))
            break;
        if (pid == 0)
            pass_on(heir, signals);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}
