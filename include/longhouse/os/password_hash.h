#ifndef OS_PASSWORD_HASH_H
#define OS_PASSWORD_HASH_H

/*
 * Hashes of passwords, as crypt(5) has them: yescrypt, bcrypt, SHA-512, SHA-256 and the older ones;
 * and the one of Apache ($apr1$).
 * To hash takes as long as the hash says, some 50 ms and more: never in a reactor.
 */
#include "base/slice.h"

#include <stdbool.h>

#define PASSWORD_HASH_MOST 384u /* bytes of a hash, NUL included */
#define PASSWORD_MOST      512u /* bytes of a password: longer ones fit no hash */

/* Memory that one thread hashes with. */
struct password_hasher;
struct password_hasher *password_hasher_new(void);
void password_hasher_free(struct password_hasher *hasher);

enum password_form {
    PASSWORD_FORM_GOOD,
    PASSWORD_FORM_OLD,    /* quickly guessed: DES, MD5 of either kind, or far too few rounds */
    PASSWORD_FORM_LOCKED, /* begins with '*' or '!': fits no password */
    PASSWORD_FORM_UNKNOWN,
};
enum password_form password_hash_form(struct slice hash);

/* Whether the hash is that of the password. One that cannot be used takes no time and is not. */
bool password_hash_fits(struct password_hasher *hasher, struct slice hash, struct slice password);

/* A new yescrypt hash, NUL terminated. 0 or negative errno (-EINVAL: longer than PASSWORD_MOST, or
 * with a NUL in it). */
int password_hash_make(struct password_hasher *hasher, struct slice password,
                       char ret[PASSWORD_HASH_MOST]);

#endif
