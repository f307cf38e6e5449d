#ifndef CONFIG_READ_THTTPD_H
#define CONFIG_READ_THTTPD_H

/*
 * thttpd's configuration to the tree of ours: words parted by blanks, `name` or `name=value`, the
 * last one of a kind counts, a '#' anywhere begins a comment. Each key becomes the options that do
 * the same here, with its own place; one without an equal is said at its own line and leaves a
 * remark in the tree. What thttpd had compiled in (30 seconds for a program, its start files) is
 * added, so that a site behaves as before. Pure.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/slice.h"
#include "config/read_block.h"
#include "config/tree.h"

#include <stdbool.h>

/*
 * The name of a text that stands for command line flags: each line is one word, blanks and '#'
 * included, and `include=FILE` (flag -C) reads a file at that point.
 */
#define THTTPD_FLAGS_NAME "thttpd flags"

/*
 * Is it in thttpd's form? By its name, ending in "thttpd.conf", or by its words: one of thttpd's
 * keys is there, and neither a brace, nor a lone '=', nor an option that only we have.
 */
bool thttpd_recognise(const struct source_text *text);

/* `source`: relative paths begin at its folder. */
void read_thttpd(const struct source_text *text, struct source *source, struct arena *arena,
                 struct diags *diags, struct tree *ret);

#endif
