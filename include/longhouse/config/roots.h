#ifndef CONFIG_ROOTS_H
#define CONFIG_ROOTS_H

/*
 * The folders that a host's programs run from, and the numbers of the rules for them (ipc/policy).
 * Root 0 is WebsiteRoot, root N the alias with that number; with UserWebsites one more stands for
 * the folders of all accounts. Where a Directory has another FollowSymlinks than the host, all of
 * them come again behind, for that treatment of links. Each root has a rule for programs that run
 * themselves and one for each interpreter. And all of that comes again for each identity: number 0
 * is that of the host, number N that of wraps[N - 1]. Supervisor and server count alike.
 */
#include "config/model.h"

#include <stdbool.h>

/* How many roots there are for one treatment of links, and how many treatments. */
unsigned roots_folders(const struct vhost_conf *host);
unsigned roots_treatments(const struct vhost_conf *host);

/* The root that stands for the folders of accounts; `otherwise`: not with the links of the host. */
unsigned roots_of_users(const struct vhost_conf *host, bool otherwise);

/*
 * The programs that run after requests (RunOnAlter, then RunOnDownload of each Directory) have a
 * rule each, behind all of these. How many there are, which one (empty: none), and the rule of it.
 */
unsigned roots_hooks(const struct vhost_conf *host);
struct slice roots_hook(const struct vhost_conf *host, unsigned hook);
uint32_t roots_rule_hook(const struct vhost_conf *host, struct slice program);

/*
 * Behind them stand those of stylesheets, which xsltproc applies: with UseXSLT one for each root,
 * whatever its identity, and then those of ErrorXSLTfile and of each ShowIndex. How many of these
 * last there are, which one (empty: none), and the rules.
 */
unsigned roots_own_styles(const struct vhost_conf *host);
struct slice roots_own_style(const struct vhost_conf *host, unsigned number);
uint32_t roots_rule_style(const struct vhost_conf *host, unsigned root);
uint32_t roots_rule_own_style(const struct vhost_conf *host, struct slice stylesheet);

/* xsltproc may run for the host; any program may. */
bool roots_transform(const struct vhost_conf *host);
bool roots_run(const struct vhost_conf *host);

/* How many rules the host has, from rule_base on. */
uint32_t roots_rules(const struct vhost_conf *host);

/* Who programs are for which this holds, and what they may use. */
unsigned roots_identity(const struct vhost_conf *host, const struct folder_conf *folder);
const struct confine_conf *roots_confine(const struct vhost_conf *host, unsigned identity);

/* The first rule of an identity, counted from the first of the host. */
uint32_t roots_first(const struct vhost_conf *host, unsigned identity);

/* The rule by which a script below root number `root` runs itself, or by handlers[handler]. */
uint32_t roots_rule_itself(const struct vhost_conf *host, unsigned identity, unsigned root);
uint32_t roots_rule_handler(const struct vhost_conf *host, unsigned identity, unsigned root,
                            unsigned handler);

#endif
