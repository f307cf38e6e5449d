#include "server/bans.h"

#include "base/list.h"
#include "base/siphash.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS     4096u
#define POLITE_MOST 8u   /* so often a banned client is told so */
#define LINE_ROOM   320u /* a line of the list, and the last one */
#define SWEEP_MOST  4u   /* ended bans that one call takes out */

struct ban {
    struct ban *next; /* in its bucket */
    struct list_link link;
    unsigned char key[16];
    unsigned key_len;
    enum offence cause;
    uint64_t time_ms;
    uint64_t until_ms;
    uint64_t knocks;
};

struct bans {
    _Atomic unsigned count; /* written under the lock; ended ones may be among them */
    struct siphash_key hash_key;
    pthread_mutex_t lock; /* guards the rest */
    struct list oldest_first;
    struct ban *buckets[BUCKETS];

    void (*changed)(void *self); /* not under the lock; NULL: nobody wants to know */
    void *watcher;
};

struct bans *bans_new(void)
{
    struct bans *bans = calloc(1, sizeof(*bans));

    if (!bans)
        abort();
    bans->hash_key = siphash_process_key();
    list_init(&bans->oldest_first);
    pthread_mutex_init(&bans->lock, NULL);
    return bans;
}

/* ---- under the lock ---- */

static struct ban **find(struct bans *bans, const unsigned char *key, unsigned key_len)
{
    const uint64_t hash = siphash(bans->hash_key, slice_of(key, key_len));
    struct ban **at = &bans->buckets[hash % BUCKETS];

    while (*at && ((*at)->key_len != key_len || memcmp((*at)->key, key, key_len) != 0))
        at = &(*at)->next;
    return at;
}

static struct ban **find_client(struct bans *bans, const union socket_address *client)
{
    unsigned char key[16];
    const unsigned key_len = address_client_key(client, key);

    return find(bans, key, key_len);
}

static void take_out(struct bans *bans, struct ban **at)
{
    struct ban *ban = *at;

    assert(ban); /* who is in the list is in a bucket */
    *at = ban->next;
    list_remove(&ban->link);
    free(ban);
    atomic_fetch_sub_explicit(&bans->count, 1, memory_order_relaxed);
}

static struct ban *oldest(const struct bans *bans)
{
    struct list_link *link = list_first(&bans->oldest_first);

    return link ? container_of(link, struct ban, link) : NULL;
}

/* The oldest ones, as far as they have ended: the table becomes empty by itself. */
static void sweep(struct bans *bans, uint64_t now_ms)
{
    for (unsigned i = 0; i < SWEEP_MOST; i++) {
        struct ban *ban = oldest(bans);

        if (!ban || ban->until_ms > now_ms)
            return;
        take_out(bans, find(bans, ban->key, ban->key_len));
    }
}

static struct ban *find_lasting(struct bans *bans, const union socket_address *client,
                                uint64_t now_ms)
{
    struct ban **at = find_client(bans, client);
    struct ban *ban = *at;

    if (!ban || ban->until_ms > now_ms)
        return ban;
    take_out(bans, at);
    return NULL;
}

static struct ban *put_in(struct bans *bans, const union socket_address *client)
{
    if (atomic_load_explicit(&bans->count, memory_order_relaxed) >= BANS_MOST) {
        struct ban *ban = oldest(bans);

        take_out(bans, find(bans, ban->key, ban->key_len));
    }
    struct ban *ban = calloc(1, sizeof(*ban));
    if (!ban)
        abort();
    ban->key_len = address_client_key(client, ban->key);
    *find(bans, ban->key, ban->key_len) = ban;
    list_push_back(&bans->oldest_first, &ban->link);
    atomic_fetch_add_explicit(&bans->count, 1, memory_order_relaxed);
    return ban;
}

static void begin(struct bans *bans, struct ban *ban, uint64_t now_ms)
{
    ban->until_ms = now_ms + ban->time_ms;
    list_remove(&ban->link);
    list_push_back(&bans->oldest_first, &ban->link);
}

/* ---- with it ---- */

void bans_watch(struct bans *bans, void (*changed)(void *self), void *self)
{
    bans->changed = changed;
    bans->watcher = self;
}

static void tell(const struct bans *bans)
{
    if (bans->changed)
        bans->changed(bans->watcher);
}

