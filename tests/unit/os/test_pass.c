#include "os/pass.h"

#include "os/fd.h"
#include "os/shortage.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int a, b;
static size_t open_before;

static void open_pair(void)
{
    open_before = fd_count_open();
    ck_assert_int_eq(pass_pair(&a, &b), 0);
}

static void close_pair(void)
{
    fd_close(&a);
    fd_close(&b);
    ck_assert_uint_eq(fd_count_open(), open_before);
}

static struct iovec part(const char *text)
{
    return (struct iovec){ .iov_base = (char *)text, .iov_len = strlen(text) };
}

static int send_text(const char *text, const int *fds, int fd_count)
{
    struct iovec parts[] = { part(text) };

    return pass_send(a, parts, 1, fds, fd_count);
}

START_TEST(parts_arrive_as_one_datagram_and_in_order)
{
    struct iovec parts[] = { part("one "), part("two "), part("three") };
    char data[64];
    int fd_count = -1;

    open_pair();
    ck_assert_int_eq(pass_send(a, parts, 3, NULL, 0), 0);
    ck_assert_int_eq(send_text("next", NULL, 0), 0);
    ck_assert_int_eq(pass_receive(b, data, sizeof(data), NULL, 0, &fd_count), 13);
    ck_assert_int_eq(fd_count, 0);
    ck_assert_int_eq(memcmp(data, "one two three", 13), 0);
    ck_assert_int_eq(pass_receive(b, data, sizeof(data), NULL, 0, &fd_count), 4);
    ck_assert_int_eq(pass_receive(b, data, sizeof(data), NULL, 0, &fd_count), -EAGAIN);
    close_pair();
}
END_TEST

