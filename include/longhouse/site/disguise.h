#ifndef SITE_DISGUISE_H
#define SITE_DISGUISE_H

/*
 * Text as a program will see it, whatever it is spelt like on its way: percent-encoding, also of
 * what was encoded already, '+' for a blank, \u00XX of JSON. Pure.
 */
#include "base/slice.h"

#include <stdbool.h>

/*
 * The text without its spellings, in `out` (room for text.len bytes; may be text.at itself). '+'
 * becomes a blank.
 */
struct slice disguise_undo(struct slice text, char *out);

/*
 * Moreover as a database reads it: comments and runs of white space are one blank, and an '&' that
 * was not encoded, which ends a value of a form, is a line's end.
 */
struct slice disguise_undo_sql(struct slice text, char *out);

/*
 * Looks for "<script" in any of these spellings and any case. *ret_at: how its '<' is spelt, a part
 * of the text.
 */
bool disguise_find_script(struct slice text, struct slice *ret_at);

/* Writes over that '<' (as found; the memory is the caller's), in its own spelling: it becomes '_'.
 */
void disguise_tame(struct slice at);

#endif
