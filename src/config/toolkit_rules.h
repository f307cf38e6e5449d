#ifndef TOOLKIT_RULES_H
#define TOOLKIT_RULES_H

/* Reads one line of a UrlToolkit into its record. Private to this floor. */
#include "build.h"
#include "config/toolkit.h"

/* A rule with a fault is not added; it has been reported. */
void toolkit_rule_set(struct build *build, void *record, const struct tree_node *node,
                      const struct option_row *row);

#endif
