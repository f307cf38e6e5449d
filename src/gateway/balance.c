#include "gateway/balance.h"

#include "gateway/sticky.h"

static bool is_fit(struct backend_group *group, unsigned target, uint64_t now_ms, const bool *tried,
                   bool resting_too)
{
    return !tried[target] && (resting_too || !backend_is_resting(&group->targets[target], now_ms));
}

/* From the place in turn onwards. */
static int choose_in_turn(struct backend_group *group, unsigned first, uint64_t now_ms,
                          const bool *tried, bool resting_too)
{
    for (unsigned i = 0; i < group->count; i++) {
        unsigned target = (first + i) % group->count;

        if (is_fit(group, target, now_ms, tried, resting_too))
            return (int)target;
    }
    return BALANCE_NOBODY;
}

int balance_choose(struct backend_group *group, const union socket_address *client, uint64_t now_ms,
                   const bool *tried)
{
    unsigned target;

    if (group->count <= 1)
        return group->count == 0 || tried[0] ? BALANCE_NOBODY : 0;
    if (group->sticky && sticky_find(group->sticky, client, now_ms, &target) &&
        target < group->count && is_fit(group, target, now_ms, tried, false))
        return (int)target;

    unsigned first = atomic_fetch_add_explicit(&group->next, 1, memory_order_relaxed);
    int chosen = choose_in_turn(group, first % group->count, now_ms, tried, false);
    if (chosen == BALANCE_NOBODY)
        chosen = choose_in_turn(group, first % group->count, now_ms, tried, true);
    return chosen;
}

void balance_settle(struct backend_group *group, const union socket_address *client,
                    uint64_t now_ms, unsigned target)
{
    if (group->sticky)
        sticky_put(group->sticky, client, now_ms, target);
}
