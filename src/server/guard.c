#include "server/guard.h"

#include "base/siphash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define STRIPES 64u

/* Beyond the limit this many more get an answer that says so; the rest is dropped. */
#define POLITE_TOTAL  128u
#define POLITE_CLIENT 16u

struct client {
    struct client *next;
    unsigned char key[16];
    unsigned key_len;
    uint64_t connections;
};

struct stripe {
    pthread_mutex_t lock; /* guards the rest */
    struct client **buckets;
    size_t bucket_count; /* power of two */
    size_t client_count;
};

struct guard {
    uint64_t total_most;
    uint64_t per_client_most;
    _Atomic uint64_t total;
    struct siphash_key hash_key;
    struct stripe stripes[STRIPES];
};

struct guard *guard_new(uint64_t total_most, uint64_t per_client_most)
{
    struct guard *guard = calloc(1, sizeof(*guard));

    if (!guard)
        abort();
    guard->total_most = total_most;
    guard->per_client_most = per_client_most;
    guard->hash_key = siphash_process_key();
    for (unsigned i = 0; i < STRIPES; i++)
        pthread_mutex_init(&guard->stripes[i].lock, NULL);
    return guard;
}

void guard_free(struct guard *guard)
{
    for (unsigned i = 0; i < STRIPES; i++) {
        struct stripe *stripe = &guard->stripes[i];

        for (size_t b = 0; b < stripe->bucket_count; b++) {
            while (stripe->buckets[b]) {
                struct client *client = stripe->buckets[b];

                stripe->buckets[b] = client->next;
                free(client);
            }
        }
        free(stripe->buckets);
        pthread_mutex_destroy(&stripe->lock);
    }
    free(guard);
}

static void stripe_grow(struct guard *guard, struct stripe *stripe)
{
    size_t count = stripe->bucket_count ? stripe->bucket_count * 2 : 16;
    struct client **buckets = calloc(count, sizeof(struct client *));

    if (!buckets)
        abort();
    for (size_t b = 0; b < stripe->bucket_count; b++) {
        while (stripe->buckets[b]) {
            struct client *client = stripe->buckets[b];
            uint64_t hash = siphash(guard->hash_key, slice_of(client->key, client->key_len));
            struct client **to = &buckets[(hash / STRIPES) & (count - 1)];

            stripe->buckets[b] = client->next;
            client->next = *to;
            *to = client;
        }
    }
    free(stripe->buckets);
    stripe->buckets = buckets;
    stripe->bucket_count = count;
}

/* Where the client's record hangs, or where it would. */
static struct client **stripe_find(struct stripe *stripe, uint64_t hash, const unsigned char *key,
                                   unsigned key_len)
{
    struct client **at = &stripe->buckets[(hash / STRIPES) & (stripe->bucket_count - 1)];

    while (*at && ((*at)->key_len != key_len || memcmp((*at)->key, key, key_len) != 0))
        at = &(*at)->next;
    return at;
}

static enum guard_word stripe_enter(struct guard *guard, struct stripe *stripe, uint64_t hash,
                                    const unsigned char *key, unsigned key_len)
{
    if (stripe->client_count >= stripe->bucket_count)
        stripe_grow(guard, stripe);

    struct client **at = stripe_find(stripe, hash, key, key_len);
    if (!*at) {
        struct client *client = calloc(1, sizeof(*client));

        if (!client)
            abort();
        memcpy(client->key, key, key_len);
        client->key_len = key_len;
        *at = client;
        stripe->client_count++;
    }
    uint64_t most = guard->per_client_most;
    if (most > 0 && (*at)->connections >= most + POLITE_CLIENT)
        return GUARD_DROP;
    (*at)->connections++;
    return most > 0 && (*at)->connections > most ? GUARD_TOO_MANY : GUARD_WELCOME;
}

static enum guard_word client_enter(struct guard *guard, const union socket_address *client)
{
    unsigned char key[16];
    unsigned key_len = address_client_key(client, key);
    uint64_t hash = siphash(guard->hash_key, slice_of(key, key_len));
    struct stripe *stripe = &guard->stripes[hash % STRIPES];

    pthread_mutex_lock(&stripe->lock);
    enum guard_word word = stripe_enter(guard, stripe, hash, key, key_len);
    pthread_mutex_unlock(&stripe->lock);
    return word;
}

static void client_leave(struct guard *guard, const union socket_address *client)
{
    unsigned char key[16];
    unsigned key_len = address_client_key(client, key);
    uint64_t hash = siphash(guard->hash_key, slice_of(key, key_len));
    struct stripe *stripe = &guard->stripes[hash % STRIPES];

    pthread_mutex_lock(&stripe->lock);
    struct client **at = stripe_find(stripe, hash, key, key_len);
    struct client *record = *at;
    if (record && --record->connections == 0) {
        *at = record->next;
        free(record);
        stripe->client_count--;
    }
    pthread_mutex_unlock(&stripe->lock);
}

enum guard_word guard_enter(struct guard *guard, const union socket_address *client)
{
    uint64_t total = atomic_fetch_add_explicit(&guard->total, 1, memory_order_relaxed) + 1;
    enum guard_word word = GUARD_DROP;

    if (guard->total_most == 0 || total <= guard->total_most + POLITE_TOTAL)
        word = client ? client_enter(guard, client) : GUARD_WELCOME;
    if (word == GUARD_DROP)
        atomic_fetch_sub_explicit(&guard->total, 1, memory_order_relaxed);
    else if (guard->total_most > 0 && total > guard->total_most)
        word = GUARD_FULL;
    return word;
}

void guard_leave(struct guard *guard, const union socket_address *client)
{
    atomic_fetch_sub_explicit(&guard->total, 1, memory_order_relaxed);
    if (client)
        client_leave(guard, client);
}

enum guard_word guard_enter_request(struct guard *guard, const union socket_address *client)
{
    enum guard_word word = client_enter(guard, client);

    if (word == GUARD_TOO_MANY) /* a refused request ends at once: it is not counted */
        client_leave(guard, client);
    return word == GUARD_WELCOME ? GUARD_WELCOME : GUARD_TOO_MANY;
}

void guard_leave_request(struct guard *guard, const union socket_address *client)
{
    client_leave(guard, client);
}

uint64_t guard_connections(const struct guard *guard)
{
    return atomic_load_explicit(&guard->total, memory_order_relaxed);
}