void bans_free(struct bans *bans)
{
    bans_lift_all(bans, 0);
    pthread_mutex_destroy(&bans->lock);
    free(bans);
}

bool bans_add(struct bans *bans, const union socket_address *client, enum offence cause,
              uint64_t time_ms, uint64_t now_ms)
{
    pthread_mutex_lock(&bans->lock);
    sweep(bans, now_ms);
    struct ban *ban = find_lasting(bans, client, now_ms);
    const bool is_new = !ban;
    if (is_new)
        ban = put_in(bans, client);
    if (ban->until_ms < now_ms + time_ms) {
        ban->cause = cause;
        ban->time_ms = time_ms;
        begin(bans, ban, now_ms);
    }
    pthread_mutex_unlock(&bans->lock);
    tell(bans);
    return is_new;
}

static bool nobody_is_banned(struct bans *bans)
{
    return atomic_load_explicit(&bans->count, memory_order_relaxed) == 0;
}

uint64_t bans_left(struct bans *bans, const union socket_address *client, uint64_t now_ms)
{
    if (nobody_is_banned(bans))
        return 0;

    pthread_mutex_lock(&bans->lock);
    sweep(bans, now_ms);
    const struct ban *ban = find_lasting(bans, client, now_ms);
    const uint64_t left_ms = ban ? ban->until_ms - now_ms : 0;
    pthread_mutex_unlock(&bans->lock);
    return left_ms;
}

uint64_t bans_knock(struct bans *bans, const union socket_address *client, bool restart,
                    uint64_t now_ms, bool *ret_silent)
{
    uint64_t left_ms = 0;

    *ret_silent = false;
    if (nobody_is_banned(bans))
        return 0;

    pthread_mutex_lock(&bans->lock);
    sweep(bans, now_ms);
    struct ban *ban = find_lasting(bans, client, now_ms);
    if (ban) {
        ban->knocks++;
        if (restart)
            begin(bans, ban, now_ms);
        *ret_silent = ban->knocks > POLITE_MOST;
        left_ms = ban->until_ms - now_ms;
    }
    pthread_mutex_unlock(&bans->lock);
    if (ban && restart)
        tell(bans);
    return left_ms;
}

bool bans_lift(struct bans *bans, const union socket_address *client, uint64_t now_ms)
{
    pthread_mutex_lock(&bans->lock);
    const bool was = find_lasting(bans, client, now_ms) != NULL;
    if (was)
        take_out(bans, find_client(bans, client));
    pthread_mutex_unlock(&bans->lock);
    if (was)
        tell(bans);
    return was;
}

unsigned bans_lift_all(struct bans *bans, uint64_t now_ms)
{
    unsigned count = 0;
    struct ban *ban;

    pthread_mutex_lock(&bans->lock);
    while ((ban = oldest(bans)) != NULL) {
        count += ban->until_ms > now_ms;
        take_out(bans, find(bans, ban->key, ban->key_len));
    }
    pthread_mutex_unlock(&bans->lock);
    tell(bans);
    return count;
}

unsigned bans_count(struct bans *bans, uint64_t now_ms)
{
    unsigned count = 0;

    pthread_mutex_lock(&bans->lock);
    list_for_each (link, &bans->oldest_first)
        count += container_of(link, struct ban, link)->until_ms > now_ms;
    pthread_mutex_unlock(&bans->lock);
    return count;
}

/* ---- for the next server ---- */

/* Of a network the first address. */
static union socket_address client_of(const struct ban *ban)
{
    union socket_address address = { 0 };

    if (ban->key_len != 4) {
        address.in6.sin6_family = AF_INET6;
        memcpy(&address.in6.sin6_addr, ban->key, ban->key_len);
    } else {
        address.in4.sin_family = AF_INET;
        memcpy(&address.in4.sin_addr, ban->key, 4);
    }
    return address;
}

void bans_each(struct bans *bans, uint64_t now_ms, void (*see)(void *self, const struct ban_note *),
               void *self)
{
    pthread_mutex_lock(&bans->lock);
    list_for_each (link, &bans->oldest_first) {
        const struct ban *ban = container_of(link, struct ban, link);
        const struct ban_note note = { client_of(ban), ban->cause, ban->time_ms, ban->until_ms,
                                       ban->knocks };

        if (ban->until_ms > now_ms)
            see(self, &note);
    }
    pthread_mutex_unlock(&bans->lock);
}

