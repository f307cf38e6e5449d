#ifndef CONFIG_READ_BLOCK_H
#define CONFIG_READ_BLOCK_H

/*
 * Hiawatha's block syntax to a tree. Pure: other texts (Include) come through the source given.
 *
 *   set NAME = value          Include conf.d          # comment
 *   Key = value               VirtualHost {
 *                                 Key = value
 *                             }
 *
 * The lexical rules are those of sections 1.1 to 1.6 of Hiawatha's behaviour; accepted beyond them,
 * each with a note or warning: a tab before '=', a brace on its own line, `Yes`/`NO` (by the
 * option), nested Include.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/slice.h"
#include "config/tree.h"

#define INCLUDE_DEPTH_MOST 8

/* One text with its name. */
struct source_text {
    struct source_text *next;
    const char *name;  /* path as diagnostics show it */
    struct slice text; /* whole content */
};

/* Where texts come from: the disk in the supervisor and the tools, the bundle in the server, a
 * table in tests. */
struct source {
    /*
     * All texts that `path` (as written in Include, relative to the configuration folder) stands
     * for: one for a file; for a folder its files in Hiawatha's order (folders first, each group in
     * case-insensitive alphabetical order, hidden files and editor backups left out). NULL and
     * *ret_why when there is none. A path that begins with LF, which no text can hold, asks for a
     * variable of the environment: see source_variable(); with two of them, for accounts: see
     * source_accounts().
     */
    struct source_text *(*find)(struct source *source, struct arena *arena, struct slice path,
                                const char **ret_why);
    /* The folder of the configuration, absolute: value of CONFIG_DIR. */
    struct slice folder;
};

/* The text of the one file that `path` stands for; NULL and *ret_why when that is none, or a
 * folder.
 */
struct source_text *source_find_file(struct source *source, struct arena *arena, struct slice path,
                                     const char **ret_why);

/*
 * The value of a variable in the environment of whoever loads; false: it is not set. It is asked
 * for like a text, so that what reads a bundle later has the same answer without the environment.
 */
bool source_variable(struct source *source, struct arena *arena, struct slice name,
                     struct slice *ret);

/*
 * The accounts with this folder (NUL terminated) in their homes, as src/config/account_list.h has
 * them; empty when nobody here knows any.
 */
struct slice source_accounts(struct source *source, struct arena *arena, struct slice folder);

void read_block(const struct source_text *text, struct source *source, struct arena *arena,
                struct diags *diags, struct tree *ret);

#endif