START_TEST(descriptors_arrive_and_close_on_exec)
{
    char data[16], byte;
    int fds[3], fd_count, ends[2];

    open_pair();
    ck_assert_int_eq(fd_pipe(&ends[0], &ends[1]), 0);
    ck_assert_int_eq(send_text("fds", (int[]){ ends[0], ends[1], ends[0] }, 3), 0);
    ck_assert_int_eq(fcntl(ends[0], F_GETFD), FD_CLOEXEC); /* ours stay open */
    ck_assert_int_eq(pass_receive(b, data, sizeof(data), fds, 3, &fd_count), 3);
    ck_assert_int_eq(fd_count, 3);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(fcntl(fds[i], F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    ck_assert_int_eq(read(ends[0], &byte, 1), 1);
    for (int i = 0; i < 3; i++)
        fd_close(&fds[i]);
    fd_close(&ends[0]);
    fd_close(&ends[1]);
    close_pair();
}
END_TEST

START_TEST(as_many_descriptors_as_may_travel_do)
{
    int sent[PASS_FDS_MOST + 1], fds[PASS_FDS_MOST], fd_count;
    char data[16];

    open_pair();
    for (int i = 0; i <= PASS_FDS_MOST; i++)
        sent[i] = a;
    ck_assert_int_eq(send_text("x", sent, PASS_FDS_MOST + 1), -EINVAL);
    ck_assert_int_eq(send_text("x", sent, PASS_FDS_MOST), 0);
    ck_assert_int_eq(pass_receive(b, data, sizeof(data), fds, PASS_FDS_MOST, &fd_count), 1);
    ck_assert_int_eq(fd_count, PASS_FDS_MOST);
    while (fd_count > 0)
        fd_close(&fds[--fd_count]);
    close_pair();
}
END_TEST

/* What does not fit: nothing may leak, and the next datagram is whole. */
static const struct {
    size_t room;
    int fd_room;
    int expect;
} rooms[] = {
    { 8, 2, 8 }, { 7, 2, -EMSGSIZE }, { 8, 1, -EMSGSIZE }, { 8, 0, -EMSGSIZE }, { 7, 0, -EMSGSIZE },
};

START_TEST(what_does_not_fit_is_refused_whole)
{
    char data[16];
    int fds[2], fd_count = -1;

    open_pair();
    size_t open_now = fd_count_open();
    ck_assert_int_eq(send_text("8 bytes!", (int[]){ a, b }, 2), 0);
    ck_assert_int_eq(send_text("next", NULL, 0), 0);
    ck_assert_int_eq(pass_receive(b, data, rooms[_i].room, fds, rooms[_i].fd_room, &fd_count),
                     rooms[_i].expect);
    ck_assert_int_eq(fd_count, rooms[_i].expect > 0 ? 2 : 0);
    while (fd_count > 0)
        fd_close(&fds[--fd_count]);
    ck_assert_uint_eq(fd_count_open(), open_now);
    ck_assert_int_eq(pass_receive(b, data, sizeof(data), fds, 2, &fd_count), 4);
    close_pair();
}
END_TEST

/* There is one number left for two. */
START_TEST(without_numbers_for_descriptors_the_rest_arrives)
{
    char data[16];
    int fds[2], fd_count;

    open_pair();
    const size_t open_now = fd_count_open();
    ck_assert_int_eq(send_text("two", (int[]){ a, b }, 2), 0);
    ck_assert_int_eq(send_text("next", NULL, 0), 0);
    shortage_begin(1);
    ck_assert_int_eq(pass_receive(b, data, sizeof(data), fds, 2, &fd_count), 3);
    shortage_end();
    ck_assert_int_eq(fd_count, PASS_FDS_LOST);
    ck_assert_uint_eq(fd_count_open(), open_now);
    ck_assert_int_eq(pass_receive(b, data, sizeof(data), fds, 2, &fd_count), 4);
    ck_assert_int_eq(fd_count, 0);
    close_pair();
}
END_TEST

START_TEST(an_environment_of_200_kib_goes_in_one_piece)
{
    enum { LARGE = 200 * 1024 };
    char *sent = malloc(LARGE), *got = malloc(LARGE + 1);
    struct iovec one = { .iov_base = sent, .iov_len = LARGE };
    int fd_count;

    ck_assert(sent && got);
    for (size_t i = 0; i < LARGE; i++)
        sent[i] = (char)(i * 7 >> 2);
    open_pair();
    ck_assert_int_eq(pass_send(a, &one, 1, &b, 1), 0);
    int fd;
    ck_assert_int_eq(pass_receive(b, got, LARGE + 1, &fd, 1, &fd_count), LARGE);
    ck_assert_int_eq(memcmp(sent, got, LARGE), 0);
    fd_close(&fd);
    close_pair();
    free(sent);
    free(got);
}
END_TEST

START_TEST(a_full_channel_says_again_and_then_becomes_writable)
{
    struct pollfd one = { .events = POLLOUT };
    char data[4096] = { 0 };
    struct iovec parts[] = { { .iov_base = data, .iov_len = sizeof(data) } };
    int fd_count, r, sent = 0;

    open_pair();
    while ((r = pass_send(a, parts, 1, NULL, 0)) == 0)
        sent++;
    ck_assert_int_eq(r, -EAGAIN);
    one.fd = a;
    ck_assert_int_eq(poll(&one, 1, 0), 0);
    for (int i = 0; i < sent; i++)
        ck_assert_int_eq(pass_receive(b, data, sizeof(data), NULL, 0, &fd_count), sizeof(data));
    ck_assert_int_eq(poll(&one, 1, 0), 1);
    ck_assert_int_eq(pass_send(a, parts, 1, NULL, 0), 0);
    close_pair();
}
END_TEST

START_TEST(the_end_is_told_on_both_ways)
{
    char data[16];
    int fd_count = -1;

    open_pair();
    ck_assert_int_eq(pass_send(a, NULL, 0, NULL, 0), -EINVAL); /* would look like the end */
    ck_assert_int_eq(send_text("", NULL, 0), -EINVAL);
    ck_assert_int_eq(send_text("last", NULL, 0), 0);
    fd_close(&a);
    ck_assert_int_eq(pass_receive(b, data, sizeof(data), NULL, 0, &fd_count), 4);
    ck_assert_int_eq(pass_receive(b, data, sizeof(data), NULL, 0, &fd_count), 0);
    ck_assert_int_eq(fd_count, 0);
    a = fd_take(&b);
    ck_assert_int_eq(send_text("x", NULL, 0), -EPIPE);
    close_pair();
}
END_TEST

SUITE("pass", TEST(parts_arrive_as_one_datagram_and_in_order),
      TEST(descriptors_arrive_and_close_on_exec), TEST(as_many_descriptors_as_may_travel_do),
      LOOP(what_does_not_fit_is_refused_whole, rooms),
      TEST(without_numbers_for_descriptors_the_rest_arrives),
      TEST(an_environment_of_200_kib_goes_in_one_piece),
      TEST(a_full_channel_says_again_and_then_becomes_writable), TEST(the_end_is_told_on_both_ways))
