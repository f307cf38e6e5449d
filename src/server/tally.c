#include "server/tally.h"

#include "base/siphash.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define STRIPES 64u
#define SETS    64u /* of each stripe */
#define WAYS    8u  /* clients of one set */

struct count {
    unsigned char key[16];
    unsigned key_len; /* 0: free */
    uint64_t seen_ms;
    uint64_t window; /* the number of the one that is counted */
    uint32_t now;    /* in it */
    uint32_t before; /* in the one before */
};

struct stripe {
    pthread_mutex_t lock; /* guards the rest */
    struct count counts[SETS][WAYS];
};

struct tally {
    struct siphash_key hash_key;
    struct stripe stripes[STRIPES];
};

struct tally *tally_new(void)
{
    struct tally *tally = calloc(1, sizeof(*tally)); /* pages that are not used cost nothing */

    if (!tally)
        abort();
    tally->hash_key = siphash_process_key();
    for (unsigned i = 0; i < STRIPES; i++)
        pthread_mutex_init(&tally->stripes[i].lock, NULL);
    return tally;
}

void tally_free(struct tally *tally)
{
    for (unsigned i = 0; i < STRIPES; i++)
        pthread_mutex_destroy(&tally->stripes[i].lock);
    free(tally);
}

/* The client's record, or the one that is given up for it. */
static struct count *find(struct count *set, const unsigned char *key, unsigned key_len)
{
    struct count *oldest = &set[0];

    for (unsigned i = 0; i < WAYS; i++) {
        if (set[i].key_len == key_len && memcmp(set[i].key, key, key_len) == 0)
            return &set[i];
        if (set[i].key_len == 0 || (oldest->key_len != 0 && set[i].seen_ms < oldest->seen_ms))
            oldest = &set[i];
    }
    *oldest = (struct count){ .key_len = key_len };
    memcpy(oldest->key, key, key_len);
    return oldest;
}

static uint64_t count_in(struct count *count, uint64_t window_ms, uint64_t now_ms)
{
    const uint64_t window = now_ms / window_ms;
    const uint64_t left_ms = window_ms - now_ms % window_ms;

    if (count->window != window) {
        count->before = count->window + 1 == window ? count->now : 0;
        count->now = 0;
        count->window = window;
    }
    if (count->now < UINT32_MAX)
        count->now++;
    count->seen_ms = now_ms;
    /* times of years and numbers of billions do not overflow together */
    return count->now + (uint64_t)((double)count->before * (double)left_ms / (double)window_ms);
}

struct way {
    unsigned char key[16];
    unsigned key_len;
    struct stripe *stripe;
    struct count *set;
};

static struct way way_to(struct tally *tally, const union socket_address *client)
{
    struct way way;

    way.key_len = address_client_key(client, way.key);
    const uint64_t hash = siphash(tally->hash_key, slice_of(way.key, way.key_len));
    way.stripe = &tally->stripes[hash % STRIPES];
    way.set = way.stripe->counts[hash / STRIPES % SETS];
    return way;
}

uint64_t tally_count(struct tally *tally, const union socket_address *client, uint64_t window_ms,
                     uint64_t now_ms)
{
    const struct way way = way_to(tally, client);

    pthread_mutex_lock(&way.stripe->lock);
    const uint64_t number = count_in(find(way.set, way.key, way.key_len), window_ms, now_ms);
    pthread_mutex_unlock(&way.stripe->lock);
    return number;
}

void tally_forget(struct tally *tally, const union socket_address *client)
{
    const struct way way = way_to(tally, client);

    pthread_mutex_lock(&way.stripe->lock);
    *find(way.set, way.key, way.key_len) = (struct count){ 0 };
    pthread_mutex_unlock(&way.stripe->lock);
}
