#ifndef SITE_MAPPING_H
#define SITE_MAPPING_H

/*
 * In which folder a path of the URL lies: with UserWebsites "/~NAME" in that of the account, else
 * in that of the longest Alias or ScriptAlias that covers it, else in WebsiteRoot; with HostFolders
 * in the folder below it that has the name the request asks for. Pure.
 */
#include "base/arena.h"
#include "http/exchange.h"
#include "site/snapshot.h"

struct mapping {
    const struct site_root *root;
    const struct alias_conf *alias; /* NULL: WebsiteRoot, or of an account: */
    bool is_user;                   /* without root->user there is none of this name */
    struct slice url;               /* the part of the path that stands for the root, or for the
                                       file of a ScriptAlias; empty: none of it */
    struct slice below;             /* the rest: empty, or it begins with '/' */
    struct slice folder; /* HostFolders: the part of `below` that no URL has, "/NAME"; else empty */
};

/*
 * `folder`: what holds for the path: its FollowSymlinks chooses the root; a ScriptAlias covers what
 * lies below its path only with EnablePathInfo. `path` begins with '/'. `x`: whose request it is;
 * looked at, and its arena used, only with HostFolders.
 */
struct mapping mapping_find(const struct host *host, const struct folder_conf *folder,
                            struct slice path, struct exchange *x);

/* The path of the URL for what lies at `relative` below the root. */
struct slice mapping_url(const struct mapping *mapping, struct slice relative, struct arena *arena);

/* The website on the disk: the root, or the folder below it that stands for the name. */
struct slice mapping_place(const struct mapping *mapping, struct arena *arena);

/* The path belongs to an account, whether there is one of that name or not. */
bool mapping_is_user(const struct host *host, struct slice path);

/* WebsiteRoot, as `folder` has it treat links. */
const struct site_root *mapping_website(const struct host *host, const struct folder_conf *folder);

/* Where `path` would lie on the disk if it was asked for as a file (RFC 3875 4.1.6). */
struct slice mapping_translate(const struct host *host, struct slice path, struct arena *arena);

/* The aliases of a host with their open roots, the longest path first. */
struct site_alias *mapping_sort(const struct vhost_conf *conf, struct arena *arena);

#endif
