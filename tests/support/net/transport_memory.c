#include "net/transport_memory.h"

#include "base/container.h"
#include "loop/driver_fake.h"
#include "loop/loop.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_STEP_BYTES 65536u

struct bytes {
    char *at; /* owned */
    size_t begin;
    size_t end;
    size_t room;
};

struct transport_memory {
    struct transport transport;
    struct bytes in;
    struct bytes out;
    size_t room;
    size_t read_step;
    size_t file_bytes;
    size_t writes;
    int broken; /* errno */
    bool edge;  /* something changed since the driver asked */
    bool end;
    bool more;
    bool lags;
    bool finished;
    bool aborted;
    bool closed;
};

static void bytes_add(struct bytes *bytes, const void *data, size_t len)
{
    if (bytes->end + len > bytes->room) {
        bytes->room = 2 * (bytes->end + len);
        bytes->at = realloc(bytes->at, bytes->room);
        assert(bytes->at);
    }
    if (len > 0)
        memcpy(bytes->at + bytes->end, data, len);
    bytes->end += len;
}

static struct transport_memory *self_of(struct transport *t)
{
    struct transport_memory *memory = container_of(t, struct transport_memory, transport);

    assert(!memory->closed); /* used after transport_close() */
    return memory;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static ssize_t memory_read(struct transport *t, char *data, size_t room)
{
    struct transport_memory *memory = self_of(t);
    size_t held = memory->in.end - memory->in.begin;
    size_t len = least(least(held, room), memory->read_step);

    assert(room > 0);
    if (memory->broken)
        return -memory->broken;
    if (len > 0) {
        memcpy(data, memory->in.at + memory->in.begin, len);
        memory->in.begin += len;
        if (len == held && len < room && !t->io.read_closed && !t->io.hung_up)
            t->io.readable = false;
        return (ssize_t)len;
    }
    if (memory->end)
        return 0;
    t->io.readable = false;
    return -EAGAIN;
}

/* How much of `len` bytes is taken; -EAGAIN or the error if none. */
static ssize_t take(struct transport_memory *memory, size_t len)
{
    size_t taken = least(len, memory->room);

    assert(!memory->finished); /* written after transport_finish() */
    if (memory->broken)
        return memory->broken == ECONNRESET ? -EPIPE : -memory->broken;
    if (taken < len || memory->lags)
        memory->transport.io.writable = false;
    if (taken == 0 && len > 0)
        return -EAGAIN;
    if (memory->room != TRANSPORT_MEMORY_UNLIMITED)
        memory->room -= taken;
    memory->writes++;
    return (ssize_t)taken;
}

static ssize_t memory_write(struct transport *t, const struct iovec *parts, int count, bool more)
{
    struct transport_memory *memory = self_of(t);
    size_t len = 0;

    for (int i = 0; i < count; i++)
        len += parts[i].iov_len;

    ssize_t taken = take(memory, len);
    if (taken < 0)
        return taken;

    size_t left = (size_t)taken;
    for (int i = 0; i < count && left > 0; i++) {
        size_t part = least(parts[i].iov_len, left);
        bytes_add(&memory->out, parts[i].iov_base, part);
        left -= part;
    }
    memory->more = more;
    return taken;
}

static ssize_t memory_send_file(struct transport *t, int fd, uint64_t offset, size_t len)
{
    struct transport_memory *memory = self_of(t);
    char *data = malloc(FILE_STEP_BYTES);

    assert(data);
    ssize_t got = pread(fd, data, least(len, FILE_STEP_BYTES), (off_t)offset);
    ssize_t result = got < 0 ? -errno : got;
    if (got > 0) {
        result = take(memory, (size_t)got);
        if (result > 0) {
            bytes_add(&memory->out, data, (size_t)result);
            memory->file_bytes += (size_t)result;
            memory->more = false;
        }
    }
    free(data);
    return result;
}

static bool memory_lags(struct transport *t)
{
    return self_of(t)->lags;
}

static void memory_finish(struct transport *t)
{
    self_of(t)->finished = true;
}

static void memory_abort(struct transport *t)
{
    self_of(t)->aborted = true;
}

/* As epoll does it: after a change, and when watching begins, all that is true; then silence. */
static unsigned memory_hand(struct io *io)
{
    struct transport_memory *memory = container_of(io, struct transport_memory, transport.io);
    unsigned bits = 0;

    if (!memory->edge)
        return 0;
    memory->edge = false;
    if (memory->in.end > memory->in.begin)
        bits |= IO_READABLE;
    if (memory->room > 0 && !memory->lags)
        bits |= IO_WRITABLE;
    if (memory->end)
        bits |= IO_READ_CLOSED;
    if (memory->broken)
        bits |= IO_HUNG_UP | IO_READ_CLOSED;
    return bits;
}

static void let_go(struct transport_memory *memory)
{
    struct loop *loop = memory->transport.loop;

    memory->closed = true;
    if (!loop->driver) /* loop_done() came first */
        return;
    io_close(loop, &memory->transport.io);
    driver_fake_hand(loop->driver, &memory->transport.io, NULL);
}

static void memory_close(struct transport *t)
{
    let_go(self_of(t));
}

static const struct transport_ops memory_ops = {
    .read = memory_read,
    .write = memory_write,
    .send_file = memory_send_file,
    .lags = memory_lags,
    .finish = memory_finish,
    .abort = memory_abort,
    .close = memory_close,
};

static ssize_t memory_splice(struct transport *t, int pipe, size_t most)
{
    struct transport_memory *memory = self_of(t);
    size_t held = memory->in.end - memory->in.begin;
    size_t len = least(least(held, most), memory->read_step);

    if (memory->broken)
        return -memory->broken;
    if (len == 0 && memory->end)
        return 0;
    if (len == 0) {
        t->io.readable = false;
        return -EAGAIN;
    }
    ssize_t put = write(pipe, memory->in.at + memory->in.begin, len);
    if (put < 0)
        return errno == EAGAIN ? -ENOBUFS : -errno;
    memory->in.begin += (size_t)put;
    return put;
}

static const struct transport_ops memory_splicing_ops = {
    .read = memory_read,
    .write = memory_write,
    .send_file = memory_send_file,
    .splice = memory_splice,
    .lags = memory_lags,
    .finish = memory_finish,
    .abort = memory_abort,
    .close = memory_close,
};

struct transport_memory *transport_memory_new(struct loop *loop)
{
    struct transport_memory *memory = malloc(sizeof(*memory));

