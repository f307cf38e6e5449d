#ifndef HANDLER_PROXY_CACHE_H
#define HANDLER_PROXY_CACHE_H

/*
 * Which answers of ReverseProxy are kept although their backend did not ask for it
 * (CacheRProxyExtensions). Private to this floor.
 */
#include "http/exchange.h"
#include "site/router.h"

/* The request is for a path that the option means. */
bool proxy_cache_is_meant(const struct exchange *x, const struct verdict *verdict);

/* The answer with these fields is kept for so long. */
bool proxy_cache_lasts(const struct exchange *x, const struct verdict *verdict,
                       const struct fields *answer, uint64_t *ret_ms);

#endif
