#ifndef LINES_H
#define LINES_H

/*
 * Logical lines of a text: a line that ends in a space and a backslash goes on in the next one; the
 * space and the backslash vanish.
 */
#include "config/read_block.h"
#include "config/tree.h"

#include <stdbool.h>

struct lines {
    struct arena *arena;            /* borrowed */
    const struct source_text *text; /* borrowed */
    struct slice rest;
    unsigned number; /* of the last physical line taken */
};

struct line {
    struct slice text;         /* without the end of the line */
    struct tree_piece *pieces; /* one for each physical line */
};

/* A byte order mark at the front is skipped. */
void lines_init(struct lines *lines, struct arena *arena, const struct source_text *text);

/* False at the end of the text. */
bool lines_next(struct lines *lines, struct line *ret);

/*
 * Where the comment of a line begins: at a '#' that is its first byte or follows a blank. The
 * length of the line when there is none.
 */
size_t lines_comment(struct slice text);

#endif
