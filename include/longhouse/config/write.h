#ifndef CONFIG_WRITE_H
#define CONFIG_WRITE_H

/*
 * The one writer: a tree as text, in the block form or in YAML, so that reading it gives the same
 * tree again. In the root of YAML, options and sections of one name stand together in a list; where
 * that would change the order of options in a section, the section is written as a list itself.
 */
#include "base/diag.h"
#include "config/tree.h"

#include <stdbool.h>
#include <stdio.h>

enum write_form { WRITE_BLOCK, WRITE_YAML };

/*
 * Writes the nodes of the root. What the form cannot hold (a value with " #" in the block form,
 * bytes that are no UTF-8 in YAML) is left out with an error at its place. False when there was
 * one.
 */
bool write_tree(const struct tree *tree, enum write_form form, struct diags *diags, FILE *out);

/*
 * Makes remarks of the options that have no effect or are unknown, each with the reason, and gives
 * the others their present names.
 */
void write_annotate(struct tree *tree, struct arena *arena);

#endif
