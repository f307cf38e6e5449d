#ifndef SERVER_LOG_CLOCK_H
#define SERVER_LOG_CLOCK_H

/*
 * The time as logs write it: local, with its zone, made once a second and thread.
 */
#include "base/text.h"

enum log_clock {
    LOG_CLOCK_HIAWATHA, /* Sun 22 Nov 2026 13:26:01 +0000 */
    LOG_CLOCK_COMMON,   /* 22/Nov/2026:13:26:01 +0000 */
    LOG_CLOCK_ERROR,    /* 2026-11-22 13:26:01.123 */
};

void log_clock_add(struct text *text, enum log_clock form);

/* Reads the time zone; before the sandbox closes. */
void log_clock_prepare(void);

#endif
