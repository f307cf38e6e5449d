#ifndef LOOP_DRIVER_H
#define LOOP_DRIVER_H

/*
 * Where readiness and time come from: epoll and CLOCK_MONOTONIC in the house, the test's own hands
 * in tests. Readiness is reported by io_mark().
 */
#include <stdint.h>

struct io;
struct loop;

struct driver {
    const struct driver_ops *ops;
    struct loop *loop; /* set by loop_init(); whom io_mark() tells */
};

struct driver_ops {
    /* Waits at most `wait_ms` (-1: for ever, 0: not at all) and marks what became ready. */
    void (*wait)(struct driver *driver, int64_t wait_ms);
    uint64_t (*now_ms)(struct driver *driver); /* never goes back; starts above 0 */
    /* Watches io->fd for io->awaited, edge-triggered; a quiet io level-triggered. 0 or negative
     * errno. */
    int (*watch)(struct driver *driver, struct io *io);
    int (*rewatch)(struct driver *driver, struct io *io);  /* io->awaited has changed */
    void (*unwatch)(struct driver *driver, struct io *io); /* before the descriptor is closed */
    /* The same when closing ends all of it, because nobody else has the open file. */
    void (*forget)(struct driver *driver, struct io *io);
    /* Watches a listener shared by several loops (level-triggered, EPOLLEXCLUSIVE). */
    int (*watch_shared)(struct driver *driver, struct io *io);
    void (*free)(struct driver *driver);
};

/* 0 or negative errno. */
int driver_epoll_new(struct driver **ret);

#endif
