#include "loop/driver_fake.h"

#include "base/container.h"
#include "loop/loop.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#define TURNS_MOST                                                                                 \
    1000000 /* something wakes itself for ever: better an end than a hanging test                  \
             */

struct handed_io {
    struct io *io; /* borrowed */
    driver_fake_hand_fn *hand;
    int unread; /* when room was told last: bytes that the other side had not read */
};

struct ios {
    struct handed_io *at; /* owned */
    size_t count;
    size_t room;
};

struct driver_fake {
    struct driver driver;
    uint64_t now_ms;
    int watch_error;
    struct ios watched;
    struct ios handed;
};

static struct driver_fake *self_of(const struct driver *driver)
{
    return container_of(driver, struct driver_fake, driver);
}

static unsigned poll_bits(const struct io *io)
{
    struct pollfd one = { .fd = io->fd, .events = POLLIN | POLLOUT | POLLRDHUP };
    unsigned bits = 0;

    if (poll(&one, 1, 0) <= 0)
        return 0;
    assert(!(one.revents & POLLNVAL)); /* closed while watched */
    if (one.revents & POLLIN)
        bits |= IO_READABLE;
    if (one.revents & POLLOUT)
        bits |= IO_WRITABLE;
    if (one.revents & POLLRDHUP)
        bits |= IO_READ_CLOSED;
    if (one.revents & (POLLHUP | POLLERR))
        bits |= IO_HUNG_UP;
    return bits;
}

static struct handed_io *ios_find(const struct ios *ios, const struct io *io)
{
    for (size_t i = 0; i < ios->count; i++)
        if (ios->at[i].io == io)
            return &ios->at[i];
    return NULL;
}

static void ios_add(struct ios *ios, struct io *io, driver_fake_hand_fn *hand)
{
    if (ios->count == ios->room) {
        ios->room = ios->room ? 2 * ios->room : 16;
        ios->at = realloc(ios->at, ios->room * sizeof(*ios->at));
        assert(ios->at);
    }
    ios->at[ios->count++] = (struct handed_io){ .io = io, .hand = hand, .unread = -1 };
}

static void ios_remove(struct ios *ios, struct handed_io *entry)
{
    *entry = ios->at[--ios->count];
}

static unsigned bits_of(const struct driver_fake *self, struct io *io)
{
    const struct handed_io *handed = ios_find(&self->handed, io);

    if (handed)
        return handed->hand(io);
    return io->fd >= 0 ? poll_bits(io) : 0;
}

/*
 * Room is told to whoever is watched for it: once, as edge-triggered epoll does, and again when the
 * other side has read.
 */
static unsigned edge_bits(struct handed_io *entry, unsigned bits)
{
    int unread = 0;

    if (!(entry->io->awaited & IO_WRITABLE))
        bits &= ~(unsigned)IO_WRITABLE;
    if (!(bits & IO_WRITABLE) || entry->io->writable || entry->io->quiet ||
        ioctl(entry->io->fd, SIOCOUTQ, &unread) < 0)
        return bits;
    if (unread > 0 && unread == entry->unread)
        bits &= ~(unsigned)IO_WRITABLE;
    entry->unread = unread;
    return bits;
}

static void fake_wait(struct driver *driver, int64_t wait_ms)
{
    struct driver_fake *self = self_of(driver);

    (void)wait_ms;
    for (size_t i = 0; i < self->watched.count; i++) {
        struct io *io = self->watched.at[i].io;
        unsigned bits = edge_bits(&self->watched.at[i], bits_of(self, io));
        if (bits)
            io_mark(driver->loop, io, bits);
    }
}

static uint64_t fake_now_ms(struct driver *driver)
{
    return self_of(driver)->now_ms;
}

static int fake_watch(struct driver *driver, struct io *io)
{
    struct driver_fake *self = self_of(driver);

    if (self->watch_error)
        return self->watch_error;
    assert(!ios_find(&self->watched, io)); /* the house watches each once */
    ios_add(&self->watched, io, NULL);
    return 0;
}

static int fake_rewatch(struct driver *driver, struct io *io)
{
    struct driver_fake *self = self_of(driver);

    assert(ios_find(&self->watched, io));
    return self->watch_error;
}

static void fake_unwatch(struct driver *driver, struct io *io)
{
    struct driver_fake *self = self_of(driver);
    struct handed_io *entry = ios_find(&self->watched, io);

    assert(entry); /* unwatched what was not watched */
    ios_remove(&self->watched, entry);
}

static void fake_free(struct driver *driver)
{
    struct driver_fake *self = self_of(driver);

    free(self->watched.at);
    free(self->handed.at);
    free(self);
}

static const struct driver_ops fake_ops = {
    .wait = fake_wait,
    .now_ms = fake_now_ms,
    .watch = fake_watch,
    .rewatch = fake_rewatch,
    .unwatch = fake_unwatch,
    .forget = fake_unwatch,
    .watch_shared = fake_watch,
    .free = fake_free,
};

struct driver *driver_fake_new(void)
{
    struct driver_fake *self = malloc(sizeof(*self));

    assert(self);
    *self = (struct driver_fake){ .driver.ops = &fake_ops, .now_ms = DRIVER_FAKE_START_MS };
    return &self->driver;
}

void driver_fake_pass(struct driver *driver, uint64_t ms)
{
    self_of(driver)->now_ms += ms;
}

void driver_fake_hand(struct driver *driver, struct io *io, driver_fake_hand_fn *hand)
{
    struct driver_fake *self = self_of(driver);
    struct handed_io *entry = ios_find(&self->handed, io);

    assert(driver->ops == &fake_ops);
    if (entry)
        ios_remove(&self->handed, entry);
    if (hand)
        ios_add(&self->handed, io, hand);
}

size_t driver_fake_watched(const struct driver *driver)
{
    return self_of(driver)->watched.count;
}

void driver_fake_fail_watch(struct driver *driver, int error)
{
    self_of(driver)->watch_error = error;
}

static bool anything_left(struct loop *loop)
{
    const struct heap_item *least = heap_least(&loop->timers);

    loop->driver->ops->wait(loop->driver, 0); /* news that nobody has heard yet */
    return !list_empty(&loop->tasks) || !list_empty(&loop->tasks_next) ||
           !list_empty(&loop->graves) ||
           (least && least->key <= loop->driver->ops->now_ms(loop->driver));
}

void loop_settle(struct loop *loop)
{
    loop->now_ms = loop->driver->ops->now_ms(loop->driver);
    for (int i = 0; anything_left(loop); i++) {
        assert(i < TURNS_MOST);
        loop_turn(loop, 0);
    }
}

void loop_pass(struct loop *loop, uint64_t ms)
{
    struct driver_fake *self = self_of(loop->driver);
    const uint64_t end_ms = self->now_ms + ms;

    assert(loop->driver->ops == &fake_ops);
    loop_settle(loop);
    for (;;) {
        const struct heap_item *least = heap_least(&loop->timers);
        if (!least || least->key > end_ms)
            break;
        self->now_ms = least->key;
        loop_settle(loop);
    }
    self->now_ms = end_ms;
    loop_settle(loop);
}
