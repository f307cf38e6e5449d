#include "loop/io.h"

#include "loop/loop.h"

#include <unistd.h>

/*
 * Bytes are always news. Room is news only to whoever ran out of it: a socket with room says so at
 * once when it is watched for that, and again each time the other side has read. Once asked for,
 * room stays asked for: who fills a descriptor once does it again.
 */
static unsigned what_to_await(const struct io *io)
{
    const unsigned room = io->writable ? 0u : IO_WRITABLE;

    if (io->quiet)
        return room | (io->readable ? 0u : IO_READABLE);
    return room | IO_READABLE | (io->watched ? io->awaited : 0u);
}

int io_wait(struct loop *loop, struct io *io)
{
    const struct driver_ops *ops = loop->driver->ops;
    const unsigned before = io->awaited;
    const unsigned awaited = what_to_await(io);

    if (io->watched && awaited == before)
        return 0;

    io->awaited = awaited;
    int r = io->watched ? ops->rewatch(loop->driver, io) : ops->watch(loop->driver, io);
    if (r < 0)
        io->awaited = before;
    else
        io->watched = true;
    return r;
}

unsigned io_batch_most(const struct loop *loop, struct io_batch *batch)
{
    if (loop->turns != batch->turn + 1)
        batch->row = 0;
    else if (batch->row < IO_BATCH_ROWS)
        batch->row++;
    batch->turn = loop->turns;
    return batch->row < 2 ? 1 : 1u << (batch->row - 1);
}

int io_wait_shared(struct loop *loop, struct io *io)
{
    if (io->watched)
        return 0;

    int r = loop->driver->ops->watch_shared(loop->driver, io);
    if (r == 0) {
        io->watched = true;
        io->shared = true;
    }
    return r;
}

void io_unwatch(struct loop *loop, struct io *io)
{
    if (!io->watched)
        return;
    loop->driver->ops->unwatch(loop->driver, io);
    io->watched = false;
}

void io_close(struct loop *loop, struct io *io)
{
    int fd = io_release(loop, io);

    if (fd >= 0)
        close(fd);
}

void io_close_last(struct loop *loop, struct io *io)
{
    if (io->watched)
        loop->driver->ops->forget(loop->driver, io);
    io->watched = false;
    io_close(loop, io);
}

int io_release(struct loop *loop, struct io *io)
{
    int fd = io->fd;

    io_unwatch(loop, io);
    io->fd = -1;
    return fd;
}

/*
 * Runs no foreign code: nothing can be closed while a driver marks a batch, so a batch holds no
 * stale entry.
 */
void io_mark(struct loop *loop, struct io *io, unsigned bits)
{
    if ((bits & IO_HUNG_UP) && !(bits & IO_READABLE))
        io->exhausted = true;
    /* Whoever tries finds the end or the error; a broken pipe alone is neither readable nor
     * writable. */
    if (bits & IO_HUNG_UP)
        bits |= IO_READABLE | IO_WRITABLE;
    if (bits & IO_READ_CLOSED)
        bits |= IO_READABLE;

    const bool news =
        (bits & IO_READABLE && !io->readable) || (bits & IO_WRITABLE && !io->writable) ||
        (bits & IO_HUNG_UP && !io->hung_up) || (bits & IO_READ_CLOSED && !io->read_closed);
    if (!news && !io->shared) /* level-triggered: what is said again still waits */
        return;

    io->readable |= (bits & IO_READABLE) != 0;
    io->writable |= (bits & IO_WRITABLE) != 0;
    io->hung_up |= (bits & IO_HUNG_UP) != 0;
    io->read_closed |= (bits & IO_READ_CLOSED) != 0;
    if (io->task)
        loop_wake(loop, io->task);
}
