#include "server/load_watch.h"

#include "suite.h"

static unsigned asked;
static uint64_t load = 250;

static uint64_t ask(void)
{
    asked++;
    return load;
}

START_TEST(the_kernel_is_asked_once_a_second)
{
    struct load_watch watch = { .ask = ask };

    ck_assert_uint_eq(load_watch_percent(&watch, 5000), 250);
    load = 900;
    ck_assert_uint_eq(load_watch_percent(&watch, 5999), 250);
    ck_assert_uint_eq(asked, 1);
    ck_assert_uint_eq(load_watch_percent(&watch, 6000), 900);
    ck_assert_uint_eq(asked, 2);
}
END_TEST

START_TEST(the_kernel_has_an_answer)
{
    struct load_watch watch = { 0 };

    ck_assert_uint_lt(load_watch_percent(&watch, 1), 1000000);
}
END_TEST

SUITE("load_watch", TEST(the_kernel_is_asked_once_a_second), TEST(the_kernel_has_an_answer))
