#include "http/range.h"
#include "suite.h"

#include <stdio.h>

static const struct {
    const char *value;
    uint64_t size;
    const char *expect; /* "first-last ..."; NULL: ignored; "": 416 */
} cases[] = {
    { "bytes=0-499", 1000, "0-499" },
    { "bytes=500-", 1000, "500-999" },
    { "bytes=-500", 1000, "500-999" },
    { "bytes=-5000", 1000, "0-999" },
    { "bytes=0-0", 1000, "0-0" },
    { "bytes=-1", 1000, "999-999" },
    { "bytes=999-5000", 1000, "999-999" },
    { "Bytes=0-1", 1000, "0-1" },
    { "bytes= 0-1 , 4-5\t", 1000, "0-1 4-5" },
    { "bytes=,,0-1,,", 1000, "0-1" },
    { "bytes=0-18446744073709551615", 1000, "0-999" },
    { "bytes=0-99999999999999999999999999", 1000, "0-999" },
    { "bytes=00000000000000000000000005-6", 1000, "5-6" },
    { "bytes=-99999999999999999999999999", 1000, "0-999" },
    { "bytes=5000000000-5000000001", 6000000000, "5000000000-5000000001" },
    { "bytes=-1", UINT64_MAX, "18446744073709551614-18446744073709551614" },

    { "bytes=1000-", 1000, "" },
    { "bytes=1000-1001", 1000, "" },
    { "bytes=99999999999999999999999999-", 1000, "" },
    { "bytes=-0", 1000, "" },
    { "bytes=0-", 0, "" },
    { "bytes=0-0", 0, "" },
    { "bytes=2000-,3000-4000,-0", 1000, "" },

    { "bytes=10-11,2000-3000,20-21", 1000, "10-11 20-21" },
    { "bytes=20-21,10-11", 1000, "20-21 10-11" },
    { "bytes=0-9,10-19", 1000, "0-19" },
    { "bytes=10-19,0-9", 1000, "0-19" },
    { "bytes=0-9,5-14", 1000, "0-14" },
    { "bytes=0-9,11-19", 1000, "0-9 11-19" },
    { "bytes=0-9,20-29,8-21", 1000, "0-29" },
    { "bytes=0-9,100-109,20-29,8-21", 1000, "0-29 100-109" },
    { "bytes=50-59,0-9,20-29,100-109,8-21", 1000, "50-59 0-29 100-109" },
    { "bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30",
      1000,
      "0-0 2-2 4-4 6-6 8-8 10-10 12-12 14-14 16-16 18-18 20-20 22-22 24-24 26-26 28-28 30-30" },

    { "bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16,18-18,20-20,22-22,24-24,26-26,28-28,30-30,"
      "32-32",
      1000, NULL },
    { "bytes=0-999,0-0", 1000, NULL },
    { "bytes=0-,-1000", 1000, NULL },
    { "bytes=0-,0-", UINT64_MAX, NULL },
    { "", 1000, NULL },
    { "bytes", 1000, NULL },
    { "bytes=", 1000, NULL },
    { "bytes=,", 1000, NULL },
    { "bytes=-", 1000, NULL },
    { "bytes=5", 1000, NULL },
    { "bytes=a-b", 1000, NULL },
    { "bytes=5-4", 1000, NULL },
    { "bytes=0-1,5-4", 1000, NULL },
    { "bytes=0-1,x", 1000, NULL },
    { "bytes=0 -1", 1000, NULL },
    { "bytes=0- 1", 1000, NULL },
    { "bytes=+0-1", 1000, NULL },
    { "bytes=0-1-2", 1000, NULL },
    { "bytes=--1", 1000, NULL },
    { "bytes =0-1", 1000, NULL },
    { "lines=0-1", 1000, NULL },
    { "bytes 0-1", 1000, NULL },
    { "bytes=-5", 0, NULL },
};

START_TEST(each_field_gives_its_spans)
{
    struct range spans[RANGES_MOST];
    unsigned count = 0;
    char text[1024] = "";
    size_t len = 0;
    const char *expect = cases[_i].expect;
    enum range_result result =
        range_parse(slice_cstr(cases[_i].value), cases[_i].size, spans, &count);

    if (!expect) {
        ck_assert_int_eq(result, RANGE_IGNORE);
        return;
    }
    for (unsigned i = 0; i < count; i++)
        len +=
            (size_t)snprintf(text + len, sizeof(text) - len, "%s%llu-%llu", i ? " " : "",
                             (unsigned long long)spans[i].first, (unsigned long long)spans[i].last);
    ck_assert_int_eq(result, *expect ? RANGE_SATISFIABLE : RANGE_NOT);
    ck_assert_str_eq(text, expect);
}
END_TEST

SUITE("range", LOOP(each_field_gives_its_spans, cases))
