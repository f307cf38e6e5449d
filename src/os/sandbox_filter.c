/* The seccomp filter of the server: what it may ask of the kernel. */
#include "os/sandbox.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAME_ROOM 40 /* the longest name of a system call, and more */

/* Adds rules until one fails, so that a list of them needs no test behind each line. */
struct filter {
    scmp_filter_ctx context;
    int error; /* 0 or the first negative errno */
};

/* Names that this libseccomp or this machine does not have are left out: nobody can call them. */
static int call_number(const char *name)
{
    int number = seccomp_syscall_resolve_name(name);

    return number < 0 ? -1 : number;
}

static void add(struct filter *filter, uint32_t action, const char *name, unsigned count,
                const struct scmp_arg_cmp *when)
{
    int number = call_number(name);

    if (number >= 0 && filter->error == 0)
        filter->error = seccomp_rule_add_array(filter->context, action, number, count, when);
}

/* `names` are separated by blanks. */
static void add_always(struct filter *filter, uint32_t action, const char *names)
{
    char name[NAME_ROOM];

    for (const char *at = names; *at != '\0'; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        assert(len < sizeof(name));
        memcpy(name, at, len);
        name[len] = '\0';
        add(filter, action, name, 0, NULL);
        at += len;
    }
}

/* When the bits `mask` of argument `arg` are `value`. */
static void add_when(struct filter *filter, uint32_t action, const char *name, unsigned arg,
                     uint64_t mask, uint64_t value)
{
    const struct scmp_arg_cmp when = {
        .arg = arg,
        .op = SCMP_CMP_MASKED_EQ,
        .datum_a = mask,
        .datum_b = value,
    };

    add(filter, action, name, 1, &when);
}

static void deny_programs(struct filter *filter)
{
    add_always(filter, SCMP_ACT_KILL_PROCESS, "execve execveat");
}

/* ---- what matters most, for who needs much else ---- */

static const char denied[] =
    "fork vfork mount umount2 move_mount open_tree fsopen fsmount pivot_root chroot "
    "unshare setns setuid setgid setreuid setregid setresuid setresgid setgroups "
    "setfsuid setfsgid capset init_module finit_module delete_module kexec_load "
    "kexec_file_load bpf reboot swapon swapoff perf_event_open userfaultfd "
    "io_uring_setup keyctl add_key request_key listen";

static void deny_most(struct filter *filter)
{
    add_always(filter, SCMP_ACT_ERRNO(EPERM), denied);
    /* fork() has memory of its own, posix_spawn() waits for the child; threads and LeakSanitizer's
     * helper share memory and do not wait. */
    add_when(filter, SCMP_ACT_ERRNO(EPERM), "clone", 0, CLONE_VM, 0);
    add_when(filter, SCMP_ACT_ERRNO(EPERM), "clone", 0, CLONE_VFORK, CLONE_VFORK);
    add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
}

#ifndef LONGHOUSE_SANITIZED

/* An int of the caller: what lies above it in the register is noise. */
#define INT_BITS UINT32_MAX

#define DEFAULT_ACTION SCMP_ACT_ERRNO(EPERM)

static const char allowed[] =
    /* bytes */
    "read pread64 readv preadv preadv2 write pwrite64 writev pwritev pwritev2 recvfrom "
    "recvmsg recvmmsg sendto sendmsg sendmmsg sendfile splice tee copy_file_range "
    /* sockets */
    "accept accept4 connect shutdown getsockopt setsockopt getsockname getpeername "
    "socketpair "
    /* descriptors */
    "close close_range dup dup2 dup3 fcntl pipe2 eventfd2 memfd_create poll ppoll select "
    "pselect6 epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 timerfd_create "
    "timerfd_settime timerfd_gettime signalfd4 "
    /* files */
    "open openat openat2 stat lstat fstat newfstatat statx fstatfs access faccessat "
    "faccessat2 readlink readlinkat getdents64 lseek ftruncate fallocate fadvise64 "
    "readahead fsync fdatasync unlink unlinkat linkat renameat renameat2 fchmod flock getcwd "
    /* memory: mmap and mprotect are below */
    "munmap mremap madvise brk membarrier "
    /* threads: clone is below */
    "futex futex_waitv set_robust_list get_robust_list rseq set_tid_address sched_yield "
    "sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler getcpu gettid "
    "exit exit_group "
    /* signals */
    "rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait rt_sigpending "
    "rt_sigsuspend sigaltstack restart_syscall "
    /* time and facts */
    "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times "
    "getrandom getrusage sysinfo uname getrlimit getpid getppid getuid geteuid getgid "
    "getegid getresuid getresgid getgroups capget";

