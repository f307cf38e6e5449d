#include "rotation.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

static int64_t day(int year, int month, int of_month)
{
    const struct tm date = {
        .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = of_month, .tm_hour = 23
    };

    return calendar_day(&date);
}

START_TEST(a_date_has_a_number)
{
    ck_assert_int_eq(day(1970, 1, 1), 0);
    ck_assert_int_eq(day(1970, 1, 5), 4);
    ck_assert_int_eq(day(1969, 12, 31), -1);
    ck_assert_int_eq(day(2026, 11, 28) - day(2026, 11, 27), 1);
    ck_assert_int_eq(day(2024, 3, 1) - day(2024, 2, 28), 2);
}
END_TEST

static const struct {
    enum conf_rotate rotate;
    int since[3];
    int until[3];
    bool due;
} cases[] = {
    { ROTATE_NEVER, { 2020, 1, 1 }, { 2026, 1, 1 }, false },
    { ROTATE_DAILY, { 2026, 11, 28 }, { 2026, 11, 28 }, false },
    { ROTATE_DAILY, { 2026, 11, 28 }, { 2026, 11, 29 }, true },
    { ROTATE_DAILY, { 2026, 11, 28 }, { 2026, 11, 27 }, false },
    { ROTATE_DAILY, { 2026, 11, 28 }, { 2027, 2, 1 }, true },
    { ROTATE_WEEKLY, { 2026, 11, 23 }, { 2026, 11, 29 }, false }, /* Monday to Sunday */
    { ROTATE_WEEKLY, { 2026, 11, 29 }, { 2026, 11, 30 }, true },  /* Sunday to Monday */
    { ROTATE_WEEKLY, { 2026, 12, 31 }, { 2027, 1, 1 }, false },
    { ROTATE_WEEKLY, { 2026, 11, 24 }, { 2026, 12, 1 }, true }, /* a Monday was missed */
    { ROTATE_WEEKLY, { 1969, 12, 28 }, { 1969, 12, 29 }, true },
    { ROTATE_WEEKLY, { 1969, 12, 29 }, { 1970, 1, 4 }, false },
    { ROTATE_MONTHLY, { 2026, 11, 1 }, { 2026, 11, 30 }, false },
    { ROTATE_MONTHLY, { 2026, 11, 30 }, { 2026, 12, 1 }, true },
    { ROTATE_MONTHLY, { 2026, 12, 31 }, { 2027, 1, 1 }, true },
    { ROTATE_MONTHLY, { 2026, 11, 30 }, { 2026, 10, 1 }, false },
};

START_TEST(a_log_begins_anew_when_its_time_is_over)
{
    const int *since = cases[_i].since;
    const int *until = cases[_i].until;

    ck_assert_int_eq(calendar_is_due(cases[_i].rotate, day(since[0], since[1], since[2]),
                                     day(until[0], until[1], until[2])),
                     cases[_i].due);
}
END_TEST

START_TEST(the_next_look_is_at_midnight_or_in_a_minute)
{
    ck_assert_uint_eq(calendar_wait_ms(&(struct tm){ .tm_hour = 12 }), 60000);
    ck_assert_uint_eq(calendar_wait_ms(&(struct tm){ .tm_hour = 23, .tm_min = 59, .tm_sec = 50 }),
                      10000);
    ck_assert_uint_eq(calendar_wait_ms(&(struct tm){ .tm_hour = 23, .tm_min = 59, .tm_sec = 60 }),
                      1000);
    ck_assert_uint_eq(calendar_wait_ms(&(struct tm){ 0 }), 60000);
}
END_TEST

START_TEST(an_old_log_has_its_date_before_the_extension)
{
    const int64_t today = day(2026, 3, 7);
    char name[64];

    ck_assert_str_eq(calendar_old_name("access.log", today, 1, name, sizeof(name)),
                     "access-2026-03-07.log");
    ck_assert_str_eq(calendar_old_name("access.log", today, 2, name, sizeof(name)),
                     "access-2026-03-07-2.log");
    ck_assert_str_eq(calendar_old_name("a.b.log", today, 1, name, sizeof(name)),
                     "a.b-2026-03-07.log");
    ck_assert_str_eq(calendar_old_name("access", today, 1, name, sizeof(name)),
                     "access-2026-03-07");
    ck_assert_str_eq(calendar_old_name(".log", today, 1, name, sizeof(name)), ".log-2026-03-07");
    ck_assert_ptr_null(calendar_old_name("access.log", today, 1, name, 21));
    ck_assert_ptr_nonnull(calendar_old_name("access.log", today, 1, name, 22));
}
END_TEST

static const struct {
    const char *candidate;
    bool is_old;
} candidates[] = {
    { "access-2026-11-28.log", true },     { "access-2026-11-28-2.log", true },
    { "access-2026-11-28-77.log", true },  { "access.log", false },
    { "access-2026-11-28.log.gz", false }, { "access-2026-11-28.log.gz.part", false },
    { "access-2026-11-2x.log", false },    { "access-2026-11-28-.log", false },
    { "access-2026-11-28-x.log", false },  { "access-2026-11-28", false },
    { "error-2026-11-28.log", false },     { "access-error-2026-11-28.log", false },
    { "access-20261128.log", false },      { ".log", false },
    { "access-2026-11-28x.log", false },   { "access-.log", false },
};

START_TEST(only_what_has_such_a_name_is_an_old_log)
{
    ck_assert_int_eq(calendar_is_old_name("access.log", candidates[_i].candidate),
                     candidates[_i].is_old);
}
END_TEST

SUITE("supervisor/calendar", TEST(a_date_has_a_number),
      LOOP(a_log_begins_anew_when_its_time_is_over, cases),
      TEST(the_next_look_is_at_midnight_or_in_a_minute),
      TEST(an_old_log_has_its_date_before_the_extension),
      LOOP(only_what_has_such_a_name_is_an_old_log, candidates))
