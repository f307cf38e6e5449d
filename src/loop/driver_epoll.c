/* The driver of the house: edge-triggered epoll and CLOCK_MONOTONIC. */
#include "base/container.h"
#include "base/unset.h"
#include "loop/driver.h"
#include "loop/io.h"
#include "os/fd.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#define EVENTS_PER_WAIT 128

struct driver_epoll {
    struct driver driver;
    int fd; /* owned */
};

static struct driver_epoll *self_of(struct driver *driver)
{
    return container_of(driver, struct driver_epoll, driver);
}

static unsigned bits_of(uint32_t events)
{
    unsigned bits = 0;

    if (events & EPOLLIN)
        bits |= IO_READABLE;
    if (events & EPOLLOUT)
        bits |= IO_WRITABLE;
    if (events & EPOLLRDHUP)
        bits |= IO_READ_CLOSED;
    if (events & (EPOLLHUP | EPOLLERR))
        bits |= IO_HUNG_UP;
    return bits;
}

static void epoll_driver_wait(struct driver *driver, int64_t wait_ms)
{
    UNSET struct epoll_event events[EVENTS_PER_WAIT];
    int wait = wait_ms > INT_MAX ? INT_MAX : (int)wait_ms;

    int count = epoll_wait(self_of(driver)->fd, events, EVENTS_PER_WAIT, wait);
    assert(count >= 0 || errno == EINTR); /* a signal: an empty turn */

    /* A full batch is not all: what did not fit comes first next time (epoll takes turns). */
    for (int i = 0; i < count; i++)
        io_mark(driver->loop, events[i].data.ptr, bits_of(events[i].events));
}

static uint64_t epoll_driver_now_ms(struct driver *driver)
{
    struct timespec now;

    (void)driver;
    clock_gettime(CLOCK_MONOTONIC, &now);
    /* One more, so that the clock starts above 0 even on a machine that has just been switched on.
     */
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000 + 1;
}

static int control(struct driver *driver, int what, struct io *io, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = io };

    return epoll_ctl(self_of(driver)->fd, what, io->fd, &event) < 0 ? -errno : 0;
}

static uint32_t events_of(const struct io *io)
{
    uint32_t events = io->quiet ? 0 : EPOLLET;

    if (io->awaited & IO_READABLE)
        events |= EPOLLIN | EPOLLRDHUP;
    if (io->awaited & IO_WRITABLE)
        events |= EPOLLOUT;
    return events;
}

static int epoll_driver_watch(struct driver *driver, struct io *io)
{
    return control(driver, EPOLL_CTL_ADD, io, events_of(io));
}

static int epoll_driver_rewatch(struct driver *driver, struct io *io)
{
    return control(driver, EPOLL_CTL_MOD, io, events_of(io));
}

static int epoll_driver_watch_shared(struct driver *driver, struct io *io)
{
    return control(driver, EPOLL_CTL_ADD, io, EPOLLIN | EPOLLEXCLUSIVE);
}

/*
 * Not left to close(): the file may live on in another process (passed on), and its events would
 * then come for an io that is gone.
 */
static void epoll_driver_unwatch(struct driver *driver, struct io *io)
{
    int r = epoll_ctl(self_of(driver)->fd, EPOLL_CTL_DEL, io->fd, NULL);

    assert(r == 0); /* EBADF, ENOENT: somebody closed a watched descriptor */
}

/* close() takes the last reference, and the entry with it. */
static void epoll_driver_forget(struct driver *driver, struct io *io)
{
    (void)driver;
    (void)io;
}

static void epoll_driver_free(struct driver *driver)
{
    struct driver_epoll *self = self_of(driver);

    fd_close(&self->fd);
    free(self);
}

static const struct driver_ops epoll_ops = {
    .wait = epoll_driver_wait,
    .now_ms = epoll_driver_now_ms,
    .watch = epoll_driver_watch,
    .rewatch = epoll_driver_rewatch,
    .unwatch = epoll_driver_unwatch,
    .forget = epoll_driver_forget,
    .watch_shared = epoll_driver_watch_shared,
    .free = epoll_driver_free,
};

int driver_epoll_new(struct driver **ret)
{
    scoped_fd fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0)
        return -errno;

    struct driver_epoll *self = malloc(sizeof(*self));
    if (!self)
        return -ENOMEM;

    *self = (struct driver_epoll){ .driver.ops = &epoll_ops, .fd = fd_take(&fd) };
    *ret = &self->driver;
    return 0;
}
