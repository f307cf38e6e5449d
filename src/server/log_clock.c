#include "server/log_clock.h"

#include <time.h>

static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

struct stamps {
    time_t second;
    char hiawatha[40];
    size_t hiawatha_len;
    char common[40];
    size_t common_len;
    char error[24];
    size_t error_len;
};

static _Thread_local struct stamps stamps;

static void add_clock(struct text *text, const struct tm *tm)
{
    text_add_2digits(text, (unsigned)tm->tm_hour);
    text_add_char(text, ':');
    text_add_2digits(text, (unsigned)tm->tm_min);
    text_add_char(text, ':');
    text_add_2digits(text, (unsigned)tm->tm_sec);
}

static void add_zone(struct text *text, const struct tm *tm)
{
    long minutes = tm->tm_gmtoff / 60;

    text_add_char(text, ' ');
    text_add_char(text, minutes < 0 ? '-' : '+');
    if (minutes < 0)
        minutes = -minutes;
    text_add_2digits(text, (unsigned)(minutes / 60));
    text_add_2digits(text, (unsigned)(minutes % 60));
}

static void make_hiawatha(const struct tm *tm)
{
    struct text text = text_on(stamps.hiawatha, sizeof(stamps.hiawatha));

    text_add_cstr(&text, days[tm->tm_wday]);
    text_add_char(&text, ' ');
    text_add_2digits(&text, (unsigned)tm->tm_mday);
    text_add_char(&text, ' ');
    text_add_cstr(&text, months[tm->tm_mon]);
    text_add_char(&text, ' ');
    text_add_u64(&text, (uint64_t)tm->tm_year + 1900);
    text_add_char(&text, ' ');
    add_clock(&text, tm);
    add_zone(&text, tm);
    stamps.hiawatha_len = text.len;
}

static void make_common(const struct tm *tm)
{
    struct text text = text_on(stamps.common, sizeof(stamps.common));

    text_add_2digits(&text, (unsigned)tm->tm_mday);
    text_add_char(&text, '/');
    text_add_cstr(&text, months[tm->tm_mon]);
    text_add_char(&text, '/');
    text_add_u64(&text, (uint64_t)tm->tm_year + 1900);
    text_add_char(&text, ':');
    add_clock(&text, tm);
    add_zone(&text, tm);
    stamps.common_len = text.len;
}

static void make_error(const struct tm *tm)
{
    struct text text = text_on(stamps.error, sizeof(stamps.error));

    text_add_u64(&text, (uint64_t)tm->tm_year + 1900);
    text_add_char(&text, '-');
    text_add_2digits(&text, (unsigned)tm->tm_mon + 1);
    text_add_char(&text, '-');
    text_add_2digits(&text, (unsigned)tm->tm_mday);
    text_add_char(&text, ' ');
    add_clock(&text, tm);
    stamps.error_len = text.len;
}

void log_clock_prepare(void)
{
    tzset();
}

void log_clock_add(struct text *text, enum log_clock form)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != stamps.second) {
        struct tm tm;

        localtime_r(&now.tv_sec, &tm);
        make_hiawatha(&tm);
        make_common(&tm);
        make_error(&tm);
        stamps.second = now.tv_sec;
    }
    switch (form) {
    case LOG_CLOCK_HIAWATHA:
        text_add(text, slice_of(stamps.hiawatha, stamps.hiawatha_len));
        break;
    case LOG_CLOCK_COMMON:
        text_add(text, slice_of(stamps.common, stamps.common_len));
        break;
    case LOG_CLOCK_ERROR:
        text_add(text, slice_of(stamps.error, stamps.error_len));
        text_add_char(text, '.');
        text_add_char(text, (char)('0' + now.tv_nsec / 100000000));
        text_add_2digits(text, (unsigned)(now.tv_nsec / 1000000 % 100));
        break;
    }
}
