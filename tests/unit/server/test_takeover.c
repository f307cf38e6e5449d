#include "server/takeover.h"

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
    struct takeover takeover;
    const struct handover second = { .kind = HANDOVER_LISTENER, .index = 1 };
    const struct handover first = { .kind = HANDOVER_LISTENER, .index = 0 };
    const struct handover log = { .kind = HANDOVER_LOG, .text = SLICE_INIT("/var/log/a") };
    const struct handover key = { .kind = HANDOVER_KEY, .text = SLICE_INIT("abc") };
    const struct handover go = { .kind = HANDOVER_GO, .number = 2 };

    takeover_init(&takeover);
    ck_assert(takeover_take(&takeover, &second, some_fd()));
    ck_assert(takeover_take(&takeover, &first, some_fd()));
    ck_assert(takeover_take(&takeover, &log, some_fd()));
    ck_assert(takeover_take(&takeover, &key, -1));
    ck_assert(takeover_take(&takeover, &go, -1));
    ck_assert_uint_eq(takeover.listener_count, 2);
    ck_assert_int_ge(takeover.listeners[0], 0);
    ck_assert_int_ge(takeover.listeners[1], 0);
    ck_assert(slice_equal(takeover.logs->path, SLICE("/var/log/a")));
    ck_assert(slice_equal(takeover.key, SLICE("abc")));
    ck_assert_uint_eq(takeover.reactors, 2);
    takeover_done(&takeover);
    ck_assert_uint_eq(fd_count_open(), before);
}
END_TEST

START_TEST(a_spawner_is_told_with_its_number)
{
    struct takeover takeover;
    const struct handover second = { .kind = HANDOVER_SPAWNER, .index = 1, .number = 4711 };

    takeover_init(&takeover);
    ck_assert(takeover_take(&takeover, &second, some_fd()));
    ck_assert_uint_eq(takeover.spawner_pid_count, 2);
    ck_assert_int_eq(takeover.spawner_pids[0], -1);
    ck_assert_int_eq(takeover.spawner_pids[1], 4711);
    ck_assert_int_eq(takeover.spawners[0], -1);
    ck_assert_int_ge(takeover.spawners[1], 0);
    takeover_done(&takeover);
}
END_TEST

static const struct handover strangers[] = {
    { .kind = HANDOVER_POLICY },
    { .kind = HANDOVER_READY },
    { .kind = HANDOVER_LISTENER, .index = 1u << 20 },
};

START_TEST(what_does_not_belong_here_is_refused)
{
    struct takeover takeover;

    takeover_init(&takeover);
    ck_assert(!takeover_take(&takeover, &strangers[_i], -1));
    takeover_done(&takeover);
}
END_TEST

SUITE("takeover", TEST(descriptors_come_in_any_order_and_are_closed_when_not_taken),
      TEST(a_spawner_is_told_with_its_number),
      LOOP(what_does_not_belong_here_is_refused, strangers))
