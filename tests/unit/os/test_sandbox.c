#include "os/sandbox.h"

#include "os/fd.h"
#include "os/socket.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#define SOMEBODY 12345

extern char **environ;

/* Runs `run` in a child of its own: its exit status is the line of the first claim that failed, 0:
 * none. */
#define CLAIM(what)                                                                                \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            fprintf(stderr, "line %d: %s (%s)\n", __LINE__, #what, strerror(errno));               \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

static int status_of(void (*run)(void))
{
    int status;
    pid_t child = fork();

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        run();
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    return status;
}

static void filtered(void)
{
    CLAIM(sandbox_server_filter() == 0);
}

static bool refused(long result)
{
    return result < 0 && errno == EPERM;
}

static void *think(void *argument)
{
    return argument;
}

static void threads_work(void)
{
    pthread_t thread;
    void *result = NULL;
    int value;

    filtered();
    CLAIM(pthread_create(&thread, NULL, think, &value) == 0);
    CLAIM(pthread_join(thread, &result) == 0);
    CLAIM(result == &value);
}

static void files_can_be_read(void)
{
    struct stat found;
    char data[64];

    filtered();
    int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    CLAIM(fd >= 0);
    CLAIM(fstat(fd, &found) == 0);
    CLAIM(stat("/etc/passwd", &found) == 0);
    CLAIM(read(fd, data, sizeof(data)) > 0);
    CLAIM(pread(fd, data, sizeof(data), 0) > 0);
    void *map = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
    CLAIM(map != MAP_FAILED);
    CLAIM(munmap(map, 1) == 0);
    FILE *file = fopen("/etc/passwd", "re");
    CLAIM(file && fgets(data, sizeof(data), file));
    fclose(file);
}

static void sockets_and_events_work(void)
{
    struct epoll_event event = { .events = EPOLLIN };
    int ends[2], file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    char data[16];

    filtered();
    CLAIM(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    CLAIM(sendfile(ends[0], file, NULL, 10) == 10);
    CLAIM(!socket_is_read(ends[0]));
    CLAIM(recv(ends[1], data, sizeof(data), 0) == 10);
    CLAIM(socket_is_read(ends[0]));
    CLAIM(shutdown(ends[0], SHUT_WR) == 0);
    int tcp = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    CLAIM(tcp >= 0);
    CLAIM(connect(tcp, &(struct sockaddr){ .sa_family = AF_UNSPEC }, sizeof(struct sockaddr)) == 0);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int bell = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    CLAIM(epoll >= 0 && bell >= 0);
    CLAIM(epoll_ctl(epoll, EPOLL_CTL_ADD, bell, &event) == 0);
    CLAIM(epoll_wait(epoll, &event, 1, -1) == 1);
    CLAIM(memfd_create("test", MFD_CLOEXEC) >= 0);
}

static void processes_are_refused(void)
{
    char *argv[] = { (char *)"true", NULL };
    pid_t child;

    filtered();
    errno = 0;
    pid_t forked = fork();
    if (forked == 0)
        _exit(0);
    CLAIM(refused(forked));
    CLAIM(posix_spawn(&child, "/bin/true", NULL, NULL, argv, environ) != 0);
    CLAIM(refused(syscall(SYS_unshare, CLONE_NEWUSER)));
}

static void exec_ends_it(void)
{
    char *argv[] = { (char *)"true", NULL };

    filtered();
    execve("/bin/true", argv, environ);
}

static void execveat_ends_it(void)
{
    char *argv[] = { (char *)"true", NULL };

    filtered();
    syscall(SYS_execveat, AT_FDCWD, "/bin/true", argv, environ, 0);
}

static void privileged_calls_are_refused(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int socket_made_before = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    filtered();
    CLAIM(refused(mount("none", "/mnt", "tmpfs", 0, NULL)));
    CLAIM(refused(syscall(SYS_setuid, 0)));
    CLAIM(refused(syscall(SYS_bpf, 0, NULL, 0)));
    CLAIM(refused(syscall(SYS_init_module, NULL, 0, "")));
    CLAIM(refused(syscall(SYS_io_uring_setup, 1, NULL)));
    CLAIM(refused(bind(socket_made_before, (struct sockaddr *)&address, sizeof(sa_family_t))));
    CLAIM(refused(listen(socket_made_before, 1)));
    CLAIM(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 || errno == EPERM);
}

/* Not in sanitized builds, whose filter is a short list of what is refused. */
static void all_else_is_refused(void)
{
#ifndef LONGHOUSE_SANITIZED
    filtered();
    CLAIM(refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL)));
    CLAIM(refused(rename("/nonexistent", "/nonexistent2")));
    CLAIM(refused(chmod("/nonexistent", 0777)));
    CLAIM(refused(kill(getppid(), 0)));
    CLAIM(refused(socket(AF_NETLINK, SOCK_RAW, 0)));
    CLAIM(refused(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)));
    CLAIM(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
          MAP_FAILED);
    CLAIM(errno == EPERM);
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CLAIM(page != MAP_FAILED);
    CLAIM(refused(mprotect(page, 4096, PROT_READ | PROT_EXEC)));
    CLAIM(mprotect(page, 4096, PROT_READ) == 0);
