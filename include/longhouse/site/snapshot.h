#ifndef SITE_SNAPSHOT_H
#define SITE_SNAPSHOT_H

/*
 * The frozen configuration of the server process: hosts by name, media types, open roots. Immutable
 * once built; read by all reactors without a lock; counted by its users.
 */
#include "base/arena.h"
#include "base/log.h"
#include "base/slice.h"
#include "base/table.h"
#include "config/model.h"
#include "os/beneath.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct media;     /* site/media.h */
struct proxies;   /* site/proxies.h */
struct sieve;     /* site/sieve.h */
struct toolkits;  /* site/toolkit.h */
struct vhost_map; /* site/vhost_map.h */

/* A folder that files are sent from (site/root.h). The file cache knows it by its address. */
struct site_root {
    struct slice path; /* absolute, no trailing slash; empty: there is none */
    int fd;            /* O_PATH; -1: there is none, or it is missing (said in the log once) */
    const struct user_conf *user; /* whose website it is: opened for each look; NULL: nobody's */
    enum beneath_links links;
    unsigned number;                   /* among the roots that programs run from (config/roots.h) */
    const struct site_root *otherwise; /* the same folder with the other treatment of links, where a
                                          Directory of the host asks for it; NULL: none does */
};

/* Where an Alias or a ScriptAlias leads: the folder, or that of the file. */
struct site_alias {
    const struct alias_conf *conf;
    struct site_root root;
};

/* The websites of accounts, which all hosts share. */
struct site_users {
    const struct users_conf *conf;
    struct site_root *roots; /* two for each account: with its own links, with any */
};

/* One website. */
struct host {
    const struct vhost_conf *conf;
    struct slice name;     /* the first host name that is no wildcard, else its domain; for logs */
    struct site_root root; /* WebsiteRoot */
    struct site_alias *aliases; /* the longest path first (site/mapping.h) */
    unsigned alias_count;
    struct site_root *sendfile_roots; /* SendfileRoot */
    unsigned sendfile_root_count;
    const struct site_users *users;   /* NULL: none here (UserWebsites) */
    struct table extensions;          /* extension -> struct extension_rule * (src/site/rules.h) */
    bool shares_extensions;           /* the table belongs to an earlier host with the same rules */
    const struct conf_word *patterns; /* CGIpattern of all hosts with the same WebsiteRoot */
    const struct fastcgi_conf *catch_all; /* its first section without Extension; NULL: none */
    struct table hashes;       /* FileHashes: absolute path -> struct conf_hash *; empty: none */
    const struct media *media; /* borrowed from the snapshot */
    void *error_log;           /* server: where its error lines go (struct log *) */
    void *access_log;          /* server: struct log_file *, NULL: none */
};

struct snapshot {
    _Atomic unsigned users;
    uint32_t generation;      /* of the configuration: the rules of programs are numbered in it */
    struct arena arena;       /* hosts, tables, compiled things */
    struct arena *conf_arena; /* owned: the model; NULL: the caller keeps it */
    const struct server_conf *conf;
    struct site_users accounts;
    struct host *hosts;    /* conf->host_count, the default host first */
    struct table programs; /* extensions, small letters, that mean a program anywhere */
    struct vhost_map *names;
    struct media *media;
    struct toolkits *toolkits;
    struct sieve *sieve;
    struct proxies *proxies;
};

/* Builds from a model; takes the arena (malloc'd struct) that holds it. Roots that cannot be opened
 * are logged. One user. */
struct snapshot *snapshot_build(const struct server_conf *conf, struct arena *conf_arena,
                                struct log *log);
struct snapshot *snapshot_hold(struct snapshot *snapshot);
void snapshot_drop(struct snapshot *snapshot); /* the last one frees it */

#endif
