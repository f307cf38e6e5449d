#include "server/load_watch.h"

#include <sys/sysinfo.h>

#define EVERY_MS 1000u

/* sysinfo(2) needs no file, which the sandbox may hide. */
static uint64_t ask_kernel(void)
{
    struct sysinfo info;

    if (sysinfo(&info) < 0)
        return 0;
    return (uint64_t)info.loads[0] * 100 >> SI_LOAD_SHIFT;
}

uint64_t load_watch_percent(struct load_watch *watch, uint64_t now_ms)
{
    uint64_t again_ms = atomic_load_explicit(&watch->again_ms, memory_order_relaxed);

    if (now_ms >= again_ms &&
        atomic_compare_exchange_strong_explicit(&watch->again_ms, &again_ms, now_ms + EVERY_MS,
                                                memory_order_relaxed, memory_order_relaxed))
        atomic_store_explicit(&watch->percent, watch->ask ? watch->ask() : ask_kernel(),
                              memory_order_relaxed);
    return atomic_load_explicit(&watch->percent, memory_order_relaxed);
}
