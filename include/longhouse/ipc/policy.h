#ifndef IPC_POLICY_H
#define IPC_POLICY_H

/*
 * Which program may run, from where, how: sent by the supervisor to the spawner in a sealed memory
 * file. Pure codec.
 */
#include "base/arena.h"
#include "base/parse.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum policy_links { POLICY_LINKS_OWNED, POLICY_LINKS_ANY }; /* as os/beneath.h */

/* As setrlimit(2) has them, for each process; 0: as the spawner. */
enum policy_limit {
    POLICY_MEMORY_BYTES,
    POLICY_PROCESSES,
    POLICY_FILES,
    POLICY_CPU_S,
    POLICY_LIMIT_COUNT,
};

/* Of all processes of a program together, in its control group; 0: none. */
enum policy_group_limit {
    POLICY_GROUP_MEMORY_BYTES,
    POLICY_GROUP_PROCESSES,
    POLICY_GROUP_CPU_WEIGHT, /* up to 10000 */
    POLICY_GROUP_LIMIT_COUNT,
};

/* Who a program is, and what it may use. All zero: the user of the spawner, and its limits. */
struct policy_confine {
    bool switches;    /* to another user: */
    uint32_t user;    /* not 0 */
    uint32_t group;   /* not 0 */
    uint32_t *groups; /* all of them, `group` too */
    uint32_t group_count;
    struct slice below; /* absolute; the script must lie in this folder; empty: anywhere */
    struct slice
        chroot;       /* absolute, the root lies in it: its root directory; empty: as the spawner */
    uint32_t sandbox; /* number of a SANDBOX that was handed over before; 0: none */
    struct slice tmp; /* absolute; its TMPDIR; empty: none */
    uint64_t limits[POLICY_LIMIT_COUNT];
    uint64_t group_limits[POLICY_GROUP_LIMIT_COUNT];
    uint32_t nice; /* 0 .. 19 */
    bool has_umask;
    uint32_t umask;
    bool no_new_privs;
};

struct policy_rule {
    struct slice host;        /* for messages */
    struct slice root;        /* absolute; empty: the rule runs nothing */
    struct slice interpreter; /* absolute; empty: the script is the program */
    struct slice *arguments;  /* between interpreter and script */
    uint32_t argument_count;
    enum policy_links links;
    struct policy_confine confine;
};

struct policy {
    struct policy_rule *rules; /* index = rule number */
    uint32_t rule_count;
    uint64_t kill_grace_ms;
};

/* malloc'd bytes. */
void policy_encode(const struct policy *policy, char **ret_data, size_t *ret_len);

/* Slices point into `data`, which must live as long; arrays are in the arena. */
enum parse policy_decode(struct slice data, struct arena *arena, struct policy *ret,
                         struct parse_fault *reterr);

#endif
