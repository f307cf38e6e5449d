#ifndef CONFIG_OPTION_H
#define CONFIG_OPTION_H

/*
 * The option table: one row is parser, range check, default and manual at once. A new option is a
 * new row and a member of the model; nothing else.
 */
#include "base/diag.h"
#include "base/slice.h"
#include "config/model.h"
#include "config/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_type {
    OPT_YES_NO,
    OPT_COUNT,    /* uint64_t */
    OPT_SIZE,     /* uint64_t bytes; `unit` = what a bare number counts */
    OPT_DURATION, /* uint64_t ms; `unit` = what a bare number counts, in ms */
    OPT_TEXT,     /* struct slice */
    OPT_PATH,     /* struct slice, absolute */
    OPT_WORDS,    /* struct conf_word *, appends, comma separated */
    OPT_LOG,      /* struct conf_log */
    OPT_CHOICE,   /* enum (unsigned): `choices` */
    OPT_OWN,      /* `set` does it all */
    OPT_NEEDLESS, /* of Hiawatha, and nothing is lost without it: accepted with a note */
    OPT_GONE,     /* of an older Hiawatha: accepted with a warning, without effect */
};

/* Where a row is valid. A name has at most one row for each scope. */
enum option_scope {
    SCOPE_SERVER = 1,
    SCOPE_BINDING = 2,
    SCOPE_HOST = 4, /* inside VirtualHost and, for the default host, outside sections */
    SCOPE_FASTCGI = 8,
    SCOPE_DIRECTORY = 16,
    SCOPE_TOOLKIT = 32,
    SCOPE_LOCAL = 64, /* in a .hiawatha: rows of folders that its owner can do no harm with */
};

/* What a second use in the same section does. */
enum option_repeat {
    REPEAT_OVERRIDES, /* the last one counts; a warning */
    REPEAT_APPENDS,
    REPEAT_REFUSED, /* an error */
};

struct build;

struct option_row {
    const char *name;
    enum option_type type;
    unsigned scopes;
    size_t offset;        /* of the member in the record of the scope */
    size_t folder_size;   /* of a member of struct folder_conf, to which `offset` belongs then; 0:
                             it is none */
    const char *fallback; /* default as it would be written; NULL: none */
    uint64_t least;
    uint64_t most;
    uint64_t unit;
    const char *const *choices; /* NULL terminated; the index is the value */
    const char *former;         /* older names, space separated: accepted with a note */
    enum option_repeat repeat;
    bool required;
    void (*set)(struct build *build, void *record, const struct tree_node *node,
                const struct option_row *row);
    const char *grammar; /* how the value is written, for the manual */
    const char *text;    /* the manual: one or more sentences */
};

/* Neither accepted for nothing, nor gone. */
static inline bool option_has_effect(const struct option_row *row)
{
    return row->type != OPT_NEEDLESS && row->type != OPT_GONE;
}

/* Walks all rows, for build, manual and completion: NULL gives the first, the last gives NULL. */
const struct option_row *option_next(const struct option_row *row);

/* The rows of one scope, in the order of the table. */
struct option_list {
    const struct option_row *const *rows;
    size_t count;
};
struct option_list option_rows(enum option_scope scope);

/* Each row has a number below option_count(). */
size_t option_count(void);
size_t option_index(const struct option_row *row);

/* The row for `name` (any case, former names too) valid in `scope`, or NULL. */
const struct option_row *option_find(struct slice name, unsigned scope);

#endif
