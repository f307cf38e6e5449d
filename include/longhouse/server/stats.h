#ifndef SERVER_STATS_H
#define SERVER_STATS_H

/*
 * Counters of one reactor: written by it alone, read by the control thread when somebody asks.
 */
#include <stdatomic.h>
#include <stdint.h>

struct stats {
    _Atomic uint64_t connections_now;
    _Atomic uint64_t connections; /* ever */
    _Atomic uint64_t refused;
    _Atomic uint64_t exchanges_now;
    _Atomic uint64_t requests; /* ever ended */
    _Atomic uint64_t sent_bytes;
    _Atomic uint64_t answers[6]; /* by the first digit of the status */
    _Atomic uint64_t programs;   /* CGI programs started, FastCGI requests begun */
};

/* A counter has one writer: no locked instruction is needed. */
static inline void stats_add(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

static inline uint64_t stats_get(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

#endif
