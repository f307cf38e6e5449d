#include "loop/driver.h"

#include "base/address.h"
#include "base/container.h"
#include "loop/loop.h"
#include "os/fd.h"
#include "os/socket.h"
#include "suite.h"

#include <errno.h>
#include <sys/socket.h>

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

static void holder_open(struct holder *holder, int fd)
{
    *holder = (struct holder){ .task.run = holder_on_wake };
    io_init(&holder->io, fd, &holder->task);
}

static void open_loop(void)
{
    struct driver *driver;

    ck_assert_int_eq(driver_epoll_new(&driver), 0);
    loop_init(&loop, driver);
}

static void open_pair(struct holder *here, int *ret_there)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    holder_open(here, ends[0]);
    *ret_there = ends[1];
}

static void read_to_the_end(struct io *io)
{
    char data[64];

    while (read(io->fd, data, sizeof(data)) > 0)
        ;
    ck_assert_int_eq(errno, EAGAIN);
    io->readable = false;
}

START_TEST(new_bytes_wake_and_old_ones_do_not)
{
    struct holder here;
    int there;

    open_loop();
    open_pair(&here, &there);
    read_to_the_end(&here.io);
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    loop_turn(&loop, 0);
    ck_assert_uint_eq(here.wakes, 0); /* writable is no news */

    ck_assert_int_eq(write(there, "x", 1), 1);
    loop_turn(&loop, -1);
    ck_assert_uint_eq(here.wakes, 1);
    ck_assert(here.io.readable);
    loop_turn(&loop, 0); /* the byte is still there: edge-triggered, nothing more is said */
    ck_assert_uint_eq(here.wakes, 1);

    read_to_the_end(&here.io);
    ck_assert_int_eq(write(there, "y", 1), 1);
    loop_turn(&loop, -1);
    ck_assert_uint_eq(here.wakes, 2);
    io_close(&loop, &here.io);
    fd_close(&there);
    loop_done(&loop);
}
END_TEST

START_TEST(the_last_descriptor_takes_its_watch_with_it)
{
    struct holder here;
    int there;

    open_loop();
    open_pair(&here, &there);
    read_to_the_end(&here.io);
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    ck_assert_int_eq(write(there, "x", 1), 1);
    io_close_last(&loop, &here.io);
    io_close_last(&loop, &here.io); /* harmless when repeated */
    loop_turn(&loop, 0);
    ck_assert_uint_eq(here.wakes, 0);
    fd_close(&there);

    open_pair(&here, &there); /* very likely with the same number */
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    io_close(&loop, &here.io);
    fd_close(&there);
    loop_done(&loop);
}
END_TEST

START_TEST(what_came_before_the_watching_is_told)
{
    struct holder here;
    int there;

    open_loop();
    open_pair(&here, &there);
    read_to_the_end(&here.io);
    ck_assert_int_eq(write(there, "x", 1), 1);
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    loop_turn(&loop, -1);
    ck_assert_uint_eq(here.wakes, 1);
    ck_assert(here.io.readable);
    io_close(&loop, &here.io);
    fd_close(&there);
    loop_done(&loop);
}
END_TEST

START_TEST(room_after_a_full_buffer_wakes)
{
    struct holder here;
    char data[4096] = { 0 };
    int there;

    open_loop();
    open_pair(&here, &there);
    while (write(here.io.fd, data, sizeof(data)) > 0)
        ;
    ck_assert_int_eq(errno, EAGAIN);
    here.io.writable = false;
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    loop_turn(&loop, 0);
    ck_assert(!here.io.writable);

    while (read(there, data, sizeof(data)) > 0)
        ;
    loop_turn(&loop, -1);
    ck_assert(here.io.writable);
    ck_assert_uint_eq(here.wakes, 1);
    io_close(&loop, &here.io);
    fd_close(&there);
    loop_done(&loop);
}
END_TEST

START_TEST(room_is_asked_for_only_by_who_has_none)
{
    struct holder here;
    char data[4096] = { 0 };
    int there;

    open_loop();
    open_pair(&here, &there);
    read_to_the_end(&here.io);
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    ck_assert_uint_eq(here.io.awaited, IO_READABLE);

    while (write(here.io.fd, data, sizeof(data)) > 0)
        ;
    here.io.writable = false;
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    ck_assert_uint_eq(here.io.awaited, IO_READABLE | IO_WRITABLE);
    while (read(there, data, sizeof(data)) > 0)
        ;
    loop_turn(&loop, -1);
    ck_assert(here.io.writable);
    ck_assert_int_eq(io_wait(&loop, &here.io), 0); /* it may fill up again: no call for each time */
    ck_assert_uint_eq(here.io.awaited, IO_READABLE | IO_WRITABLE);

    io_unwatch(&loop, &here.io);
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    ck_assert_uint_eq(here.io.awaited, IO_READABLE);
    ck_assert_int_eq(write(there, "x", 1), 1);
    loop_turn(&loop, -1);
    ck_assert(here.io.readable);
    ck_assert_uint_eq(here.wakes, 2);
    io_close(&loop, &here.io);
    fd_close(&there);
    loop_done(&loop);
}
END_TEST

