#include "http/pace.h"

#include "loop/loop.h"

/* Portions of this part of a second: small enough to flow, large enough to be worth a turn. */
#define PORTIONS_PER_S 16u
#define PORTION_LEAST  1024u /* or what a second has, if that is less */

#define US_PER_S 1000000u

uint64_t rate_portion(const struct rate *rate)
{
    const uint64_t a_second = rate->bytes_per_s;
    const uint64_t least = a_second < PORTION_LEAST ? a_second : PORTION_LEAST;
    const uint64_t portion = a_second / PORTIONS_PER_S;

    return portion > least ? portion : least;
}

/* How long `bytes` take; of a portion, which is at most what a second has. */
static uint64_t time_of(const struct rate *rate, uint64_t bytes)
{
    return bytes * US_PER_S / rate->bytes_per_s;
}

uint64_t rate_take(struct rate *rate, uint64_t bytes, uint64_t now_us)
{
    const uint64_t takes_us = time_of(rate, bytes);
    uint64_t free_at_us = rate->free_at_us;
    uint64_t from_us;

    do {
        from_us = free_at_us > now_us ? free_at_us : now_us; /* what nobody used is gone */
    } while (!atomic_compare_exchange_weak(&rate->free_at_us, &free_at_us, from_us + takes_us));
    return from_us;
}

void pace_init(struct pace *pace, struct loop *loop)
{
    *pace = (struct pace){ .loop = loop };
}

void pace_add(struct pace *pace, struct rate *rate)
{
    if (pace->count < PACE_RATES_MOST)
        pace->rates[pace->count++] = rate;
}

static uint64_t smallest_portion(const struct pace *pace)
{
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < pace->count; i++) {
        const uint64_t portion = rate_portion(pace->rates[i]);

        least = portion < least ? portion : least;
    }
    return least;
}

/* The next portion, from all rates: the slowest one decides when. */
static void ask(struct pace *pace, uint64_t wanted)
{
    const uint64_t now_us = pace->loop->now_ms * 1000;
    const uint64_t portion = smallest_portion(pace);
    uint64_t from_us = now_us;

    pace->expected = wanted < portion ? wanted : portion;
    for (unsigned i = 0; i < pace->count; i++) {
        const uint64_t at_us = rate_take(pace->rates[i], pace->expected, now_us);

        from_us = at_us > from_us ? at_us : from_us;
    }
    timer_set(pace->loop, &pace->timer, (from_us + 999) / 1000);
}

static void look(struct pace *pace)
{
    if (pace->expected == 0 || pace->loop->now_ms < pace->timer.due_ms)
        return; /* a timer that has fired is due at 0 */
    pace->granted += pace->expected;
    pace->expected = 0;
    timer_stop(pace->loop, &pace->timer);
}

uint64_t pace_ready(struct pace *pace, uint64_t wanted, struct task *reader)
{
    if (pace->count == 0)
        return wanted;
    pace->timer.task = reader;
    look(pace);
    if (pace->granted == 0 && pace->expected == 0 && wanted > 0) {
        ask(pace, wanted);
        look(pace);
    }
    return wanted < pace->granted ? wanted : pace->granted;
}

void pace_spend(struct pace *pace, uint64_t bytes)
{
    pace->granted -= bytes < pace->granted ? bytes : pace->granted;
}

void pace_stop(struct pace *pace)
{
    timer_stop(pace->loop, &pace->timer);
    pace->count = 0;
}
