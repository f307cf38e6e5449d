#include "http/clock.h"

#include "http/date.h"

#include <time.h>

static struct timespec coarse_now(void)
{
    struct timespec now = { 0 };

    clock_gettime(CLOCK_REALTIME_COARSE, &now); /* cannot fail for a clock that exists */
    return now;
}

int64_t clock_unix_ms(void)
{
    struct timespec now = coarse_now();

    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t clock_monotonic_us(void)
{
    struct timespec now = { 0 };

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct slice clock_http_date(void)
{
    static _Thread_local char text[DATE_LEN + 1];
    static _Thread_local int64_t written_s = INT64_MIN;
    int64_t now_s = (int64_t)coarse_now().tv_sec;

    if (now_s != written_s) {
        date_write(now_s, text);
        written_s = now_s;
    }
    return slice_of(text, DATE_LEN);
}
