#ifndef TEXT_SOURCE_H
#define TEXT_SOURCE_H

/*
 * Configurations out of a table of texts, for tests: no disk.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "config/load.h"
#include "config/read_block.h"

#include <stddef.h>

struct text_file {
    const char *path; /* relative to the folder, "/etc/longhouse" */
    const char *text;
};

/* Answers find() for a path of the table, and for a folder with all paths below it in their order.
 */
struct text_source {
    struct source source;
    const struct text_file *files; /* borrowed */
    size_t count;
};
void text_source_init(struct text_source *source, const struct text_file *files, size_t count);

/* A load and all that belongs to it. */
struct loaded {
    struct arena arena;
    struct diags diags;
    struct text_source source;
    struct server_conf *conf; /* NULL after an error */
};

/* Loads the first file of the table. */
void loaded_files(struct loaded *loaded, const struct text_file *files, size_t count);

/* Loads one text as "longhouse.conf". */
void loaded_text(struct loaded *loaded, const char *text);

void loaded_done(struct loaded *loaded);

/* What diags_print() prints, without colours; malloc'd. */
char *loaded_report(const struct loaded *loaded);

#endif
