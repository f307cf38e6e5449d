#include "os/strays.h"

#include "base/number.h"
#include "os/fd.h"
#include "os_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "PID (name) STATE PPID ...": the name may hold anything, so the last bracket counts. 0: unknown.
 */
static pid_t parent_in(struct slice stat)
{
    size_t bracket = slice_find_last(stat, ')');
    struct slice rest;
    struct slice word;
    uint64_t parent;

    if (bracket == SLICE_NONE)
        return 0;
    rest = slice_skip(stat, bracket + 2); /* and the blank */
    slice_cut(rest, ' ', &word, &rest);   /* the state */
    slice_cut(rest, ' ', &word, &rest);
    return number_parse(word, INT32_MAX, &parent) ? (pid_t)parent : 0;
}

static pid_t parent_of(pid_t pid)
{
    char path[64];
    char text[512];

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text));
    return got > 0 ? parent_in(slice_of(text, (size_t)got)) : 0;
}

static bool is_kept(pid_t pid, const pid_t *kept, size_t kept_count)
{
    for (size_t i = 0; i < kept_count; i++)
        if (kept[i] == pid)
            return true;
    return false;
}

unsigned strays_kill(const pid_t *kept, size_t kept_count)
{
    DIR *folder = opendir("/proc");
    unsigned count = 0;
    pid_t self = getpid();

    if (!folder)
        return 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        uint64_t pid;
        if (!number_parse(slice_cstr(entry->d_name), INT32_MAX, &pid) ||
            is_kept((pid_t)pid, kept, kept_count) || parent_of((pid_t)pid) != self)
            continue;
        kill((pid_t)pid, SIGKILL);
        count++;
    }
    closedir(folder);
    return count;
}

/* ---- children ---- */

static void add(struct pids *pids, pid_t pid)
{
    if (pids->count == pids->room) {
        size_t room = pids->room ? 2 * pids->room : 64;
        pid_t *more = realloc(pids->at, room * sizeof(*more));

        if (!more)
            abort();
        pids->at = more;
        pids->room = room;
    }
    pids->at[pids->count++] = pid;
}

int children_open(void)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)gettid());
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* The numbers of one piece of text; a number that is cut off stays for the next piece. */
static size_t add_numbers(struct pids *pids, struct slice text)
{
    size_t blank = slice_find_last(text, ' ');
    struct slice rest = slice_first(text, blank == SLICE_NONE ? 0 : blank);
    struct slice word;
    uint64_t pid;

    while (slice_next(&rest, ' ', &word))
        if (number_parse(word, INT32_MAX, &pid))
            add(pids, (pid_t)pid);
    return blank == SLICE_NONE ? 0 : blank + 1;
}

static int list_from_file(int fd, struct pids *ret)
{
    char text[4096];
    off_t at = 0;

    for (;;) {
        ssize_t got = pread(fd, text, sizeof(text), at);
        if (got <= 0)
            return got < 0 ? -errno : 0;
        size_t used = add_numbers(ret, slice_of(text, (size_t)got));
        if (used == 0) /* no blank in all of it: not what we know */
            return -EBADMSG;
        at += (off_t)used;
        if ((size_t)got < sizeof(text) / 2) /* the kernel fills what it is given */
            return 0;
    }
}

static int list_from_walk(struct pids *ret)
{
    DIR *folder = opendir("/proc");
    pid_t self = getpid();
    uint64_t pid;

    if (!folder)
        return -errno;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        if (number_parse(slice_cstr(entry->d_name), INT32_MAX, &pid) &&
            parent_of((pid_t)pid) == self)
            add(ret, (pid_t)pid);
    closedir(folder);
    return 0;
}

int children_list(int fd, struct pids *ret)
{
    ret->count = 0;
    return fd < 0 ? list_from_walk(ret) : list_from_file(fd, ret);
}

/* ---- what a process was executed with ---- */

#define ENVIRONMENT_MOST (4u << 20)

static int open_environment(pid_t pid)
{
    char path[64];
    struct eyes eyes;

    snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 || errno != EACCES || eyes_borrow(pid, &eyes) < 0)
        return fd;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    eyes_return(&eyes);
    return fd;
}

bool process_number(pid_t pid, const char *name, uint64_t *ret)
{
    scoped_fd fd = open_environment(pid);
    const size_t name_len = strlen(name);
    bool found = false;
    struct slice rest;
    struct slice entry;
    char *text;
    size_t len;

    if (fd < 0 || fd_read_all(fd, ENVIRONMENT_MOST, &text, &len) < 0)
        return false;
    rest = slice_of(text, len);
    while (!found && slice_next(&rest, '\0', &entry))
        found = entry.len > name_len && entry.at[name_len] == '=' &&
                memcmp(entry.at, name, name_len) == 0 &&
                number_parse(slice_skip(entry, name_len + 1), UINT64_MAX, ret);
    free(text);
    return found;
}
