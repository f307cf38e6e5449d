#ifndef VARIABLES_H
#define VARIABLES_H

/*
 * `set NAME = VALUE` and what it does to later values. Hiawatha's rule: every occurrence of NAME,
 * even inside a word, is replaced; the newest definition first, its text then offered to the older
 * ones. `${NAME}` names one exactly.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/slice.h"
#include "config/tree.h"

/* A value may grow to this by replacement; definitions that name each other grow without end
 * otherwise. */
#define VARIABLES_VALUE_MOST 65536u
#define VARIABLES_NAME_MOST                                                                        \
    128u /* so that ${ without an end costs little; longer names are refused */

struct variable {
    struct variable *older;
    struct variable *next_name; /* the first definition of another name */
    struct slice name;
    struct slice value;
};

struct variables {
    struct arena *arena; /* borrowed */
    struct diags *diags; /* borrowed */
    struct variable *newest;
    struct variable *names; /* one definition of each name: few, where a `set` in every section
                               makes many definitions */
};

/* A text and where its bytes stand. */
struct placed_text {
    struct slice text;
    struct tree_piece *pieces;
};

void variables_set(struct variables *variables, struct slice name, struct slice value);

/* Replaces in place. False after an error (the text grew too long): the text is then as it was. */
bool variables_apply(struct variables *variables, struct placed_text *text);

#endif
