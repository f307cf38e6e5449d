/* Small files of processes, and who descends from whom. */
#include "os_private.h"

#include "base/number.h"
#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#define FAMILY_MOST 1024u

struct slice proc_read(pid_t pid, const char *name, char *room, size_t size)
{
    char path[64];

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    scoped_fd fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, room, size);
    return slice_of(room, got > 0 ? (size_t)got : 0);
}

/* ---- with other eyes ---- */

int eyes_borrow(pid_t pid, struct eyes *ret)
{
    char path[64];
    struct stat owner;

    snprintf(path, sizeof(path), "/proc/%d", (int)pid);
    if (stat(path, &owner) < 0)
        return -ENOENT;
    if (owner.st_uid == 0)
        return -EACCES;
    ret->own_group = (gid_t)setfsgid(owner.st_gid);
    ret->own_user = (uid_t)setfsuid(owner.st_uid);
    return 0;
}

void eyes_return(const struct eyes *eyes)
{
    setfsuid(eyes->own_user);
    setfsgid(eyes->own_group);
}

struct slice proc_read_as_owner(pid_t pid, const char *name, char *room, size_t size)
{
    struct eyes eyes;
    const bool borrowed = eyes_borrow(pid, &eyes) == 0;
    struct slice text = proc_read(pid, name, room, size);

    if (borrowed)
        eyes_return(&eyes);
    return text;
}

/* ---- families ---- */

static bool visit(pid_t pid, proc_visit *each, void *told, unsigned *left)
{
    char name[64];
    char text[4096];
    struct slice word;
    uint64_t child;

    if (*left == 0)
        return true;
    (*left)--;
    if (!each(pid, told))
        return false;
    snprintf(name, sizeof(name), "task/%d/children", (int)pid);
    struct slice rest = proc_read(pid, name, text, sizeof(text));
    while (slice_next(&rest, ' ', &word))
        if (number_parse(word, INT32_MAX, &child) && !visit((pid_t)child, each, told, left))
            return false;
    return true;
}

bool proc_visit_family(pid_t pid, proc_visit *each, void *told)
{
    unsigned left = FAMILY_MOST;

    return visit(pid, each, told, &left);
}
