/* Pipes, vfork, exec: between the wish and the running program. */
#include "spawner_private.h"

#include "os/fd.h"
#include "os/landlock.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) && !defined(__SANITIZE_ADDRESS__)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer) && !defined(__SANITIZE_THREAD__)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

/* ---- arguments and environment, ready before the child exists ---- */

static bool is_mark(const char *entry)
{
    return strncmp(entry, PROGRAM_MARK "=", sizeof(PROGRAM_MARK)) == 0;
}

static bool is_tmp(const char *entry)
{
    return strncmp(entry, "TMPDIR=", 7) == 0;
}

char *const *launch_environment(struct arena *arena, struct slice block, uint64_t number,
                                const char *tmp)
{
    size_t count = 0;
    size_t kept = 0;

    for (size_t i = 0; i < block.len; i++)
        count += block.at[i] == '\0';

    char **envp = arena_array(arena, char *, count + 3);
    const char *at = block.at;
    envp[kept++] = (char *)arena_printf(arena, PROGRAM_MARK "=%" PRIu64, number).at;
    for (size_t i = 0; i < count; i++) {
        if (!is_mark(at))
            envp[kept++] = (char *)at; /* execve(2) promises not to write */
        if (tmp && is_tmp(at))
            tmp = NULL;
        at += strlen(at) + 1;
    }
    if (tmp)
        envp[kept++] = (char *)arena_printf(arena, "TMPDIR=%s", tmp).at;
    return envp;
}

char *const *launch_arguments(struct arena *arena, const struct rule *rule, const char *script,
                              struct slice words)
{
    size_t word_count = 0;
    size_t count = 0;

    for (size_t i = 0; i < words.len; i++)
        word_count += words.at[i] == '\0';

    char **argv = arena_array(arena, char *, rule->argument_count + word_count + 4);

    if (rule->interpreter) {
        argv[count++] = (char *)rule->interpreter;
        for (uint32_t i = 0; i < rule->argument_count; i++)
            argv[count++] = (char *)rule->arguments[i];
    }
    argv[count++] = (char *)script;
    if (rule->reads_stdin)
        argv[count++] = (char *)"-";
    for (const char *at = words.at; word_count > 0; word_count--, at += strlen(at) + 1)
        argv[count++] = (char *)at;
    return argv;
}

/* ---- pipes ---- */

/* A pipe whose end `ours` does not block, while the program's does. */
static int open_pipe(int ends[2], int ours)
{
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    if (fcntl(ends[ours], F_SETFL, O_NONBLOCK) < 0) {
        int error = errno;
        fd_close(&ends[0]);
        fd_close(&ends[1]);
        return -error;
    }
    return 0;
}

int pipes_open(struct pipes *pipes, enum spawn_stdin kind, int null, int file)
{
    int ends[2];
    int r = 0;

    *pipes = (struct pipes){ .program = { -1, -1, -1 }, .server = { -1, -1, -1 } };
    if (kind == SPAWN_STDIN_PIPE) {
        r = open_pipe(ends, 1);
        if (r == 0) {
            pipes->program[0] = ends[0];
            pipes->server[0] = ends[1];
            pipes->own_stdin = true;
        }
    } else {
        pipes->program[0] = kind == SPAWN_STDIN_FILE ? file : null;
    }
    for (int i = 1; i <= 2 && r == 0; i++) {
        r = open_pipe(ends, 0);
        if (r == 0) {
            pipes->server[i] = ends[0];
            pipes->program[i] = ends[1];
        }
    }
    if (r < 0) {
        pipes_close_program(pipes);
        pipes_close_server(pipes);
    }
    return r;
}

void pipes_open_to_all(const struct pipes *pipes)
{
    for (int i = pipes->own_stdin ? 0 : 1; i <= 2; i++)
        (void)fchmod(pipes->program[i], 0666); /* without it they still work as 0, 1, 2 */
}

void pipes_close_program(struct pipes *pipes)
{
    if (pipes->own_stdin)
        fd_close(&pipes->program[0]);
    fd_close(&pipes->program[1]);
    fd_close(&pipes->program[2]);
}

void pipes_close_server(struct pipes *pipes)
{
    for (int i = 0; i < 3; i++)
        fd_close(&pipes->server[i]);
}

/* ---- the child ---- */

/* Memory that parent and child share until exec. */
struct shared {
    volatile int error;
    volatile enum spawn_stage stage;
};

static _Noreturn void give_up(struct shared *shared, enum spawn_stage stage)
{
    shared->stage = stage;
    shared->error = errno;
    _exit(127);
}

/*
 * The calls of the kernel itself: those of libc would tell every thread of the memory that they run
 * in, and that is still the spawner's.
 */
static int change_user(const struct confine *confine)
{
    const struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
    const struct __user_cap_data_struct none[2] = { { 0 } };
    uid_t real;
    uid_t effective;
    uid_t saved;

    if (syscall(SYS_setgroups, confine->group_count, confine->groups) < 0 ||
        syscall(SYS_setresgid, confine->group, confine->group, confine->group) < 0 ||
        syscall(SYS_setresuid, confine->user, confine->user, confine->user) < 0 ||
        syscall(SYS_capset, &head, none) < 0)
        return -1;
    if (syscall(SYS_getresuid, &real, &effective, &saved) < 0)
        return -1;
    errno = EPERM;
    return real == confine->user && effective == confine->user && saved == confine->user &&
                   syscall(SYS_setresuid, 0, 0, 0) < 0
               ? 0
               : -1;
}

