#include "http/scratch.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For file systems that know no O_TMPFILE. */
static int open_and_unlink(const char *folder)
{
    char name[PATH_MAX];
    struct text text = text_on(name, sizeof(name));

    text_add_cstr(&text, folder);
    text_add_cstr(&text, "/longhouse-XXXXXX");
    if (text.cut || text.len == sizeof(name))
        return -ENAMETOOLONG;
    text_cstr(&text);

    int fd = mkostemp(name, O_CLOEXEC);
    if (fd < 0)
        return -errno;
    unlink(name);
    return fd;
}

/* The descriptor, or negative errno. */
static int open_nameless(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

    if (fd >= 0)
        return fd;
    return errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT ? open_and_unlink(folder)
                                                                     : -errno;
}

/* A path of the configuration is a part of its text, without NUL behind. */
static int open_in(struct slice folder)
{
    char path[PATH_MAX];

    if (folder.len == 0)
        return -ENOENT;
    if (folder.len >= sizeof(path))
        return -ENAMETOOLONG;
    memcpy(path, folder.at, folder.len);
    path[folder.len] = '\0';
    return open_nameless(path);
}

int scratch_open(struct slice folder)
{
    int fd = open_in(folder);

    return fd >= 0 ? fd : open_nameless("/tmp");
}

int scratch_write(int fd, struct slice bytes, uint64_t offset)
{
    while (bytes.len > 0) {
        ssize_t put = pwrite(fd, bytes.at, bytes.len, (off_t)offset);
        if (put < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        bytes = slice_skip(bytes, (size_t)put);
        offset += (uint64_t)put;
    }
    return 0;
}
