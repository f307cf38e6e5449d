#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

/*
 * What every configuration syntax becomes: named nodes with values and children, each with the
 * place where it stands. Lives in the arena of its load.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Where a stretch of a value comes from: the value of a node is a row of pieces, since a line may
 * be continued and variables replaced. Verbatim bytes stand one for one at `place`; others were put
 * in for what stands there.
 */
struct tree_piece {
    struct tree_piece *next;
    size_t at; /* offset in the value */
    size_t len;
    bool verbatim;
    struct diag_place place;
};

struct tree_node {
    struct tree_node *next;
    struct tree_node *first_child; /* sections only */
    struct tree_node *last_child;
    struct slice name;      /* as written; sections: "VirtualHost" */
    struct slice value;     /* variables substituted, trimmed; sections: empty */
    struct slice raw_value; /* as written */
    bool is_section;
    bool unclosed;  /* a section whose '}' is missing; it has been reported */
    bool is_remark; /* for readers only: `value` says what has no equal here */
    struct diag_place name_place;
    struct diag_place value_place;
    struct tree_piece *pieces; /* of `value`, in order; NULL: the value stands in no text */
};

struct tree {
    struct tree_node root; /* a section without a name */
};

void tree_init(struct tree *tree);
struct tree_node *tree_add(struct arena *arena, struct tree_node *parent, struct slice name);

/* Where the `len` bytes from offset `at` of a value stand; for replaced bytes: the variable's name.
 */
struct diag_place tree_pieces_place(const struct tree_piece *pieces, size_t at, size_t len);

/* The same for a part of node->value, which must lie inside it. */
struct diag_place tree_place(const struct tree_node *node, struct slice part);

/* Copies of the pieces of the `len` bytes from offset `at`, counted from there. */
struct tree_piece *tree_pieces_cut(struct arena *arena, const struct tree_piece *pieces, size_t at,
                                   size_t len);

#endif
