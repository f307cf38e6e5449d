/*
 * The spawner program: started by the supervisor with its channel as descriptor 3, already as the
 * user that it stays.
 *
 * It does not ask the kernel to die with the supervisor: the closed channel says the same, and
 * leaves time to end the programs properly, with all of their families.
 */
#include "ipc/handover.h"
#include "os/fd.h"
#include "os/sandbox.h"
#include "spawner_private.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/*
 * Nothing is ignored, so that programs inherit nothing; what a terminal or a service manager sends
 * to all processes is held back, because the supervisor decides about the end.
 */
static void settle_signals(void)
{
    static const int held_back[] = { SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE };
    sigset_t held;

    for (int number = 1; number < NSIG; number++)
        if (number != SIGKILL && number != SIGSTOP)
            (void)signal(number, SIG_DFL); /* fails for the two that libc keeps to itself */
    sigemptyset(&held);
    for (size_t i = 0; i < sizeof(held_back) / sizeof(held_back[0]); i++)
        sigaddset(&held, held_back[i]);
    sigprocmask(SIG_SETMASK, &held, NULL);
}

/* 0, 1, 2 are open, so that no pipe ever gets one of these numbers. */
static int settle_stdio(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (fd < 0)
            return -errno;
    } while (fd <= 2);
    fd_close(&fd);
    return 0;
}

/*
 * When a rule of the policy changes the user or the root directory, the supervisor hands down what
 * that takes, and what it takes to end such a program. Here it stays with the spawner: programs
 * have none of it.
 */
static int settle_rights(void)
{
    const uint64_t needed = UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID |
                            UINT64_C(1) << CAP_KILL | UINT64_C(1) << CAP_SYS_CHROOT;
    uint64_t have;
    int r = sandbox_capabilities(&have);

    return r < 0 ? r : sandbox_keep_capabilities(have & needed);
}

static int fail(const char *what, int error)
{
    fprintf(stderr, "spawner: %s: %s\n", what, strerror(-error));
    return EXIT_FAILURE;
}

int main(void)
{
    struct stat channel;
    struct driver *driver;
    struct spawner spawner;
    int r;

    if (fstat(HANDOVER_FD, &channel) < 0 || !S_ISSOCK(channel.st_mode)) {
        fprintf(stderr,
                "spawner: this program is started by the supervisor; use 'longhouse run'\n");
        return 2;
    }
    fcntl(HANDOVER_FD, F_SETFD, FD_CLOEXEC);
    settle_signals();
    umask(022);
    r = settle_stdio();
    if (r < 0)
        return fail("cannot open /dev/null", r);
#ifndef LONGHOUSE_SANITIZED /* the leak check traces its own process */
    r = sandbox_undumpable();
    if (r < 0)
        return fail("cannot give up core dumps", r);
#endif
    r = settle_rights();
    if (r < 0)
        return fail("cannot give up capabilities", r);
    r = driver_epoll_new(&driver);
    if (r < 0)
        return fail("cannot watch descriptors", r);
    r = spawner_open(&spawner, driver, HANDOVER_FD);
    if (r < 0)
        return fail("cannot watch programs", r);

    loop_run(&spawner.loop);
    spawner_close(&spawner);
    return EXIT_SUCCESS;
}
