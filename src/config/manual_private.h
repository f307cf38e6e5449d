#ifndef MANUAL_PRIVATE_H
#define MANUAL_PRIVATE_H

/*
 * What the forms of the manual share.
 */
#include "config/option.h"

#include <stdbool.h>

/* The language, in Markdown. */
extern const char manual_head[];

/* The sections, outside first; NULL ends them. */
struct manual_part {
    unsigned scope;
    const char *name;
    const char *reference; /* in the schema */
};
extern const struct manual_part manual_parts[];

/* The next row of the scope behind `row` that has an effect; NULL: the first, and the end. */
const struct option_row *manual_next(const struct option_row *row, unsigned scope);

/* May it stand several times? */
bool manual_repeats(const struct option_row *row);

#endif
