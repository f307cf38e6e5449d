#ifndef ROUTER_TOOLKIT_H
#define ROUTER_TOOLKIT_H

/* The toolkits of the host, between the router and a request. Private to this floor. */
#include "site/router.h"

/*
 * The rules have their say: the request's target becomes what they make of it (its `raw` stays), or
 * they answer. True: the verdict is complete. *ret_forced: the section that is to answer whatever
 * lies on disk, or NULL.
 */
bool router_ask_toolkits(const struct snapshot *snapshot, const struct host *host,
                         struct exchange *x, struct file_cache *cache, struct verdict *verdict,
                         const struct fastcgi_conf **ret_forced);

#endif
