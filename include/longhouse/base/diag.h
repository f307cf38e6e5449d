#ifndef BASE_DIAG_H
#define BASE_DIAG_H

/*
 * Faults in texts that people wrote: collected, not thrown, so that all are shown at once, each
 * with file:line:column, the line itself with a caret, the cause and a cure.
 *
 *   longhouse.conf:21:9: error: unknown option 'ExecuteCGl' in VirtualHost 'shop'
 *      21 |     ExecuteCGl = yes
 *         |     ^~~~~~~~~~
 *         = did you mean 'ExecuteCGI'?
 */
#include "base/arena.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum diag_level { DIAG_NOTE, DIAG_WARNING, DIAG_ERROR };

/* Where something stands. The texts are borrowed and outlive the diagnostics. */
struct diag_place {
    const char *file;  /* NULL: nowhere in particular */
    unsigned line;     /* from 1; 0: the file as a whole */
    unsigned column;   /* from 1, in bytes; 0: the whole line */
    unsigned span;     /* bytes to underline, 0 = 1 */
    struct slice text; /* the physical line, without its end; may be empty */
};

struct diag {
    struct diag *next;
    enum diag_level level;
    struct diag_place place;
    struct slice message;
    struct slice hint; /* empty: none */
};

struct diags {
    struct arena *arena; /* borrowed: keeps messages */
    struct diag *first;
    struct diag **end;
    unsigned errors;
    unsigned warnings;
    unsigned notes;
};

void diags_init(struct diags *diags, struct arena *arena);

/* Adds one; the returned diag is for diag_hint(). The place is copied. */
struct diag *diag_add(struct diags *diags, enum diag_level level, const struct diag_place *place,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Adds the cure: "did you mean 'x'?". */
void diag_hint(struct diags *diags, struct diag *diag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Prints all in the order of files as first named, then lines; with colours when `colours`. */
void diags_print(const struct diags *diags, FILE *out, bool colours);

/* The candidate nearest to `word` (edit distance, ignoring case), NULL when none is near. */
const char *diag_nearest(struct slice word, const char *const *candidates, size_t count);

#endif