#endif
}

static void abort_still_works(void)
{
    filtered();
    signal(SIGABRT, SIG_DFL);
    abort();
}

/* A thread that was there before the filter. */
static pthread_barrier_t barrier;

static void *try_to_fork(void *argument)
{
    bool *was_refused = argument;

    pthread_barrier_wait(&barrier);
    errno = 0;
    long forked = syscall(SYS_clone, (unsigned long)SIGCHLD, NULL, NULL, NULL, 0UL);
    if (forked == 0)
        _exit(0);
    *was_refused = refused(forked);
    return NULL;
}

static void older_threads_are_covered(void)
{
    bool was_refused = false;
    pthread_t thread;

    CLAIM(pthread_barrier_init(&barrier, NULL, 2) == 0);
    CLAIM(pthread_create(&thread, NULL, try_to_fork, &was_refused) == 0);
    filtered();
    pthread_barrier_wait(&barrier);
    CLAIM(pthread_join(thread, NULL) == 0);
    CLAIM(was_refused);
}

static bool effective_capabilities_are(uint64_t expected)
{
    struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    struct __user_cap_data_struct sets[2];

    return syscall(SYS_capget, &head, sets) == 0 && sets[0].effective == (uint32_t)expected &&
           sets[0].permitted == (uint32_t)expected &&
           sets[1].effective == (uint32_t)(expected >> 32) && sets[0].inheritable == 0 &&
           sets[1].inheritable == 0;
}

static void becomes_somebody_for_good(void)
{
    gid_t groups[] = { SOMEBODY + 1, SOMEBODY + 2 }, now[4];

    if (geteuid() != 0) { /* without the right to it */
        CLAIM(sandbox_become(SOMEBODY, SOMEBODY, groups, 2) == -EPERM);
        return;
    }
    CLAIM(sandbox_become(SOMEBODY, SOMEBODY, groups, 2) == 0);
    CLAIM(getuid() == SOMEBODY && geteuid() == SOMEBODY);
    CLAIM(getgid() == SOMEBODY && getegid() == SOMEBODY);
    CLAIM(getgroups(4, now) == 2 && now[0] == SOMEBODY + 1 && now[1] == SOMEBODY + 2);
    CLAIM(setuid(0) < 0);
    CLAIM(setgid(0) < 0);
    CLAIM(effective_capabilities_are(0));
    CLAIM(sandbox_drop_capabilities() == 0);
}

static void drops_all_capabilities(void)
{
    CLAIM(sandbox_drop_capabilities() == 0);
    CLAIM(effective_capabilities_are(0));
    CLAIM(sandbox_drop_capabilities() == 0);
    CLAIM(refused(syscall(SYS_setgroups, 0, NULL))); /* of this thread alone */
}

