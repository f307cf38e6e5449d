#include "os/remove.h"

#include "os/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MOST 64u /* folders in folders; each holds a descriptor */

static int remove_at(int parent, const char *name, dev_t device, unsigned depth);

static int empty(int fd, dev_t device, unsigned depth)
{
    DIR *folder = fdopendir(fd);
    int first = 0;

    if (!folder) {
        first = -errno;
        close(fd);
        return first;
    }
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        int r = remove_at(dirfd(folder), entry->d_name, device, depth + 1);
        if (first == 0)
            first = r;
    }
    closedir(folder);
    return first;
}

/* Folders first tried as files: unlink() of one says EISDIR or EPERM. */
static int remove_at(int parent, const char *name, dev_t device, unsigned depth)
{
    struct stat info;

    if (unlinkat(parent, name, 0) == 0)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return -errno;
    if (depth >= DEPTH_MOST)
        return -ELOOP;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &info) < 0 || info.st_dev != device) {
        close(fd);
        return -EXDEV;
    }
    int r = empty(fd, device, depth);
    return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : r < 0 ? r : -errno;
}

int remove_all(const char *path)
{
    struct stat info;

    if (lstat(path, &info) < 0)
        return -errno;
    return remove_at(AT_FDCWD, path, info.st_dev, 0);
}
