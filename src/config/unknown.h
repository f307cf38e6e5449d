#ifndef UNKNOWN_H
#define UNKNOWN_H

/* A word that is no option where it stands: what it may have been meant to be. */
#include "build.h"

/* No row of this name in these scopes (enum option_scope): elsewhere, a section, or nowhere. */
void unknown_fault(struct build *build, const struct tree_node *node, unsigned scopes);

#endif