    assert(memory);
    *memory = (struct transport_memory){
        .transport = { .ops = &memory_ops, .loop = loop },
        .edge = true,
        .room = TRANSPORT_MEMORY_UNLIMITED,
        .read_step = TRANSPORT_MEMORY_UNLIMITED,
    };
    io_init(&memory->transport.io, -1, NULL);
    driver_fake_hand(loop->driver, &memory->transport.io, memory_hand);
    return memory;
}

void transport_memory_free(struct transport_memory *memory)
{
    if (!memory)
        return;
    if (!memory->closed)
        let_go(memory);
    free(memory->in.at);
    free(memory->out.at);
    free(memory);
}

struct transport *transport_memory_transport(struct transport_memory *memory)
{
    return &memory->transport;
}

void transport_memory_feed(struct transport_memory *memory, struct slice data)
{
    assert(!memory->end);
    bytes_add(&memory->in, data.at, data.len);
    memory->edge = true;
}

void transport_memory_feed_end(struct transport_memory *memory)
{
    memory->end = true;
    memory->edge = true;
}

void transport_memory_break(struct transport_memory *memory, int error)
{
    memory->broken = error;
    memory->edge = true;
}

size_t transport_memory_unread(const struct transport_memory *memory)
{
    return memory->in.end - memory->in.begin;
}

void transport_memory_let_splice(struct transport_memory *memory)
{
    memory->transport.ops = &memory_splicing_ops;
}

void transport_memory_read_step(struct transport_memory *memory, size_t most)
{
    memory->read_step = most;
}

void transport_memory_room(struct transport_memory *memory, size_t room)
{
    memory->room = room;
    memory->edge = true;
}

void transport_memory_lag(struct transport_memory *memory, bool lags)
{
    memory->lags = lags;
    memory->edge = true;
}

struct slice transport_memory_written(const struct transport_memory *memory)
{
    return slice_of(memory->out.at ? memory->out.at + memory->out.begin : "",
                    memory->out.end - memory->out.begin);
}

void transport_memory_forget(struct transport_memory *memory)
{
    memory->out.begin = 0;
    memory->out.end = 0;
}

size_t transport_memory_file_bytes(const struct transport_memory *memory)
{
    return memory->file_bytes;
}

size_t transport_memory_writes(const struct transport_memory *memory)
{
    return memory->writes;
}

bool transport_memory_more(const struct transport_memory *memory)
{
    return memory->more;
}

bool transport_memory_finished(const struct transport_memory *memory)
{
    return memory->finished;
}

bool transport_memory_aborted(const struct transport_memory *memory)
{
    return memory->aborted;
}

bool transport_memory_closed(const struct transport_memory *memory)
{
    return memory->closed;
}
