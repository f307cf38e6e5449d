#include "net/transport_memory.h"

#include "base/container.h"
#include "loop/driver_fake.h"
#include "loop/loop.h"
#include "os/fd.h"
#include "suite.h"

#include <errno.h>

/* The fake must answer as a socket does: other suites lean on it. */
static struct loop loop;
static struct transport_memory *memory;
static struct transport *t;
static char data[64];

static struct task owner;
static unsigned wakes;

static void owner_on_wake(struct task *task)
{
    (void)task;
    wakes++;
}

static void open_memory(void)
{
    loop_init(&loop, driver_fake_new());
    memory = transport_memory_new(&loop);
    t = transport_memory_transport(memory);
    owner = (struct task){ .run = owner_on_wake };
    transport_attach(t, &owner);
}

static void close_memory(void)
{
    transport_memory_free(memory);
    loop_done(&loop);
}

static ssize_t write_text(const char *text)
{
    struct iovec one = { .iov_base = (char *)text, .iov_len = strlen(text) };

    return transport_write(t, &one, 1, false);
}

START_TEST(what_is_fed_is_read_and_then_again)
{
    open_memory();
    transport_memory_feed(memory, SLICE("hello"));
    transport_memory_read_step(memory, 2);
    ck_assert_int_eq(transport_read(t, data, sizeof(data)), 2);
    ck_assert(t->io.readable);
    ck_assert_uint_eq(transport_memory_unread(memory), 3);
    transport_memory_read_step(memory, TRANSPORT_MEMORY_UNLIMITED);
    ck_assert_int_eq(transport_read(t, data, sizeof(data)), 3);
    ck_assert(!t->io.readable);
    ck_assert_int_eq(transport_read(t, data, sizeof(data)), -EAGAIN);
    close_memory();
}
END_TEST

START_TEST(only_who_waits_is_woken)
{
    open_memory();
    ck_assert_int_eq(transport_read(t, data, sizeof(data)), -EAGAIN);
    transport_memory_feed(memory, SLICE("x"));
    loop_settle(&loop);
    ck_assert_uint_eq(wakes, 0); /* nobody asked the driver */
    ck_assert_int_eq(transport_wait(t), 0);
    loop_settle(&loop);
    ck_assert_uint_eq(wakes, 1);
    ck_assert_int_eq(transport_read(t, data, sizeof(data)), 1);
    loop_settle(&loop);
    transport_memory_feed(memory, SLICE("y"));
    loop_settle(&loop);
    ck_assert_uint_eq(wakes, 2);
    close_memory();
}
END_TEST

START_TEST(an_edge_is_told_once)
{
    open_memory();
    ck_assert_int_eq(transport_wait(t), 0);
    loop_settle(&loop);
    t->io.readable = false;
    transport_memory_feed(memory, SLICE("xy"));
    loop_settle(&loop);
    ck_assert_uint_eq(wakes, 1);
    t->io.readable = false; /* wrongly: as with epoll, nobody reminds */
    loop_settle(&loop);
    ck_assert_uint_eq(wakes, 1);
    close_memory();
}
END_TEST

START_TEST(the_end_and_the_break_are_found)
{
    open_memory();
    ck_assert_int_eq(transport_wait(t), 0);
    transport_memory_feed(memory, SLICE("last"));
    transport_memory_feed_end(memory);
    loop_settle(&loop);
    ck_assert(t->io.read_closed);
    ck_assert_int_eq(transport_read(t, data, sizeof(data)), 4);
    ck_assert(t->io.readable);
    ck_assert_int_eq(transport_read(t, data, sizeof(data)), 0);
    ck_assert_int_eq(write_text("still"), 5);
    transport_memory_break(memory, ECONNRESET);
    loop_settle(&loop);
    ck_assert(t->io.hung_up);
    ck_assert_int_eq(transport_read(t, data, sizeof(data)), -ECONNRESET);
    ck_assert_int_eq(write_text("x"), -EPIPE);
    close_memory();
}
END_TEST

START_TEST(room_is_what_the_kernel_takes)
{
    struct iovec parts[] = { { .iov_base = (char *)"abc", .iov_len = 3 },
                             { .iov_base = (char *)"def", .iov_len = 3 } };

    open_memory();
    transport_memory_room(memory, 4);
    ck_assert_int_eq(transport_wait(t), 0);
    ck_assert_int_eq(transport_write(t, parts, 2, true), 4);
    ck_assert(transport_memory_more(memory));
    ck_assert(!t->io.writable);
    ck_assert_int_eq(write_text("x"), -EAGAIN);
    ck_assert_int_eq(transport_wait(t), 0);
    loop_settle(&loop);
    ck_assert(!t->io.writable);
    transport_memory_room(memory, TRANSPORT_MEMORY_UNLIMITED);
    loop_settle(&loop);
    ck_assert(t->io.writable);
    ck_assert_uint_eq(wakes, 1);
    ck_assert_int_eq(write_text("ef"), 2);
    ck_assert(slice_equal(transport_memory_written(memory), SLICE("abcdef")));
    ck_assert_uint_eq(transport_memory_writes(memory), 2);
    transport_memory_forget(memory);
    ck_assert_uint_eq(transport_memory_written(memory).len, 0);
    close_memory();
}
END_TEST

START_TEST(a_file_is_written_and_counted)
{
    int file;

    open_memory();
    ck_assert_int_eq(fd_sealed("test", "0123456789", 10, &file), 0);
    ck_assert_int_eq(transport_send_file(t, file, 2, 5), 5);
    ck_assert_int_eq(transport_send_file(t, file, 8, 5), 2);
    ck_assert_int_eq(transport_send_file(t, file, 10, 5), 0);
    ck_assert(slice_equal(transport_memory_written(memory), SLICE("2345689")));
    ck_assert_uint_eq(transport_memory_file_bytes(memory), 7);
    fd_close(&file);
    close_memory();
}
END_TEST

START_TEST(how_it_ends_is_seen)
{
    open_memory();
    ck_assert_int_eq(transport_wait(t), 0);
    ck_assert(!transport_memory_finished(memory));
    transport_finish(t);
    ck_assert(transport_memory_finished(memory));
    transport_abort(t);
    ck_assert(transport_memory_aborted(memory));
    transport_close(t);
    ck_assert(transport_memory_closed(memory));
    ck_assert_uint_eq(driver_fake_watched(loop.driver), 0);
    close_memory();
}
END_TEST

SUITE("transport_memory", TEST(what_is_fed_is_read_and_then_again), TEST(only_who_waits_is_woken),
      TEST(an_edge_is_told_once), TEST(the_end_and_the_break_are_found),
      TEST(room_is_what_the_kernel_takes), TEST(a_file_is_written_and_counted),
      TEST(how_it_ends_is_seen))
