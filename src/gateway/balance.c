#include "gateway/balance.h"

#include <string.h>

/*
 * Smooth weighted rotation: in each choice every fit target is owed its share, and the one that is
 * owed most goes and pays for all. A heavy target is not asked several times in a row while light
 * ones wait.
 */
static int choose_in_turn(struct backend_group *group, uint64_t now_ms, const bool *fit)
{
    int64_t total = 0;
    int best = BALANCE_NOBODY;

    for (unsigned i = 0; i < group->count; i++) {
        if (!fit[i])
            continue;
        const int64_t share = backend_share(group, &group->targets[i], now_ms);

        group->targets[i].turn += share;
        total += share;
        if (best < 0 || group->targets[i].turn > group->targets[best].turn)
            best = (int)i;
    }
    if (best >= 0)
        group->targets[best].turn -= total;
    return best;
}

/* Connections that are busy, for one unit of its share. */
static uint64_t load_of(const struct backend_group *group, const struct backend *backend,
                        uint64_t now_ms)
{
    const unsigned busy = backend->open - backend->kept_count;

    return ((uint64_t)busy + 1) * 1000000 / backend_share(group, backend, now_ms);
}

/* Equal ones take turns. */
static int choose_least_loaded(struct backend_group *group, uint64_t now_ms, const bool *fit)
{
    const unsigned first = group->rotation++;
    int best = BALANCE_NOBODY;

    for (unsigned i = 0; i < group->count; i++) {
        const unsigned target = (first + i) % group->count;

        if (fit[target] && (best < 0 || load_of(group, &group->targets[target], now_ms) <
                                            load_of(group, &group->targets[best], now_ms)))
            best = (int)target;
    }
    return best;
}

/* A constant key: all front servers, and this one after a restart, send a client to the same. */
static const struct siphash_key common_key = { 0x6c6f6e67686f7573, 0x6261636b656e6473 };

static uint64_t affinity(const struct backend *backend, const unsigned char *client,
                         unsigned client_len, uint64_t copy)
{
    char address[ADDRESS_TEXT_MOST];
    unsigned char bytes[sizeof(address) + 16 + sizeof(copy)];
    size_t len = strlen(address_text_port(&backend->address, address));

    memcpy(bytes, address, len);
    memcpy(bytes + len, client, client_len);
    len += client_len;
    memcpy(bytes + len, &copy, sizeof(copy));
    return siphash(common_key, slice_of((const char *)bytes, len + sizeof(copy)));
}

/* As many draws as the target weighs: so it wins in proportion. */
static uint64_t best_draw(const struct backend *backend, const unsigned char *client,
                          unsigned client_len)
{
    uint64_t best = 0;

    for (uint64_t copy = 0; copy < backend->weight; copy++) {
        const uint64_t draw = affinity(backend, client, client_len, copy);

        best = draw > best ? draw : best;
    }
    return best;
}

/* A quarter above the average of the fit ones, by weight; one more is always allowed. */
static bool is_overloaded(const struct backend_group *group, const bool *fit,
                          const struct backend *backend)
{
    uint64_t busy = 1 + backend->open - backend->kept_count;
    uint64_t weight = backend->weight;

    for (unsigned i = 0; i < group->count; i++) {
        if (!fit[i] || &group->targets[i] == backend)
            continue;
        busy += group->targets[i].open - group->targets[i].kept_count;
        weight += group->targets[i].weight;
    }
    const uint64_t own = backend->open - backend->kept_count;
    const uint64_t most = (busy * backend->weight * 5 + weight * 4 - 1) / (weight * 4);

    return own >= most;
}

/* `key`: at most 16 bytes. */
static int choose_by_key(struct backend_group *group, const unsigned char *key, unsigned len,
                         const bool *fit, bool overloaded_too)
{
    uint64_t best_of_all = 0;
    int best = BALANCE_NOBODY;

    for (unsigned i = 0; i < group->count; i++) {
        if (!fit[i] || (!overloaded_too && is_overloaded(group, fit, &group->targets[i])))
            continue;
        const uint64_t draw = best_draw(&group->targets[i], key, len);

        if (best < 0 || draw > best_of_all) {
            best = (int)i;
            best_of_all = draw;
        }
    }
    return best;
}

static int choose_by_client(struct backend_group *group, const union socket_address *client,
                            const bool *fit)
{
    unsigned char key[16];
    const unsigned len = address_client_key(client, key);
    const int chosen = choose_by_key(group, key, len, fit, false);

    return chosen >= 0 ? chosen : choose_by_key(group, key, len, fit, true);
}

int balance_choose_by_name(struct backend_group *group, struct siphash_key key, struct slice name,
                           const bool *fit)
{
    const uint64_t hash = siphash(key, name);
    unsigned char bytes[sizeof(hash)];

    memcpy(bytes, &hash, sizeof(hash));
    return choose_by_key(group, bytes, sizeof(bytes), fit, true);
}

int balance_choose(struct backend_group *group, const union socket_address *client, uint64_t now_ms,
                   const bool *fit)
{
    switch (group->conf->balance) {
    case BALANCE_ROUND_ROBIN:
        break;
    case BALANCE_LEAST_CONN:
        return choose_least_loaded(group, now_ms, fit);
    case BALANCE_HASH:
        return choose_by_client(group, client, fit);
    }
    return choose_in_turn(group, now_ms, fit);
}
