#ifndef CONFIG_USERS_H
#define CONFIG_USERS_H

/*
 * The accounts with a website of their own ("/~NAME/"), which are the same for all hosts with
 * UserWebsites: found by name, and numbered in that order, which supervisor and server share.
 */
#include "base/arena.h"
#include "config/model.h"

/* Accounts with a smaller number are the system's, whatever MinUid says. */
#define USERS_LEAST_UID 1000u

/* NULL: no account of this name has a website. */
const struct user_conf *users_find(const struct users_conf *users, struct slice name);

/* The groups of an account as numbers. */
uint32_t *users_groups(const struct user_conf *user, struct arena *arena, uint32_t *ret_count);

#endif
