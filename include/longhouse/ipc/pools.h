#ifndef IPC_POOLS_H
#define IPC_POOLS_H

/*
 * Which pools of workers the spawner keeps: sent by the supervisor in a sealed memory file. What a
 * worker is (program, arguments, user, limits) is a rule of the policy, one that runs no scripts;
 * here is how many of them there are, and when one ends. Pure codec.
 */
#include "base/arena.h"
#include "base/parse.h"
#include "base/slice.h"

#include <stdint.h>

struct pool_rule {
    struct slice name;        /* for messages */
    struct slice environment; /* "NAME=value\0" entries */
    uint64_t key;             /* the same in each generation that has this pool */
    uint64_t definition;      /* of what its workers are: another one, other workers */
    uint32_t rule;            /* of the policy of the same generation */
    uint32_t least;           /* workers */
    uint32_t most;            /* never 0 */
    uint32_t capacity;        /* connections that one worker serves at a time; never 0 */
    uint64_t requests;        /* that one worker serves in its life; 0: no limit */
    uint64_t age_ms;          /* 0: no limit */
    uint64_t memory_bytes;    /* 0: no limit */
    uint64_t idle_ms;
};

struct pools {
    struct pool_rule *pools; /* index = number of the pool */
    uint32_t count;
    uint64_t memory_bytes; /* of all together; 0: no limit */
    uint64_t patience_ms;  /* for the request of a worker that is to end */
};

/* malloc'd bytes. */
void pools_encode(const struct pools *pools, char **ret_data, size_t *ret_len);

/* Slices point into `data`, which must live as long; arrays are in the arena. */
enum parse pools_decode(struct slice data, struct arena *arena, struct pools *ret,
                        struct parse_fault *reterr);

#endif
