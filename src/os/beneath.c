#include "os/beneath.h"

#include "os/fd.h"
#include "os_private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIND_FLAGS (O_PATH | O_CLOEXEC)
#define READ_FLAGS (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

/* A rename somewhere in the system makes the kernel unsure about ".." (EAGAIN); then the walk
 * decides. */
#define TRIES 8

int beneath_root(const char *path, int *ret_fd)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;

    *ret_fd = fd;
    return 0;
}

static int resolve(int root, const char *path, int flags, uint64_t rules)
{
    struct open_how how = { .flags = (uint64_t)flags, .resolve = rules };
    long fd;

    for (int i = 0; i < TRIES; i++) {
        fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
            break;
    }
    return fd < 0 ? -errno : (int)fd;
}

/* Not there (before 5.6), hidden by an old container's filter (EPERM), or unsure about a rename. */
static bool kernel_gave_up(int result)
{
    return result == -ENOSYS || result == -EPERM || result == -EAGAIN;
}

static bool climbs(const char *path)
{
    for (const char *at = path; *at != '\0'; at += strspn(at, "/")) {
        size_t len = strcspn(at, "/");
        if (len == 2 && at[0] == '.' && at[1] == '.')
            return true;
        at += len;
    }
    return false;
}

/* Links may lead anywhere, the path itself may not; links into /proc/PID are nobody's files. */
static int open_any(int root, const char *path, int flags, int *ret_fd)
{
    if (climbs(path))
        return -EXDEV;

    int fd = resolve(root, path, flags, RESOLVE_NO_MAGICLINKS);
    if (kernel_gave_up(fd)) {
        fd = openat(root, path, flags);
        if (fd < 0)
            return -errno;
    }
    if (fd < 0)
        return fd;
    *ret_fd = fd;
    return 0;
}

static int open_beneath(int root, const char *path, enum beneath_links links, int flags,
                        int *ret_fd)
{
    uint64_t rules = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    if (links == BENEATH_NO_LINKS)
        rules |= RESOLVE_NO_SYMLINKS;

    int fd = resolve(root, path, flags, rules);
    bool led_out = fd == -EXDEV && links == BENEATH_OWNED_LINKS;
    if (led_out || kernel_gave_up(fd))
        return beneath_walk(root, path, links, flags, ret_fd);
    if (fd < 0)
        return fd;

    *ret_fd = fd;
    return 0;
}

static int open_and_stat(int root, const char *path, enum beneath_links links, int flags,
                         int *ret_fd, struct stat *ret_stat)
{
    scoped_fd fd = -1;
    struct stat found;

    if (path[0] == '/')
        return -EXDEV;
    if (path[0] == '\0')
        path = ".";

    int r = links == BENEATH_ANY_LINKS ? open_any(root, path, flags, &fd)
                                       : open_beneath(root, path, links, flags, &fd);
    if (r < 0)
        return r;
    if (fstat(fd, &found) < 0)
        return -errno;

    *ret_stat = found;
    *ret_fd = fd_take(&fd);
    return 0;
}

int beneath_open(int root, const char *path, enum beneath_links links, int *ret_fd,
                 struct stat *ret_stat)
{
    return open_and_stat(root, path, links, READ_FLAGS, ret_fd, ret_stat);
}

int beneath_find(int root, const char *path, enum beneath_links links, int *ret_fd,
                 struct stat *ret_stat)
{
    return open_and_stat(root, path, links, FIND_FLAGS, ret_fd, ret_stat);
}

int beneath_home(const char *home, const char *folder, uid_t owner, int *ret_fd)
{
    scoped_fd at = -1;
    scoped_fd fd = -1;
    struct stat found = { 0 };
    int r = beneath_root(home, &at);

    if (r < 0)
        return r;
    r = open_and_stat(at, folder, BENEATH_NO_LINKS, FIND_FLAGS | O_DIRECTORY, &fd, &found);
    if (r < 0)
        return r;
    if (found.st_uid != owner && found.st_uid != 0)
        return -EPERM;
    *ret_fd = fd_take(&fd);
    return 0;
}

/* ---- links ---- */

#define LINKS_MOST 40 /* as the kernel has it */

/* `target` as it is seen from the folder that `path` lies in; false: too long. */
static bool follow(char path[PATH_MAX], const char *target)
{
    const char *slash = strrchr(path, '/');
    const size_t folder = target[0] == '/' || !slash ? 0 : (size_t)(slash + 1 - path);

    if (folder + strlen(target) >= PATH_MAX)
        return false;
    memcpy(path + folder, target, strlen(target) + 1);
    return true;
}

size_t beneath_link_name(int root, const char *path, char *out, size_t room)
{
    char at[PATH_MAX];
    char target[PATH_MAX];
    struct stat stat;
    unsigned links = 0;

    if (strlen(path) >= sizeof(at))
        return 0;
    memcpy(at, path, strlen(path) + 1);
    while (links < LINKS_MOST && fstatat(root, at, &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISLNK(stat.st_mode)) {
        ssize_t len = readlinkat(root, at, target, sizeof(target) - 1);

        if (len <= 0)
            break;
        target[len] = '\0';
        if (!follow(at, target))
            break;
        links++;
    }
    if (links == 0)
        return 0;

    const char *name = strrchr(at, '/') ? strrchr(at, '/') + 1 : at;
    size_t len = strlen(name);
    if (len >= room) {
        name += len - (room - 1);
        len = room - 1;
    }
    memcpy(out, name, len + 1);
    return len;
}
