#include "server/intake.h"

#include "os/fd.h"
#include "suite.h"

#include <fcntl.h>

static int some_fd(void)
{
    return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

START_TEST(descriptors_come_in_any_order_and_are_closed_when_not_taken)
{
    size_t before = fd_count_open();
    struct intake intake;
    const struct handover second = { .kind = HANDOVER_LISTENER, .index = 1 };
    const struct handover first = { .kind = HANDOVER_LISTENER, .index = 0 };
    const struct handover log = { .kind = HANDOVER_LOG, .text = SLICE_INIT("/var/log/a") };
    const struct handover go = { .kind = HANDOVER_GO, .number = 2 };

    intake_init(&intake);
    ck_assert(intake_take(&intake, &second, some_fd()));
    ck_assert(intake_take(&intake, &first, some_fd()));
    ck_assert(intake_take(&intake, &log, some_fd()));
    ck_assert(intake_take(&intake, &go, -1));
    ck_assert_uint_eq(intake.listener_count, 2);
    ck_assert_int_ge(intake.listeners[0], 0);
    ck_assert_int_ge(intake.listeners[1], 0);
    ck_assert(slice_equal(intake.logs->path, SLICE("/var/log/a")));
    ck_assert_uint_eq(intake.reactors, 2);
    intake_done(&intake);
    ck_assert_uint_eq(fd_count_open(), before);
}
END_TEST

static const struct handover strangers[] = {
    { .kind = HANDOVER_POLICY },
    { .kind = HANDOVER_READY },
    { .kind = HANDOVER_LISTENER, .index = 1u << 20 },
};

START_TEST(what_does_not_belong_here_is_refused)
{
    struct intake intake;

    intake_init(&intake);
    ck_assert(!intake_take(&intake, &strangers[_i], -1));
    intake_done(&intake);
}
END_TEST

SUITE("intake", TEST(descriptors_come_in_any_order_and_are_closed_when_not_taken),
      LOOP(what_does_not_belong_here_is_refused, strangers))
