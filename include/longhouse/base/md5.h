#ifndef BASE_MD5_H
#define BASE_MD5_H

/*
 * MD5 (RFC 1321), for what was agreed upon long ago and cannot be changed: Digest logins and the
 * password files of Apache. It protects nothing new.
 */
#include "base/slice.h"

#include <stdint.h>

#define MD5_LEN 16u

struct md5 {
    uint32_t state[4];
    uint64_t len;
    unsigned char block[64];
};

void md5_init(struct md5 *md5);
void md5_add(struct md5 *md5, struct slice data);
void md5_end(struct md5 *md5, unsigned char ret[MD5_LEN]);

#endif
