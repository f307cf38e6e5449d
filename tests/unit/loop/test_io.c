#include "loop/io.h"

#include "base/container.h"
#include "loop/driver_fake.h"
#include "loop/loop.h"
#include "os/fd.h"
#include "suite.h"

#include <errno.h>

static struct loop loop;

struct holder {
    struct task task;
    struct io io;
    unsigned wakes;
};

static void holder_on_wake(struct task *task)
{
    container_of(task, struct holder, task)->wakes++;
}

static void holder_init(struct holder *holder, int fd)
{
    *holder = (struct holder){ .task.run = holder_on_wake };
    io_init(&holder->io, fd, &holder->task);
}

/* From these flags, these bits: what is true afterwards, and whether the task heard of it. */
static const struct {
    bool readable, writable;
    unsigned bits;
    bool then_readable, then_writable, then_hung_up, then_read_closed;
    unsigned wakes;
} marks[] = {
    { false, false, IO_READABLE, true, false, false, false, 1 },
    { false, false, IO_WRITABLE, false, true, false, false, 1 },
    { false, true, IO_READABLE | IO_WRITABLE, true, true, false, false, 1 },
    { true, true, IO_READABLE | IO_WRITABLE, true, true, false, false, 0 },
    { false, true, IO_WRITABLE, false, true, false, false, 0 },
    { false, true, IO_READ_CLOSED, true, true, false, true, 1 },
    { true, true, IO_READ_CLOSED, true, true, false, true, 1 },
    { false, false, IO_HUNG_UP, true, true, true, false, 1 },
    { true, true, IO_HUNG_UP, true, true, true, false, 1 },
};

START_TEST(marks_are_remembered_and_only_news_wakes)
{
    struct holder holder;

    loop_init(&loop, driver_fake_new());
    holder_init(&holder, -1);
    ck_assert_int_eq(io_wait(&loop, &holder.io), 0);
    holder.io.readable = marks[_i].readable;
    holder.io.writable = marks[_i].writable;

    io_mark(&loop, &holder.io, marks[_i].bits);
    io_mark(&loop, &holder.io, marks[_i].bits);
    loop_settle(&loop);
    ck_assert_int_eq(holder.io.readable, marks[_i].then_readable);
    ck_assert_int_eq(holder.io.writable, marks[_i].then_writable);
    ck_assert_int_eq(holder.io.hung_up, marks[_i].then_hung_up);
    ck_assert_int_eq(holder.io.read_closed, marks[_i].then_read_closed);
    ck_assert_uint_eq(holder.wakes, marks[_i].wakes);
    io_close(&loop, &holder.io);
    loop_done(&loop);
}
END_TEST

static const struct {
    unsigned bits;
    bool exhausted;
} hang_ups[] = {
    { IO_HUNG_UP, true },
    { IO_HUNG_UP | IO_READABLE, false },
    { IO_READABLE, false },
};

START_TEST(a_hang_up_with_nothing_to_read_is_the_end)
{
    struct holder holder;

    loop_init(&loop, driver_fake_new());
    holder_init(&holder, -1);
    ck_assert_int_eq(io_wait(&loop, &holder.io), 0);
    holder.io.readable = false;
    io_mark(&loop, &holder.io, hang_ups[_i].bits);
    ck_assert_int_eq(holder.io.exhausted, hang_ups[_i].exhausted);
    io_close(&loop, &holder.io);
    loop_done(&loop);
}
END_TEST

START_TEST(a_shared_io_wakes_with_every_event)
{
    struct holder holder;

    loop_init(&loop, driver_fake_new());
    holder_init(&holder, -1);
    ck_assert_int_eq(io_wait_shared(&loop, &holder.io), 0);
    for (unsigned i = 1; i <= 3; i++) {
        io_mark(&loop, &holder.io, IO_READABLE);
        loop_settle(&loop);
        ck_assert_uint_eq(holder.wakes, i);
    }
    io_close(&loop, &holder.io);
    loop_done(&loop);
}
END_TEST

START_TEST(a_fresh_io_is_ready_and_unknown_to_the_driver)
{
    struct holder holder;

    loop_init(&loop, driver_fake_new());
    holder_init(&holder, -1);
    ck_assert(holder.io.readable);
    ck_assert(holder.io.writable);
    ck_assert_uint_eq(driver_fake_watched(loop.driver), 0);
    ck_assert_int_eq(io_wait(&loop, &holder.io), 0);
    ck_assert_int_eq(io_wait(&loop, &holder.io), 0);
    ck_assert_uint_eq(driver_fake_watched(loop.driver), 1);
    io_unwatch(&loop, &holder.io);
    io_unwatch(&loop, &holder.io);
    ck_assert_uint_eq(driver_fake_watched(loop.driver), 0);
    loop_done(&loop);
}
END_TEST

START_TEST(close_and_release_end_the_watching)
{
    struct holder closed, released;
    int fds[2];

    loop_init(&loop, driver_fake_new());
    size_t open_before = fd_count_open();
    ck_assert_int_eq(fd_pipe(&fds[0], &fds[1]), 0);
    holder_init(&closed, fds[0]);
    holder_init(&released, fds[1]);
    ck_assert_int_eq(io_wait(&loop, &closed.io), 0);
    ck_assert_int_eq(io_wait(&loop, &released.io), 0);

    io_close(&loop, &closed.io);
    io_close(&loop, &closed.io);
    ck_assert_int_eq(closed.io.fd, -1);
    ck_assert_int_eq(io_release(&loop, &released.io), fds[1]);
    ck_assert_int_eq(io_release(&loop, &released.io), -1);
    ck_assert_uint_eq(driver_fake_watched(loop.driver), 0);
    fd_close(&fds[1]);
    ck_assert_uint_eq(fd_count_open(), open_before);
    loop_done(&loop);
}
END_TEST

START_TEST(a_watch_that_fails_is_told)
{
    struct holder holder;

    loop_init(&loop, driver_fake_new());
    holder_init(&holder, -1);
    driver_fake_fail_watch(loop.driver, -ENOSPC);
    ck_assert_int_eq(io_wait(&loop, &holder.io), -ENOSPC);
    ck_assert_int_eq(io_wait_shared(&loop, &holder.io), -ENOSPC);
    ck_assert(!holder.io.watched);
    ck_assert(!holder.io.shared);
    loop_done(&loop);
}
END_TEST

START_TEST(a_batch_grows_while_there_is_more_and_shrinks_at_once)
{
    static const unsigned expected[] = { 1, 1, 2, 4, 8, 16, 32, 32 };
    struct loop counting = { .turns = 10 };
    struct io_batch batch = { 0 };

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        ck_assert_uint_eq(io_batch_most(&counting, &batch), expected[i]);
        counting.turns++;
    }
    counting.turns++; /* a turn without a message */
    ck_assert_uint_eq(io_batch_most(&counting, &batch), 1);
}
END_TEST

SUITE("io", LOOP(marks_are_remembered_and_only_news_wakes, marks),
      LOOP(a_hang_up_with_nothing_to_read_is_the_end, hang_ups),
      TEST(a_shared_io_wakes_with_every_event), TEST(a_fresh_io_is_ready_and_unknown_to_the_driver),
      TEST(close_and_release_end_the_watching), TEST(a_watch_that_fails_is_told),
      TEST(a_batch_grows_while_there_is_more_and_shrinks_at_once))
