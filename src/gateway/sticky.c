#include "gateway/sticky.h"

#include "base/siphash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STRIPES         16u
#define WAYS            8u
#define SETS_PER_STRIPE (STICKY_SESSIONS_MOST / STRIPES / WAYS)

struct session {
    struct sticky_key key; /* len 0: free */
    enum sticky_proof proof;
    unsigned target;
    uint64_t until_ms;
};

struct stripe {
    pthread_mutex_t lock;     /* guards `sessions` */
    struct session *sessions; /* owned: SETS_PER_STRIPE times WAYS, NULL until the first is put */
};

struct sticky {
    uint64_t timeout_ms;
    struct siphash_key key;
    struct stripe stripes[STRIPES];
};

/* ---- keys ---- */

struct sticky_key sticky_key_of_client(const union socket_address *client)
{
    struct sticky_key key = { 0 };

    key.len = address_client_key(client, key.bytes);
    return key;
}

/* 128 bits: two different sessions never meet. */
struct sticky_key sticky_key_of_session(struct slice name, struct slice value)
{
    const struct siphash_key process = siphash_process_key();
    const struct siphash_key by_name = { siphash(process, name), process.b };
    const struct siphash_key halves[2] = { by_name, { ~by_name.a, by_name.b } };
    struct sticky_key key = { .len = sizeof(key.bytes) };

    for (size_t i = 0; i < 2; i++) {
        const uint64_t hash = siphash(halves[i], value);

        memcpy(key.bytes + i * sizeof(hash), &hash, sizeof(hash));
    }
    return key;
}

/* ---- the table ---- */

struct sticky *sticky_new(uint64_t timeout_ms)
{
    struct sticky *sticky = calloc(1, sizeof(*sticky));

    if (!sticky)
        abort();
    sticky->timeout_ms = timeout_ms;
    sticky->key = siphash_process_key();
    for (unsigned i = 0; i < STRIPES; i++)
        pthread_mutex_init(&sticky->stripes[i].lock, NULL);
    return sticky;
}

void sticky_free(struct sticky *sticky)
{
    if (!sticky)
        return;
    for (unsigned i = 0; i < STRIPES; i++) {
        pthread_mutex_destroy(&sticky->stripes[i].lock);
        free(sticky->stripes[i].sessions);
    }
    free(sticky);
}

/* The stripe of a visitor, locked, and its set in it. */
static struct stripe *enter(struct sticky *sticky, const struct sticky_key *key, size_t *ret_first)
{
    const uint64_t hash = siphash(sticky->key, slice_of(key->bytes, key->len));
    struct stripe *stripe = &sticky->stripes[hash % STRIPES];

    *ret_first = (size_t)(hash / STRIPES % SETS_PER_STRIPE) * WAYS;
    pthread_mutex_lock(&stripe->lock);
    return stripe;
}

static void leave(struct stripe *stripe)
{
    pthread_mutex_unlock(&stripe->lock);
}

static bool is_of(const struct session *session, const struct sticky_key *key)
{
    return slice_equal(slice_of(session->key.bytes, session->key.len),
                       slice_of(key->bytes, key->len));
}

/* NULL: it is not there. */
static struct session *find_in_set(const struct stripe *stripe, size_t first,
                                   const struct sticky_key *key)
{
    for (unsigned i = 0; stripe->sessions && i < WAYS; i++)
        if (is_of(&stripe->sessions[first + i], key))
            return &stripe->sessions[first + i];
    return NULL;
}

bool sticky_find(struct sticky *sticky, const struct sticky_key *key, uint64_t now_ms,
                 unsigned *ret_target)
{
    size_t first;

    if (key->len == 0)
        return false;
    struct stripe *stripe = enter(sticky, key, &first);
    const struct session *session = find_in_set(stripe, first, key);
    const bool found = session && session->until_ms > now_ms;
    if (found)
        *ret_target = session->target;
    leave(stripe);
    return found;
}

/* The one whose session ends (or has ended, or never began) first, of those that may be pushed out.
 * NULL: none may. */
static struct session *choose_place(struct session *set, enum sticky_proof proof, uint64_t now_ms)
{
    struct session *place = NULL;

    for (unsigned i = 0; i < WAYS; i++) {
        const bool lives = set[i].until_ms > now_ms;

        if (lives && set[i].proof > proof)
            continue;
        if (!place || set[i].until_ms < place->until_ms)
            place = &set[i];
    }
    return place;
}

void sticky_put(struct sticky *sticky, const struct sticky_key *key, enum sticky_proof proof,
                uint64_t now_ms, unsigned target)
{
    size_t first;

    if (key->len == 0)
        return;
    struct stripe *stripe = enter(sticky, key, &first);
    if (!stripe->sessions) {
        stripe->sessions = calloc((size_t)SETS_PER_STRIPE * WAYS, sizeof(struct session));
        if (!stripe->sessions)
            abort();
    }

    struct session *place = find_in_set(stripe, first, key);
    if (place && place->until_ms > now_ms && place->proof > proof)
        proof = place->proof;
    if (!place)
        place = choose_place(&stripe->sessions[first], proof, now_ms);
    if (place)
        *place = (struct session){
            .key = *key, .proof = proof, .target = target, .until_ms = now_ms + sticky->timeout_ms
        };
    leave(stripe);
}

/* Both tables hash alike: each session has the same place in both. */
static void inherit_stripe(struct stripe *stripe, const struct stripe *former,
                           const unsigned *now_at)
{
    const size_t count = (size_t)SETS_PER_STRIPE * WAYS;

    if (!former->sessions)
        return;
    stripe->sessions = calloc(count, sizeof(struct session));
    if (!stripe->sessions)
        abort();
    for (size_t i = 0; i < count; i++) {
        const struct session *session = &former->sessions[i];

        if (session->key.len == 0 || now_at[session->target] == STICKY_NOWHERE)
            continue;
        stripe->sessions[i] = *session;
        stripe->sessions[i].target = now_at[session->target];
    }
}

void sticky_inherit(struct sticky *sticky, struct sticky *former, const unsigned *now_at)
{
    for (unsigned i = 0; i < STRIPES; i++) {
        pthread_mutex_lock(&former->stripes[i].lock);
        inherit_stripe(&sticky->stripes[i], &former->stripes[i], now_at);
        pthread_mutex_unlock(&former->stripes[i].lock);
    }
}

void sticky_forget(struct sticky *sticky, const struct sticky_key *key)
{
    size_t first;

    if (key->len == 0)
        return;
    struct stripe *stripe = enter(sticky, key, &first);
    struct session *session = find_in_set(stripe, first, key);
    if (session)
        *session = (struct session){ 0 };
    leave(stripe);
}
