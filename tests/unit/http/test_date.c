#include "http/date.h"
#include "suite.h"

#define NOW_S INT64_C(1750000000) /* 2025-06-15 */

static const struct {
    int64_t unix_s;
    const char *text;
} written[] = {
    { 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
    { 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
    { -1, "Thu, 01 Jan 1970 00:00:00 GMT" },
    { INT64_MIN, "Thu, 01 Jan 1970 00:00:00 GMT" },
    { 951782399, "Mon, 28 Feb 2000 23:59:59 GMT" },
    { 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
    { 951868800, "Wed, 01 Mar 2000 00:00:00 GMT" },
    { 4107542400, "Mon, 01 Mar 2100 00:00:00 GMT" },
    { 4107542399, "Sun, 28 Feb 2100 23:59:59 GMT" },
    { 2147483648, "Tue, 19 Jan 2038 03:14:08 GMT" },
    { 253402300799, "Fri, 31 Dec 9999 23:59:59 GMT" },
    { 253402300800, "Fri, 31 Dec 9999 23:59:59 GMT" },
    { INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT" },
};

START_TEST(dates_are_written_in_the_preferred_form)
{
    char out[DATE_LEN + 1];

    date_write(written[_i].unix_s, out);
    ck_assert_str_eq(out, written[_i].text);
}
END_TEST

static const struct {
    const char *text;
    int64_t unix_s;
} readable[] = {
    { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777 },
    { "Sunday, 06-Nov-94 08:49:37 GMT", 784111777 },
    { "Sun Nov  6 08:49:37 1994", 784111777 },
    { "Sun Nov 06 08:49:37 1994", 784111777 },
    { "Wed Nov 16 08:49:37 1994", 784975777 },
    { "Wednesday, 16-Nov-94 08:49:37 GMT", 784975777 },
    { "Tue, 29 Feb 2000 00:00:00 GMT", 951782400 },
    { "Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 },
    { "Thu, 31 Dec 1969 23:59:59 GMT", -1 },
    { "Monday, 15-Jun-75 00:00:00 GMT", 3327782400 }, /* 50 years ahead: 2075 */
    { "Tuesday, 15-Jun-76 00:00:00 GMT", 203644800 }, /* 51: 1976 */
    { "Fri, 31 Dec 9999 23:59:59 GMT", 253402300799 },
};

START_TEST(all_three_forms_are_read)
{
    int64_t unix_s = 0;

    ck_assert(date_parse(slice_cstr(readable[_i].text), NOW_S, &unix_s));
    ck_assert_int_eq(unix_s, readable[_i].unix_s);
}
END_TEST

static const char *const unreadable[] = {
    "",
    "0",
    "Sun",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 nov 1994 08:49:37 GMT",
    "Xxx, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:37 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Tue, 29 Feb 1900 00:00:00 GMT",
    "Sun, 29 Feb 2001 00:00:00 GMT",
    "Sun, 06 Nov 19x4 08:49:37 GMT",
    "Sun, 06-Nov-1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08.49:37 GMT",
    "Sun, 06 Nov 1994 08:49.37 GMT",
    "Sun, -6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 +8:49:37 GMT",
    "Someday, 06-Nov-94 08:49:37 GMT",
    "Sun, 06-Nov-94 08:49:37 GMT",
    "Sunday, 06-Nov-9x 08:49:37 GMT",
    "Sunday",
    "Sunday,",
    "Sun Nov  6 08:49:37 94",
    "Sun Nov    08:49:37 1994",
    "Sun Nov  6  8:49:37 1994",
    "1994-11-06T08:49:37Z",
};

START_TEST(what_is_no_date_is_none)
{
    int64_t unix_s = 42;

    ck_assert(!date_parse(slice_cstr(unreadable[_i]), NOW_S, &unix_s));
    ck_assert_int_eq(unix_s, 42);
}
END_TEST

/* Every day of 800 years, counted by hand beside it. */
START_TEST(days_follow_each_other)
{
    static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    int64_t unix_s = INT64_C(-135140) * 86400; /* 1600-01-01, a Saturday */
    struct date_civil expect = { .year = 1600, .month = 1, .day = 1, .weekday = 6 };

    for (; expect.year < 2400; unix_s += 86400) {
        struct date_civil civil;
        bool leap = expect.year % 4 == 0 && (expect.year % 100 != 0 || expect.year % 400 == 0);
        int last = days[expect.month - 1] + (expect.month == 2 && leap);

        date_split(unix_s + 86399, &civil);
        ck_assert_int_eq(civil.year, expect.year);
        ck_assert_int_eq(civil.month, expect.month);
        ck_assert_int_eq(civil.day, expect.day);
        ck_assert_int_eq(civil.weekday, expect.weekday);
        ck_assert_int_eq(civil.hour * 10000 + civil.minute * 100 + civil.second, 235959);

        expect.weekday = (expect.weekday + 1) % 7;
        if (++expect.day <= last)
            continue;
        expect.day = 1;
        if (++expect.month <= 12)
            continue;
        expect.month = 1;
        expect.year++;
    }
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
    char out[DATE_LEN + 1];

    for (int64_t unix_s = 0; unix_s <= 253402300799; unix_s += 86400 * 11 + 4567) {
        int64_t back = -1;

        date_write(unix_s, out);
        ck_assert(date_parse(slice_of(out, DATE_LEN), NOW_S, &back));
        ck_assert_int_eq(back, unix_s);
    }
}
END_TEST

SUITE("date", LOOP(dates_are_written_in_the_preferred_form, written),
      LOOP(all_three_forms_are_read, readable), LOOP(what_is_no_date_is_none, unreadable),
      TEST(days_follow_each_other), TEST(what_is_written_is_read_back))
