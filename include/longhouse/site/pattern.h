#ifndef SITE_PATTERN_H
#define SITE_PATTERN_H

/*
 * The wildcards of thttpd, matched against names below a root.
 *
 *   ?    one character, '/' too
 *   *    any run of characters without '/', perhaps none
 *   **   any run of characters, perhaps none
 *   |    between whole alternatives
 *
 * All else stands for itself, and the match is anchored at both ends. A '/' at the beginning of an
 * alternative is left out: names below a root have none.
 */
#include "base/slice.h"

#include <stdbool.h>

/* Of all alternatives together; a longer one is refused where it is configured. */
#define PATTERN_MOST 1000u

/*
 * Pure; at most as many steps as the pattern is long for each character of the name, whatever both
 * are. `pattern` is at most PATTERN_MOST bytes long; the empty one matches nothing.
 */
bool pattern_match(struct slice pattern, struct slice name);

/*
 * The extension that an alternative stands for when it ends with a dot and a plain word:
 * "**.cgi|x/y.pl|z" gives "cgi", then "pl". Takes alternatives off `rest`; false when there is none
 * left.
 */
bool pattern_next_extension(struct slice *rest, struct slice *ret);

#endif
