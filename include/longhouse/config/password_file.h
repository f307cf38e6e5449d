#ifndef CONFIG_PASSWORD_FILE_H
#define CONFIG_PASSWORD_FILE_H

/*
 * The files that PasswordFile names: who may log in, and who is in which group. Pure.
 *
 *   basic     joe:$y$j9T$...        one line for each user; what follows a further ':' is ignored
 *   digest    joe:Realm:HEX         the MD5 (32 digits) or SHA-256 (64) of "joe:Realm:password";
 *                                   a user may have one of each
 *   groups    staff: joe ann        names between blanks or commas; a group may have several lines
 *
 * Empty lines and lines that begin with '#' are passed over; lines end with LF or CRLF, the last
 * one need not. A faulty line is told and does not count. Of two lines for the same user the first
 * counts.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "base/table.h"

#include <stdbool.h>

enum password_kind { PASSWORD_BASIC, PASSWORD_DIGEST, PASSWORD_GROUPS };

/* Of HEX in a digest file. */
enum digest_algorithm { DIGEST_MD5, DIGEST_SHA256 };
#define DIGEST_ALGORITHMS 2u

struct password_entry {
    struct slice name; /* a user; of a digest file "user:realm"; of a group file "group:user" */
    struct slice hash; /* empty in a group file */
    bool locked;       /* fits no password */
};

struct password_file {
    enum password_kind kind;
    struct table names[DIGEST_ALGORITHMS]; /* name -> struct password_entry *; the second one for
                                              DIGEST_SHA256 only */
    struct password_entry **entries;       /* of a basic file: whoever is not locked, in the order
                                              of the text */
    unsigned entry_count;
    unsigned algorithms; /* of a digest file: a bit (1u << algorithm) for each that all users can
                            log in with; if there is none, for each that some can */
};

/* Told of each line that is not as it should be. */
struct password_critic {
    void (*fault)(struct password_critic *critic, unsigned line, const char *why);
    void (*doubt)(struct password_critic *critic, unsigned line, const char *why); /* it counts */
};

/* The text must live as long as the arena; entries are in it, the tables are not. */
void password_file_parse(struct slice text, enum password_kind kind, struct arena *arena,
                         struct password_critic *critic, struct password_file *ret);
void password_file_done(struct password_file *file);

/* The entry of a user, or NULL. */
const struct password_entry *password_file_user(const struct password_file *file,
                                                struct slice user);
const struct password_entry *password_file_digest(const struct password_file *file,
                                                  enum digest_algorithm algorithm,
                                                  struct slice user, struct slice realm);

bool password_file_is_member(const struct password_file *file, struct slice group,
                             struct slice user);

#endif
