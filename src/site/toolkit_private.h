#ifndef TOOLKIT_PRIVATE_H
#define TOOLKIT_PRIVATE_H

/* New URLs out of old ones, for the rules of a toolkit. Pure. */
#include "config/regex.h"
#include "site/toolkit.h"

/*
 * `url` with what fits replaced by `text`, in which $0 ... $9 are groups. False: it would be longer
 * than TOOLKIT_URL_MOST.
 */
bool toolkit_replace(struct slice url, const struct slice groups[REGEX_GROUPS], struct slice text,
                     struct arena *arena, struct slice *ret);

/*
 * A URL ready for Location: nothing that ends the line, and no way from what a client wrote to
 * another host than `text`, of which it was made, names.
 */
struct slice toolkit_location(struct slice url, struct slice text, struct arena *arena);

#endif
