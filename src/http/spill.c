#include "http/spill.h"

#include "http/scratch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PARTS_PER_TAKE 16
#define PARTS_MOST     64 /* of what is in memory: chunks that are full but for the last one */

void spill_init(struct spill *spill, struct loop *loop, struct arena *arena, struct slice folder)
{
    *spill = (struct spill){ .folder = folder };
    body_init(&spill->body, loop, arena);
    spill->body.high = SIZE_MAX; /* its bound is SPILL_MEMORY_MOST */
}

/* ---- collecting ---- */

/* What was in memory so far goes to the file. */
static int spill_over(struct spill *spill)
{
    struct iovec parts[PARTS_PER_TAKE];
    int fd = scratch_open(spill->folder);
    int count;

    if (fd < 0)
        return fd;
    spill->file = file_ref_new(fd, 0);

    uint64_t offset = 0;
    while ((count = body_peek(&spill->body, parts, PARTS_PER_TAKE)) > 0) {
        uint64_t taken = 0;
        for (int i = 0; i < count; i++) {
            int r = scratch_write(fd, slice_of(parts[i].iov_base, parts[i].iov_len), offset);
            if (r < 0)
                return r;
            offset += parts[i].iov_len;
            taken += parts[i].iov_len;
        }
        body_take(&spill->body, taken);
    }
    return 0;
}

int spill_put(struct spill *spill, struct slice bytes)
{
    if (!spill->file && spill->bytes + bytes.len > SPILL_MEMORY_MOST) {
        int r = spill_over(spill);
        if (r < 0)
            return r;
    }
    if (spill->file) {
        int r = scratch_write(spill->file->fd, bytes, spill->bytes);
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
            int r = spill_put(spill, slice_of(parts[i].iov_base, parts[i].iov_len));
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

/* ---- when it is finished ---- */

/* Copies between `bytes` and the pieces in memory, from `offset` on: so many. */
static size_t copy_memory(const struct spill *spill, uint64_t offset, char *bytes, size_t len,
                          bool inwards)
{
    struct iovec parts[PARTS_MOST];
    const int count = body_peek(&spill->body, parts, PARTS_MOST);
    size_t done = 0;

    for (int i = 0; i < count && done < len; i++) {
        if (offset >= parts[i].iov_len) {
            offset -= parts[i].iov_len;
            continue;
        }
        char *at = (char *)parts[i].iov_base + offset;
        size_t part = parts[i].iov_len - (size_t)offset;

        part = part < len - done ? part : len - done;
        if (inwards)
            memcpy(at, bytes + done, part);
        else
            memcpy(bytes + done, at, part);
        done += part;
        offset = 0;
    }
    return done;
}

static ssize_t read_file(int fd, uint64_t offset, char *out, size_t room)
{
    size_t filled = 0;

    while (filled < room) {
        const ssize_t got = pread(fd, out + filled, room - filled, (off_t)(offset + filled));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        filled += (size_t)got;
    }
    return (ssize_t)filled;
}

ssize_t spill_read(const struct spill *spill, uint64_t offset, char *out, size_t room)
{
    if (spill->file)
        return read_file(spill->file->fd, offset, out, room);
    return (ssize_t)copy_memory(spill, offset, out, room, false);
}

int spill_overwrite(struct spill *spill, uint64_t offset, struct slice bytes)
{
    if (spill->file)
        return scratch_write(spill->file->fd, bytes, offset);
    copy_memory(spill, offset, (char *)bytes.at, bytes.len, true);
    return 0;
}

struct file_ref *spill_to_file(struct spill *spill)
{
    char *bytes;

    if (spill->file) {
        spill->file->size = spill->bytes;
        return file_ref_hold(spill->file);
    }
    bytes = malloc((size_t)spill->bytes);
    if (!bytes)
        return NULL;
    copy_memory(spill, 0, bytes, (size_t)spill->bytes, false);
    return file_ref_of_bytes(bytes, (size_t)spill->bytes);
}

void spill_repeat(struct spill *spill, const struct spill *from, struct loop *loop,
                  struct arena *arena)
{
    struct iovec parts[PARTS_MOST];

    spill_init(spill, loop, arena, from->folder);
    spill->bytes = from->bytes;
    if (from->file) {
        spill->file = file_ref_hold(from->file);
    } else {
        const int count = body_peek(&from->body, parts, PARTS_MOST);
        for (int i = 0; i < count; i++)
            body_put_bytes(&spill->body, slice_of(parts[i].iov_base, parts[i].iov_len));
    }
    spill_finish(spill);
}

void spill_done(struct spill *spill)
{
    file_ref_drop(spill->file);
    spill->file = NULL;
    if (spill->body.loop)
        body_done(&spill->body);
}
