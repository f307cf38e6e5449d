#ifndef SITE_PROXIES_H
#define SITE_PROXIES_H

/*
 * The ReverseProxy rules of all hosts, ready to be asked: which of them, if any, a target is for.
 * And those of WebSocket, which need no preparation.
 */
#include "base/arena.h"
#include "base/slice.h"
#include "config/model.h"

struct proxies;

struct proxies *proxies_build(const struct server_conf *conf, struct arena *arena);
void proxies_done(struct proxies *proxies);

/* *ret: the first rule of the host that the target, as it was sent, fits; NULL: none. False: it
 * cannot be told, because the pattern of *ret takes too long for it. */
bool proxies_find(const struct proxies *proxies, const struct vhost_conf *host, struct slice target,
                  const struct proxy_conf **ret);

/* The first rule of WebSocket of the host that the path, as it is judged, fits; NULL: none. */
const struct proxy_conf *websockets_find(const struct vhost_conf *host, struct slice path);

#endif
