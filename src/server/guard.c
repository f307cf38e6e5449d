#include "server/guard.h"

#include "base/siphash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
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

/* A connection that is closed and counts until `due_ms` (ReconnectDelay). */
struct echo {
    struct echo *next;
    unsigned char key[16];
    unsigned key_len;
    uint64_t hash;
    uint64_t due_ms;
};

struct stripe {
    pthread_mutex_t lock; /* guards the rest */
    struct client **buckets;
    size_t bucket_count; /* power of two */
    size_t client_count;
    struct echo *echoes; /* the first to end first */
    struct echo **echoes_end;
};

struct guard {
    _Atomic uint64_t total_most;
    _Atomic uint64_t per_client_most;
    _Atomic uint64_t linger_ms;
    _Atomic uint64_t total;
    struct siphash_key hash_key;
    struct stripe stripes[STRIPES];
};

struct guard *guard_new(uint64_t total_most, uint64_t per_client_most, uint64_t linger_ms)
{
    struct guard *guard = calloc(1, sizeof(*guard));

    if (!guard)
        abort();
    atomic_store_explicit(&guard->total_most, total_most, memory_order_relaxed);
    atomic_store_explicit(&guard->per_client_most, per_client_most, memory_order_relaxed);
    atomic_store_explicit(&guard->linger_ms, linger_ms, memory_order_relaxed);
    guard->hash_key = siphash_process_key();
    for (unsigned i = 0; i < STRIPES; i++) {
        pthread_mutex_init(&guard->stripes[i].lock, NULL);
        guard->stripes[i].echoes_end = &guard->stripes[i].echoes;
    }
    return guard;
}

/* They stay in order: the first to end first. */
static void stripe_shorten(struct stripe *stripe, uint64_t due_ms)
{
    pthread_mutex_lock(&stripe->lock);
    for (struct echo *echo = stripe->echoes; echo; echo = echo->next)
        if (echo->due_ms > due_ms)
            echo->due_ms = due_ms;
    pthread_mutex_unlock(&stripe->lock);
}

void guard_set_limits(struct guard *guard, uint64_t total_most, uint64_t per_client_most,
                      uint64_t linger_ms, uint64_t now_ms)
{
    atomic_store_explicit(&guard->total_most, total_most, memory_order_relaxed);
    atomic_store_explicit(&guard->per_client_most, per_client_most, memory_order_relaxed);
    atomic_store_explicit(&guard->linger_ms, linger_ms, memory_order_relaxed);
    for (unsigned i = 0; i < STRIPES; i++)
        stripe_shorten(&guard->stripes[i], now_ms + linger_ms);
}

static struct echo *take_echo(struct stripe *stripe)
{
    struct echo *echo = stripe->echoes;

    stripe->echoes = echo->next;
    if (!stripe->echoes)
        stripe->echoes_end = &stripe->echoes;
    return echo;
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
        while (stripe->echoes)
            free(take_echo(stripe));
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
        return GUARD_DROP_CLIENT;
    (*at)->connections++;
    return most > 0 && (*at)->connections > most ? GUARD_TOO_MANY : GUARD_WELCOME;
}

static void stripe_leave(struct stripe *stripe, uint64_t hash, const unsigned char *key,
                         unsigned key_len)
{
    struct client **at = stripe_find(stripe, hash, key, key_len);
    struct client *record = *at;

    if (record && --record->connections == 0) {
        *at = record->next;
        free(record);
        stripe->client_count--;
    }
}

/* Those whose time is over count no more. */
static void stripe_fade(struct stripe *stripe, uint64_t now_ms)
{
    while (stripe->echoes && stripe->echoes->due_ms <= now_ms) {
        struct echo *echo = take_echo(stripe);

        stripe_leave(stripe, echo->hash, echo->key, echo->key_len);
        free(echo);
    }
}

static void stripe_linger(struct stripe *stripe, uint64_t hash, const unsigned char *key,
                          unsigned key_len, uint64_t due_ms)
{
    struct echo *echo = malloc(sizeof(*echo));

    if (!echo)
        abort();
    *echo = (struct echo){ .key_len = key_len, .hash = hash, .due_ms = due_ms };
    memcpy(echo->key, key, key_len);
    *stripe->echoes_end = echo;
    stripe->echoes_end = &echo->next;
}

static enum guard_word client_enter(struct guard *guard, const union socket_address *client,
                                    uint64_t now_ms)
{
    unsigned char key[16];
    unsigned key_len = address_client_key(client, key);
    uint64_t hash = siphash(guard->hash_key, slice_of(key, key_len));
    struct stripe *stripe = &guard->stripes[hash % STRIPES];

    pthread_mutex_lock(&stripe->lock);
    stripe_fade(stripe, now_ms);
    enum guard_word word = stripe_enter(guard, stripe, hash, key, key_len);
    pthread_mutex_unlock(&stripe->lock);
    return word;
}

static void client_leave(struct guard *guard, const union socket_address *client,
                         uint64_t linger_ms, uint64_t now_ms)
{
    unsigned char key[16];
    unsigned key_len = address_client_key(client, key);
    uint64_t hash = siphash(guard->hash_key, slice_of(key, key_len));
    struct stripe *stripe = &guard->stripes[hash % STRIPES];

    pthread_mutex_lock(&stripe->lock);
    stripe_fade(stripe, now_ms);
    if (linger_ms > 0)
        stripe_linger(stripe, hash, key, key_len, now_ms + linger_ms);
    else
        stripe_leave(stripe, hash, key, key_len);
    pthread_mutex_unlock(&stripe->lock);
}

static bool is_drop(enum guard_word word)
{
    return word == GUARD_DROP || word == GUARD_DROP_CLIENT;
}

enum guard_word guard_enter(struct guard *guard, const union socket_address *client,
                            uint64_t now_ms)
{
    uint64_t total = atomic_fetch_add_explicit(&guard->total, 1, memory_order_relaxed) + 1;
    enum guard_word word = GUARD_DROP;

    if (guard->total_most == 0 || total <= guard->total_most + POLITE_TOTAL)
        word = client ? client_enter(guard, client, now_ms) : GUARD_WELCOME;
    if (is_drop(word))
        atomic_fetch_sub_explicit(&guard->total, 1, memory_order_relaxed);
    else if (guard->total_most > 0 && total > guard->total_most)
        word = GUARD_FULL;
    return word;
}

void guard_leave(struct guard *guard, const union socket_address *client, uint64_t now_ms)
{
    atomic_fetch_sub_explicit(&guard->total, 1, memory_order_relaxed);
    if (client)
        client_leave(guard, client, guard->linger_ms, now_ms);
}

enum guard_word guard_enter_request(struct guard *guard, const union socket_address *client,
                                    uint64_t now_ms)
{
    enum guard_word word = client_enter(guard, client, now_ms);

    if (word == GUARD_TOO_MANY) /* a refused request ends at once: it is not counted */
        client_leave(guard, client, 0, now_ms);
    return word == GUARD_WELCOME ? GUARD_WELCOME : GUARD_TOO_MANY;
}

void guard_leave_request(struct guard *guard, const union socket_address *client, uint64_t now_ms)
{
    client_leave(guard, client, 0, now_ms);
}

uint64_t guard_connections(const struct guard *guard)
{
    return atomic_load_explicit(&guard->total, memory_order_relaxed);
}
