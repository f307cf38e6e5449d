#include "site/digest.h"

#include "base/encode.h"
#include "base/sum.h"

#include <string.h>

#define SUM_DIGITS_MOST ((size_t)2 * SHA256_LEN)

static const char *const algorithm_names[DIGEST_ALGORITHMS] = { "MD5", "SHA-256" };

bool digest_algorithm_find(struct slice name, enum digest_algorithm *ret)
{
    *ret = DIGEST_MD5;
    if (name.len == 0)
        return true; /* RFC 7616 3.4: it defaults to MD5 */
    for (unsigned i = 0; i < DIGEST_ALGORITHMS; i++) {
        if (!slice_equal_nocase(name, slice_cstr(algorithm_names[i])))
            continue;
        *ret = (enum digest_algorithm)i;
        return true;
    }
    return false;
}

const char *digest_algorithm_name(enum digest_algorithm algorithm)
{
    return algorithm_names[algorithm];
}

/* ---- the response (RFC 7616 3.4.1) ---- */

/* H() of the parts one behind the other, in hexadecimal. */
static struct slice sum(enum digest_algorithm algorithm, const struct slice *parts, unsigned count,
                        char out[SUM_DIGITS_MOST])
{
    struct text text = text_on(out, SUM_DIGITS_MOST);
    unsigned char bytes[SHA256_LEN];
    const bool is_md5 = algorithm == DIGEST_MD5;

    sum_of(is_md5 ? SUM_MD5 : SUM_SHA256, parts, count, bytes);
    hex_encode(&text, slice_of(bytes, is_md5 ? MD5_LEN : SHA256_LEN));
    return text_slice(&text);
}

static bool is_equal_hex(struct slice a, struct slice given)
{
    char small[SUM_DIGITS_MOST];

    if (given.len != a.len)
        return false;
    for (size_t i = 0; i < given.len; i++)
        small[i] = ascii_lower(given.at[i]);
    return slice_equal_secret(a, slice_of(small, given.len));
}

bool digest_response_fits(const struct authorization *auth, enum digest_algorithm algorithm,
                          struct slice hash, struct slice method)
{
    const struct slice colon = SLICE(":");
    const struct slice what[] = { method, colon, auth->uri };
    char what_hex[SUM_DIGITS_MOST];
    char hex[SUM_DIGITS_MOST];
    const struct slice a2 = sum(algorithm, what, 3, what_hex);
    const struct slice all[] = { hash,  colon,        auth->nonce,     colon, auth->nc_text,
                                 colon, auth->cnonce, SLICE(":auth:"), a2 };

    return is_equal_hex(sum(algorithm, all, sizeof(all) / sizeof(all[0]), hex), auth->response);
}

/* ---- nonces ---- */

/* What a nonce says, in hexadecimal: when and as which it was given out, and our seal on that. */
#define WORD_DIGITS 16u
#define SAID_DIGITS (2 * WORD_DIGITS)
#define SEAL_BYTES  16u
_Static_assert(SAID_DIGITS + 2 * SEAL_BYTES == DIGEST_NONCE_LEN, "the parts make the whole");

void nonces_init(struct nonces *nonces, const unsigned char key[32])
{
    *nonces = (struct nonces){ 0 };
    memcpy(nonces->key, key, sizeof(nonces->key));
}

static void add_seal(const struct nonces *nonces, struct slice realm, struct text *text)
{
    const struct slice parts[] = { text_slice(text), realm };
    unsigned char seal[SHA256_LEN];

    hmac_sha256(slice_of(nonces->key, sizeof(nonces->key)), parts, 2, seal);
    hex_encode(text, slice_of(seal, SEAL_BYTES));
}

static void write_nonce(const struct nonces *nonces, struct slice realm, uint64_t begun_ms,
                        uint64_t serial, char ret[DIGEST_NONCE_LEN])
{
    struct text text = text_on(ret, DIGEST_NONCE_LEN);

    text_add_hex(&text, begun_ms, WORD_DIGITS);
    text_add_hex(&text, serial, WORD_DIGITS);
    add_seal(nonces, realm, &text);
}

void nonces_give(struct nonces *nonces, struct slice realm, uint64_t now_ms,
                 char ret[DIGEST_NONCE_LEN])
{
    write_nonce(nonces, realm, now_ms, ++nonces->serial, ret);
}

static uint64_t read_word(const char *at)
{
    uint64_t word = 0;

    for (unsigned i = 0; i < WORD_DIGITS; i++)
        word = word << 4 | (uint64_t)(hex_digit(at[i]) & 15);
    return word;
}

/* What was written with our key, word for word. */
static bool read_nonce(const struct nonces *nonces, struct slice realm, struct slice nonce,
                       uint64_t *ret_begun_ms, uint64_t *ret_serial)
{
    char ours[DIGEST_NONCE_LEN];

    if (nonce.len != DIGEST_NONCE_LEN)
        return false;
    *ret_begun_ms = read_word(nonce.at);
    *ret_serial = read_word(nonce.at + WORD_DIGITS);
    write_nonce(nonces, realm, *ret_begun_ms, *ret_serial, ours);
    return slice_equal_secret(slice_of(ours, sizeof(ours)), nonce);
}

/* A nonce that is used first takes the place of an older one, never of a younger one: what was
 * forgotten does not come back. */
static struct nonce_use *use_of(struct nonces *nonces, uint64_t serial)
{
    struct nonce_use *use = &nonces->uses[serial % DIGEST_NONCES_MOST];

    if (use->serial > serial)
        return NULL;
    if (use->serial < serial)
        *use = (struct nonce_use){ .serial = serial };
    return use;
}

/* Requests of one client overtake each other: counts come in any order, but each once. */
static bool take_count(struct nonce_use *use, uint32_t nc)
{
    if (nc == 0)
        return false;
    if (nc > use->greatest) {
        const uint32_t ahead = nc - use->greatest;

        use->taken = (ahead < DIGEST_COUNTS ? use->taken << ahead : 0) | 1;
        use->greatest = nc;
        return true;
    }
    const uint32_t behind = use->greatest - nc;
    if (behind >= DIGEST_COUNTS || (use->taken >> behind & 1))
        return false;
    use->taken |= UINT64_C(1) << behind;
    return true;
}

bool nonces_take(struct nonces *nonces, struct slice realm, struct slice nonce, uint32_t nc,
                 uint64_t now_ms)
{
    uint64_t begun_ms = 0;
    uint64_t serial = 0;

    if (!read_nonce(nonces, realm, nonce, &begun_ms, &serial) ||
        now_ms - begun_ms > DIGEST_NONCE_AGE_MS)
        return false;
    struct nonce_use *use = use_of(nonces, serial);
    return use && take_count(use, nc);
}
