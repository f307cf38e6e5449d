#ifndef OS_GLANCE_H
#define OS_GLANCE_H

/*
 * A glance at the processes of a program, for whoever asks why it takes so long: what each of them
 * does or waits for in the kernel, and what it has used, as /proc tells it at this moment, in words
 * for one line of a log.
 *
 * What a process of another user waits for is looked at as that user, where we have the right to
 * become it; a stack of the kernel is shown where the kernel lets us read it.
 */
#include "base/text.h"

#include <sys/types.h>

#define GLANCE_PROCESSES 8u /* shown one by one; further ones are counted */

struct glance_report {
    struct text text;
    unsigned shown;
    unsigned left_out;
};

/* What one process does. */
struct glance {
    char state; /* as in proc(5): R, S, D, T ...; 0: not known */
    uint64_t cpu_ms;
    uint64_t memory_kib;
    struct slice
        command; /* its arguments, each ended by NUL; empty: not known, then the name counts */
    struct slice name;
    struct slice place; /* in the kernel, where it waits; empty: not known */
    struct slice stack; /* as /proc/PID/stack has it; empty: not known */
};

/*
 * Takes state, processor time, memory and name from the text of /proc/PID/stat. False: it is none.
 * The name stays in the text. Pure.
 */
bool glance_parse_stat(struct slice stat, unsigned ticks_per_s, unsigned page_kib,
                       struct glance *ret);

/*
 * `"perl /www/a.pl" (4711) asleep in pipe_read, cpu 12 ms, 5120 kB`. With `whole`, memory and the
 * functions of the stack are told as well. Pure.
 */
void glance_put(struct text *text, pid_t pid, const struct glance *glance, bool whole);

/* Looks at a process and all that descends from it. The first that is shown is shown whole. */
void glance_at_family(struct glance_report *report, pid_t pid);

/* Behind the last one: says how many were left out. */
void glance_end(struct glance_report *report);

#endif
