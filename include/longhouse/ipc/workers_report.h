#ifndef IPC_WORKERS_REPORT_H
#define IPC_WORKERS_REPORT_H

/*
 * How a pool of workers is: told by the spawner when something changed, passed on by the
 * supervisor, shown by the server (`longhouse status`). Pure codec of the text in WORKERS.
 */
#include "base/parse.h"
#include "base/slice.h"
#include "base/text.h"

#include <stdint.h>

#define WORKERS_REPORT_MOST 512u

struct workers_report {
    uint32_t busy;     /* with a connection */
    uint32_t idle;     /* without */
    uint32_t starting; /* not seen at rest yet */
    uint32_t ending;   /* told to end when their request is finished */
    uint64_t started;  /* ever */
    uint64_t died;     /* of these, without being told to */
    uint64_t held_ms;  /* no worker is started for so long, because they die at once; 0: not so */
    uint64_t memory_bytes;
    struct slice last_end; /* how the last one ended; empty: none has */
};

/* Numbers separated by blanks, then the words; what has no room is cut. */
void workers_report_encode(const struct workers_report *report, struct text *text);

/* PARSE_DONE or PARSE_BAD; the words point into `text`. */
enum parse workers_report_decode(struct slice text, struct workers_report *ret,
                                 struct parse_fault *reterr);

#endif
