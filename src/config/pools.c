/*
 * Which pools of workers there are: one for each section with Run and each identity that uses it.
 * A pool is a section with a socket of its own as its one target, so whoever connects to it needs
 * to know nothing about workers.
 */
#include "base/siphash.h"
#include "build.h"
#include "config/folder.h"

#include <inttypes.h>

struct pools {
    struct build *build;
    struct fastcgi_conf **found;          /* those that are there already */
    const struct fastcgi_conf **sections; /* of the texts, by the same numbers */
    unsigned count;
};

static bool same_words(const struct conf_word *a, const struct conf_word *b)
{
    for (; a && b; a = a->next, b = b->next)
        if (!slice_equal(a->text, b->text))
            return false;
    return !a && !b;
}

static bool same_identity(const struct confine_conf *a, const struct confine_conf *b)
{
    return slice_equal(a->user, b->user) && same_words(a->groups, b->groups);
}

/* Of the name, and of how many of that name came before: two identities may share one. */
static uint64_t key_of(const struct pools *pools, const struct fastcgi_conf *section)
{
    struct siphash_key fixed = { 0x776f726b65727321, 0 };

    for (unsigned i = 0; i < pools->count; i++)
        fixed.b += slice_equal(pools->found[i]->id, section->id);
    return siphash(fixed, section->id);
}

/* The path is the same in every process that reads the same texts, and in every generation of them
 * that has a pool of this name. */
static void give_socket(struct pools *pools, const struct fastcgi_conf *origin,
                        struct fastcgi_conf *section)
{
    struct build *build = pools->build;
    struct connect_conf *target = arena_new(build->arena, struct connect_conf);

    *target = (struct connect_conf){ .place = section->run.place, .weight = 1 };
    section->run.key = key_of(pools, section);
    target->text = arena_printf(build->arena, "%.*s/workers-%016" PRIx64 ".sock",
                                SLICE_ARGS(build->conf->work_directory), section->run.key);
    if (!address_parse_target(target->text, &target->address))
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &section->run.place,
                           "'Run' needs a socket in WorkDirectory, and '%.*s' is no path of one",
                           SLICE_ARGS(target->text)),
                  "set WorkDirectory to a folder with a path of at most 80 bytes");
    section->targets = target;
    section->target_count = 1;
    section->all_local = section->server_root.len == 0;
    section->run.pool = pools->count;
    pools->sections[pools->count] = origin;
    pools->found[pools->count++] = section;
}

/* The same section once more, for the identity of a host. */
static struct fastcgi_conf *split(struct pools *pools, const struct fastcgi_conf *section,
                                  const struct confine_conf *who)
{
    struct build *build = pools->build;
    struct fastcgi_conf *own = arena_new(build->arena, struct fastcgi_conf);

    *own = *section;
    own->next = NULL;
    own->index = build->conf->fastcgi_count++;
    own->id =
        arena_printf(build->arena, "%.*s (%.*s)", SLICE_ARGS(section->id), SLICE_ARGS(who->user));
    own->run.confine.user = who->user;
    own->run.confine.groups = who->groups;
    own->run.confine.user_place = who->user_place;
    *build->fastcgi_end = own;
    build->fastcgi_end = &own->next;
    give_socket(pools, section, own);
    return own;
}

static struct fastcgi_conf *find(struct pools *pools, const struct fastcgi_conf *section,
                                 const struct confine_conf *who)
{
    for (unsigned i = 0; i < pools->count; i++)
        if (pools->sections[i] == section && same_identity(who, &pools->found[i]->run.confine))
            return pools->found[i];
    return split(pools, section, who);
}

static bool is_split(const struct fastcgi_conf *section, unsigned sections)
{
    return section->run.program.len > 0 && section->index < sections;
}

static void settle_host(struct pools *pools, struct vhost_conf *host, unsigned sections)
{
    if (host->confine.user.len == 0)
        return;
    for (unsigned i = 0; i < host->use_fastcgi_count; i++)
        if (is_split(host->use_fastcgi[i], sections))
            host->use_fastcgi[i] = find(pools, host->use_fastcgi[i], &host->confine);
    for (unsigned i = 0; i < host->forced_count; i++)
        if (is_split(host->forced[i].used, sections))
            host->forced[i].used = find(pools, host->forced[i].used, &host->confine);
}

static unsigned most_pools(const struct server_conf *conf)
{
    unsigned most = conf->fastcgi_count;

    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        most += host->use_fastcgi_count + host->forced_count;
    return most;
}

static bool is_used(const struct server_conf *conf, const struct fastcgi_conf *section)
{
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        if (folder_any_asks(host, section))
            return true;
        for (unsigned i = 0; i < host->use_fastcgi_count; i++)
            if (host->use_fastcgi[i] == section)
                return true;
        for (unsigned i = 0; i < host->forced_count; i++)
            if (host->forced[i].used == section)
                return true;
    }
    return false;
}

/* Nobody waits for workers of a pool that no host uses. */
static void settle_unused(const struct server_conf *conf)
{
    for (unsigned i = 0; i < conf->pool_count; i++)
        if (!is_used(conf, conf->pools[i]))
            conf->pools[i]->run.min_workers = 0;
}

static void check_numbers(struct build *build, const struct fastcgi_conf *section)
{
    if (section->run.min_workers > section->run.max_workers)
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &section->run.place,
                           "FastCGIserver '%.*s' has more MinWorkers (%u) than MaxWorkers (%u)",
                           SLICE_ARGS(section->id), (unsigned)section->run.min_workers,
                           (unsigned)section->run.max_workers),
                  "lower MinWorkers, or raise MaxWorkers");
}

/*
 * Nobody else connects to workers of our own: as many connections as they can serve, and all kept,
 * but not so long that a worker seems to be needed. A kept connection needs a worker of its own; a
 * budget may refuse it, and another request would wait behind it.
 */
static void settle_connections(const struct server_conf *conf, struct fastcgi_conf *section)
{
    struct run_conf *run = &section->run;
    const uint64_t served = run->max_workers * run->capacity;

    if (!run->sets_connections)
        section->max_connections = served;
    if (!run->sets_kept && section->protocol == PROTOCOL_FASTCGI && conf->workers_memory_bytes == 0)
        section->keep_connections = served;
    if (!run->sets_keep_time && section->keep_ms > run->idle_ms / 2)
        section->keep_ms = run->idle_ms / 2;
}

void pools_number(struct build *build)
{
    struct server_conf *conf = build->conf;
    const unsigned most = most_pools(conf);
    const unsigned sections = conf->fastcgi_count;
    struct pools pools = {
        .build = build,
        .found = arena_array(build->arena, struct fastcgi_conf *, most),
        .sections = arena_array(build->arena, const struct fastcgi_conf *, most),
    };

    for (struct fastcgi_conf *section = conf->fastcgi; section; section = section->next) {
        if (section->run.program.len == 0)
            continue;
        check_numbers(build, section);
        settle_connections(conf, section);
        give_socket(&pools, section, section);
    }
    for (struct vhost_conf *host = conf->hosts; host; host = host->next)
        settle_host(&pools, host, sections);
    conf->pools = pools.found;
    conf->pool_count = pools.count;
    settle_unused(conf);
}
