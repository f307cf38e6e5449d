#include "http/date.h"

#define DAY_S         INT64_C(86400)
#define LAST_SECOND_S INT64_C(253402300799) /* 9999-12-31 23:59:59 */

static const char weekdays[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char *const weekdays_long[7] = { "Sunday",   "Monday", "Tuesday", "Wednesday",
                                              "Thursday", "Friday", "Saturday" };
static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

/*
 * Days are counted in years that begin in March, so that the leap day is the last of its year, and
 * in eras of 400 years, which all have 146097 days.
 */
#define ERA_DAYS   146097
#define EPOCH_DAYS 719468 /* from 0000-03-01 to 1970-01-01 */

static int64_t days_from_civil(int64_t year, int month, int day)
{
    int64_t march_year = month > 2 ? year : year - 1;
    int64_t era = floor_div(march_year, 400);
    int64_t year_of_era = march_year - era * 400;
    int64_t month_from_march = (month + 9) % 12;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

void date_split(int64_t unix_s, struct date_civil *ret)
{
    int64_t unix_days = floor_div(unix_s, DAY_S);
    int64_t second_of_day = unix_s - unix_days * DAY_S;
    int64_t days = unix_days + EPOCH_DAYS;
    int64_t era = floor_div(days, ERA_DAYS);
    int64_t day_of_era = days - era * ERA_DAYS;

    /* Leave out the leap days before this day: what remains has years of 365 days. */
    int64_t leap_days = day_of_era / 1460 - day_of_era / 36524 + day_of_era / (ERA_DAYS - 1);
    int64_t year_of_era = (day_of_era - leap_days) / 365;
    int64_t day_of_year = day_of_era - (year_of_era * 365 + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int month = (int)((month_from_march + 2) % 12) + 1;

    *ret = (struct date_civil){
        .year = (int)(year_of_era + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(day_of_year - (153 * month_from_march + 2) / 5) + 1,
        .hour = (int)(second_of_day / 3600),
        .minute = (int)(second_of_day / 60 % 60),
        .second = (int)(second_of_day % 60),
        .weekday = (int)(((unix_days + 4) % 7 + 7) % 7), /* 1970-01-01 was a Thursday */
    };
}

static void put_number(char *at, int number, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        at[i] = (char)('0' + number % 10);
        number /= 10;
    }
}

void date_write(int64_t unix_s, char out[DATE_LEN + 1])
{
    struct date_civil civil;

    if (unix_s < 0)
        unix_s = 0;
    if (unix_s > LAST_SECOND_S)
        unix_s = LAST_SECOND_S;
    date_split(unix_s, &civil);

    memcpy(out, "www, dd mmm yyyy hh:mm:ss GMT", DATE_LEN + 1);
    memcpy(out, weekdays[civil.weekday], 3);
    put_number(out + 5, civil.day, 2);
    memcpy(out + 8, months[civil.month - 1], 3);
    put_number(out + 12, civil.year, 4);
    put_number(out + 17, civil.hour, 2);
    put_number(out + 20, civil.minute, 2);
    put_number(out + 23, civil.second, 2);
}

/* What a date says, before it is known to exist. */
struct fields_of_date {
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
};

/* The number in `count` digits at `at`, -1 if there are others; `pad`: a blank for the first is
 * fine. */
static int digits_at(struct slice text, size_t at, size_t count, bool pad)
{
    int number = 0;

    for (size_t i = at; i < at + count; i++) {
        if (pad && i == at && text.at[i] == ' ')
            continue;
        if (!ascii_is_digit(text.at[i]))
            return -1;
        number = number * 10 + (text.at[i] - '0');
    }
    return number;
}

static int month_at(struct slice text, size_t at)
{
    for (int i = 0; i < 12; i++) {
        if (memcmp(text.at + at, months[i], 3) == 0)
            return i + 1;
    }
    return -1;
}

static bool weekday_starts(struct slice text)
{
    for (int i = 0; i < 7; i++) {
        if (memcmp(text.at, weekdays[i], 3) == 0)
            return true;
    }
    return false;
}

/* "08:49:37" */
static bool read_time(struct slice text, size_t at, struct fields_of_date *ret)
{
    ret->hour = digits_at(text, at, 2, false);
    ret->minute = digits_at(text, at + 3, 2, false);
    ret->second = digits_at(text, at + 6, 2, false);
    return text.at[at + 2] == ':' && text.at[at + 5] == ':';
}

static bool text_is(struct slice text, size_t at, const char *what)
{
    return memcmp(text.at + at, what, strlen(what)) == 0;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool read_imf(struct slice text, struct fields_of_date *ret)
{
    if (text.len != DATE_LEN || !weekday_starts(text) || !text_is(text, 3, ", ") ||
        text.at[7] != ' ' || text.at[11] != ' ' || text.at[16] != ' ' || !text_is(text, 25, " GMT"))
        return false;
    ret->day = digits_at(text, 5, 2, false);
    ret->month = month_at(text, 8);
    ret->year = digits_at(text, 12, 4, false);
    return read_time(text, 17, ret);
}

/* "Sun Nov  6 08:49:37 1994" */
static bool read_asctime(struct slice text, struct fields_of_date *ret)
{
    if (text.len != 24 || !weekday_starts(text) || text.at[3] != ' ' || text.at[7] != ' ' ||
        text.at[10] != ' ' || text.at[19] != ' ')
        return false;
    ret->month = month_at(text, 4);
    ret->day = digits_at(text, 8, 2, true);
    ret->year = digits_at(text, 20, 4, false);
    return read_time(text, 11, ret);
}

/* RFC 9110 5.6.7: a year more than 50 years ahead is the last past one with the same two digits. */
static int year_of_two_digits(int digits, int64_t now_s)
{
    struct date_civil now;

    date_split(now_s, &now);
    int year = now.year - now.year % 100 + digits;
    if (year > now.year + 50)
        return year - 100;
    return year + 100 <= now.year + 50 ? year + 100 : year;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT" */
static bool read_rfc850(struct slice text, int64_t now_s, struct fields_of_date *ret)
{
    size_t comma = slice_find(text, ',');
    bool named = false;

    for (int i = 0; i < 7; i++)
        named = named || slice_equal_cstr(slice_first(text, comma), weekdays_long[i]);
    if (comma == SLICE_NONE || !named)
        return false;

    struct slice rest = slice_skip(text, comma + 1);
    if (rest.len != 23 || rest.at[0] != ' ' || rest.at[3] != '-' || rest.at[7] != '-' ||
        rest.at[10] != ' ' || !text_is(rest, 19, " GMT"))
        return false;
    ret->day = digits_at(rest, 1, 2, false);
    ret->month = month_at(rest, 4);
    int digits = digits_at(rest, 8, 2, false);
    ret->year = digits < 0 ? -1 : year_of_two_digits(digits, now_s);
    return read_time(rest, 11, ret);
}

static int days_of_month(int year, int month)
{
    static const int days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

static bool exists(const struct fields_of_date *date)
{
    /* Second 60 is a leap second (RFC 9110 5.6.7): the first of the next minute for us. */
    return date->year >= 0 && date->month >= 1 && date->day >= 1 &&
           date->day <= days_of_month(date->year, date->month) && date->hour >= 0 &&
           date->hour <= 23 && date->minute >= 0 && date->minute <= 59 && date->second >= 0 &&
           date->second <= 60;
}

bool date_parse(struct slice text, int64_t now_s, int64_t *ret_unix_s)
{
    struct fields_of_date date = { 0 };

    if (!read_imf(text, &date) && !read_asctime(text, &date) && !read_rfc850(text, now_s, &date))
        return false;
    if (!exists(&date))
        return false;

    *ret_unix_s = days_from_civil(date.year, date.month, date.day) * DAY_S +
                  date.hour * INT64_C(3600) + date.minute * INT64_C(60) + date.second;
    return true;
}
