#ifndef GROUPS_H
#define GROUPS_H

/*
 * Control groups for programs: one folder for each spawner below the one that the house was given
 * or has found, so that whoever dies takes all of his programs along.
 */
#include "config/model.h"
#include "os/cgroup.h"

#include <stdbool.h>

struct arena;
struct diags;
struct identity;

#define SPAWNERS_MOST 16u /* as the option Spawners says */

struct groups {
    struct cgroup_house house;   /* descriptors are -1 without control groups */
    int programs[SPAWNERS_MOST]; /* owned: the folder of each spawner; -1 without */
    const char *path;            /* of it */
    const char *why;             /* there are none */
    unsigned controllers;        /* those in use */
};

/* None. */
void groups_init(struct groups *groups);

/* False: they are asked for and not to be had; a diagnostic says why. */
bool groups_open(const struct server_conf *conf, unsigned spawners, const struct identity *identity,
                 struct arena *arena, struct diags *diags, struct groups *ret);

/* The next generation has limits that these were not made for. */
bool groups_lack(const struct groups *groups, const struct server_conf *next);

/* All programs of the spawner of this number, which has died. */
void groups_kill(const struct groups *groups, unsigned spawner);

/* Kills what is left in them, and removes them. */
void groups_close(struct groups *groups);

#endif
