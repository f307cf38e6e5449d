#include "supervisor_private.h"

#include "suite.h"

#include <signal.h>

static const struct {
    uint64_t lived_ms[8]; /* 0 ends the row */
    uint64_t wait_ms[8];
} lives[] = {
    { { 1 }, { 0 } },                                  /* the first death: at once */
    { { 5, 5, 5, 5 }, { 0, 100, 200, 400 } },          /* again and again: later and later */
    { { 5, 5, 5000, 5, 5 }, { 0, 100, 0, 100, 200 } }, /* a good life forgives */
    { { 999, 999, 1000, 999 }, { 0, 100, 0, 100 } },
};

START_TEST(a_child_that_dies_at_once_waits_longer_each_time)
{
    struct backoff backoff = { 0 };

    for (size_t i = 0; i < 8 && lives[_i].lived_ms[i]; i++)
        ck_assert_uint_eq(backoff_next(&backoff, lives[_i].lived_ms[i]), lives[_i].wait_ms[i]);
}
END_TEST

START_TEST(no_wait_is_longer_than_half_a_minute)
{
    struct backoff backoff = { 0 };
    uint64_t wait_ms = 0;

    for (int i = 0; i < 200; i++)
        wait_ms = backoff_next(&backoff, 1);
    ck_assert_uint_eq(wait_ms, 30000);
}
END_TEST

static const struct {
    int status;
    const char *text;
} statuses[] = {
    { 0, "exited with status 0" },
    { 3 << 8, "exited with status 3" },
    { SIGKILL, "was killed by signal 9 (Killed)" },
};

START_TEST(an_end_is_told_in_words)
{
    char text[64];

    ck_assert_str_eq(child_status_text(statuses[_i].status, text, sizeof(text)), statuses[_i].text);
}
END_TEST

SUITE("supervisor/child", LOOP(a_child_that_dies_at_once_waits_longer_each_time, lives),
      TEST(no_wait_is_longer_than_half_a_minute), LOOP(an_end_is_told_in_words, statuses))
