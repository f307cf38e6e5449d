#include "ipc/outbox.h"

#include "os/fd.h"
#include "os/pass.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int here;
static int there;
static struct outbox outbox;
static size_t open_before;

static void set_up(void)
{
    open_before = fd_count_open();
    ck_assert_int_eq(pass_pair(&here, &there), 0);
    outbox_init(&outbox);
}

static void tear_down(void)
{
    outbox_done(&outbox);
    fd_close(&here);
    fd_close(&there);
    ck_assert_uint_eq(fd_count_open(), open_before);
}

static int send_number(unsigned number, bool with_fd)
{
    struct iovec parts[2] = { { &number, 2 }, { (char *)&number + 2, 2 } };
    int fd = with_fd ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

    return outbox_send(&outbox, here, parts, 2, &fd, with_fd ? 1 : 0);
}

static int receive_number(unsigned *ret_number)
{
    int fd = -1;
    int fd_count;
    int r = pass_receive(there, ret_number, sizeof(*ret_number), &fd, 1, &fd_count);

    fd_close(&fd);
    return r < 0 ? r : fd_count;
}

START_TEST(what_does_not_fit_waits_in_order_with_its_descriptors)
{
    unsigned sent = 0;
    unsigned number;
    int r;

    set_up();
    do
        r = send_number(sent++, false);
    while (r == 0);
    ck_assert_int_eq(r, -EAGAIN);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(send_number(sent++, true), -EAGAIN);
    ck_assert_uint_eq(outbox.count, 101);
    ck_assert_uint_eq(fd_count_open(), open_before + 2 + 100);

    for (unsigned expected = 0; expected < sent; expected++) {
        int fds = receive_number(&number);
        if (fds == -EAGAIN) {
            outbox_flush(&outbox, here);
            fds = receive_number(&number);
        }
        ck_assert_int_eq(fds, expected + 100 < sent ? 0 : 1);
        ck_assert_uint_eq(number, expected);
    }
    ck_assert_int_eq(outbox_flush(&outbox, here), 0);
    ck_assert_uint_eq(outbox.count, 0);
    tear_down();
}
END_TEST

START_TEST(what_is_dropped_leaves_no_descriptor)
{
    set_up();
    while (send_number(1, false) == 0)
        ;
    ck_assert_int_eq(send_number(2, true), -EAGAIN);
    tear_down();
}
END_TEST

START_TEST(a_channel_without_reader_is_broken)
{
    set_up();
    fd_close(&there);
    ck_assert_int_eq(send_number(1, true), -EPIPE);
    ck_assert_uint_eq(fd_count_open(), open_before + 1);
    tear_down();
}
END_TEST

SUITE("ipc/outbox", TEST(what_does_not_fit_waits_in_order_with_its_descriptors),
      TEST(what_is_dropped_leaves_no_descriptor), TEST(a_channel_without_reader_is_broken))
