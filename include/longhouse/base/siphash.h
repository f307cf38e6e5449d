#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

/*
 * SipHash-2-4 (Aumasson, Bernstein): a keyed hash that cannot be flooded without the key.
 */
#include "base/slice.h"

#include <stdint.h>

struct siphash_key {
    uint64_t a;
    uint64_t b;
};

uint64_t siphash(struct siphash_key key, struct slice data);

/* SipHash-1-3, half the work: for places in tables, which nobody outside ever sees. */
uint64_t siphash_quick(struct siphash_key key, struct slice data);

/* The key of this process, drawn from getrandom() at the first call; safe from any thread. */
struct siphash_key siphash_process_key(void);

#endif
