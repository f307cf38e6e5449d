#ifndef HANDLER_LOGIN_FILE_H
#define HANDLER_LOGIN_FILE_H

/*
 * One file of users, digests or groups as it was read last. Private to this floor.
 */
#include "base/arena.h"
#include "base/list.h"
#include "base/log.h"
#include "config/password_file.h"

#include <sys/types.h>
#include <time.h>

/* What changes when a file does. */
struct login_stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
    struct timespec changed;
};

/* What was read. */
struct login_text {
    struct login_stamp stamp;
    struct arena arena;
    struct password_file parsed;
    int error; /* negative errno: it could not be read, and nothing is in it */
};

struct login_file {
    struct list_link link;
    enum password_kind kind;
    char *path;          /* owned */
    char *below;         /* owned: it lies in this folder, and no link leads out; "": anywhere */
    uint64_t looked_ms;  /* 0: never */
    uint64_t generation; /* another one for each text that was ever read */
    struct login_text *text; /* owned; NULL: not read yet */
};

struct login_file *login_file_new(enum password_kind kind, struct slice path, struct slice below);
void login_file_free(struct login_file *file);

/*
 * Looks at the file, without a lock: `known` is its stamp as of the last look, NULL: none. The new
 * text, or NULL: nothing has changed. Faulty lines are written to the log.
 */
struct login_text *login_text_read(const struct login_file *file, const struct login_stamp *known,
                                   struct log *log);
void login_text_free(struct login_text *text);

#endif
