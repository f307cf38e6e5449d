/* Old logs: how a log becomes one, and how its packed form takes its place. */
#include "supervisor_private.h"

#include "os/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_MOST  100u /* of one day */
#define PACKED      ".gz"
#define UNFINISHED  ".gz.part"
#define SUFFIX_MOST sizeof(UNFINISHED)

/* The folder of the path, and the name in it. 0 or negative errno. */
static int open_folder(const char *path, int *ret_fd, const char **ret_name)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');

    if (!slash || slash[1] == '\0' || (size_t)(slash - path) >= sizeof(folder) - 1)
        return -EINVAL;
    snprintf(folder, sizeof(folder), "%.*s/", (int)(slash - path), path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    *ret_name = slash + 1;
    return 0;
}

static bool is_there(int folder, const char *name)
{
    struct stat found;

    return fstatat(folder, name, &found, AT_SYMLINK_NOFOLLOW) == 0;
}

static const char *with_suffix(const char *name, const char *suffix, char out[256 + SUFFIX_MOST])
{
    snprintf(out, 256 + SUFFIX_MOST, "%s%s", name, suffix);
    return out;
}

/* Never over another file: somebody else may write into the folder. */
static int rename_new(int folder, const char *from, const char *to)
{
    if (renameat2(folder, from, folder, to, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS) /* a file system that cannot say so */
        return -errno;
    if (is_there(folder, to))
        return -EEXIST;
    return renameat(folder, from, folder, to) < 0 ? -errno : 0;
}

/* ---- a log becomes old ---- */

static int rename_to_old(int folder, const char *name, int64_t day, char *ret_name, size_t room)
{
    char packed[256 + SUFFIX_MOST];

    for (unsigned number = 1; number <= NAMES_MOST; number++) {
        if (!calendar_old_name(name, day, number, ret_name, room))
            return -ENAMETOOLONG;
        if (is_there(folder, with_suffix(ret_name, PACKED, packed)))
            continue;
        int r = rename_new(folder, name, ret_name);
        if (r != -EEXIST)
            return r;
    }
    return -EEXIST;
}

int old_log_put_aside(const char *path, int fd, int64_t day, char *ret_name, size_t room)
{
    scoped_fd folder = -1;
    struct stat open_one = { 0 };
    struct stat named = { 0 };
    const char *name = "";

    ret_name[0] = '\0';
    int r = open_folder(path, &folder, &name);
    if (r < 0)
        return r;
    if (fstat(fd, &open_one) < 0)
        return -errno;
    if (fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 1 : -errno; /* somebody else has moved it */
    if (!S_ISREG(named.st_mode))
        return -ELOOP;
    if (named.st_dev != open_one.st_dev || named.st_ino != open_one.st_ino)
        return 1;
    if (named.st_size == 0)
        return 0;
    r = rename_to_old(folder, name, day, ret_name, room > 256 ? 256 : room);
    return r < 0 ? r : 1;
}

static const char *put_aside_why(int error)
{
    return error == ELOOP ? "it is a link, or no file" : strerror(error);
}

static bool rotate_one(struct log_entry *entry, int64_t today, struct log *log)
{
    char name[256];
    int r = old_log_put_aside(entry->path, entry->fd, today, name, sizeof(name));

    entry->day = today;
    entry->settled = false;
    if (r < 0) {
        log_error(log, "the log '%s' cannot begin anew: %s; going on with the old file",
                  entry->path, put_aside_why(-r));
        return false;
    }
    if (r > 0 && name[0] != '\0')
        log_info(log, "the log '%s' begins anew; the old one is '%s'", entry->path, name);
    return r > 0;
}

unsigned logs_rotate(struct logs *logs, time_t now, struct log *log)
{
    struct tm local;
    unsigned count = 0;

    if (!localtime_r(&now, &local))
        return 0;
    const int64_t today = calendar_day(&local);
    for (struct log_entry *entry = logs->first; entry; entry = entry->next) {
        if (entry->rotate == ROTATE_NEVER || entry->fd < 0 || entry->shown)
            continue;
        if (today < entry->day - 1) /* the clock was far ahead; a step of seconds does not count */
            entry->day = today;
        if (calendar_is_due(entry->rotate, entry->day, today))
            count += rotate_one(entry, today, log);
    }
    return count;
}

/* ---- it is packed ---- */

/* The first one that has no packed form. */
static int find_old(int folder, const char *log_name, char ret_name[256])
{
    char packed[256 + SUFFIX_MOST];
    int copy = fcntl(folder, F_DUPFD_CLOEXEC, 3);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    int r = -ENOENT;

    if (!dir) {
        r = -errno;
        fd_close(&copy);
        return r;
    }
    rewinddir(dir);
    for (struct dirent *entry; r != 0 && (entry = readdir(dir)) != NULL;) {
        if (!calendar_is_old_name(log_name, entry->d_name) ||
            is_there(folder, with_suffix(entry->d_name, PACKED, packed)))
            continue;
        snprintf(ret_name, 256, "%s", entry->d_name);
        r = 0;
    }
    closedir(dir);
    return r;
}

/* A lease for reading is to be had only while nobody has the file open for writing. */
static int try_lease(int fd)
{
    if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0)
        return -errno;
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return 0;
}

/* In a container root may lack CAP_LEASE: then the owner asks. */
static int ask_whether_written(int fd, uid_t owner)
{
    int r = try_lease(fd);

    if (r != -EACCES)
        return r;
    const int former = setfsuid(owner);
    r = try_lease(fd);
    setfsuid((uid_t)former);
    return r;
}

static int open_from(struct old_log *old)
{
    struct stat found;

    old->from = openat(old->folder, old->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (old->from < 0 || fstat(old->from, &found) < 0)
        return -errno;
    if (!S_ISREG(found.st_mode) || found.st_nlink != 1)
        return -EINVAL;
    old->device = found.st_dev;
    old->inode = found.st_ino;
    return ask_whether_written(old->from, found.st_uid);
}

/* Of the same owner and mode. It is nobody else's before it has them. */
static int open_to(struct old_log *old)
{
    char name[256 + SUFFIX_MOST];
    struct stat found;

    with_suffix(old->name, UNFINISHED, name);
    if (fstat(old->from, &found) < 0)
        return -errno;
    unlinkat(old->folder, name, 0); /* of a house that died meanwhile */
    old->to = openat(old->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (old->to < 0)
        return -errno;
    if (fchown(old->to, found.st_uid, found.st_gid) < 0 && geteuid() == 0)
        return -errno;
    return fchmod(old->to, found.st_mode & 0777) < 0 ? -errno : 0;
}

int old_log_begin(const char *path, struct old_log *ret)
{
    const char *name = "";

    *ret = (struct old_log){ .folder = -1, .from = -1, .to = -1 };
    int r = open_folder(path, &ret->folder, &name);
    if (r == 0)
        r = find_old(ret->folder, name, ret->name);
    if (r == 0)
        r = open_from(ret);
    if (r == 0)
        r = open_to(ret);
    if (r < 0)
        old_log_give_up(ret);
    return r;
}

static bool is_the_same(const struct old_log *old)
{
    struct stat found;

    return fstatat(old->folder, old->name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
           found.st_dev == old->device && found.st_ino == old->inode;
}

int old_log_finish(struct old_log *old)
{
    char unfinished[256 + SUFFIX_MOST];
    char packed[256 + SUFFIX_MOST];
    struct stat found;
    int r = -ENOENT;

    if (fstat(old->from, &found) == 0)
        (void)futimens(old->to, (struct timespec[2]){ found.st_atim, found.st_mtim });
    if (is_the_same(old))
        r = rename_new(old->folder, with_suffix(old->name, UNFINISHED, unfinished),
                       with_suffix(old->name, PACKED, packed));
    if (r < 0) {
        old_log_give_up(old);
        return r;
    }
    if (is_the_same(old))
        r = unlinkat(old->folder, old->name, 0) < 0 ? -errno : 0;
    fd_close(&old->folder);
    fd_close(&old->from);
    fd_close(&old->to);
    return r;
}

void old_log_give_up(struct old_log *old)
{
    char unfinished[256 + SUFFIX_MOST];

    if (old->to >= 0)
        unlinkat(old->folder, with_suffix(old->name, UNFINISHED, unfinished), 0);
    fd_close(&old->folder);
    fd_close(&old->from);
    fd_close(&old->to);
}
