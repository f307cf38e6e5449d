#include "net/transport.h"

#include "base/container.h"
#include "loop/driver_fake.h"
#include "loop/loop.h"
#include "os/fd.h"
#include "os/socket.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct loop loop;
static struct transport *here;
static int there;

struct owner {
    struct task task;
    unsigned wakes;
};
static struct owner owner;

static void owner_on_wake(struct task *task)
{
    container_of(task, struct owner, task)->wakes++;
}

static void open_epoll(void)
{
    struct driver *driver;

    ck_assert_int_eq(driver_epoll_new(&driver), 0);
    loop_init(&loop, driver);
}

static void take(int fd)
{
    here = tcp_transport(&loop, fd);
    owner = (struct owner){ .task.run = owner_on_wake };
    transport_attach(here, &owner.task);
}

/* Over a socket pair; over loopback TCP where the protocol matters. */
static void open_pair(void)
{
    int ends[2];

    open_epoll();
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    take(ends[0]);
    there = ends[1];
}

static void wait_for(int fd, short events)
{
    struct pollfd one = { .fd = fd, .events = events };

    ck_assert_int_eq(poll(&one, 1, 10000), 1);
}

static void open_tcp(void)
{
    union socket_address address, peer;
    int listener, client, accepted;

    open_epoll();
    ck_assert(address_parse_ip(SLICE("127.0.0.1"), 0, &address));
    ck_assert_int_eq(socket_listen(&address, 1, &listener), 0);
    ck_assert_int_eq(socket_local_address(listener, &address), 0);
    int r = socket_connect(&address, &client);
    ck_assert(r == 0 || r == -EINPROGRESS);
    wait_for(listener, POLLIN);
    ck_assert_int_eq(socket_accept(listener, &peer, &accepted), 0);
    fd_close(&listener);
    take(accepted);
    there = client;
}

static void close_all(void)
{
    if (here)
        transport_close(here);
    fd_close(&there);
    loop_done(&loop);
}

static ssize_t write_text(const char *text)
{
    struct iovec one = { .iov_base = (char *)text, .iov_len = strlen(text) };

    return transport_write(here, &one, 1, false);
}

START_TEST(bytes_come_through_both_ways)
{
    char data[64];
    struct iovec parts[] = { { .iov_base = (char *)"one ", .iov_len = 4 },
                             { .iov_base = (char *)"two", .iov_len = 3 } };

    open_pair();
    ck_assert_int_eq(write(there, "hello", 5), 5);
    ck_assert_int_eq(transport_read(here, data, sizeof(data)), 5);
    ck_assert_int_eq(memcmp(data, "hello", 5), 0);
    ck_assert_int_eq(transport_write(here, parts, 2, true), 7);
    ck_assert_int_eq(write_text("!"), 1);
    ck_assert(here->io.writable);
    ck_assert_int_eq(read(there, data, sizeof(data)), 8);
    ck_assert_int_eq(memcmp(data, "one two!", 8), 0);
    close_all();
}
END_TEST

START_TEST(a_short_read_means_empty_and_a_full_one_does_not)
{
    char data[8];

    open_pair();
    ck_assert_int_eq(write(there, "12345678abc", 11), 11);
    ck_assert_int_eq(transport_read(here, data, sizeof(data)), 8);
    ck_assert(here->io.readable);
    ck_assert_int_eq(transport_read(here, data, sizeof(data)), 3);
    ck_assert(!here->io.readable);
    ck_assert_int_eq(transport_wait(here), 0);
    loop_turn(&loop, 0);
    ck_assert_uint_eq(owner.wakes, 0);

    ck_assert_int_eq(write(there, "more", 4), 4);
    loop_turn(&loop, -1);
    ck_assert_uint_eq(owner.wakes, 1);
    ck_assert(here->io.readable);
    ck_assert_int_eq(transport_read(here, data, sizeof(data)), 4);
    close_all();
}
END_TEST

START_TEST(nothing_to_read_says_again)
{
    char data[8];

    open_pair();
    ck_assert_int_eq(transport_read(here, data, sizeof(data)), -EAGAIN);
    ck_assert(!here->io.readable);
    close_all();
}
END_TEST

START_TEST(the_end_is_found_behind_the_last_bytes)
{
    char data[8];

    open_pair();
    ck_assert_int_eq(transport_read(here, data, sizeof(data)), -EAGAIN);
    ck_assert_int_eq(transport_wait(here), 0);
    ck_assert_int_eq(write(there, "last", 4), 4);
    ck_assert_int_eq(shutdown(there, SHUT_WR), 0);
    loop_turn(&loop, -1);
    ck_assert(here->io.read_closed);
    /* One edge told of both: the flag must stay after the short read, no other edge will come. */
    ck_assert_int_eq(transport_read(here, data, sizeof(data)), 4);
    ck_assert(here->io.readable);
    ck_assert_int_eq(transport_read(here, data, sizeof(data)), 0);
    close_all();
}
END_TEST

