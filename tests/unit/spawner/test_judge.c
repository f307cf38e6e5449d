/* Decisions about workers: time and numbers are the test's own. */
#include "services_private.h"

#include "suite.h"

#include <signal.h>

#define EXITED(status) ((status) << 8)
#define BIT(signal)    (UINT64_C(1) << ((signal)-1))

/* ---- deaths ---- */

START_TEST(a_row_of_quick_deaths_slows_down_the_starts_up_to_half_a_minute)
{
    static const uint64_t waits[] = { 0,    0,    100,   200,   400,   800,  1600,
                                      3200, 6400, 12800, 25600, 30000, 30000 };
    struct relapse relapse = { 0 };

    for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
        ck_assert_uint_eq(relapse_note(&relapse, 50), waits[i]);
}
END_TEST

START_TEST(a_worker_that_lived_ends_the_row)
{
    struct relapse relapse = { 0 };

    for (int i = 0; i < 4; i++)
        relapse_note(&relapse, 0);
    relapse.said = true;
    ck_assert_uint_eq(relapse_note(&relapse, QUICK_DEATH_MS), 0);
    ck_assert(!relapse.said);
    ck_assert_uint_eq(relapse_note(&relapse, QUICK_DEATH_MS - 1), 0);
    ck_assert_uint_eq(relapse_note(&relapse, 0), 0);
    ck_assert_uint_eq(relapse_note(&relapse, 0), 100);
}
END_TEST

static const struct {
    int status;
    uint64_t requests;
    uint64_t lived_ms;
    bool served_out;
} ends[] = {
    { EXITED(0), 5, 11, true },
    { EXITED(0), 5, 9, false }, /* too quick for a start */
    { EXITED(0), 1000, 60, true },
    { EXITED(0), 1000, 59, false },  /* too quick for a thousand requests */
    { EXITED(0), 0, 100000, false }, /* nobody told it to end */
    { EXITED(1), 5, 100000, false },
    { SIGKILL, 5, 100000, false },
};

START_TEST(status_0_after_enough_time_is_a_worker_that_has_served_its_requests)
{
    ck_assert_int_eq(is_served_out(ends[_i].status, ends[_i].requests, ends[_i].lived_ms),
                     ends[_i].served_out);
}
END_TEST

/* ---- the peak ---- */

START_TEST(a_peak_is_known_for_its_time_and_half_as_long_again_at_most)
{
    struct peak peak;

    peak_init(&peak, 60000, 1000, 0);
    peak_note(&peak, 2000, 5);
    for (uint64_t now_ms = 3000; now_ms < 2000 + 60000; now_ms += 1000) {
        peak_note(&peak, now_ms, 1);
        ck_assert_uint_eq(peak_most(&peak), 5);
    }
    for (uint64_t now_ms = 62000; now_ms <= 2000 + 90000; now_ms += 1000)
        peak_note(&peak, now_ms, 1);
    ck_assert_uint_eq(peak_most(&peak), 1);
}
END_TEST

START_TEST(a_peak_begins_with_what_is_given)
{
    struct peak peak;

    peak_init(&peak, 1000, 0, 2);
    peak_note(&peak, 1, 0);
    ck_assert_uint_eq(peak_most(&peak), 2);
}
END_TEST

/* ---- demand ---- */

static const struct {
    struct demand demand;
    unsigned starts;
} demands[] = {
    /* none is there: one for each who waits, as far as there is room */
    { { .room = 8, .capacity = 1, .waiting = 1 }, 1 },
    { { .room = 8, .capacity = 1, .waiting = 5 }, 5 },
    { { .room = 3, .capacity = 1, .waiting = 5 }, 3 },
    { { .room = 0, .capacity = 1, .waiting = 5 }, 0 },
    /* those that are free, or start, are counted on */
    { { .workers = 2, .room = 6, .capacity = 1, .waiting = 2 }, 0 },
    { { .workers = 2, .room = 6, .capacity = 1, .waiting = 3 }, 1 },
    { { .workers = 2, .room = 6, .capacity = 1, .engaged = 1, .waiting = 2 }, 1 },
    { { .workers = 2, .room = 6, .capacity = 1, .engaged = 2, .waiting = 2 }, 2 },
    /* more connections than workers: it serves several */
    { { .workers = 1, .room = 6, .capacity = 1, .engaged = 9, .waiting = 1 }, 1 },
    /* families */
    { { .room = 8, .capacity = 4, .waiting = 5 }, 2 },
    { { .workers = 1, .room = 7, .capacity = 4, .engaged = 2, .waiting = 2 }, 0 },
    { { .workers = 1, .room = 7, .capacity = 4, .engaged = 2, .waiting = 3 }, 1 },
    /* free ones that take nothing are not waited for, young ones are */
    { { .workers = 2,
        .room = 6,
        .capacity = 1,
        .waiting = 1,
        .since_ms = 999,
        .youngest_ms = 9999 },
      0 },
    { { .workers = 2,
        .room = 6,
        .capacity = 1,
        .waiting = 1,
        .since_ms = 1000,
        .youngest_ms = 1000 },
      1 },
    { { .workers = 2,
        .room = 6,
        .capacity = 1,
        .waiting = 1,
        .since_ms = 1000,
        .youngest_ms = 999 },
      0 },
};

START_TEST(workers_are_started_for_what_waits_beyond_the_free_ones)
{
    ck_assert_uint_eq(demand_starts(&demands[_i].demand), demands[_i].starts);
}
END_TEST

/* ---- signals ---- */

static const struct {
    uint64_t caught;
    bool has_children;
    int signal;
} signals[] = {
    { 0, false, 0 },
    { BIT(SIGPIPE), false, 0 },
    { BIT(SIGTERM), false, SIGTERM },
    { BIT(SIGUSR1), false, SIGUSR1 },
    { BIT(SIGUSR1) | BIT(SIGTERM), false, SIGUSR1 },
    { BIT(SIGUSR1) | BIT(SIGTERM), true, SIGTERM },
    { BIT(SIGUSR1), true, 0 },
};

START_TEST(a_worker_is_asked_by_the_signal_it_listens_to)
{
    ck_assert_int_eq(gentle_signal(signals[_i].caught, signals[_i].has_children),
                     signals[_i].signal);
}
END_TEST

SUITE("judge", TEST(a_row_of_quick_deaths_slows_down_the_starts_up_to_half_a_minute),
      TEST(a_worker_that_lived_ends_the_row),
      LOOP(status_0_after_enough_time_is_a_worker_that_has_served_its_requests, ends),
      TEST(a_peak_is_known_for_its_time_and_half_as_long_again_at_most),
      TEST(a_peak_begins_with_what_is_given),
      LOOP(workers_are_started_for_what_waits_beyond_the_free_ones, demands),
      LOOP(a_worker_is_asked_by_the_signal_it_listens_to, signals))
