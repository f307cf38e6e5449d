#include "os/strays.h"

#include "base/number.h"
#include "os/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
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
