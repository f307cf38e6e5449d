/*
 * What is read as a date is written as the same moment, and read back from that.
 */
#include "http/date.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_S         INT64_C(1750000000)
#define LAST_SECOND_S INT64_C(253402300799)

static void check_moment(int64_t unix_s)
{
    struct date_civil civil;
    char text[DATE_LEN + 1];
    int64_t back = -1;

    date_split(unix_s, &civil);
    assert(civil.month >= 1 && civil.month <= 12 && civil.day >= 1 && civil.day <= 31);
    assert(civil.hour >= 0 && civil.hour < 24 && civil.minute >= 0 && civil.minute < 60);
    assert(civil.second >= 0 && civil.second < 60 && civil.weekday >= 0 && civil.weekday < 7);

    date_write(unix_s, text);
    assert(strlen(text) == DATE_LEN);
    assert(date_parse(slice_of(text, DATE_LEN), NOW_S, &back));
    if (unix_s >= 0 && unix_s <= LAST_SECOND_S)
        assert(back == unix_s);
}

/* The bytes are a date, and the first eight of them a moment. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int64_t unix_s = 0;

    if (date_parse(slice_of(data, size), NOW_S, &unix_s))
        check_moment(unix_s);
    if (size >= sizeof(unix_s)) {
        memcpy(&unix_s, data, sizeof(unix_s));
        check_moment(unix_s % (LAST_SECOND_S + 1));
    }
    return 0;
}
