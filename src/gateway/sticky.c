#include "gateway/sticky.h"

#include "base/siphash.h"

#include <pthread.h>
#include <stdlib.h>

#define STRIPES         16u
#define WAYS            8u
#define SETS_PER_STRIPE (STICKY_SESSIONS_MOST / STRIPES / WAYS)

struct session {
    unsigned char client[16]; /* address_client_key() */
    unsigned client_len;      /* 0: free */
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

/* The stripe of a client, locked, and the place of its set. NULL: the address names nobody. */
static struct stripe *enter(struct sticky *sticky, const union socket_address *client,
                            struct session *ret_wanted, size_t *ret_first)
{
    struct session wanted = { .client_len = address_client_key(client, wanted.client) };

    if (wanted.client_len == 0)
        return NULL;

    uint64_t hash = siphash(sticky->key, slice_of(wanted.client, wanted.client_len));
    struct stripe *stripe = &sticky->stripes[hash % STRIPES];
    *ret_wanted = wanted;
    *ret_first = (size_t)(hash / STRIPES % SETS_PER_STRIPE) * WAYS;
    pthread_mutex_lock(&stripe->lock);
    return stripe;
}

static void leave(struct stripe *stripe)
{
    pthread_mutex_unlock(&stripe->lock);
}

static bool is_same_client(const struct session *a, const struct session *b)
{
    return slice_equal(slice_of(a->client, a->client_len), slice_of(b->client, b->client_len));
}

bool sticky_find(struct sticky *sticky, const union socket_address *client, uint64_t now_ms,
                 unsigned *ret_target)
{
    struct session wanted;
    size_t first;
    struct stripe *stripe = enter(sticky, client, &wanted, &first);
    bool found = false;

    if (!stripe)
        return false;
    for (unsigned i = 0; stripe->sessions && i < WAYS && !found; i++) {
        const struct session *session = &stripe->sessions[first + i];

        found = is_same_client(session, &wanted) && session->until_ms > now_ms;
        if (found)
            *ret_target = session->target;
    }
    leave(stripe);
    return found;
}

/* Where the client goes: its own place, or the one whose session ends (or has ended, or never
 * began) first. */
static struct session *choose_place(struct session *set, const struct session *wanted)
{
    struct session *place = &set[0];

    for (unsigned i = 0; i < WAYS; i++) {
        if (is_same_client(&set[i], wanted))
            return &set[i];
        if (set[i].until_ms < place->until_ms)
            place = &set[i];
    }
    return place;
}

void sticky_put(struct sticky *sticky, const union socket_address *client, uint64_t now_ms,
                unsigned target)
{
    struct session wanted;
    size_t first;
    struct stripe *stripe = enter(sticky, client, &wanted, &first);

    if (!stripe)
        return;
    if (!stripe->sessions) {
        stripe->sessions = calloc((size_t)SETS_PER_STRIPE * WAYS, sizeof(struct session));
        if (!stripe->sessions)
            abort();
    }
    wanted.target = target;
    wanted.until_ms = now_ms + sticky->timeout_ms;
    *choose_place(&stripe->sessions[first], &wanted) = wanted;
    leave(stripe);
}
