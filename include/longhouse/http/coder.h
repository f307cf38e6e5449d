#ifndef HTTP_CODER_H
#define HTTP_CODER_H

/*
 * One stream of bytes into one content coding (gzip, br, zstd), piece by piece. The memory of a
 * coder is bounded whatever comes: gzip 261 KiB (window 32 KiB), br 1.8 and zstd 1.7 MiB at most
 * (windows of 128 KiB; with less effort less than 1 MiB). Those of gzip and zstd are used again:
 * each thread keeps a few that are idle.
 *
 * No I/O, no logging.
 */
#include "base/slice.h"
#include "http/negotiate.h"

#include <stdbool.h>
#include <stddef.h>

struct coder;

/* How much work a byte is worth. */
enum effort {
    EFFORT_FULL,  /* gzip 6, br 4, zstd 3 */
    EFFORT_HALF,  /* gzip 3, br 2, zstd 1 */
    EFFORT_LEAST, /* gzip 1, br 0, zstd -5 */
};
#define EFFORT_COUNT (EFFORT_LEAST + 1u)

enum coder_act {
    CODER_TAKE,  /* more comes */
    CODER_FLUSH, /* a pause: a reader of what is out so far knows all that was taken */
    CODER_END,   /* that was all */
};

struct coder *coder_open(enum coding coding, enum effort effort);
void coder_close(struct coder *coder); /* at any time; NULL: nothing happens */

/*
 * Takes from the front of *in and writes to `out`. True: all of *in is taken and the act is done.
 * False: there was no room for all of it; call again, with the same act and what is left of *in.
 */
bool coder_step(struct coder *coder, enum coder_act act, struct slice *in, char *out, size_t room,
                size_t *ret_len);

/* Coders of this thread that are in use. */
unsigned coders_in_use(void);

/* Gives the idle coders of this thread back to the system. */
void coder_pool_drain(void);

#endif
