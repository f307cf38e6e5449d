#ifndef TESTS_DRIVER_FAKE_H
#define TESTS_DRIVER_FAKE_H

/*
 * A driver in the test's own hands. Time passes when the test says so. An io without descriptor
 * (fd -1) is only noted as watched and becomes ready by io_mark(), or as its hand says; a real
 * descriptor (pipe, socket, eventfd) is looked at by poll() without waiting. wait() never waits.
 */
#include "loop/driver.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

#define DRIVER_FAKE_START_MS 1000u

struct driver *driver_fake_new(void);

/* Only moves the clock; the timers fire in the next turn. */
void driver_fake_pass(struct driver *driver, uint64_t ms);

/*
 * The hand of an io without descriptor: asked in each wait() while the io is watched, it returns
 * the bits to be marked. NULL: none any more.
 */
typedef unsigned driver_fake_hand_fn(struct io *io);
void driver_fake_hand(struct driver *driver, struct io *io, driver_fake_hand_fn *hand);

/* How many ios are watched now. */
size_t driver_fake_watched(const struct driver *driver);

/* From now on watching fails with this negative errno (0: works again). */
void driver_fake_fail_watch(struct driver *driver, int error);

/* For any driver: turns that do not wait until nothing is left to be done now. */
void loop_settle(struct loop *loop);

/*
 * For the fake driver: `ms` pass, stopping at each deadline on the way; settled before, at each and
 * after.
 */
void loop_pass(struct loop *loop, uint64_t ms);

#endif
