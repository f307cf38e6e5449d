#ifndef SITE_LOCAL_H
#define SITE_LOCAL_H

/*
 * Which .hiawatha files hold for a path: those from the root that it lies in down to its folder
 * (UseLocalConfig). They are known by the file cache, so that one is read and understood when it
 * has changed, and what is not there costs a look a second.
 */
#include "http/exchange.h"
#include "site/file_cache.h"
#include "site/mapping.h"

struct locals {
    const struct directory_conf **at; /* in the arena of the exchange, the root's first */
    struct cached_file **held;        /* to be dropped when nobody uses them any more */
    unsigned count;
    struct slice fault; /* one of them cannot be used, and why; empty: all can */
};

/* `mapping` of the path. */
void locals_find(const struct host *host, const struct mapping *mapping, struct file_cache *cache,
                 struct exchange *x, struct locals *ret);
void locals_drop(struct locals *locals, struct file_cache *cache);

#endif
