#include "base/sha256.h"

#include <assert.h>
#include <endian.h>

/* Names and steps follow FIPS 180-4, section 6.2. */

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate(uint32_t value, unsigned bits)
{
    return value >> bits | value << (32 - bits);
}

static void spread(const unsigned char *block, uint32_t words[64])
{
    memcpy(words, block, 64);
    for (unsigned t = 0; t < 16; t++)
        words[t] = be32toh(words[t]);
    for (unsigned t = 16; t < 64; t++) {
        uint32_t near = words[t - 2];
        uint32_t far = words[t - 15];

        words[t] = (rotate(near, 17) ^ rotate(near, 19) ^ near >> 10) + words[t - 7] +
                   (rotate(far, 7) ^ rotate(far, 18) ^ far >> 3) + words[t - 16];
    }
}

static void digest_block(uint32_t state[8], const unsigned char *block)
{
    uint32_t words[64];
    uint32_t v[8]; /* a to h */

    spread(block, words);
    memcpy(v, state, sizeof(v));
    for (unsigned t = 0; t < 64; t++) {
        uint32_t t1 = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
                      ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[t] + words[t];
        uint32_t t2 = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
                      ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (unsigned i = 0; i < 8; i++)
        state[i] += v[i];
}

void sha256_init(struct sha256 *sha)
{
    *sha = (struct sha256){ .state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                       0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}

void sha256_add(struct sha256 *sha, struct slice data)
{
    size_t held = sha->len % sizeof(sha->block);

    sha->len += data.len;
    while (data.len > 0) {
        struct slice part = slice_first(data, sizeof(sha->block) - held);

        memcpy(sha->block + held, part.at, part.len);
        held += part.len;
        data = slice_skip(data, part.len);
        if (held == sizeof(sha->block)) {
            digest_block(sha->state, sha->block);
            held = 0;
        }
    }
}

void sha256_end(struct sha256 *sha, unsigned char ret[SHA256_LEN])
{
    static const char padding[64] = { '\x80' };
    uint64_t bits = htobe64(sha->len * 8);

    sha256_add(sha, slice_of(padding, 1 + (119 - sha->len % 64) % 64));
    sha256_add(sha, slice_of(&bits, sizeof(bits)));
    for (unsigned i = 0; i < 8; i++) {
        uint32_t word = htobe32(sha->state[i]);

        memcpy(ret + sizeof(word) * i, &word, sizeof(word));
    }
}

void sha256_of(struct slice text, unsigned char ret[SHA256_LEN])
{
    struct sha256 sha;

    sha256_init(&sha);
    sha256_add(&sha, text);
    sha256_end(&sha, ret);
}

/* One of the two passes: the key with `pad`, then the parts. */
static void pass(const unsigned char key[64], unsigned char pad, const struct slice *parts,
                 unsigned count, unsigned char ret[SHA256_LEN])
{
    unsigned char padded[64];
    struct sha256 sha;

    for (unsigned i = 0; i < sizeof(padded); i++)
        padded[i] = key[i] ^ pad;
    sha256_init(&sha);
    sha256_add(&sha, slice_of(padded, sizeof(padded)));
    for (unsigned i = 0; i < count; i++)
        sha256_add(&sha, parts[i]);
    sha256_end(&sha, ret);
}

void hmac_sha256(struct slice key, const struct slice *parts, unsigned count,
                 unsigned char ret[SHA256_LEN])
{
    unsigned char block[64] = { 0 };
    unsigned char inner[SHA256_LEN];
    const struct slice result = slice_of(inner, sizeof(inner));

    assert(key.len <= sizeof(block)); /* ours are not longer */
    memcpy(block, key.at, key.len);
    pass(block, 0x36, parts, count, inner);
    pass(block, 0x5c, &result, 1, ret);
}
