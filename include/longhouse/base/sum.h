#ifndef BASE_SUM_H
#define BASE_SUM_H

/*
 * Sums of bytes, by OpenSSL: SHA-256 (FIPS 180-4), HMAC with it (RFC 2104), and MD5 (RFC 1321) for
 * what was agreed upon long ago and cannot be changed, Digest logins and the password files of
 * Apache; that one protects nothing new.
 *
 * They are the same wherever they are made: what the system is set to (openssl.cnf) has no say, and
 * no file is read.
 */
#include "base/slice.h"

#define MD5_LEN    16u
#define SHA256_LEN 32u

enum sum_kind { SUM_MD5, SUM_SHA256 };

/* One that is being made. A zeroed one is none. */
struct sum {
    void *context; /* owned: from sum_begin() to sum_end() or sum_drop() */
};

void sum_begin(struct sum *sum, enum sum_kind kind);
void sum_add(struct sum *sum, struct slice data);
void sum_end(struct sum *sum, unsigned char *ret); /* MD5_LEN or SHA256_LEN bytes */

/* It is not wanted any more. Harmless on none, and when repeated. */
void sum_drop(struct sum *sum);

/* Of the parts one behind the other. */
void sum_of(enum sum_kind kind, const struct slice *parts, unsigned count, unsigned char *ret);
void hmac_sha256(struct slice key, const struct slice *parts, unsigned count,
                 unsigned char ret[SHA256_LEN]);

/* Of a whole text. */
void sha256_of(struct slice text, unsigned char ret[SHA256_LEN]);

#endif
