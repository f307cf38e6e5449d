#include "http/file_ref.h"

#include "os/fd.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

struct file_ref *file_ref_new(int fd, uint64_t size)
{
    struct file_ref *file = malloc(sizeof(*file));

    if (!file)
        abort(); /* true exhaustion: the supervisor starts the next process */
    *file = (struct file_ref){ .refs = 1, .fd = fd, .size = size };
    return file;
}

struct file_ref *file_ref_of_bytes(char *bytes, size_t len)
{
    struct file_ref *file = file_ref_new(-1, len);

    file->bytes = slice_of(bytes, len);
    return file;
}

/* Reads until `room` is full or the file ends: bytes read, or negative errno. */
static ssize_t read_from_begin(int fd, char *at, size_t room)
{
    size_t len = 0;

    while (len < room) {
        ssize_t got = pread(fd, at + len, room - len, (off_t)len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (ssize_t)len;
}

int file_ref_load(struct file_ref *file, uint64_t most)
{
    assert(file->fd >= 0 && !file->bytes.at);
    if (file->size > most || file->size >= SSIZE_MAX)
        return -EFBIG;

    /* One byte more than expected, to see a file that has grown. */
    size_t room = (size_t)file->size + 1;
    char *bytes = malloc(room);
    if (!bytes)
        return -ENOMEM;

    ssize_t len = read_from_begin(file->fd, bytes, room);
    if (len < 0 || (uint64_t)len != file->size) {
        free(bytes);
        return len < 0 ? (int)len : -ESTALE;
    }
    file->bytes = slice_of(bytes, (size_t)len);
    fd_close(&file->fd);
    return 0;
}

struct file_ref *file_ref_hold(struct file_ref *file)
{
    assert(file->refs > 0);
    file->refs++;
    return file;
}

void file_ref_drop(struct file_ref *file)
{
    if (!file)
        return;
    assert(file->refs > 0);
    if (--file->refs > 0)
        return;

    fd_close(&file->fd);
    free((char *)file->bytes.at);
    free(file);
}
