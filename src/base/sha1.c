#include "base/sha1.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define BLOCK_LEN 64u

/* Names and steps follow FIPS 180-4, section 6.1. */

static inline uint32_t rotate(uint32_t value, unsigned bits)
{
    return value << bits | value >> (32 - bits);
}

static void spread(const unsigned char *block, uint32_t words[80])
{
    memcpy(words, block, BLOCK_LEN);
    for (unsigned t = 0; t < 16; t++)
        words[t] = be32toh(words[t]);
    for (unsigned t = 16; t < 80; t++)
        words[t] = rotate(words[t - 3] ^ words[t - 8] ^ words[t - 14] ^ words[t - 16], 1);
}

/* The function of the round, with its constant. */
static uint32_t mix(unsigned t, uint32_t b, uint32_t c, uint32_t d)
{
    switch (t / 20) {
    case 0:
        return ((b & c) ^ (~b & d)) + 0x5a827999;
    case 1:
        return (b ^ c ^ d) + 0x6ed9eba1;
    case 2:
        return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc;
    default:
        return (b ^ c ^ d) + 0xca62c1d6;
    }
}

static void digest_block(uint32_t state[5], const unsigned char *block)
{
    uint32_t words[80];
    uint32_t v[5]; /* a to e */

    spread(block, words);
    memcpy(v, state, sizeof(v));
    for (unsigned t = 0; t < 80; t++) {
        const uint32_t first = rotate(v[0], 5) + mix(t, v[1], v[2], v[3]) + v[4] + words[t];

        memmove(v + 1, v, 4 * sizeof(v[0]));
        v[2] = rotate(v[2], 30);
        v[0] = first;
    }
    for (unsigned i = 0; i < 5; i++)
        state[i] += v[i];
}

/* What is left, a bit, zeros, and the length: one block or two. */
static void digest_end(uint32_t state[5], struct slice rest, uint64_t bits)
{
    unsigned char last[2 * BLOCK_LEN] = { 0 };
    const size_t len = rest.len + 1 + sizeof(bits) > BLOCK_LEN ? 2 * BLOCK_LEN : BLOCK_LEN;

    if (rest.len > 0)
        memcpy(last, rest.at, rest.len);
    last[rest.len] = 0x80;
    bits = htobe64(bits);
    memcpy(last + len - sizeof(bits), &bits, sizeof(bits));
    for (size_t at = 0; at < len; at += BLOCK_LEN)
        digest_block(state, last + at);
}

void sha1(struct slice data, unsigned char ret[SHA1_LEN])
{
    uint32_t state[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 };
    const uint64_t bits = (uint64_t)data.len * 8;

    for (; data.len >= BLOCK_LEN; data = slice_skip(data, BLOCK_LEN))
        digest_block(state, (const unsigned char *)data.at);
    digest_end(state, data, bits);
    for (unsigned i = 0; i < 5; i++)
        state[i] = htobe32(state[i]);
    memcpy(ret, state, SHA1_LEN);
}
