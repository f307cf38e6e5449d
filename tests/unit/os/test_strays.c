#include "os/strays.h"

#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t sleeper(void)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        for (;;)
            pause();
    return pid;
}

START_TEST(children_are_killed_but_those_that_are_kept)
{
    pid_t kept = sleeper();
    pid_t other = sleeper();
    int status;

    ck_assert_uint_eq(strays_kill(&kept, 1), 1);
    ck_assert_int_eq(waitpid(other, &status, 0), other);
    ck_assert_int_eq(WTERMSIG(status), SIGKILL);
    ck_assert_uint_eq(strays_kill(&kept, 1), 0);
    ck_assert_int_eq(kill(kept, 0), 0);
    ck_assert_uint_eq(strays_kill(NULL, 0), 1);
    ck_assert_int_eq(waitpid(kept, &status, 0), kept);
}
END_TEST

START_TEST(orphans_come_to_their_reaper_and_are_found)
{
    int ends[2];
    pid_t orphan = 0;
    int status;

    ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
    ck_assert_int_eq(pipe(ends), 0);
    pid_t parent = fork();
    if (parent == 0) {
        setsid();
        orphan = sleeper();
        _exit(write(ends[1], &orphan, sizeof(orphan)) == sizeof(orphan) ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(parent, &status, 0), parent);
    ck_assert_int_eq(read(ends[0], &orphan, sizeof(orphan)), sizeof(orphan));
    ck_assert_uint_eq(strays_kill(NULL, 0), 1);
    ck_assert_int_eq(waitpid(-1, &status, 0), orphan);
    ck_assert_int_eq(waitpid(-1, &status, 0), -1);
    ck_assert_int_eq(errno, ECHILD);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

SUITE("os/strays", TEST(children_are_killed_but_those_that_are_kept),
      TEST(orphans_come_to_their_reaper_and_are_found))
