#ifndef READ_THROTTLES_H
#define READ_THROTTLES_H

/*
 * The throttle file of thttpd: lines `PATTERN MOST` or `PATTERN LEAST-MOST`, in bytes per second; a
 * '#' anywhere begins a comment. Pure.
 */
#include "base/parse.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

struct speed_line {
    struct slice line; /* the physical one */
    unsigned number;   /* 1, 2, ... */
    struct slice pattern;
    uint64_t least_per_s; /* 0: not given */
    uint64_t bytes_per_s;
    const char *why; /* it cannot be read; NULL: it can */
};

struct speed_lines {
    struct slice rest;
    unsigned number;
};

/* The next line that is not empty. False: there is none any more. */
bool speed_lines_next(struct speed_lines *walk, struct speed_line *ret);

#endif
