#ifndef BASE_SHA256_H
#define BASE_SHA256_H

/*
 * SHA-256 (FIPS 180-4), and HMAC with it (RFC 2104): Digest logins, seals on what clients bring
 * back, sums of files.
 */
#include "base/slice.h"

#include <stdint.h>

#define SHA256_LEN 32u

struct sha256 {
    uint32_t state[8];
    uint64_t len;
    unsigned char block[64];
};

void sha256_init(struct sha256 *sha);
void sha256_add(struct sha256 *sha, struct slice data);
void sha256_end(struct sha256 *sha, unsigned char ret[SHA256_LEN]);

/* Of a whole text. */
void sha256_of(struct slice text, unsigned char ret[SHA256_LEN]);

/* Of the parts one behind the other. */
void hmac_sha256(struct slice key, const struct slice *parts, unsigned count,
                 unsigned char ret[SHA256_LEN]);

#endif
