#ifndef SECTION_H
#define SECTION_H

/* The names of the sections, as the block reader and build know them. */
#include "base/slice.h"

enum section_kind {
    SECTION_NONE,
    SECTION_BINDING,
    SECTION_DIRECTORY,
    SECTION_FASTCGI,
    SECTION_HOST,
    SECTION_TOOLKIT,
};

/* By name in any case, older names too. */
enum section_kind section_kind_of(struct slice name);

/* The present name. */
const char *section_name(enum section_kind kind);

/* The present name nearest to `word`, NULL when none is near. */
const char *section_nearest(struct slice word);

#endif
