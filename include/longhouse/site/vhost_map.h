#ifndef SITE_VHOST_MAP_H
#define SITE_VHOST_MAP_H

/*
 * Host name to host. Hiawatha's order counts: the default host first, then hosts in the order of
 * the text; the first one with a name that matches (equal, or "*.d" against d and anything below
 * it) wins, hosts whose RequiredBinding does not name the binding are passed over. Found by hash
 * (the exact name, then each "*.suffix"), flat in the number of hosts.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "config/model.h"
#include "site/trace.h"

struct vhost_map;

struct vhost_map *vhost_map_build(const struct server_conf *conf, struct arena *arena);

/* The index of the host for a name (lower case, no port, no trailing dot; empty: none was given) on
 * a binding; 0, the default host, when nothing matches. `trace`: who wants to know why, or NULL. */
unsigned vhost_map_find(const struct vhost_map *map, struct slice name,
                        const struct binding_conf *binding, struct trace *trace);

void vhost_map_done(struct vhost_map *map);

#endif
