#ifndef YAML_ITEMS_H
#define YAML_ITEMS_H

/*
 * A YAML text as items with places: what libyaml's events say, before anybody asks what it means.
 * An alias is a second reference to the item of its anchor, so what is read stays as large as the
 * text, whatever the aliases would make of it. Tags, a second document and more than
 * YAML_DEPTH_MOST levels are errors.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "config/read_block.h"
#include "config/tree.h"

#include <stdbool.h>

#define YAML_DEPTH_MOST 16u

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };

struct yaml_item;

struct yaml_entry {
    struct yaml_entry *next;
    struct yaml_item *key; /* of maps */
    struct yaml_item *value;
    bool is_alias;
};

struct yaml_item {
    enum yaml_kind kind;
    struct diag_place place; /* of lists and maps: where they begin */
    struct slice text;       /* scalars: without quotes and escapes */
    bool is_plain;
    struct tree_piece *pieces; /* of `text` */
    struct yaml_entry *first;
    struct yaml_entry *last;
    bool is_open; /* while its own entries are read */
};

/* NULL after an error, or (without one) when the text holds nothing. */
struct yaml_item *yaml_items_read(const struct source_text *text, struct arena *arena,
                                  struct diags *diags);

#endif