START_TEST(the_end_of_the_peers_writing_is_told)
{
    struct holder here;
    int there;

    open_loop();
    open_pair(&here, &there);
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    loop_turn(&loop, 0);
    ck_assert_int_eq(shutdown(there, SHUT_WR), 0);
    loop_turn(&loop, -1);
    ck_assert(here.io.read_closed);
    ck_assert(!here.io.hung_up);

    fd_close(&there);
    loop_turn(&loop, -1);
    ck_assert(here.io.hung_up);
    io_close(&loop, &here.io);
    loop_done(&loop);
}
END_TEST

/* Both ends of a pipe: the other one goes away; there is nothing to read, nobody to write to. */
static const bool pipe_ends[] = { false, true };

START_TEST(a_broken_pipe_is_ready_so_that_its_end_is_found)
{
    const bool writing = pipe_ends[_i];
    struct holder here;
    int fds[2];

    open_loop();
    ck_assert_int_eq(fd_pipe(&fds[0], &fds[1]), 0);
    holder_open(&here, fds[writing]);
    here.io.readable = false;
    here.io.writable = false;
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    fd_close(&fds[!writing]);
    loop_turn(&loop, -1);
    ck_assert(here.io.hung_up);
    ck_assert(writing ? here.io.writable : here.io.readable);
    ck_assert(writing || here.io.exhausted);
    io_close(&loop, &here.io);
    loop_done(&loop);
}
END_TEST

START_TEST(a_broken_pipe_with_bytes_in_it_is_not_exhausted)
{
    struct holder here;
    int fds[2];

    open_loop();
    ck_assert_int_eq(fd_pipe(&fds[0], &fds[1]), 0);
    holder_open(&here, fds[0]);
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    fd_close(&fds[1]);
    loop_turn(&loop, -1);
    ck_assert(here.io.hung_up);
    ck_assert(!here.io.exhausted);
    io_close(&loop, &here.io);
    loop_done(&loop);
}
END_TEST

START_TEST(an_unwatched_io_hears_nothing_even_if_its_file_lives_on)
{
    struct holder here;
    int there;

    open_loop();
    open_pair(&here, &there);
    read_to_the_end(&here.io);
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);

    scoped_fd copy = dup(here.io.fd); /* as if passed to another process */
    ck_assert_int_ge(copy, 0);
    io_close(&loop, &here.io);
    ck_assert_int_eq(write(there, "x", 1), 1);
    loop_turn(&loop, 0);
    ck_assert_uint_eq(here.wakes, 0);
    fd_close(&there);
    loop_done(&loop);
}
END_TEST

/* The first task closes the second's descriptor while an event of it was in the same batch. */
static struct holder victim;

static void killer_on_wake(struct task *task)
{
    container_of(task, struct holder, task)->wakes++;
    loop_forget(&loop, &victim.task);
    io_close(&loop, &victim.io);
}

START_TEST(an_io_closed_in_the_turn_of_its_event_stays_silent)
{
    struct holder killer;
    int killer_there, victim_there;

    open_loop();
    open_pair(&killer, &killer_there);
    killer.task.run = killer_on_wake;
    open_pair(&victim, &victim_there);
    read_to_the_end(&killer.io);
    read_to_the_end(&victim.io);
    ck_assert_int_eq(io_wait(&loop, &killer.io), 0);
    ck_assert_int_eq(io_wait(&loop, &victim.io), 0);
    loop_turn(&loop, 0);
    ck_assert_int_eq(write(killer_there, "x", 1), 1);
    ck_assert_int_eq(write(victim_there, "x", 1), 1);
    loop_turn(&loop, -1);
    loop_turn(&loop, 0);
    ck_assert_uint_eq(killer.wakes, 1);
    ck_assert_uint_eq(victim.wakes, 0);
    io_close(&loop, &killer.io);
    fd_close(&killer_there);
    fd_close(&victim_there);
    loop_done(&loop);
}
END_TEST

START_TEST(a_waiting_client_keeps_a_shared_listener_awake)
{
    struct holder listener;
    union socket_address address, peer;
    int fd, client, accepted;

    open_loop();
    ck_assert(address_parse_ip(SLICE("127.0.0.1"), 0, &address));
    ck_assert_int_eq(socket_listen(&address, 16, &fd), 0);
    ck_assert_int_eq(socket_local_address(fd, &address), 0);
    holder_open(&listener, fd);
    listener.io.readable = false;
    ck_assert_int_eq(io_wait_shared(&loop, &listener.io), 0);
    loop_turn(&loop, 0);
    ck_assert_uint_eq(listener.wakes, 0);

    int r = socket_connect(&address, &client);
    ck_assert(r == 0 || r == -EINPROGRESS);
    loop_turn(&loop, -1);
    loop_turn(&loop, -1);
    ck_assert_uint_eq(listener.wakes, 2);

    ck_assert_int_eq(socket_accept(fd, &peer, &accepted), 0);
    loop_turn(&loop, 0);
    ck_assert_uint_eq(listener.wakes, 2);

    io_unwatch(&loop, &listener.io); /* steps aside, comes back */
    ck_assert_int_eq(io_wait_shared(&loop, &listener.io), 0);
    io_close(&loop, &listener.io);
    fd_close(&client);
    fd_close(&accepted);
    loop_done(&loop);
}
END_TEST