START_TEST(a_full_buffer_says_again_and_room_wakes)
{
    static char block[65536];
    struct iovec one = { .iov_base = block, .iov_len = sizeof(block) };
    ssize_t put;
    size_t sent = 0;

    open_pair();
    while (here->io.writable) {
        put = transport_write(here, &one, 1, false);
        if (put > 0)
            sent += (size_t)put;
    }
    ck_assert_int_eq(transport_write(here, &one, 1, false), -EAGAIN);
    ck_assert_int_eq(transport_wait(here), 0);
    loop_turn(&loop, 0);
    ck_assert(!here->io.writable);
    for (ssize_t got; (got = read(there, block, sizeof(block))) > 0;)
        sent -= (size_t)got;
    ck_assert_uint_eq(sent, 0);
    loop_turn(&loop, -1);
    ck_assert(here->io.writable);
    close_all();
}
END_TEST

START_TEST(more_parts_than_the_kernel_takes_are_written_in_turns)
{
    enum { COUNT = 3000 };
    static struct iovec parts[COUNT];
    char data[COUNT];

    open_pair();
    for (int i = 0; i < COUNT; i++)
        parts[i] = (struct iovec){ .iov_base = (char *)"x", .iov_len = 1 };
    ssize_t put = transport_write(here, parts, COUNT, false);
    ck_assert_int_gt(put, 0);
    ck_assert_int_lt(put, COUNT);
    ck_assert(here->io.writable); /* it was not full: all that was asked of it went */
    ck_assert_int_eq(read(there, data, sizeof(data)), put);
    close_all();
}
END_TEST

/* A file of 10 bytes: from, length asked, length sent. */
static const struct {
    uint64_t offset;
    size_t len;
    ssize_t expect;
} spans[] = { { 0, 10, 10 }, { 3, 4, 4 },  { 8, 10, 2 },
              { 10, 5, 0 },  { 12, 5, 0 }, { 0, SIZE_MAX, 10 } };

START_TEST(a_file_is_sent_from_where_it_is_asked)
{
    char data[16];
    int file;

    open_pair();
    ck_assert_int_eq(fd_sealed("test", "0123456789", 10, &file), 0);
    ck_assert_int_eq(transport_send_file(here, file, spans[_i].offset, spans[_i].len),
                     spans[_i].expect);
    ck_assert(here->io.writable); /* a file that ended early is not a full buffer */
    if (spans[_i].expect > 0) {
        ck_assert_int_eq(read(there, data, sizeof(data)), spans[_i].expect);
        ck_assert_int_eq(memcmp(data, &"0123456789"[spans[_i].offset], (size_t)spans[_i].expect),
                         0);
    }
    fd_close(&file);
    close_all();
}
END_TEST

START_TEST(a_file_that_fills_the_buffer_says_again)
{
    enum { LARGE = 8 << 20 };
    char *data = calloc(1, LARGE);
    uint64_t at = 0;
    ssize_t put;
    int file;

    ck_assert_ptr_nonnull(data);
    open_tcp();
    ck_assert_int_eq(fd_sealed("test", data, LARGE, &file), 0);
    while ((put = transport_send_file(here, file, at, LARGE - at)) > 0)
        at += (uint64_t)put;
    ck_assert_int_eq(put, -EAGAIN);
    ck_assert(!here->io.writable);
    ck_assert_uint_lt(at, LARGE);
    fd_close(&file);
    free(data);
    close_all();
}
END_TEST

START_TEST(finish_ends_the_writing_and_not_the_reading)
{
    char data[8];

    open_tcp();
    ck_assert_int_eq(write_text("bye"), 3);
    transport_finish(here);
    transport_finish(here);
    wait_for(there, POLLRDHUP);
    ck_assert_int_eq(recv(there, data, sizeof(data), 0), 3);
    ck_assert_int_eq(recv(there, data, sizeof(data), 0), 0);
    ck_assert_int_eq(send(there, "late", 4, MSG_NOSIGNAL), 4);
    ck_assert_int_eq(transport_wait(here), 0);
    here->io.readable = false;
    while (!here->io.readable)
        loop_turn(&loop, -1);
    ck_assert_int_eq(transport_read(here, data, sizeof(data)), 4);
    ck_assert_int_eq(write_text("x"), -EPIPE); /* and no SIGPIPE */
    close_all();
}
END_TEST

static const bool aborts[] = { false, true };

START_TEST(the_peer_can_tell_an_abort_from_an_end)
{
    char data[8];

    open_tcp();
    if (aborts[_i])
        transport_abort(here);
    transport_close(here);
    here = NULL;
    wait_for(there, POLLRDHUP);
    ssize_t got = recv(there, data, sizeof(data), 0);
    if (aborts[_i]) {
        ck_assert_int_lt(got, 0);
        ck_assert_int_eq(errno, ECONNRESET);
    } else {
        ck_assert_int_eq(got, 0);
    }
    close_all();
}
END_TEST

