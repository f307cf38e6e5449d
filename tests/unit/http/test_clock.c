#include "http/clock.h"

#include "http/date.h"
#include "suite.h"

#include <time.h>

START_TEST(the_date_is_now)
{
    int64_t before_s = (int64_t)time(NULL) - 1; /* the coarse clock may lag behind */
    struct slice text = clock_http_date();
    int64_t after_s = (int64_t)time(NULL);
    int64_t said_s = 0;

    ck_assert_uint_eq(text.len, DATE_LEN);
    ck_assert(date_parse(text, after_s, &said_s));
    ck_assert_int_ge(said_s, before_s);
    ck_assert_int_le(said_s, after_s);
    ck_assert_ptr_eq(clock_http_date().at, text.at);
}
END_TEST

START_TEST(milliseconds_agree_with_the_wall)
{
    ck_assert_int_ge(clock_unix_ms(), ((int64_t)time(NULL) - 1) * 1000);
    ck_assert_int_lt(clock_unix_ms(), ((int64_t)time(NULL) + 1) * 1000);
}
END_TEST

SUITE("http/clock", TEST(the_date_is_now), TEST(milliseconds_agree_with_the_wall))
