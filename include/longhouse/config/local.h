#ifndef CONFIG_LOCAL_H
#define CONFIG_LOCAL_H

/*
 * A .hiawatha file: options that whoever may write to a folder of a website gives for that folder
 * (UseLocalConfig). They are the rows with SCOPE_LOCAL: none starts a program, tells one something,
 * or reads outside of the website. What one gives lies over what the host says, like a Directory
 * section.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "config/model.h"

#define LOCAL_TEXT_MOST ((size_t)64 * 1024)

struct local_source {
    struct slice path;    /* of the file, absolute */
    struct slice root;    /* of the website: files that it names lie in it */
    bool shows_dot_files; /* AllowDotFiles: no name is hidden there */
    struct slice text;
};

struct local_conf {
    struct arena arena;
    struct directory_conf directory; /* `folder` and `given` */
    struct slice fault; /* why it cannot be used: PATH:LINE:COLUMN, cause and cure; empty: it can */
};

/* Pure, but for the memory, which is its own. */
struct local_conf *local_conf_read(const struct local_source *source);

/* For one that could not be read at all. */
struct local_conf *local_conf_unread(struct slice path, const char *why);
void local_conf_free(struct local_conf *local);

#endif