START_TEST(a_peer_that_resets_is_told)
{
    const struct linger none = { .l_onoff = 1, .l_linger = 0 };
    char data[8];

    open_tcp();
    ck_assert_int_eq(transport_read(here, data, sizeof(data)), -EAGAIN);
    ck_assert_int_eq(transport_wait(here), 0);
    loop_turn(&loop, 0);
    ck_assert_int_eq(setsockopt(there, SOL_SOCKET, SO_LINGER, &none, sizeof(none)), 0);
    fd_close(&there);
    loop_turn(&loop, -1);
    ck_assert(here->io.hung_up);
    ck_assert_int_eq(transport_read(here, data, sizeof(data)), -ECONNRESET);
    close_all();
}
END_TEST

/* ---- splice ---- */

static int pipe_ends[2];

static void open_tcp_and_pipe(void)
{
    open_tcp();
    signal(SIGPIPE, SIG_IGN); /* as the server does */
    ck_assert_int_eq(pipe2(pipe_ends, O_NONBLOCK | O_CLOEXEC), 0);
}

static void close_pipe_and_all(void)
{
    fd_close(&pipe_ends[0]);
    fd_close(&pipe_ends[1]);
    close_all();
}

/* The other side sends, and it has come. */
static void send_there(const char *bytes, size_t len)
{
    ck_assert_int_eq(send(there, bytes, len, 0), (ssize_t)len);
    wait_for(here->io.fd, POLLIN);
}

START_TEST(bytes_go_from_the_socket_into_a_pipe)
{
    char data[16];

    open_tcp_and_pipe();
    ck_assert(transport_can_splice(here));
    send_there("hello world", 11);
    ck_assert_int_eq(transport_splice(here, pipe_ends[1], 5), 5);
    ck_assert_int_eq(transport_splice(here, pipe_ends[1], 100), 6);
    ck_assert_int_eq(read(pipe_ends[0], data, sizeof(data)), 11);
    ck_assert_int_eq(memcmp(data, "hello world", 11), 0);
    ck_assert(here->io.readable);
    ck_assert_int_eq(transport_splice(here, pipe_ends[1], 100), -EAGAIN);
    ck_assert(!here->io.readable);
    fd_close(&there);
    wait_for(here->io.fd, POLLIN);
    ck_assert_int_eq(transport_splice(here, pipe_ends[1], 100), 0);
    close_pipe_and_all();
}
END_TEST

START_TEST(a_full_pipe_is_told_from_an_empty_socket)
{
    char data[4096];

    open_tcp_and_pipe();
    memset(data, 'x', sizeof(data));
    while (write(pipe_ends[1], data, sizeof(data)) > 0)
        ;
    ck_assert_int_eq(transport_splice(here, pipe_ends[1], 100), -EAGAIN);
    here->io.readable = true;
    send_there("hello", 5);
    ck_assert_int_eq(transport_splice(here, pipe_ends[1], 100), -ENOBUFS);
    ck_assert(here->io.readable);
    ck_assert_int_eq(read(pipe_ends[0], data, sizeof(data)), sizeof(data));
    ck_assert_int_eq(transport_splice(here, pipe_ends[1], 100), 5);
    close_pipe_and_all();
}
END_TEST

START_TEST(a_pipe_that_nobody_reads_is_told)
{
    char data[8];

    open_tcp_and_pipe();
    fd_close(&pipe_ends[0]);
    send_there("hello", 5);
    ck_assert_int_eq(transport_splice(here, pipe_ends[1], 100), -EPIPE);
    ck_assert_int_eq(transport_read(here, data, sizeof(data)), 5); /* nothing is lost */
    close_pipe_and_all();
}
END_TEST

START_TEST(close_leaves_nothing_behind)
{
    open_epoll();
    size_t open_before = fd_count_open();
    loop_done(&loop);

    open_pair();
    ck_assert_int_eq(transport_wait(here), 0);
    transport_close(here);
    here = NULL;
    fd_close(&there);
    ck_assert_uint_eq(fd_count_open(), open_before);
    close_all();
}
END_TEST

SUITE("tcp", TEST(bytes_come_through_both_ways),
      TEST(a_short_read_means_empty_and_a_full_one_does_not), TEST(nothing_to_read_says_again),
      TEST(the_end_is_found_behind_the_last_bytes), TEST(a_full_buffer_says_again_and_room_wakes),
      TEST(more_parts_than_the_kernel_takes_are_written_in_turns),
      LOOP(a_file_is_sent_from_where_it_is_asked, spans),
      TEST(a_file_that_fills_the_buffer_says_again),
      TEST(finish_ends_the_writing_and_not_the_reading),
      LOOP(the_peer_can_tell_an_abort_from_an_end, aborts), TEST(a_peer_that_resets_is_told),
      TEST(bytes_go_from_the_socket_into_a_pipe), TEST(a_full_pipe_is_told_from_an_empty_socket),
      TEST(a_pipe_that_nobody_reads_is_told), TEST(close_leaves_nothing_behind))
