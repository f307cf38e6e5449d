#include "os/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define READ_STEP_BYTES 16384u

void fd_close(int *fd)
{
    if (*fd < 0)
        return;

    int saved = errno;
    close(*fd); /* also after EINTR the descriptor is gone: never twice */
    errno = saved;
    *fd = -1;
}

int fd_take(int *fd)
{
    int taken = *fd;

    *fd = -1;
    return taken;
}

int fd_pipe(int *ret_read, int *ret_write)
{
    int ends[2];

    if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0)
        return -errno;

    *ret_read = ends[0];
    *ret_write = ends[1];
    return 0;
}

int fd_set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0)
        return -errno;
    if (!(flags & O_NONBLOCK) && fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return -errno;
    return 0;
}

int fd_sealed(const char *name, const void *data, size_t len, int *ret_fd)
{
    scoped_fd fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return -errno;

    int r = fd_write_all(fd, data, len);
    if (r < 0)
        return r;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        return -errno;

    *ret_fd = fd_take(&fd);
    return 0;
}

int fd_memory(const char *name, int *ret_fd)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    if (fd < 0)
        return -errno;
    *ret_fd = fd;
    return 0;
}

int fd_rewrite(int fd, const void *data, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t put = pwrite(fd, (const char *)data + done, len - done, (off_t)done);

        if (put < 0 && errno != EINTR)
            return -errno;
        done += put > 0 ? (size_t)put : 0;
    }
    return ftruncate(fd, (off_t)len) < 0 ? -errno : 0;
}

static int wait_for(int fd, short events)
{
    struct pollfd one = { .fd = fd, .events = events };

    if (poll(&one, 1, -1) < 0 && errno != EINTR)
        return -errno;
    return 0;
}

/* From the beginning where the file has one: a descriptor that was passed on shares its position.
 */
static ssize_t read_at(int fd, char *data, size_t room, size_t offset, bool *seekable)
{
    if (*seekable) {
        ssize_t got = pread(fd, data, room, (off_t)offset);
        if (got >= 0 || errno != ESPIPE)
            return got;
        *seekable = false;
    }
    return read(fd, data, room);
}

int fd_read_all(int fd, size_t most, char **ret_data, size_t *ret_len)
{
    char *data = NULL;
    size_t len = 0;
    size_t room = 0;
    bool seekable = true;
    int r = 0;

    for (;;) {
        if (room - len < 2) { /* at least one byte and the NUL */
            room += room < READ_STEP_BYTES ? READ_STEP_BYTES : room;
            char *more = realloc(data, room);
            if (!more) {
                r = -ENOMEM;
                break;
            }
            data = more;
        }

        ssize_t got = read_at(fd, data + len, room - len - 1, len, &seekable);
        if (got == 0) {
            data[len] = '\0';
            *ret_data = data;
            *ret_len = len;
            return 0;
        }
        if (got > 0) {
            len += (size_t)got;
            if (len <= most)
                continue;
            r = -EFBIG;
            break;
        }
        if (errno == EAGAIN)
            r = wait_for(fd, POLLIN);
        else if (errno != EINTR)
            r = -errno;
        if (r < 0)
            break;
    }

    free(data);
    return r;
}

int fd_write_all(int fd, const void *data, size_t len)
{
    const char *at = data;

    while (len > 0) {
        ssize_t put = write(fd, at, len);
        if (put >= 0) {
            at += put;
            len -= (size_t)put;
            continue;
        }

        int r = 0;
        if (errno == EAGAIN)
            r = wait_for(fd, POLLOUT);
        else if (errno != EINTR)
            r = -errno;
        if (r < 0)
            return r;
    }
    return 0;
}

void fd_make_room(unsigned count)
{
    int any = open("/", O_PATH | O_CLOEXEC);
    int last = any >= 0 ? fcntl(any, F_DUPFD_CLOEXEC, (int)count - 1) : -1;

    fd_close(&last);
    fd_close(&any);
}

size_t fd_count_open(void)
{
    DIR *dir = opendir("/proc/self/fd");
    size_t count = 0;

    if (!dir)
        return 0;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count - 1; /* the directory itself */
}
