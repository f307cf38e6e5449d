#include "os/password_hash.h"

#include "os_private.h"

#include <crypt.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(PASSWORD_HASH_MOST >= CRYPT_OUTPUT_SIZE, "every hash fits");
_Static_assert(PASSWORD_MOST == CRYPT_MAX_PASSPHRASE_SIZE, "every password fits");

#define DES_LEN 13u

struct password_hasher {
    struct crypt_data crypt;
    char password[PASSWORD_MOST + 1];
};

struct password_hasher *password_hasher_new(void)
{
    struct password_hasher *hasher = calloc(1, sizeof(*hasher));

    if (!hasher)
        abort();
    return hasher;
}

void password_hasher_free(struct password_hasher *hasher)
{
    if (hasher)
        explicit_bzero(hasher, sizeof(*hasher));
    free(hasher);
}

/* ---- forms ---- */

/* The library takes any two letters for the salt of a DES hash: a word in plain text as well. */
static bool is_des(struct slice hash)
{
    for (size_t i = 0; i < hash.len; i++)
        if (!ascii_is_alpha(hash.at[i]) && !ascii_is_digit(hash.at[i]) && hash.at[i] != '.' &&
            hash.at[i] != '/')
            return false;
    return hash.len == DES_LEN;
}

/* "$id$..$hash" with something behind the last '$'. */
static bool is_complete(struct slice hash)
{
    size_t last = slice_find_last(hash, '$');

    return hash.at[0] == '$' && last > 1 && hash.len - last > 1;
}

static bool copy_hash(struct slice hash, char out[PASSWORD_HASH_MOST])
{
    if (hash.len == 0 || hash.len >= PASSWORD_HASH_MOST || slice_has(hash, '\0'))
        return false;
    memcpy(out, hash.at, hash.len);
    out[hash.len] = '\0';
    return true;
}

enum password_form password_hash_form(struct slice hash)
{
    char text[PASSWORD_HASH_MOST];

    if (!copy_hash(hash, text))
        return PASSWORD_FORM_UNKNOWN;
    if (text[0] == '*' || text[0] == '!')
        return PASSWORD_FORM_LOCKED;
    if (is_des(hash) || apr1_is(hash))
        return PASSWORD_FORM_OLD;
    if (!is_complete(hash))
        return PASSWORD_FORM_UNKNOWN;
    switch (crypt_checksalt(text)) {
    case CRYPT_SALT_OK:
        return PASSWORD_FORM_GOOD;
    case CRYPT_SALT_METHOD_LEGACY: /* SHA-256 is not the newest, and no worse than SHA-512 */
        return slice_starts(hash, SLICE("$5$")) ? PASSWORD_FORM_GOOD : PASSWORD_FORM_OLD;
    case CRYPT_SALT_TOO_CHEAP:
        return PASSWORD_FORM_OLD;
    default:
        return PASSWORD_FORM_UNKNOWN;
    }
}

/* ---- hashing ---- */

static bool copy_password(struct password_hasher *hasher, struct slice password)
{
    if (password.len >= PASSWORD_MOST || slice_has(password, '\0'))
        return false;
    if (password.len > 0)
        memcpy(hasher->password, password.at, password.len);
    hasher->password[password.len] = '\0';
    return true;
}

/* Nothing of the password stays behind. The result is empty when there is none. */
static struct slice run(struct password_hasher *hasher, const char *setting)
{
    const char *out = crypt_r(hasher->password, setting, &hasher->crypt);

    explicit_bzero(hasher->password, sizeof(hasher->password));
    return out && out[0] != '*' ? slice_cstr(out) : SLICE("");
}

bool password_hash_fits(struct password_hasher *hasher, struct slice hash, struct slice password)
{
    const enum password_form form = password_hash_form(hash);
    char setting[PASSWORD_HASH_MOST];

    if ((form != PASSWORD_FORM_GOOD && form != PASSWORD_FORM_OLD) || !copy_hash(hash, setting) ||
        !copy_password(hasher, password))
        return false;
    if (apr1_is(hash))
        return apr1_fits(hash, password);
    return slice_equal_secret(run(hasher, setting), hash);
}

int password_hash_make(struct password_hasher *hasher, struct slice password,
                       char ret[PASSWORD_HASH_MOST])
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];

    if (!copy_password(hasher, password))
        return -EINVAL;
    if (!crypt_gensalt_rn("$y$", 0, NULL, 0, setting, sizeof(setting)))
        return -errno;

    struct slice hash = run(hasher, setting);
    if (hash.len == 0)
        return -errno;
    copy_hash(hash, ret);
    return 0;
}
