#ifndef CONFIG_RUN_AS_H
#define CONFIG_RUN_AS_H

/*
 * From the names in RunAs to numbers of the system, as the policy for the spawner has them.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "config/model.h"

#include <stdbool.h>
#include <stdint.h>

struct account {
    uint32_t user;
    uint32_t group;
    uint32_t *groups; /* in the arena; with `group` */
    uint32_t group_count;
};

/*
 * `user` and `groups` are names or numbers; without groups those that the system has for the user
 * count, the first named one is the main one otherwise. NULL, or why there is no such account.
 */
const char *account_find(struct slice user, const struct conf_word *groups, struct arena *arena,
                         struct account *ret);

/* The user alone, by name or number; a number needs no entry. False: there is no such user. */
bool account_user(struct slice user, struct arena *arena, uint32_t *ret);

#endif