static void become_confined(const struct confine *confine, struct shared *shared)
{
    if (confine->has_umask)
        umask(confine->umask);
    if (confine->nice > 0 && setpriority(PRIO_PROCESS, 0, confine->nice) < 0)
        give_up(shared, SPAWN_STAGE_LIMITS);
    for (unsigned i = 0; i < confine->ceiling_count; i++)
        if (syscall(SYS_prlimit64, 0, confine->ceilings[i].resource, &confine->ceilings[i].limit,
                    NULL) < 0)
            give_up(shared, SPAWN_STAGE_LIMITS);
    if (confine->chroot && syscall(SYS_chroot, confine->chroot) < 0)
        give_up(shared, SPAWN_STAGE_CHROOT);
    if (confine->switches && change_user(confine) < 0)
        give_up(shared, SPAWN_STAGE_USER);
    if (confine->no_new_privs && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        give_up(shared, SPAWN_STAGE_PROCESS);
    if (confine->ruleset >= 0 && landlock_enforce(confine->ruleset) < 0)
        give_up(shared, SPAWN_STAGE_SANDBOX);
}

/*
 * Runs in the memory of the spawner, which stands still meanwhile: nothing here may allocate, lock
 * or return. Everything else that is open is close-on-exec; no signal is ignored or handled in the
 * spawner (main.c), so only the mask has to be undone.
 *
 * Never inlined: vfork_into() is no call that the compiler knows to come back twice, so within
 * launch_program() it might give what the parent still needs a place that the child writes to.
 */
static _Noreturn __attribute__((noinline)) void become_program(const struct launch *launch,
                                                               struct shared *shared)
{
    sigset_t none;

    setsid(); /* a new child leads no group: cannot fail */
    for (int i = 0; i < 3; i++)
        if (dup2(launch->stdio[i], i) < 0)
            give_up(shared, SPAWN_STAGE_PIPES);
    if (launch->confine->asks)
        become_confined(launch->confine, shared);
    if (fchdir(launch->folder) < 0) /* with the rights of the program */
        give_up(shared, SPAWN_STAGE_FOLDER);

    /* The spawner may have died before the wish was heard; then nobody waits for this program. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != launch->parent)
        give_up(shared, SPAWN_STAGE_PROCESS);

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(launch->program, launch->argv, launch->envp);
    give_up(shared, SPAWN_STAGE_EXEC);
}

/* No process to be had, or only none in this leaf. */
static enum spawn_stage refusing_stage(const struct launch *launch, int error)
{
    return launch->leaf < 0 || error == EAGAIN || error == ENOMEM ? SPAWN_STAGE_PROCESS
                                                                  : SPAWN_STAGE_GROUP;
}

/*
 * vfork, and the child begins in the folder `leaf`: as cheap as one without, while a move of the
 * child by itself (cgroup.procs) would make it wait for a lock of all processes.
 *
 * The child comes back here on our stack, and must not return. The call is written out because one
 * to a function would leave the way back on that stack, for the child to write over.
 */
static inline __attribute__((always_inline)) pid_t vfork_into(int leaf)
{
    const struct clone_args how = {
        .flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP,
        .exit_signal = SIGCHLD,
        .cgroup = (uint64_t)leaf,
    };
#if defined(__SANITIZE_THREAD__) /* keeps a stack of calls of its own, which would not be undone   \
                                  */
    long r = -ENOSYS;
    (void)how;
#elif defined(__x86_64__)
    long r;
    __asm__ volatile("syscall"
                     : "=a"(r)
                     : "0"(SYS_clone3), "D"(&how), "S"(sizeof(how))
                     : "rcx", "r11", "memory");
#elif defined(__aarch64__)
    register long r __asm__("x0") = (long)&how;
    register long size __asm__("x1") = sizeof(how);
    register long number __asm__("x8") = SYS_clone3;
    __asm__ volatile("svc #0" : "+r"(r) : "r"(size), "r"(number) : "memory");
#else
    long r = -ENOSYS;
    (void)how;
#endif
    if (r < 0) {
        errno = (int)-r;
        return -1;
    }
    return (pid_t)r;
}

/*
 * The child ran on our stack and never came back from there: the sanitizer still guards the frames
 * that it left below ours. (What vfork() of libc leaves, it wipes away itself.)
 */
static __attribute__((noinline)) void tidy_after_child(void)
{
#if defined(__SANITIZE_ADDRESS__)
    enum { CHILD_STACK = 64 * 1024 };
    const char *top = __builtin_frame_address(0);
    ASAN_UNPOISON_MEMORY_REGION(top - CHILD_STACK, CHILD_STACK);
#endif
}

pid_t launch_program(const struct launch *launch, struct spawn_fault *ret_fault)
{
    static struct shared shared; /* not on the stack: the child's calls come and go there */
    pid_t pid;

    for (int i = 0; i < 3; i++)
        assert(launch->stdio[i] > 2);
    shared.error = 0;

    /*
     * vfork: no page table is copied, the loop stands still for some 20 microseconds until exec.
     * The child is made for it: it calls nothing but system calls and never returns.
     */
    if (launch->leaf >= 0)
        pid = vfork_into(launch->leaf);
    else
        pid = vfork(); /* NOLINT(clang-analyzer-security.insecureAPI.vfork) */
    if (pid == 0)
        become_program(launch, &shared); /* NOLINT(clang-analyzer-unix.Vfork) */
    tidy_after_child();
    if (pid < 0) {
        *ret_fault = (struct spawn_fault){ .stage = refusing_stage(launch, errno), .error = errno };
        return -1;
    }
    if (shared.error == 0)
        return pid;

    *ret_fault = (struct spawn_fault){ .stage = shared.stage, .error = shared.error };
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return -1;
}
