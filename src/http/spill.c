#include "http/spill.h"

#include "http/scratch.h"

#define PARTS_PER_TAKE 16

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

static int spill_add(struct spill *spill, struct slice bytes)
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
