#ifndef INSPECTOR_FINDINGS_H
#define INSPECTOR_FINDINGS_H

/*
 * What a doctor finds: each with how bad it is, what it is about and what to do; printed for people
 * or as JSON.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdio.h>

enum finding_level {
    FINDING_OK,
    FINDING_NOTE, /* neither good nor bad */
    FINDING_WARN,
    FINDING_FAIL,
};
#define FINDING_LEVELS (FINDING_FAIL + 1u)

struct finding {
    struct finding *next;
    enum finding_level level;
    const char *area;
    struct slice text;
    struct slice cure; /* empty: none */
};

struct findings {
    struct arena *arena; /* borrowed */
    struct finding *first;
    struct finding **end;
    unsigned counts[FINDING_LEVELS];
};

void findings_init(struct findings *findings, struct arena *arena);

/* `area` is a constant, `cure` too, or in the arena; NULL: there is none. */
void finding_add(struct findings *findings, enum finding_level level, const char *area,
                 const char *cure, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* What a check of the configuration found. */
void findings_take_diags(struct findings *findings, const struct diags *diags);

void findings_print(const struct findings *findings, FILE *out, bool colours);
void findings_print_json(const struct findings *findings, FILE *out);

#endif
