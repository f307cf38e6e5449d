#include "gateway/named.h"

#include "place_private.h"

#include <assert.h>
#include <string.h>

#define WEIGHT_MOST 100u /* of a target, as in ConnectTo */

/* The targets of the host within its group. */
struct slots {
    struct backend *first;
    unsigned count;
};

static struct slots slots_of(struct backend_group *group, const struct connect_conf *conf)
{
    struct slots slots = { 0 };

    for (unsigned i = 0; i < group->count; i++) {
        if (group->targets[i].conf != conf)
            continue;
        if (slots.count++ == 0)
            slots.first = &group->targets[i];
    }
    return slots;
}

static bool is_same(const union socket_address *a, const union socket_address *b)
{
    return a->any.sa_family == b->any.sa_family && address_equal_ip(a, b) &&
           address_port(a) == address_port(b);
}

static const struct resolved *find_address(const struct resolved *addresses, unsigned count,
                                           const union socket_address *wanted)
{
    for (unsigned i = 0; i < count; i++)
        if (is_same(&addresses[i].address, wanted))
            return &addresses[i];
    return NULL;
}

/* Its own still, or one that nobody uses; NULL: all have connections to former addresses. */
static struct backend *slot_for(const struct slots *slots, const union socket_address *address)
{
    struct backend *free_one = NULL;

    for (unsigned i = 0; i < slots->count; i++) {
        struct backend *slot = &slots->first[i];

        if (is_same(&slot->address, address))
            return slot;
        if (!free_one && slot->absent && slot->open == 0)
            free_one = slot;
    }
    return free_one;
}

/* ---- weight and rank ---- */

/* Weights of SRV records go to 65535: the largest becomes 100 when one is above that. */
static unsigned weight_of(const struct connect_conf *conf, const struct resolved *one,
                          const struct resolved *addresses, unsigned count)
{
    unsigned largest = WEIGHT_MOST;

    if (!conf->is_srv)
        return (unsigned)conf->weight;
    for (unsigned i = 0; i < count; i++)
        if (addresses[i].weight > largest)
            largest = addresses[i].weight;
    const unsigned scaled = one->weight * WEIGHT_MOST / largest;
    const uint64_t weight = (scaled > 0 ? scaled : 1) * conf->weight;
    return weight > WEIGHT_MOST ? WEIGHT_MOST : (unsigned)weight;
}

static bool is_backup(const struct connect_conf *conf, const struct resolved *one,
                      const struct resolved *addresses, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (addresses[i].priority < one->priority)
            return true;
    return conf->backup;
}

/* ---- coming and going ---- */

static void leave(struct backend_group *group, struct backend *slot, const struct desk *own)
{
    slot->absent = true;
    backend_send_away(group, slot, own); /* who waits for it chooses anew */
    slot->rests = 0;
    slot->rest_until_ms = 0;
}

static void come(struct backend *slot, const union socket_address *address, uint64_t now_ms)
{
    slot->address = *address;
    slot->absent = false;
    slot->trouble = TROUBLE_NONE;
    slot->rests = 0;
    slot->rest_until_ms = 0;
    slot->failures = 0;
    slot->came_back_ms = now_ms;
}

static bool drop_former(struct backend_group *group, const struct slots *slots,
                        const struct resolved *addresses, unsigned count, const struct desk *own)
{
    bool changed = false;

    for (unsigned i = 0; i < slots->count; i++) {
        struct backend *slot = &slots->first[i];

        if (slot->absent || find_address(addresses, count, &slot->address))
            continue;
        leave(group, slot, own);
        changed = true;
    }
    return changed;
}

bool named_set(struct backend_group *group, const struct connect_conf *conf,
               const struct resolved *addresses, unsigned count, const struct desk *own)
{
    bool changed = false;

    pthread_mutex_lock(&group->lock);
    const struct slots slots = slots_of(group, conf);
    const bool first = slots.first->expected;
    slots.first->expected = false;
    for (unsigned i = 0; i < count; i++) {
        struct backend *slot = slot_for(&slots, &addresses[i].address);

        if (!slot)
            continue;
        slot->weight = weight_of(conf, &addresses[i], addresses, count);
        slot->backup = is_backup(conf, &addresses[i], addresses, count);
        if (!slot->absent)
            continue;
        come(slot, &addresses[i].address, first ? 0 : own->loop->now_ms);
        changed = true;
    }
    /* Behind those that came: who has to choose anew finds them. */
    changed = drop_former(group, &slots, addresses, count, own) || changed;
    for (unsigned i = 0; i < slots.count; i++)
        backend_serve(group, &slots.first[i], own);
    pthread_mutex_unlock(&group->lock);
    return changed;
}

void named_fail(struct backend_group *group, const struct connect_conf *conf,
                const struct desk *own)
{
    pthread_mutex_lock(&group->lock);
    const struct slots slots = slots_of(group, conf);
    assert(slots.count > 0 && slots.first); /* `conf` is of this section */
    if (slots.first->expected) {
        slots.first->expected = false;
        leave(group, slots.first, own);
    }
    pthread_mutex_unlock(&group->lock);
}

bool named_none(struct backend_group *group)
{
    bool none = true;

    pthread_mutex_lock(&group->lock);
    for (unsigned i = 0; i < group->count; i++)
        none = none && group->targets[i].absent;
    pthread_mutex_unlock(&group->lock);
    return none;
}
