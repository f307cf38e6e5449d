/*
 * Torture: system calls and allocations that fail when a test says so. The linker puts these
 * functions in the place of those of the C library (--wrap, cmake/torture.cmake) for what the house
 * itself calls; each counts, and the one whose turn it is fails with an error that it may have in
 * life. Test and process share a page (tests/blackbox/torture).
 *
 * Left out: vfork, which returns twice; EAGAIN from whatever is told by epoll when it is ready
 * again, since the kernel does not say that of what is ready.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum what { WHAT_CALLS = 1, WHAT_MEMORY = 2 };

/* As tests/blackbox/torture/page.py packs it. */
struct page {
    _Atomic uint32_t what;  /* enum what: which are counted; 0: none */
    _Atomic uint32_t nth;   /* whose turn it is */
    _Atomic uint32_t count; /* so many were made */
    uint32_t choice;        /* of the errors of a call */
    _Atomic int64_t step_s; /* the wall clock is so far ahead */
    int32_t error;
    char name[28];   /* of the call that failed */
    uint64_t caller; /* from the begin of the program on, for addr2line */
};

static struct page nothing;
static struct page *page = &nothing;

extern const char __executable_start; /* by the linker */

/* Whether it is this call that fails; errno is set then. */
static bool fails(enum what what, const char *name, const int *errors, size_t count, void *caller)
{
    if (atomic_load(&page->what) != what)
        return false;
    if (atomic_fetch_add(&page->count, 1) + 1 != atomic_load(&page->nth))
        return false;
    page->error = errors[page->choice % count];
    page->caller = (uint64_t)((const char *)caller - &__executable_start);
    snprintf(page->name, sizeof(page->name), "%s", name);
    errno = page->error;
    return true;
}

#define FAILS(what, name, ...)                                                                     \
    fails(what, name, (const int[]){ __VA_ARGS__ },                                                \
          sizeof((const int[]){ __VA_ARGS__ }) / sizeof(int), __builtin_return_address(0))

/* cmake/torture.cmake finds the names by this word at the begin of a line. */
#define WRAP(type, name, params)                                                                   \
    type __real_##name params;                                                                     \
    type __wrap_##name params;                                                                     \
    type __wrap_##name params

/* ---- bytes ---- */

WRAP(int, fstat, (int fd, struct stat *facts))
{
    return FAILS(WHAT_CALLS, "fstat", EIO, ENOMEM) ? -1 : __real_fstat(fd, facts);
}

/* They are not read and written by a device: nothing but a signal comes between. */
static bool is_pipe(int fd)
{
    struct stat facts;

    return __real_fstat(fd, &facts) == 0 && S_ISFIFO(facts.st_mode);
}

static bool fails_bytes(int fd, const char *name, int error, void *caller)
{
    const int errors[] = { is_pipe(fd) ? EINTR : error, EINTR };

    return fails(WHAT_CALLS, name, errors, 2, caller);
}

#define FAILS_BYTES(fd, name, error) fails_bytes(fd, name, error, __builtin_return_address(0))

WRAP(ssize_t, read, (int fd, void *data, size_t room))
{
    return FAILS_BYTES(fd, "read", EIO) ? -1 : __real_read(fd, data, room);
}

WRAP(ssize_t, pread, (int fd, void *data, size_t room, off_t at))
{
    return FAILS(WHAT_CALLS, "pread", EIO, EINTR) ? -1 : __real_pread(fd, data, room, at);
}

WRAP(ssize_t, recv, (int fd, void *data, size_t room, int flags))
{
    return FAILS(WHAT_CALLS, "recv", ECONNRESET, EINTR) ? -1 : __real_recv(fd, data, room, flags);
}

WRAP(ssize_t, write, (int fd, const void *data, size_t len))
{
    return FAILS_BYTES(fd, "write", ENOSPC) ? -1 : __real_write(fd, data, len);
}

WRAP(ssize_t, pwrite, (int fd, const void *data, size_t len, off_t at))
{
    return FAILS(WHAT_CALLS, "pwrite", ENOSPC, EINTR) ? -1 : __real_pwrite(fd, data, len, at);
}

WRAP(ssize_t, writev, (int fd, const struct iovec *parts, int count))
{
    return FAILS_BYTES(fd, "writev", ECONNRESET) ? -1 : __real_writev(fd, parts, count);
}

