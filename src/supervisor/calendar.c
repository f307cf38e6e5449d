/* When a log begins anew, and what the old one is called then. */
#include "rotation.h"

#include "base/number.h"
#include "base/text.h"

#include <string.h>

#define DAY_S       86400
#define LOOK_MOST_S 60

int64_t calendar_day(const struct tm *local)
{
    struct tm date = { .tm_year = local->tm_year,
                       .tm_mon = local->tm_mon,
                       .tm_mday = local->tm_mday };
    const time_t midnight = timegm(&date);

    return midnight / DAY_S - (midnight % DAY_S < 0);
}

static struct tm date_of(int64_t day)
{
    const time_t midnight = (time_t)(day * DAY_S);
    struct tm date;

    gmtime_r(&midnight, &date);
    return date;
}

/* The number of the period that the day belongs to. */
static int64_t period_of(enum conf_rotate rotate, int64_t day)
{
    const struct tm date = date_of(day);

    switch (rotate) {
    case ROTATE_NEVER:
        return 0;
    case ROTATE_DAILY:
        return day;
    case ROTATE_WEEKLY: /* day 4 was the first Monday */
        return (day + 3 - (day + 3 < 0 ? 6 : 0)) / 7;
    case ROTATE_MONTHLY:
        return (int64_t)date.tm_year * 12 + date.tm_mon;
    }
    return 0;
}

bool calendar_is_due(enum conf_rotate rotate, int64_t since, int64_t day)
{
    return period_of(rotate, since) < period_of(rotate, day);
}

uint64_t calendar_wait_ms(const struct tm *local)
{
    const int gone_s = (local->tm_hour * 60 + local->tm_min) * 60 + local->tm_sec;
    const int left_s = gone_s < DAY_S ? DAY_S - gone_s : 1; /* 23:59:60 is such a second */

    return (uint64_t)(left_s < LOOK_MOST_S ? left_s : LOOK_MOST_S) * 1000;
}

/* ---- names ---- */

/* "access" and ".log"; a name without a dot, or with none but the first, has no extension. */
static void split(const char *name, struct slice *ret_stem, struct slice *ret_extension)
{
    const struct slice whole = slice_cstr(name);
    const size_t dot = slice_find_last(whole, '.');
    const size_t end = dot == SLICE_NONE || dot == 0 ? whole.len : dot;

    *ret_stem = slice_first(whole, end);
    *ret_extension = slice_skip(whole, end);
}

const char *calendar_old_name(const char *name, int64_t day, unsigned number, char *out,
                              size_t room)
{
    const struct tm date = date_of(day);
    struct text text = text_on(out, room - 1);
    struct slice stem;
    struct slice extension;

    split(name, &stem, &extension);
    text_add(&text, stem);
    text_add_char(&text, '-');
    text_add_u64(&text, (uint64_t)date.tm_year + 1900);
    text_add_char(&text, '-');
    text_add_2digits(&text, (unsigned)date.tm_mon + 1);
    text_add_char(&text, '-');
    text_add_2digits(&text, (unsigned)date.tm_mday);
    if (number > 1) {
        text_add_char(&text, '-');
        text_add_u64(&text, number);
    }
    text_add(&text, extension);
    if (text.cut)
        return NULL;
    out[text.len] = '\0';
    return out;
}

static bool take_digits(struct slice *rest, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (i >= rest->len || !ascii_is_digit(rest->at[i]))
            return false;
    *rest = slice_skip(*rest, count);
    return true;
}

static bool take_dash(struct slice *rest)
{
    if (!slice_starts(*rest, SLICE("-")))
        return false;
    *rest = slice_skip(*rest, 1);
    return true;
}

bool calendar_is_old_name(const char *name, const char *candidate)
{
    struct slice rest = slice_cstr(candidate);
    struct slice stem;
    struct slice extension;
    uint64_t number;

    split(name, &stem, &extension);
    if (!slice_starts(rest, stem))
        return false;
    rest = slice_skip(rest, stem.len);
    if (!slice_ends(rest, extension))
        return false;
    rest.len -= extension.len;
    if (!take_dash(&rest) || !take_digits(&rest, 4) || !take_dash(&rest) ||
        !take_digits(&rest, 2) || !take_dash(&rest) || !take_digits(&rest, 2))
        return false;
    return rest.len == 0 || (take_dash(&rest) && number_parse(rest, 1000, &number));
}