START_TEST(the_clock_starts_above_nought_and_goes_on)
{
    struct timer timer = { .task = NULL };

    open_loop();
    uint64_t before_ms = loop.now_ms;
    ck_assert_uint_gt(before_ms, 0);
    timer_set(&loop, &timer, before_ms + 2);
    while (!timer.fired) /* waits for the timer, not at all in between */
        loop_turn(&loop, -1);
    ck_assert_uint_ge(loop.now_ms, before_ms + 2);
    loop_done(&loop);
}
END_TEST

START_TEST(more_than_one_batch_is_told_in_the_end)
{
    enum { COUNT = 300 };
    static struct holder holders[COUNT];
    static int others[COUNT];

    open_loop();
    for (int i = 0; i < COUNT; i++) {
        open_pair(&holders[i], &others[i]);
        holders[i].io.readable = false;
        ck_assert_int_eq(io_wait(&loop, &holders[i].io), 0);
        ck_assert_int_eq(write(others[i], "x", 1), 1);
    }
    for (int i = 0; i < 3; i++)
        loop_turn(&loop, 0);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_uint_eq(holders[i].wakes, 1);
        io_close(&loop, &holders[i].io);
        fd_close(&others[i]);
    }
    loop_done(&loop);
}
END_TEST

/* A reader takes one of two messages and stops: it is told again. */
START_TEST(a_quiet_io_is_told_again_while_something_is_left)
{
    struct holder here;
    int there;
    char byte;

    open_loop();
    open_pair(&here, &there);
    io_init_quiet(&here.io, here.io.fd, &here.task);
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    ck_assert_int_eq(write(there, "xy", 2), 2);
    for (unsigned wakes = 1; wakes <= 2; wakes++) {
        loop_turn(&loop, -1);
        ck_assert_uint_eq(here.wakes, wakes);
        ck_assert_int_eq(read(here.io.fd, &byte, 1), 1);
        here.io.readable = false;
        ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    }
    loop_turn(&loop, 0);
    ck_assert_uint_eq(here.wakes, 2);

    fd_close(&there);
    loop_turn(&loop, -1);
    ck_assert_uint_eq(here.wakes, 3);
    ck_assert(here.io.readable);
    io_close(&loop, &here.io);
    loop_done(&loop);
}
END_TEST

START_TEST(a_quiet_io_hears_of_room_only_after_it_was_full)
{
    struct holder here;
    char data[4096] = { 0 };
    int there;

    open_loop();
    open_pair(&here, &there);
    io_init_quiet(&here.io, here.io.fd, &here.task);
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    ck_assert_uint_eq(here.io.awaited, IO_READABLE);
    while (write(here.io.fd, data, sizeof(data)) > 0)
        ;
    here.io.writable = false;
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    loop_turn(&loop, 0);
    ck_assert_uint_eq(here.wakes, 0);

    while (read(there, data, sizeof(data)) > 0)
        ;
    loop_turn(&loop, -1);
    ck_assert_uint_eq(here.wakes, 1);
    ck_assert(here.io.writable && !here.io.readable);
    ck_assert_int_eq(io_wait(&loop, &here.io), 0);
    ck_assert_uint_eq(here.io.awaited, IO_READABLE); /* level-triggered room would wake for ever */
    loop_turn(&loop, 0);
    ck_assert_uint_eq(here.wakes, 1);
    io_close(&loop, &here.io);
    fd_close(&there);
    loop_done(&loop);
}
END_TEST

SUITE("driver_epoll", TEST(new_bytes_wake_and_old_ones_do_not),
      TEST(the_last_descriptor_takes_its_watch_with_it),
      TEST(what_came_before_the_watching_is_told), TEST(room_after_a_full_buffer_wakes),
      TEST(room_is_asked_for_only_by_who_has_none), TEST(the_end_of_the_peers_writing_is_told),
      LOOP(a_broken_pipe_is_ready_so_that_its_end_is_found, pipe_ends),
      TEST(a_broken_pipe_with_bytes_in_it_is_not_exhausted),
      TEST(an_unwatched_io_hears_nothing_even_if_its_file_lives_on),
      TEST(an_io_closed_in_the_turn_of_its_event_stays_silent),
      TEST(a_waiting_client_keeps_a_shared_listener_awake),
      TEST(the_clock_starts_above_nought_and_goes_on), TEST(more_than_one_batch_is_told_in_the_end),
      TEST(a_quiet_io_is_told_again_while_something_is_left),
      TEST(a_quiet_io_hears_of_room_only_after_it_was_full))
