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

/* Whether a rule is for the scripts of accounts: whoever asks names one of policy.accounts. */
enum policy_accounts {
    POLICY_ACCOUNTS_NO,
    POLICY_ACCOUNTS_FOLDER, /* the root is the folder of the account; `confine` says who runs */
    POLICY_ACCOUNTS_OWNER,  /* and the program runs as the account */
};

struct policy_rule {
    struct slice host; /* for messages */
    enum policy_accounts accounts;
    struct slice root; /* absolute; empty: the rule runs nothing, or it is for accounts */
    struct slice only; /* the one script that may be asked for, a name in the root, with no words
                          behind it; empty: any below the root */
    struct slice interpreter; /* absolute; empty: the script is the program */
    bool reads_stdin; /* the interpreter: '-' stands behind the script, and nothing else; what it
                         works on comes by stdin */
    struct slice *arguments; /* between interpreter and script */
    uint32_t argument_count;
    enum policy_links links;
    struct policy_confine confine;
};

/* Who has a website in its home. One rule is for all of them: they may be thousands. */
struct policy_account {
    struct slice home; /* absolute */
    uint32_t user;     /* not 0, and so are the others */
    uint32_t group;
    uint32_t *groups; /* all of them, `group` too */
    uint32_t group_count;
};

struct policy {
    struct policy_rule *rules; /* index = rule number */
    uint32_t rule_count;
    uint64_t kill_grace_ms;
    struct slice user_folder;        /* below each home, relative; empty: no accounts */
    struct policy_account *accounts; /* index = number of the account less one */
    uint32_t account_count;
};

/* malloc'd bytes. */
void policy_encode(const struct policy *policy, char **ret_data, size_t *ret_len);

/* Slices point into `data`, which must live as long; arrays are in the arena. */
enum parse policy_decode(struct slice data, struct arena *arena, struct policy *ret,
                         struct parse_fault *reterr);

#endif
