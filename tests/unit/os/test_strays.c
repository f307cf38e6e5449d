#include "os/strays.h"

#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
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

static bool have(const struct pids *pids, pid_t pid)
{
    for (size_t i = 0; i < pids->count; i++)
        if (pids->at[i] == pid)
            return true;
    return false;
}

/* By the file of the kernel, and by the walk. */
static const bool ways[] = { true, false };

START_TEST(all_children_are_listed)
{
    enum { MANY = 300 }; /* several pieces of text */
    struct pids pids = { 0 };
    pid_t children[MANY];
    int fd = ways[_i] ? children_open() : -1;

    for (int i = 0; i < MANY; i++)
        children[i] = sleeper();
    ck_assert_int_eq(children_list(fd, &pids), 0);
    ck_assert_uint_eq(pids.count, MANY);
    for (int i = 0; i < MANY; i++)
        ck_assert(have(&pids, children[i]));
    for (int i = 0; i < MANY; i++) {
        kill(children[i], SIGKILL);
        ck_assert_int_eq(waitpid(children[i], NULL, 0), children[i]);
    }
    ck_assert_int_eq(children_list(fd, &pids), 0);
    ck_assert_uint_eq(pids.count, 0);
    free(pids.at);
    if (fd >= 0)
        close(fd);
}
END_TEST

START_TEST(a_variable_is_read_from_the_environment_of_a_process)
{
    static const char *const argv[] = { "sh", "-c", "echo; kill -STOP $$", NULL };
    static const char *const envp[] = { "NUMBERS=7", "NUMBER=42", "WORD=x", NULL };
    uint64_t number = 0;
    int ends[2];
    char newline;

    ck_assert_int_eq(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        execve("/bin/sh", (char *const *)argv, (char *const *)envp);
        _exit(1);
    }
    close(ends[1]);
    ck_assert_int_eq(read(ends[0], &newline, 1), 1); /* execve() is not only begun, but over */
    close(ends[0]);
    ck_assert(process_number(pid, "NUMBER", &number));
    ck_assert_uint_eq(number, 42);
    ck_assert(!process_number(pid, "WORD", &number));
    ck_assert(!process_number(pid, "NUMB", &number));
    kill(pid, SIGKILL);
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
    ck_assert(!process_number(pid, "NUMBER", &number));
}
END_TEST

SUITE("os/strays", LOOP(all_children_are_listed, ways),
      TEST(a_variable_is_read_from_the_environment_of_a_process),
      TEST(children_are_killed_but_those_that_are_kept),
      TEST(orphans_come_to_their_reaper_and_are_found))