WRAP(ssize_t, send, (int fd, const void *data, size_t len, int flags))
{
    return FAILS(WHAT_CALLS, "send", ECONNRESET, EINTR) ? -1 : __real_send(fd, data, len, flags);
}

WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags))
{
    return FAILS(WHAT_CALLS, "sendmsg", ENOBUFS, EINTR) ? -1 : __real_sendmsg(fd, message, flags);
}

WRAP(ssize_t, sendfile, (int to, int from, off_t *at, size_t len))
{
    return FAILS(WHAT_CALLS, "sendfile", EIO, EINTR) ? -1 : __real_sendfile(to, from, at, len);
}

WRAP(ssize_t, splice, (int from, off_t *from_at, int to, off_t *to_at, size_t len, unsigned flags))
{
    return FAILS_BYTES(is_pipe(to) ? to : from, "splice", EIO)
               ? -1
               : __real_splice(from, from_at, to, to_at, len, flags);
}

/* The kernel found no numbers for the descriptors of a message. */
static void lose_descriptors(struct msghdr *message)
{
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
        size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < count; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
            close(fd);
        }
        message->msg_flags |= MSG_CTRUNC;
    }
    if (message->msg_flags & MSG_CTRUNC)
        message->msg_controllen = 0;
}

WRAP(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags))
{
    const bool lost = FAILS(WHAT_CALLS, "recvmsg", EMFILE, EINTR);

    if (lost && errno == EINTR)
        return -1;
    ssize_t got = __real_recvmsg(fd, message, flags);
    if (lost && got >= 0)
        lose_descriptors(message);
    return got;
}

/* ---- descriptors ---- */

/*
 * Functions of a variable number of words: all of them travel in registers here, so they are taken
 * as if there always were as many.
 */
WRAP(int, openat, (int folder, const char *path, int flags, mode_t mode))
{
    return FAILS(WHAT_CALLS, "openat", EMFILE, EIO) ? -1 : __real_openat(folder, path, flags, mode);
}

WRAP(int, open, (const char *path, int flags, mode_t mode))
{
    return FAILS(WHAT_CALLS, "open", EMFILE, EIO) ? -1 : __real_open(path, flags, mode);
}

WRAP(int, fcntl, (int fd, int command, long value))
{
    if (command == F_DUPFD_CLOEXEC && FAILS(WHAT_CALLS, "fcntl", EMFILE))
        return -1;
    return __real_fcntl(fd, command, value);
}

/* openat2 has no function of its own. */
WRAP(long, syscall, (long number, long a, long b, long c, long d, long e))
{
    if (number == SYS_openat2 && FAILS(WHAT_CALLS, "openat2", EMFILE, EIO))
        return -1;
    return __real_syscall(number, a, b, c, d, e);
}

WRAP(int, socket, (int family, int type, int protocol))
{
    return FAILS(WHAT_CALLS, "socket", EMFILE, ENOBUFS) ? -1
                                                        : __real_socket(family, type, protocol);
}

WRAP(int, connect, (int fd, const struct sockaddr *address, socklen_t len))
{
    return FAILS(WHAT_CALLS, "connect", ECONNREFUSED, EAGAIN) ? -1
                                                              : __real_connect(fd, address, len);
}

WRAP(int, accept4, (int fd, struct sockaddr *peer, socklen_t *len, int flags))
{
    return FAILS(WHAT_CALLS, "accept4", EMFILE, ECONNABORTED)
               ? -1
               : __real_accept4(fd, peer, len, flags);
}

WRAP(int, pipe2, (int ends[2], int flags))
{
    return FAILS(WHAT_CALLS, "pipe2", EMFILE, ENFILE) ? -1 : __real_pipe2(ends, flags);
}

WRAP(int, memfd_create, (const char *name, unsigned flags))
{
    return FAILS(WHAT_CALLS, "memfd_create", EMFILE, ENOMEM) ? -1
                                                             : __real_memfd_create(name, flags);
}

WRAP(int, mkostemp, (char *template, int flags))
{
    return FAILS(WHAT_CALLS, "mkostemp", EMFILE, ENOSPC) ? -1 : __real_mkostemp(template, flags);
}

/* What is watched can always be left alone. */
WRAP(int, epoll_ctl, (int epoll, int what, int fd, struct epoll_event *event))
{
    if (what != EPOLL_CTL_DEL && FAILS(WHAT_CALLS, "epoll_ctl", ENOMEM, ENOSPC))
        return -1;
    return __real_epoll_ctl(epoll, what, fd, event);
}

