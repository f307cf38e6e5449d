#ifndef CONFIG_ROOTS_H
#define CONFIG_ROOTS_H

/*
 * The folders that a host's programs run from, and the numbers of the rules for them (ipc/policy).
 * Root 0 is WebsiteRoot, root N the alias with that number. Where a Directory has another
 * FollowSymlinks than the host, all of them come again behind, for that treatment of links. Each
 * root has a rule for programs that run themselves and one for each interpreter; supervisor and
 * server count alike.
 */
#include "config/model.h"

/* How many folders there are, and how many roots. */
unsigned roots_folders(const struct vhost_conf *host);
unsigned roots_count(const struct vhost_conf *host);

/* How many rules the host has, from rule_base on. */
uint32_t roots_rules(const struct vhost_conf *host);

/* The rule by which a script below root number `root` runs itself, or by handlers[handler]. */
uint32_t roots_rule_itself(const struct vhost_conf *host, unsigned root);
uint32_t roots_rule_handler(const struct vhost_conf *host, unsigned root, unsigned handler);

#endif
