#include "http/spill.h"

#include "base/text.h"
#include "os/fd.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define PARTS_PER_TAKE 16

void spill_init(struct spill *spill, struct loop *loop, struct arena *arena, struct slice folder)
{
    *spill = (struct spill){ .folder = folder };
    body_init(&spill->body, loop, arena);
    spill->body.high = SIZE_MAX; /* its bound is SPILL_MEMORY_MOST */
}

/* ---- a file without a name ---- */

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

static int open_file(const struct spill *spill)
{
    int fd = spill->folder.len > 0 ? open_nameless(spill->folder.at) : -ENOENT;

    return fd >= 0 ? fd : open_nameless("/tmp");
}

/* At its own offset: the position of the descriptor stays at the beginning for whoever gets it as
 * stdin. */
static int write_at(int fd, struct slice bytes, uint64_t offset)
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

/* ---- collecting ---- */

/* What was in memory so far goes to the file. */
static int spill_over(struct spill *spill)
{
    struct iovec parts[PARTS_PER_TAKE];
    int fd = open_file(spill);
    int count;

    if (fd < 0)
        return fd;
    spill->file = file_ref_new(fd, 0);

    uint64_t offset = 0;
    while ((count = body_peek(&spill->body, parts, PARTS_PER_TAKE)) > 0) {
        uint64_t taken = 0;
        for (int i = 0; i < count; i++) {
            int r = write_at(fd, slice_of(parts[i].iov_base, parts[i].iov_len), offset);
            if (r < 0)
                return r;
            offset += parts[i].iov_len;
            taken += parts[i].iov_len;
        }
        body_take(&spill->body, taken);
    }
    return 0;
}

static int spill_add(struct spill *spill, struct slice bytes)
{
    if (!spill->file && spill->bytes + bytes.len > SPILL_MEMORY_MOST) {
        int r = spill_over(spill);
        if (r < 0)
            return r;
    }
    if (spill->file) {
        int r = write_at(spill->file->fd, bytes, spill->bytes);
        if (r < 0)
            return r;
    } else {
        body_put_bytes(&spill->body, bytes);
    }
    spill->bytes += bytes.len;
    return 0;
}

int spill_take(struct spill *spill, struct body *from)
{
    struct iovec parts[PARTS_PER_TAKE];
    int count;

    while ((count = body_peek(from, parts, PARTS_PER_TAKE)) > 0) {
        uint64_t taken = 0;
        for (int i = 0; i < count; i++) {
            int r = spill_add(spill, slice_of(parts[i].iov_base, parts[i].iov_len));
            if (r < 0)
                return r;
            taken += parts[i].iov_len;
        }
        body_take(from, taken);
    }
    return 0;
}

void spill_finish(struct spill *spill)
{
    if (spill->file) {
        spill->file->size = spill->bytes;
        body_put_file(&spill->body, spill->file, 0, spill->bytes);
    }
    body_finish(&spill->body, BODY_COMPLETE);
}

void spill_done(struct spill *spill)
{
    file_ref_drop(spill->file);
    spill->file = NULL;
    if (spill->body.loop)
        body_done(&spill->body);
}
