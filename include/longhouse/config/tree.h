#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

/*
 * What every configuration syntax becomes: named nodes with values and children, each with the place where it
 * stands. Lives in the arena of its load.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/slice.h"

struct tree_node {
    struct tree_node *next;
    struct tree_node *first_child; /* sections only */
    struct tree_node *last_child;
    struct slice name;  /* as written; sections: "VirtualHost" */
    struct slice value; /* variables substituted, trimmed; sections: empty */
    struct slice raw_value; /* as written */
    bool is_section;
    struct diag_place name_place;
    struct diag_place value_place;
};

struct tree {
    struct tree_node root; /* a section without a name */
};

void tree_init(struct tree *tree);
struct tree_node *tree_add(struct arena *arena, struct tree_node *parent, struct slice name);

#endif
