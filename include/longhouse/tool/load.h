#ifndef TOOL_LOAD_H
#define TOOL_LOAD_H

/*
 * What programs with a command line share: configurations loaded, words read, other programs
 * found. What is wrong is said on stderr.
 */
#include "base/arena.h"
#include "config/load.h"
#include "config/model.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * The path of one of the programs behind the front door ("supervisor"): beside it in a build tree,
 * in libexec/longhouse otherwise. False (said on stderr) when it is nowhere.
 */
bool find_program(const char *name, char *path, size_t room);

/*
 * Loads the configuration at `path` (a file or folder) and prints what is wrong with it. NULL when
 * it is faulty. `disk`: also look whether roots, interpreters, users ... are there.
 */
struct server_conf *tool_load(const char *path, bool disk, struct arena *arena, bool *ret_warned);

/* The same for who asks something of the running house: warnings and notes are for those who check
 * or change the configuration, and only what makes it faulty is printed. */
struct server_conf *tool_load_of_house(const char *path, struct arena *arena);

/* The same, but says nothing: what is wrong is in `diags`, or in *ret_why when nothing can be read.
 */
struct server_conf *tool_load_into(const char *path, bool disk, struct diags *diags,
                                   const char **ret_why);

/* What the disk says (config/load.h), and what is in certificates. */
struct load_ask *tool_ask(void);

/* Connected to the control socket of the house that runs with this configuration, or negative
 * errno. */
int control_connect(const char *path);

/* Says how a verb is used; returns 2. */
int usage(const char *text);

/* Value of an option that takes one: "--port 80" or "--port=80"; advances *at. NULL: it is another
 * word. */
const char *word_value(const char *name, int argc, char **argv, int *at);

#endif
