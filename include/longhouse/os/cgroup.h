#ifndef OS_CGROUP_H
#define OS_CGROUP_H

/*
 * Control groups, version 2: folders of the kernel in which the processes of a program stay
 * together wherever they go, so that one write ends all of them and one read tells what they used.
 *
 *   BASE                  what was delegated to us, or what the administrator names
 *     longhouse-PID       a house: made and locked by the supervisor
 *       house             supervisor and server, when controllers are used
 *       spawner
 *       programs          handed to the spawner
 *         1, 2, ...       leaves: one for each program
 *
 * Folders are directory descriptors. Functions return 0 or a negative errno unless they say more.
 */
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- where ---- */

/*
 * The folder of a process in the file system, from the texts of /proc/PID/cgroup and
 * /proc/PID/mountinfo. False: there is none of version 2, it is not mounted where the process sees
 * it, or its path does not fit. Pure.
 */
bool cgroup_locate(struct slice membership, struct slice mounts, char *ret, size_t room);

/*
 * Where a house may be made. `wanted` is the folder that somebody named; NULL: our own, if it was
 * delegated to us (by systemd with Delegate=yes, by owning it, or because it is the first one).
 * -ENOENT: this system has no hierarchy of version 2 in sight; -ENOTSUP: `wanted` lies in none;
 * -EPERM: it belongs to somebody else; -EACCES, -EROFS: it may not be written to. (Of
 * cgroup_house_make() besides: -ENOSYS, the kernel cannot kill a group; -EBUSY, controllers are
 * wanted and there are other processes in it.)
 */
int cgroup_find_base(const char *wanted, char *ret, size_t room);

/* The same errors in words. */
const char *cgroup_base_text(int error);

/* ---- what can be limited ---- */

enum cgroup_controller { CGROUP_CPU = 1, CGROUP_MEMORY = 2, CGROUP_PIDS = 4 };

/* The controllers in a text like that of cgroup.controllers. Pure. */
unsigned cgroup_controllers_parse(struct slice text);

/* Those that a folder can hand down to the folders in it. */
int cgroup_controllers(int folder, unsigned *ret);

struct cgroup_limits { /* of all processes of a program together; 0: none */
    uint64_t memory_bytes;
    uint64_t processes;
    uint64_t cpu_weight; /* 1 .. 10000; 100 is what everybody has */
};
unsigned cgroup_limits_need(const struct cgroup_limits *limits);
int cgroup_limit(int folder, const struct cgroup_limits *limits);

/* ---- a house ---- */

struct cgroup_house {
    int base;
    int folder;           /* locked as long as it, or a copy of it, is open */
    int spawner;          /* for cgroup_enter() */
    int programs;         /* for the (first) spawner */
    bool entered;         /* this process is in BASE/longhouse-PID/house */
    unsigned handed_down; /* controllers that BASE had not handed down before */
    char name[40];
};
#define CGROUP_HOUSE_NONE                                                                          \
    {                                                                                              \
        .base = -1, .folder = -1, .spawner = -1, .programs = -1                                    \
    }

/*
 * Makes the folders of a house in `base`, in which `owner` may make leaves and move processes; what
 * dead houses left there is ended and removed first. With controllers, this process moves into the
 * house, because the kernel limits only folders beside which there are no processes.
 */
int cgroup_house_make(const char *base, uid_t owner, gid_t group, unsigned controllers,
                      struct cgroup_house *ret);

/*
 * One more folder for programs, beside that of the house: for a further spawner, which numbers its
 * leaves by itself. *ret is closed by the caller, before the house is removed.
 */
int cgroup_programs_make(const struct cgroup_house *house, unsigned number, uid_t owner,
                         gid_t group, unsigned controllers, int *ret);

/* Ends what is left in it and removes it, as far as that goes. Harmless when it was not made. */
void cgroup_house_remove(struct cgroup_house *house);

/* ---- folders with processes ---- */

/* Moves this process, which may be one that was just forked. */
int cgroup_enter(int folder);

/* KILL for all that is in the folder and below, also for what is just being forked. */
int cgroup_kill(int folder);

/* Removes a folder and those in it; -EBUSY while a process is left. */
int cgroup_remove(int parent, const char *name);

/* Removes the folders in a folder that hold no process. */
void cgroup_remove_empty(int parent);

/*
 * Makes leaf `number` and opens it, and its cgroup.events, which a loop can watch: an edge means
 * that cgroup_populated() may have changed. -EEXIST: somebody has the number.
 */
int cgroup_leaf_make(int programs, unsigned number, const struct cgroup_limits *limits,
                     int *ret_folder, int *ret_events);

/* Whether a process is left in it; when the kernel does not tell, there is one. */
bool cgroup_populated(int events);

struct cgroup_use {
    uint64_t cpu_us;
    uint64_t peak_kib; /* 0: not known */
};

/* What all processes that were ever in the folder used. */
int cgroup_used(int folder, struct cgroup_use *ret);

/* The number of the leaf that a process is in; false: it is in none, or gone. */
bool cgroup_leaf_of(pid_t pid, unsigned *ret);

#endif
