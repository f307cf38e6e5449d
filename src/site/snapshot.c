#include "site/snapshot.h"

#include "config/folder.h"
#include "config/roots.h"
#include "os/fd.h"
#include "rules.h"
#include "site/mapping.h"
#include "site/media.h"
#include "site/proxies.h"
#include "site/sieve.h"
#include "site/toolkit.h"
#include "site/vhost_map.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The first name that is no wildcard; without one the domain of the first. */
static struct slice name_of(const struct vhost_conf *conf)
{
    for (const struct conf_word *word = conf->hostnames; word; word = word->next) {
        if (!slice_starts(word->text, SLICE("*.")))
            return word->text;
    }
    return conf->hostnames ? slice_skip(conf->hostnames->text, 2) : SLICE("-");
}

static void open_root(const struct host *host, const char *option, struct slice path,
                      struct site_root *root, struct arena *arena, struct log *log)
{
    *root = (struct site_root){
        .path = path,
        .fd = -1,
        .links = host->conf->folder.follow_symlinks ? BENEATH_ANY_LINKS : BENEATH_OWNED_LINKS,
    };
    if (path.len == 0)
        return;

    int r = beneath_root(arena_cstr(arena, path), &root->fd);
    if (r < 0)
        log_error(log, "site %.*s: cannot open its %s %.*s: %s; its files are 404",
                  SLICE_ARGS(host->name), option, SLICE_ARGS(path), strerror(-r));
}

/* The descriptor stays that of `root`. */
static void add_otherwise(const struct host *host, struct site_root *root, struct arena *arena)
{
    struct site_root *other = arena_new(arena, struct site_root);

    *other = *root;
    other->links = root->links == BENEATH_ANY_LINKS ? BENEATH_OWNED_LINKS : BENEATH_ANY_LINKS;
    other->number += roots_folders(host->conf);
    root->otherwise = other;
}

static void open_aliases(struct host *host, struct arena *arena, struct log *log)
{
    host->alias_count = host->conf->alias_count;
    host->aliases = mapping_sort(host->conf, arena);
    for (unsigned i = 0; i < host->alias_count; i++) {
        struct site_alias *alias = &host->aliases[i];

        open_root(host, alias->conf->file.len > 0 ? "ScriptAlias" : "Alias", alias->conf->folder,
                  &alias->root, arena, log);
        alias->root.number = alias->conf->number;
        if (folder_any_changes_links(host->conf))
            add_otherwise(host, &alias->root, arena);
    }
}

static void open_roots(struct host *host, struct arena *arena, struct log *log)
{
    const struct conf_folder *folder;

    open_root(host, "WebsiteRoot", host->conf->website_root, &host->root, arena, log);
    if (folder_any_changes_links(host->conf))
        add_otherwise(host, &host->root, arena);
    open_aliases(host, arena, log);
    for (folder = host->conf->sendfile_roots; folder; folder = folder->next)
        host->sendfile_root_count++;
    if (host->sendfile_root_count == 0)
        return;

    struct site_root *root = arena_array(arena, struct site_root, host->sendfile_root_count);
    host->sendfile_roots = root;
    for (folder = host->conf->sendfile_roots; folder; folder = folder->next)
        open_root(host, "SendfileRoot", folder->path, root++, arena, log);
}

/* Nothing is opened: they may be thousands, and come and go. */
static void list_users(const struct users_conf *conf, struct arena *arena, struct site_users *ret)
{
    struct site_root *root = arena_array(arena, struct site_root, 2 * (size_t)conf->count);

    *ret = (struct site_users){ .conf = conf, .roots = root };
    for (unsigned i = 0; i < conf->count; i++)
        for (unsigned any = 0; any < 2; any++)
            *root++ = (struct site_root){
                .path = conf->sites[i].path,
                .fd = -1,
                .user = &conf->sites[i],
                .links = any ? BENEATH_ANY_LINKS : BENEATH_OWNED_LINKS,
            };
}

static void open_hosts(struct snapshot *snapshot, struct log *log)
{
    const struct server_conf *conf = snapshot->conf;
    const struct vhost_conf *vhost = conf->hosts;
    const struct host *ruled = NULL; /* the last one with a table of its own */

    for (unsigned i = 0; i < conf->host_count; i++, vhost = vhost->next) {
        struct host *host = &snapshot->hosts[i];

        *host = (struct host){
            .conf = vhost,
            .name = name_of(vhost),
            .media = snapshot->media,
            .users = vhost->user_websites ? &snapshot->accounts : NULL,
        };
        for (size_t j = 0; j < vhost->hash_count; j++)
            table_put(&host->hashes, vhost->hashes[j].path, &vhost->hashes[j]);
        open_roots(host, &snapshot->arena, log);
        rules_build(conf, host, ruled, &snapshot->arena);
        if (!host->shares_extensions)
            ruled = host;
    }
    assert(!vhost);
}

struct snapshot *snapshot_build(const struct server_conf *conf, struct arena *conf_arena,
                                struct log *log)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (!snapshot)
        abort(); /* true exhaustion: the supervisor starts the next process */
    assert(conf->host_count > 0);

    atomic_init(&snapshot->users, 1);
    snapshot->conf = conf;
    snapshot->conf_arena = conf_arena;
    snapshot->hosts = arena_array(&snapshot->arena, struct host, conf->host_count);
    snapshot->media = media_build(conf->mimetype_text, &snapshot->arena);
    snapshot->toolkits = toolkits_build(conf, &snapshot->arena);
    snapshot->sieve = sieve_build(conf, &snapshot->arena);
    snapshot->proxies = proxies_build(conf, &snapshot->arena);
    snapshot->names = vhost_map_build(conf, &snapshot->arena);
    rules_collect_programs(conf, &snapshot->programs, &snapshot->arena);
    list_users(&conf->users, &snapshot->arena, &snapshot->accounts);
    open_hosts(snapshot, log);
    rules_share_patterns(snapshot->hosts, conf->host_count, &snapshot->arena);
    return snapshot;
}

struct snapshot *snapshot_hold(struct snapshot *snapshot)
{
    unsigned before = atomic_fetch_add_explicit(&snapshot->users, 1, memory_order_relaxed);

    assert(before > 0);
    return snapshot;
}

static void snapshot_free(struct snapshot *snapshot)
{
    for (unsigned i = 0; i < snapshot->conf->host_count; i++) {
        struct host *host = &snapshot->hosts[i];

        fd_close(&host->root.fd);
        for (unsigned j = 0; j < host->alias_count; j++)
            fd_close(&host->aliases[j].root.fd);
        for (unsigned j = 0; j < host->sendfile_root_count; j++)
            fd_close(&host->sendfile_roots[j].fd);
        table_done(&host->hashes);
        rules_done(host);
    }
    table_done(&snapshot->programs);
    vhost_map_done(snapshot->names);
    media_done(snapshot->media);
    toolkits_done(snapshot->toolkits);
    sieve_done(snapshot->sieve);
    proxies_done(snapshot->proxies);
    arena_done(&snapshot->arena);
    if (snapshot->conf_arena) {
        arena_done(snapshot->conf_arena);
        free(snapshot->conf_arena);
    }
    free(snapshot);
}

void snapshot_drop(struct snapshot *snapshot)
{
    if (!snapshot)
        return;

    /* What others did with it happens before it goes. */
    unsigned before = atomic_fetch_sub_explicit(&snapshot->users, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1)
        snapshot_free(snapshot);
}