static void allow_sockets(struct filter *filter)
{
    static const int families[] = { AF_UNIX, AF_INET, AF_INET6 };

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        add_when(filter, SCMP_ACT_ALLOW, "socket", 0, INT_BITS, (uint64_t)families[i]);
}

static void allow_questions(struct filter *filter)
{
    static const unsigned long questions[] = { FIONREAD, FIONBIO, SIOCOUTQ, TCGETS, TIOCGWINSZ };

    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
        add_when(filter, SCMP_ACT_ALLOW, "ioctl", 1, INT_BITS, questions[i]);
}

/* What is written can never be run. */
static void allow_memory(struct filter *filter)
{
    add_when(filter, SCMP_ACT_ALLOW, "mmap", 2, PROT_EXEC, 0);
    add_when(filter, SCMP_ACT_ALLOW, "mprotect", 2, PROT_EXEC, 0);
}

/* Flags of clone3 lie in memory, out of our sight: ENOSYS makes the C library use clone. */
static void allow_threads(struct filter *filter)
{
    add_when(filter, SCMP_ACT_ALLOW, "clone", 0, CLONE_THREAD, CLONE_THREAD);
    add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
}

static void allow_itself(struct filter *filter)
{
    const uint64_t self = (uint64_t)getpid();

    add_when(filter, SCMP_ACT_ALLOW, "tgkill", 0, INT_BITS, self); /* raise(), abort() */
    add_when(filter, SCMP_ACT_ALLOW, "prlimit64", 0, INT_BITS, 0); /* getrlimit() */
    add_when(filter, SCMP_ACT_ALLOW, "prctl", 0, INT_BITS, PR_SET_NAME);
    add_when(filter, SCMP_ACT_ALLOW, "prctl", 0, INT_BITS, PR_GET_NAME);
}

static void fill(struct filter *filter)
{
    add_always(filter, SCMP_ACT_ALLOW, allowed);
    allow_sockets(filter);
    allow_questions(filter);
    allow_memory(filter);
    allow_threads(filter);
    allow_itself(filter);
}

#else

/* The sanitizers' own threads trace and clone at exit: in their builds only what matters most is
 * shut. */
#define DEFAULT_ACTION SCMP_ACT_ALLOW

static void fill(struct filter *filter)
{
    add_always(filter, SCMP_ACT_ERRNO(EPERM), "bind");
    deny_most(filter);
}

#endif

/* Takes the filter's context. */
static int load(struct filter *filter)
{
    if (filter->error == 0)
        filter->error = seccomp_attr_set(filter->context, SCMP_FLTATR_CTL_TSYNC, 1);
    /* A tree instead of a chain: the calls with conditions are judged in a few steps. */
    if (filter->error == 0)
        filter->error = seccomp_attr_set(filter->context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (filter->error == 0)
        filter->error = seccomp_load(filter->context);
    seccomp_release(filter->context);
    return filter->error;
}

int sandbox_server_filter(void)
{
    struct filter filter = { .context = seccomp_init(DEFAULT_ACTION) };
    if (!filter.context)
        return -ENOMEM;

    deny_programs(&filter);
    fill(&filter);
    return load(&filter);
}

int sandbox_resolver_filter(void)
{
    struct filter filter = { .context = seccomp_init(SCMP_ACT_ALLOW) };
    if (!filter.context)
        return -ENOMEM;

    deny_programs(&filter);
    deny_most(&filter);
    return load(&filter);
}