static void drops_the_bounding_set_before_it_becomes_somebody(void)
{
    if (geteuid() != 0) {
        CLAIM(sandbox_drop_bounding_set() == 0);
        return;
    }
    CLAIM(sandbox_drop_bounding_set() == 0);
    CLAIM(sandbox_become(SOMEBODY, SOMEBODY, NULL, 0) == 0);
    CLAIM(prctl(PR_CAPBSET_READ, CAP_SETUID, 0, 0, 0) == 0);
    CLAIM(prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 0);
}

static void keeps_what_is_named(void)
{
    const uint64_t kept = UINT64_C(1) << CAP_KILL;

    if (effective_capabilities_are(0)) {
        CLAIM(sandbox_keep_capabilities(kept) == -EPERM);
        return;
    }
    CLAIM(sandbox_keep_capabilities(kept) == 0);
    CLAIM(effective_capabilities_are(kept));
    CLAIM(prctl(PR_CAPBSET_READ, CAP_KILL, 0, 0, 0) == 1);
    CLAIM(prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) == 0);
}

static void sets_no_new_privs(void)
{
    CLAIM(sandbox_no_new_privs() == 0);
    CLAIM(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
}

static void becomes_undumpable(void)
{
    struct rlimit core;

    CLAIM(sandbox_undumpable() == 0);
    CLAIM(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
    CLAIM(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
}

static void (*const harmless[])(void) = {
    threads_work,
    files_can_be_read,
    sockets_and_events_work,
    processes_are_refused,
    privileged_calls_are_refused,
    all_else_is_refused,
    older_threads_are_covered,
    becomes_somebody_for_good,
    drops_all_capabilities,
    drops_the_bounding_set_before_it_becomes_somebody,
    keeps_what_is_named,
    sets_no_new_privs,
    becomes_undumpable,
};

START_TEST(a_confined_child_finds_each_claim_true)
{
    ck_assert_int_eq(status_of(harmless[_i]), 0);
}
END_TEST

static const struct {
    void (*run)(void);
    int signal;
} deaths[] = {
    { exec_ends_it, SIGSYS },
    { execveat_ends_it, SIGSYS },
    { abort_still_works, SIGABRT },
};

START_TEST(a_confined_child_dies_as_expected)
{
    int status = status_of(deaths[_i].run);

    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), deaths[_i].signal);
}
END_TEST

START_TEST(a_child_dies_with_its_parent)
{
    int life[2], ready[2], status;
    char byte;

    ck_assert_int_eq(pipe2(life, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(ready, O_CLOEXEC), 0);
    pid_t parent = fork();
    if (parent == 0) {
        pid_t self = getpid();
        if (fork() == 0) {
            int result = sandbox_die_with_parent(self);
            if (result < 0 || write(ready[1], "x", 1) != 1)
                _exit(1);
            for (;;)
                pause();
        }
        fd_close(&ready[1]);
        if (read(ready[0], &byte, 1) != 1)
            _exit(1);
        _exit(0);
    }
    fd_close(&life[1]);
    ck_assert_int_eq(waitpid(parent, &status, 0), parent);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(read(life[0], &byte, 1), 0); /* the end: nobody holds the other side */
    fd_close(&life[0]);
    fd_close(&ready[0]);
    fd_close(&ready[1]);
}
END_TEST

static void notices_a_parent_long_gone(void)
{
    CLAIM(sandbox_die_with_parent(getppid() + 1) == -ESRCH);
    CLAIM(sandbox_die_with_parent(getppid()) == 0);
}

START_TEST(a_parent_that_is_gone_is_noticed)
{
    ck_assert_int_eq(status_of(notices_a_parent_long_gone), 0);
}
END_TEST

SUITE("sandbox", LOOP(a_confined_child_finds_each_claim_true, harmless),
      LOOP(a_confined_child_dies_as_expected, deaths), TEST(a_child_dies_with_its_parent),
      TEST(a_parent_that_is_gone_is_noticed))
