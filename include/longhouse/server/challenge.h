#ifndef SERVER_CHALLENGE_H
#define SERVER_CHALLENGE_H

/*
 * ChallengeClient: while there are very many connections, clients have to prove that they keep
 * cookies, or run scripts, before anything is done for them. The proof is a seal over their address
 * and the hour, made with a key of the house: nothing is kept for it, and another server with the
 * same key takes it too. Who does not learn after a few challenges is refused, and banned.
 *
 * Only GET and HEAD are challenged: other requests could not be repeated safely, and get 503 when
 * they bring no proof.
 */
#include "base/address.h"
#include "base/sum.h"
#include "config/screen_conf.h"
#include "http/exchange.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CHALLENGE_COOKIE     "longhouse_challenge"
#define CHALLENGE_SEAL_LEN   32 /* hexadecimal */
#define CHALLENGE_HOUR_S     3600
#define CHALLENGE_TRIES_MOST 10u    /* challenges ... */
#define CHALLENGE_WINDOW_MS  60000u /* ... within this time */

struct tally;
struct log;

/* Of a house: shared by all reactors. */
struct challenger {
    _Atomic bool is_on;
    struct tally *tries; /* owned */
};

/* What seals are made with. */
struct challenge_key {
    unsigned char bytes[SHA256_LEN];
};

/* Of the secret in the configuration, or, where there is none, of the key of the house. */
struct challenge_key challenge_key_of(struct slice secret, struct slice key);

/* Writes the seal and a NUL. */
void challenge_seal(const struct challenge_key *key, const union socket_address *client,
                    int64_t now_s, char out[CHALLENGE_SEAL_LEN + 1]);

/* The request brings a seal of this hour, or of the one before. */
bool challenge_is_answered(const struct challenge_key *key, const union socket_address *client,
                           const struct fields *fields, int64_t now_s);

/* Whether there are so many connections that clients are challenged: on from the threshold on, off
 * below 90% of it. What changes is one line in the log. */
bool challenge_is_on(struct challenger *challenger, const struct challenge_conf *conf,
                     uint64_t connections, struct log *log);

/*
 * Starts the answer of a request that has no proof: a challenge, or, behind too many of them, 503
 * and OFFENCE_CHALLENGE. It is the exchange's handler from then on.
 */
void challenge_start(struct challenger *challenger, const struct challenge_conf *conf,
                     const struct challenge_key *key, struct exchange *x);

#endif
