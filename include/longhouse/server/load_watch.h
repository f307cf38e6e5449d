#ifndef SERVER_LOAD_WATCH_H
#define SERVER_LOAD_WATCH_H

/*
 * The load of the machine over the last minute, for MaxServerLoad. The kernel is asked at most once
 * a second, by whichever reactor comes first; the number is an atomic.
 */
#include <stdatomic.h>
#include <stdint.h>

struct load_watch {
    _Atomic uint64_t percent;
    _Atomic uint64_t again_ms; /* when it is to be asked next */
    uint64_t (*ask)(void);     /* the load in hundredths; NULL: the kernel */
};

/* In hundredths, as MaxServerLoad is. */
uint64_t load_watch_percent(struct load_watch *watch, uint64_t now_ms);

#endif
