#ifndef INCLUDING_H
#define INCLUDING_H

/*
 * The texts of one load while they are read: which stands inside which, how deep and how many. What
 * the readers of the forms share, so that a text of one form may include texts of the other.
 */
#include "config/read_block.h"
#include "variables.h"

/* A text that is being read, and the one that includes it. */
struct included {
    struct included *outer;
    const struct source_text *text;
};

struct including {
    struct arena *arena; /* borrowed, as the following */
    struct diags *diags;
    struct source *source;
    struct tree *tree;
    struct variables variables; /* of all texts in the block form */
    struct included *innermost;
    unsigned depth;
    unsigned texts;
};

void including_init(struct including *including, struct source *source, struct arena *arena,
                    struct diags *diags, struct tree *tree);

/* Reads one text by the reader of its form, within what is read now. False: it cannot be read at
 * all, which is said. */
bool including_read(struct including *including, const struct source_text *text);

/* The same by this reader, whatever the text looks like. */
typedef bool including_reader(struct including *including, const struct source_text *text);
bool including_read_by(struct including *including, const struct source_text *text,
                       including_reader *reader);

/* Why nothing can be included any deeper, or NULL. */
const char *including_refused(const struct including *including);

/* Include: all texts that `path` stands for. What is wrong is said at `place`. */
void including_find(struct including *including, const struct diag_place *place, struct slice path);

/* ---- the readers ---- */

including_reader yaml_read_text;
including_reader block_read_text;

#endif
