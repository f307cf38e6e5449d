#ifndef THTTPD_WORDS_H
#define THTTPD_WORDS_H

/*
 * The words of a thttpd.conf, each with the key it names.
 */
#include "base/diag.h"
#include "config/read_block.h"

#include <stdbool.h>
#include <stddef.h>

enum thttpd_key {
    THTTPD_PORT,
    THTTPD_HOST,
    THTTPD_DIR,
    THTTPD_DATA_DIR,
    THTTPD_CHROOT,
    THTTPD_SYMLINKS, /* the check of links */
    THTTPD_VHOST,
    THTTPD_GLOBAL_PASSWORD,
    THTTPD_USER,
    THTTPD_CGIPAT,
    THTTPD_CGILIMIT,
    THTTPD_THROTTLES,
    THTTPD_LOGFILE,
    THTTPD_PIDFILE,
    THTTPD_CHARSET,
    THTTPD_P3P,
    THTTPD_MAX_AGE,
    THTTPD_DEBUG,
    THTTPD_URLPAT,
    THTTPD_LOCALPAT,
    THTTPD_NO_EMPTY_REFERRERS,
    THTTPD_FASTOPEN,
    THTTPD_INCLUDE, /* of flags only */
    THTTPD_KEYS,
};

/* How a key is written, and what it means to be there. */
enum thttpd_form { THTTPD_VALUE, THTTPD_ON, THTTPD_OFF };

struct thttpd_name {
    const char *name;
    enum thttpd_key key;
    enum thttpd_form form;
};

/* NULL: thttpd does not know it (any case is good). */
const struct thttpd_name *thttpd_name_of(struct slice name);

/* A name for "did you mean"; NULL: none is near. */
const char *thttpd_nearest(struct slice name);

/* One word and where it stands. */
struct thttpd_word {
    struct slice name;
    struct slice value; /* behind the first '=' */
    bool has_value;
    struct slice line; /* the physical line */
    unsigned number;   /* of the line */
};

struct thttpd_words {
    struct slice rest; /* of the text, behind the present line */
    struct slice line;
    struct slice left; /* of the line, without its comment */
    unsigned number;
    bool flags; /* see THTTPD_FLAGS_NAME */
};

void thttpd_words_init(struct thttpd_words *words, const struct source_text *text);
bool thttpd_words_next(struct thttpd_words *words, struct thttpd_word *ret);

/* Where a part of the word's line stands. */
struct diag_place thttpd_place(const char *file, const struct thttpd_word *word, struct slice part);

#endif
