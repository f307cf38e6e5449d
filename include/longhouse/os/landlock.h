#ifndef OS_LANDLOCK_H
#define OS_LANDLOCK_H

/*
 * Landlock: what a process and all that it starts may do to the file system and the network,
 * whatever their user may. A ruleset is made once, by a process that may see the places, and can be
 * handed to another; landlock_enforce() is for a child before exec. Functions return 0 or a
 * negative errno unless they say more.
 */
#include <stdbool.h>

/* What the kernel offers: 1 (Linux 5.13) and more; 0: nothing. */
int landlock_abi(void);

struct landlock_scope {
    bool reads;   /* reading and running is restricted as well as writing; and, as far as the kernel
                     can, who is signalled and met at abstract sockets */
    bool network; /* no TCP: -EOPNOTSUPP where the kernel cannot */
};

/* A ruleset that allows nothing of what it restricts. */
int landlock_open(const struct landlock_scope *scope, int *ret_ruleset);

enum landlock_rights { LANDLOCK_READ, LANDLOCK_WRITE /* and read */ };

/* A folder with all that is in it, or a file. */
int landlock_allow(int ruleset, const struct landlock_scope *scope, const char *path,
                   enum landlock_rights rights);

/* System calls only. No-new-privileges must be set. -1 and errno. */
int landlock_enforce(int ruleset);

#endif