WRAP(int, epoll_wait, (int epoll, struct epoll_event *events, int room, int wait_ms))
{
    return FAILS(WHAT_CALLS, "epoll_wait", EINTR) ? -1
                                                  : __real_epoll_wait(epoll, events, room, wait_ms);
}

/* ---- facts and files ---- */

WRAP(int, fstatat, (int folder, const char *path, struct stat *facts, int flags))
{
    return FAILS(WHAT_CALLS, "fstatat", EIO, ENOMEM) ? -1
                                                     : __real_fstatat(folder, path, facts, flags);
}

WRAP(int, getsockopt, (int fd, int level, int name, void *value, socklen_t *len))
{
    return FAILS(WHAT_CALLS, "getsockopt", ENOBUFS)
               ? -1
               : __real_getsockopt(fd, level, name, value, len);
}

WRAP(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t len))
{
    return FAILS(WHAT_CALLS, "setsockopt", ENOBUFS)
               ? -1
               : __real_setsockopt(fd, level, name, value, len);
}

WRAP(int, getsockname, (int fd, struct sockaddr *address, socklen_t *len))
{
    return FAILS(WHAT_CALLS, "getsockname", ENOBUFS) ? -1 : __real_getsockname(fd, address, len);
}

WRAP(int, ftruncate, (int fd, off_t len))
{
    return FAILS(WHAT_CALLS, "ftruncate", EIO, EINTR) ? -1 : __real_ftruncate(fd, len);
}

WRAP(int, fchmod, (int fd, mode_t mode))
{
    return FAILS(WHAT_CALLS, "fchmod", EIO) ? -1 : __real_fchmod(fd, mode);
}

WRAP(int, linkat, (int from, const char *old, int to, const char *new, int flags))
{
    return FAILS(WHAT_CALLS, "linkat", ENOSPC, EIO) ? -1 : __real_linkat(from, old, to, new, flags);
}

WRAP(int, renameat, (int from, const char *old, int to, const char *new))
{
    return FAILS(WHAT_CALLS, "renameat", ENOSPC, EIO) ? -1 : __real_renameat(from, old, to, new);
}

WRAP(int, unlinkat, (int folder, const char *path, int flags))
{
    return FAILS(WHAT_CALLS, "unlinkat", EIO, EBUSY) ? -1 : __real_unlinkat(folder, path, flags);
}

WRAP(DIR *, fdopendir, (int fd))
{
    return FAILS(WHAT_CALLS, "fdopendir", ENOMEM) ? NULL : __real_fdopendir(fd);
}

WRAP(struct dirent *, readdir, (DIR * folder))
{
    return FAILS(WHAT_CALLS, "readdir", EIO) ? NULL : __real_readdir(folder);
}

/* ---- memory ---- */

WRAP(void *, malloc, (size_t size))
{
    return FAILS(WHAT_MEMORY, "malloc", ENOMEM) ? NULL : __real_malloc(size);
}

WRAP(void *, calloc, (size_t count, size_t size))
{
    return FAILS(WHAT_MEMORY, "calloc", ENOMEM) ? NULL : __real_calloc(count, size);
}

WRAP(void *, realloc, (void *memory, size_t size))
{
    return FAILS(WHAT_MEMORY, "realloc", ENOMEM) ? NULL : __real_realloc(memory, size);
}

WRAP(void *, reallocarray, (void *memory, size_t count, size_t size))
{
    return FAILS(WHAT_MEMORY, "reallocarray", ENOMEM) ? NULL
                                                      : __real_reallocarray(memory, count, size);
}

/* ---- the wall clock, which is not failing but stepped ---- */

WRAP(int, clock_gettime, (clockid_t clock, struct timespec *now))
{
    int r = __real_clock_gettime(clock, now);

    if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += atomic_load(&page->step_s);
    return r;
}

WRAP(time_t, time, (time_t * now))
{
    time_t stepped = __real_time(NULL) + atomic_load(&page->step_s);

    if (now)
        *now = stepped;
    return stepped;
}

/* ---- the page ---- */

__attribute__((constructor)) static void share_page(void)
{
    const char *folder = getenv("LONGHOUSE_TORTURE");
    char path[4096];

    if (!folder)
        return;
    snprintf(path, sizeof(path), "%s/%s", folder, program_invocation_short_name);
    int fd = __real_openat(AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    void *at = mmap(NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at != MAP_FAILED)
        page = at;
    close(fd);
}
