#ifndef SITE_MAPPING_H
#define SITE_MAPPING_H

/*
 * In which folder a path of the URL lies: with UserWebsites "/~NAME" in that of the account, else
 * in that of the longest Alias or ScriptAlias that covers it, else in WebsiteRoot. Pure.
 */
#include "base/arena.h"
#include "site/snapshot.h"

struct mapping {
    const struct site_root *root;
    const struct alias_conf *alias; /* NULL: WebsiteRoot, or of an account: */
    bool is_user;                   /* without root->user there is none of this name */
    struct slice url;               /* the part of the path that stands for the root, or for the
                                       file of a ScriptAlias; empty: none of it */
    struct slice below;             /* the rest: empty, or it begins with '/' */
};

/*
 * `folder`: what holds for the path: its FollowSymlinks chooses the root; a ScriptAlias covers what
 * lies below its path only with EnablePathInfo. `path` begins with '/'.
 */
struct mapping mapping_find(const struct host *host, const struct folder_conf *folder,
                            struct slice path);

/* The path belongs to an account, whether there is one of that name or not. */
bool mapping_is_user(const struct host *host, struct slice path);

/* WebsiteRoot, as `folder` has it treat links. */
const struct site_root *mapping_website(const struct host *host, const struct folder_conf *folder);

/* Where `path` would lie on the disk if it was asked for as a file (RFC 3875 4.1.6). */
struct slice mapping_translate(const struct host *host, struct slice path, struct arena *arena);

/* The aliases of a host with their open roots, the longest path first. */
struct site_alias *mapping_sort(const struct vhost_conf *conf, struct arena *arena);

#endif
