#include "gateway/sticky_cookie.h"

#include <string.h>

#define TARGET_DIGITS 16u
#define UNTIL_DIGITS  10u
#define SEAL_DIGITS   16u
#define SEALED        (TARGET_DIGITS + UNTIL_DIGITS)

_Static_assert(SEALED + SEAL_DIGITS == STICKY_COOKIE_LEN, "the parts make the whole");

/* ---- the secret ---- */

/* SipHash is a pseudorandom function: each of its keys and numbers gives an unrelated value. */
static uint64_t derive(struct slice key, uint64_t number)
{
    const struct siphash_key fixed = { 0x737469636b792d6b, number };

    return siphash(fixed, key);
}

static struct siphash_key derive_key(struct slice key, uint64_t number)
{
    return (struct siphash_key){ derive(key, 2 * number), derive(key, 2 * number + 1) };
}

struct sticky_secret sticky_secret_of(struct slice key)
{
    return (struct sticky_secret){
        .names = derive_key(key, 1),
        .seal = derive_key(key, 2),
        .sessions = derive_key(key, 3),
    };
}

uint64_t sticky_cookie_name(const struct sticky_secret *secret, struct slice target)
{
    return siphash(secret->names, target);
}

/* ---- digits ---- */

static void put_hex(char *out, uint64_t value, unsigned digits)
{
    for (unsigned i = 0; i < digits; i++)
        out[i] = "0123456789abcdef"[value >> (4 * (digits - 1 - i)) & 15];
}

static bool take_hex(const char *at, unsigned digits, uint64_t *ret)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < digits; i++) {
        const char c = at[i];

        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *ret = value;
    return true;
}

/* ---- the cookie ---- */

/* Of the section's name (by its hash, which has one length) and what stands in front of the seal.
 */
static uint64_t seal_of(const struct sticky_secret *secret, struct slice section,
                        const char sealed[SEALED])
{
    const uint64_t scope = siphash(secret->seal, section);
    char bytes[sizeof(scope) + SEALED];

    memcpy(bytes, &scope, sizeof(scope));
    memcpy(bytes + sizeof(scope), sealed, SEALED);
    return siphash(secret->seal, slice_of(bytes, sizeof(bytes)));
}

void sticky_cookie_write(const struct sticky_secret *secret, struct slice section,
                         const struct sticky_cookie *cookie, char out[STICKY_COOKIE_LEN + 1])
{
    put_hex(out, cookie->target, TARGET_DIGITS);
    put_hex(out + TARGET_DIGITS, cookie->until_s, UNTIL_DIGITS);
    put_hex(out + SEALED, seal_of(secret, section, out), SEAL_DIGITS);
    out[STICKY_COOKIE_LEN] = '\0';
}

bool sticky_cookie_read(const struct sticky_secret *secret, struct slice section, struct slice text,
                        struct sticky_cookie *ret)
{
    struct sticky_cookie cookie;
    uint64_t seal;

    if (text.len != STICKY_COOKIE_LEN || !take_hex(text.at, TARGET_DIGITS, &cookie.target) ||
        !take_hex(text.at + TARGET_DIGITS, UNTIL_DIGITS, &cookie.until_s) ||
        !take_hex(text.at + SEALED, SEAL_DIGITS, &seal))
        return false;
    if ((seal ^ seal_of(secret, section, text.at)) != 0) /* compared at once: no time to measure */
        return false;
    *ret = cookie;
    return true;
}