void bans_recall(struct bans *bans, const struct ban_note *note, uint64_t now_ms)
{
    if (note->until_ms <= now_ms || note->until_ms - now_ms > note->time_ms)
        return; /* it has ended, or is none */
    pthread_mutex_lock(&bans->lock);
    struct ban *ban = find_lasting(bans, &note->client, now_ms);
    if (!ban)
        ban = put_in(bans, &note->client);
    ban->cause = note->cause;
    ban->time_ms = note->time_ms;
    ban->until_ms = note->until_ms;
    ban->knocks = note->knocks;
    pthread_mutex_unlock(&bans->lock);
}

/* ---- for people ---- */

const char *offence_text(enum offence offence)
{
    switch (offence) {
    case OFFENCE_NONE:
        break;
    case OFFENCE_GARBAGE:
        return "a request that is no HTTP (BanOnGarbage)";
    case OFFENCE_INVALID_URL:
        return "a URL that no link leads to (BanOnInvalidURL)";
    case OFFENCE_REQUEST_SIZE:
        return "a request over MaxRequestSize (BanOnMaxReqSize)";
    case OFFENCE_TIMEOUT:
        return "a request that was not completed in time (BanOnTimeout)";
    case OFFENCE_FLOODING:
        return "too many requests (BanOnFlooding)";
    case OFFENCE_MAX_PER_IP:
        return "over ConnectionsPerIP (BanOnMaxPerIP)";
    case OFFENCE_WRONG_PASSWORD:
        return "wrong passwords (BanOnWrongPassword)";
    case OFFENCE_DENIED_BODY:
        return "a body that fits DenyBody (BanOnDeniedBody)";
    case OFFENCE_SQL:
        return "SQL in a request (BanOnSQLi)";
    case OFFENCE_CHALLENGE:
        return "no cookie after many challenges (ChallengeClient)";
    case OFFENCE_RULE:
        return "a rule of the UrlToolkit (Ban)";
    case OFFENCE_PROGRAM:
        return "a program asked for it (BanByCGI)";
    case OFFENCE_ORDER:
        return "by order";
    }
    return "nothing";
}

void ban_time_add(struct text *text, uint64_t ms)
{
    const uint64_t s = ms / 1000;

    if (s < 600)
        text_printf(text, "%" PRIu64 " s", s);
    else if (s < 86400)
        text_printf(text, "%" PRIu64 ":%02u:%02u h", s / 3600, (unsigned)(s / 60 % 60),
                    (unsigned)(s % 60));
    else
        text_printf(text, "%" PRIu64 " d %02u:%02u h", s / 86400, (unsigned)(s / 3600 % 24),
                    (unsigned)(s / 60 % 60));
}

#define CLIENT_TEXT_MOST (ADDRESS_TEXT_MOST + 4)

static const char *client_text(const struct ban *ban, char out[CLIENT_TEXT_MOST])
{
    const union socket_address address = client_of(ban);
    const bool is_network = ban->key_len != 4;
    char plain[ADDRESS_TEXT_MOST];
    struct text text = text_on(out, CLIENT_TEXT_MOST);
    text_add_cstr(&text, address_text(&address, plain));
    if (is_network)
        text_add_cstr(&text, "/64");
    return text_cstr(&text);
}

void bans_describe(struct bans *bans, uint64_t now_ms, int64_t unix_s, struct text *text)
{
    char out[CLIENT_TEXT_MOST];
    unsigned left_out = 0;

    pthread_mutex_lock(&bans->lock);
    list_for_each (link, &bans->oldest_first) {
        const struct ban *ban = container_of(link, struct ban, link);

        if (ban->until_ms <= now_ms)
            continue;
        if (text->room - text->len < LINE_ROOM) {
            left_out++;
            continue;
        }
        text_printf(text, "%-40s until ", client_text(ban, out));
        text_add_local_time(text, unix_s + (int64_t)((ban->until_ms - now_ms) / 1000));
        text_printf(text, "  %s; came %" PRIu64 " times since\n", offence_text(ban->cause),
                    ban->knocks);
    }
    pthread_mutex_unlock(&bans->lock);
    if (left_out > 0)
        text_printf(text, "and %u more\n", left_out);
}
