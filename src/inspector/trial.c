#include "trial.h"

#include "os/fd.h"
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the child ---- */

static void limit(int resource, uint64_t most)
{
    const struct rlimit value = { most, most };

    if (most > 0)
        (void)setrlimit((__rlimit_resource_t)resource, &value);
}

static int become(const struct trial *trial)
{
    const struct account *account = trial->account;
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
        setpgid(0, 0) < 0 || chdir(trial->folder) < 0)
        return errno;
    limit(RLIMIT_AS, trial->limits->memory_bytes);
    limit(RLIMIT_CPU, trial->limits->cpu_s);
    limit(RLIMIT_NOFILE, trial->limits->files);
    const int r = account ? sandbox_become(account->user, account->group, account->groups,
                                           account->group_count)
                          : 0;
    if (r == 0 && trial->limits->no_new_privs)
        return -sandbox_no_new_privs();
    return -r;
}

static _Noreturn void run(const struct trial *trial, int report)
{
    int error = become(trial);

    if (error == 0) {
        execve(trial->words[0], trial->words, trial->environment);
        error = errno;
    }
    (void)!write(report, &error, sizeof(error));
    _exit(127);
}

/* ---- we ---- */

/* True: it did not come to be executed. The other end closes when it does. */
static bool has_failed(int report, int *ret_error)
{
    struct pollfd news = { .fd = report, .events = POLLIN };

    while (poll(&news, 1, -1) < 0 && errno == EINTR)
        ;
    return read(report, ret_error, sizeof(*ret_error)) == (ssize_t)sizeof(*ret_error);
}

static bool ends_in_time(pid_t pid, unsigned patience_ms)
{
    scoped_fd pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd news = { .fd = pidfd, .events = POLLIN };

    return pidfd < 0 || poll(&news, 1, (int)patience_ms) > 0;
}

static void wait_for(pid_t pid, struct trial_result *ret)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    ret->end = WIFEXITED(status) ? TRIAL_EXITED : TRIAL_KILLED;
    ret->value = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

void trial_run(const struct trial *trial, struct trial_result *ret)
{
    scoped_fd report = -1;
    scoped_fd its_end = -1;

    *ret = (struct trial_result){ .end = TRIAL_NOT_STARTED };
    const int r = fd_pipe(&report, &its_end);
    const pid_t pid = r == 0 ? fork() : -1;
    if (pid < 0) {
        ret->error = r < 0 ? -r : errno;
        return;
    }
    if (pid == 0)
        run(trial, its_end);
    fd_close(&its_end);
    const bool failed = has_failed(report, &ret->error);
    const bool in_time = ends_in_time(pid, trial->patience_ms);
    kill(-pid, SIGKILL); /* whatever it has left behind, too */
    wait_for(pid, ret);
    if (failed)
        ret->end = TRIAL_NOT_STARTED;
    else if (!in_time)
        ret->end = TRIAL_TOO_LONG;
}
