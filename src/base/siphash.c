#include "base/siphash.h"

#include "base/word.h"

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

/* Names and steps follow the paper: "SipHash: a fast short-input PRF", section 2. */
struct sip {
    uint64_t v0;
    uint64_t v1;
    uint64_t v2;
    uint64_t v3;
};

static inline uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static inline void sip_round(struct sip *sip)
{
    sip->v0 += sip->v1;
    sip->v2 += sip->v3;
    sip->v1 = rotate(sip->v1, 13) ^ sip->v0;
    sip->v3 = rotate(sip->v3, 16) ^ sip->v2;
    sip->v0 = rotate(sip->v0, 32);

    sip->v2 += sip->v1;
    sip->v0 += sip->v3;
    sip->v1 = rotate(sip->v1, 17) ^ sip->v2;
    sip->v3 = rotate(sip->v3, 21) ^ sip->v0;
    sip->v2 = rotate(sip->v2, 32);
}

static inline void sip_rounds(struct sip *sip, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++)
        sip_round(sip);
}

static inline void sip_word(struct sip *sip, uint64_t word, unsigned rounds)
{
    sip->v3 ^= word;
    sip_rounds(sip, rounds);
    sip->v0 ^= word;
}

static inline uint64_t load_word(const char *at)
{
    return le64toh(word_load(at));
}

/* The last word: the bytes left over, and the length modulo 256 on top. */
static inline uint64_t last_word(const char *at, size_t left, size_t len)
{
    uint64_t word = 0;

    if (left > 0 && len >= sizeof(word))
        word = load_word(at + left - sizeof(word)) >> 8 * (sizeof(word) - left);
    else
        for (size_t i = 0; i < left; i++)
            word |= (uint64_t)(unsigned char)at[i] << 8 * i;
    return word | (uint64_t)len << 56;
}

/* So many rounds for each word, and at the end. */
static inline uint64_t digest(struct siphash_key key, struct slice data, unsigned rounds,
                              unsigned last_rounds)
{
    struct sip sip = {
        .v0 = key.a ^ UINT64_C(0x736f6d6570736575),
        .v1 = key.b ^ UINT64_C(0x646f72616e646f6d),
        .v2 = key.a ^ UINT64_C(0x6c7967656e657261),
        .v3 = key.b ^ UINT64_C(0x7465646279746573),
    };
    const char *at = data.at;
    size_t left = data.len;

    for (; left >= sizeof(uint64_t); left -= sizeof(uint64_t)) {
        sip_word(&sip, load_word(at), rounds);
        at += sizeof(uint64_t);
    }
    sip_word(&sip, last_word(at, left, data.len), rounds);

    sip.v2 ^= 0xff;
    sip_rounds(&sip, last_rounds);
    return sip.v0 ^ sip.v1 ^ sip.v2 ^ sip.v3;
}

uint64_t siphash(struct siphash_key key, struct slice data)
{
    return digest(key, data, 2, 4);
}

uint64_t siphash_quick(struct siphash_key key, struct slice data)
{
    return digest(key, data, 1, 3);
}

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static struct siphash_key process_key;

/* Without a secret key every table could be flooded: there is no going on without one. */
static void draw_key(void)
{
    ssize_t got;

    do
        got = getrandom(&process_key, sizeof(process_key), 0);
    while (got < 0 && errno == EINTR);

    if (got != (ssize_t)sizeof(process_key)) {
        perror("longhouse: no random key from getrandom(), ending");
        abort();
    }
}

struct siphash_key siphash_process_key(void)
{
    pthread_once(&key_once, draw_key);
    return process_key;
}
