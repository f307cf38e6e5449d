#ifndef SITE_PROXIES_H
#define SITE_PROXIES_H

/*
 * The ReverseProxy rules of all hosts, ready to be asked: which of them, if any, a target is for.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "config/model.h"

struct proxies;

struct proxies *proxies_build(const struct server_conf *conf, struct arena *arena);
void proxies_done(struct proxies *proxies);

/* The first rule of the host that the target, as it was sent, fits; NULL: none. */
const struct proxy_conf *proxies_find(const struct proxies *proxies, const struct vhost_conf *host,
                                      struct slice raw);

#endif
