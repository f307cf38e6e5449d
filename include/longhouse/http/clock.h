#ifndef HTTP_CLOCK_H
#define HTTP_CLOCK_H

/*
 * The time of day, as answers and logs need it: coarse (a few milliseconds), without a system call.
 */
#include "base/slice.h"

#include <stdint.h>

int64_t clock_unix_ms(void);

/* Exact, of no particular beginning: for how long something took. */
uint64_t clock_monotonic_us(void);

/* Now as an IMF-fixdate for the Date field. Written once per second and thread; valid until the
 * next call in the same thread. */
struct slice clock_http_date(void);

#endif
