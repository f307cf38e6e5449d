#ifndef HTTP_DATE_H
#define HTTP_DATE_H

/*
 * Dates (RFC 9110 5.6.7): IMF-fixdate out, all three forms in. Pure, no locale, no time zone.
 */
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

#define DATE_LEN 29 /* "Sun, 06 Nov 1994 08:49:37 GMT" */

/* Writes DATE_LEN bytes and a NUL. Seconds since 1970; before 1970 and after 9999 are clamped. */
void date_write(int64_t unix_s, char out[DATE_LEN + 1]);

/* IMF-fixdate, RFC 850 and asctime forms. False if it is none (then a condition is ignored).
 * `now_s` is for the two-digit years. */
bool date_parse(struct slice text, int64_t now_s, int64_t *ret_unix_s);

/* Civil time from seconds since 1970 (UTC), for logs as well. */
struct date_civil {
    int year;
    int month; /* 1-12 */
    int day;
    int hour;
    int minute;
    int second;
    int weekday; /* 0 = Sunday */
};
void date_split(int64_t unix_s, struct date_civil *ret);

#endif
