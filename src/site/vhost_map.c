#include "site/vhost_map.h"

#include "base/table.h"

#include <assert.h>
#include <stdbool.h>

/* One host that claims a name; the claims of a name are in the order of the hosts. */
struct claim {
    struct claim *next;
    const struct vhost_conf *host;
    unsigned index;
};

struct claims {
    struct claim *first;
    struct claim **end;
};

struct vhost_map {
    struct table exact;    /* name -> struct claims */
    struct table domains;  /* d of "*.d" -> struct claims */
    size_t longest_domain; /* no suffix of a name beyond this needs a look */
};

static void add_claim(struct table *table, struct slice name, const struct vhost_conf *host,
                      unsigned index, struct arena *arena)
{
    struct claims *claims = table_find(table, name);
    struct claim *claim = arena_new(arena, struct claim);

    if (!claims) {
        claims = arena_new(arena, struct claims);
        claims->end = &claims->first;
        table_put(table, name, claims);
    }
    *claim = (struct claim){ .host = host, .index = index };
    *claims->end = claim;
    claims->end = &claim->next;
}

static void add_name(struct vhost_map *map, struct slice name, const struct vhost_conf *host,
                     unsigned index, struct arena *arena)
{
    if (!slice_starts(name, SLICE("*."))) {
        add_claim(&map->exact, name, host, index, arena);
        return;
    }

    struct slice domain = slice_skip(name, 2);
    add_claim(&map->domains, domain, host, index, arena);
    if (domain.len > map->longest_domain)
        map->longest_domain = domain.len;
}

struct vhost_map *vhost_map_build(const struct server_conf *conf, struct arena *arena)
{
    struct vhost_map *map = arena_new(arena, struct vhost_map);
    unsigned index = 0;

    for (const struct vhost_conf *host = conf->hosts; host; host = host->next, index++) {
        for (const struct conf_word *word = host->hostnames; word; word = word->next)
            add_name(map, word->text, host, index, arena);
    }
    assert(index == conf->host_count);
    return map;
}

static bool serves_binding(const struct vhost_conf *host, const struct binding_conf *binding)
{
    if (!host->required_bindings)
        return true;
    if (!binding || binding->id.len == 0)
        return false;
    for (const struct conf_word *word = host->required_bindings; word; word = word->next) {
        if (slice_equal(word->text, binding->id))
            return true;
    }
    return false;
}

#define NO_HOST ((unsigned)-1)

struct search {
    const struct binding_conf *binding;
    struct trace *trace;
    unsigned best;
    const struct vhost_conf *host; /* of `best` */
    struct slice domain;           /* it has it as "*.domain"; empty: it has the name */
};

/* Lowers search->best to the first host among `claims` that serves the binding. */
static void consider(struct search *search, const struct claims *claims, struct slice domain)
{
    const struct claim *claim = claims ? claims->first : NULL;

    for (; claim && claim->index < search->best; claim = claim->next) {
        if (serves_binding(claim->host, search->binding)) {
            search->best = claim->index;
            search->host = claim->host;
            search->domain = domain;
            return;
        }
        trace_note_at(search->trace, TRACE_HOST, TRACE_NO, &claim->host->place,
                      "a host of this name is passed over: its RequiredBinding does not name this "
                      "binding");
    }
}

static void tell(const struct search *search, struct slice name)
{
    if (search->best == NO_HOST)
        trace_note(search->trace, TRACE_HOST, TRACE_NO,
                   "no host has the name '%.*s': the default host answers", SLICE_ARGS(name));
    else if (search->domain.len > 0)
        trace_note_at(search->trace, TRACE_HOST, TRACE_YES, &search->host->place,
                      "'%.*s' fits its wildcard '*.%.*s'", SLICE_ARGS(name),
                      SLICE_ARGS(search->domain));
    else
        trace_note_at(search->trace, TRACE_HOST, TRACE_YES, &search->host->place,
                      "'%.*s' is its name", SLICE_ARGS(name));
}

/* The name itself and what stands behind each of its dots may be the domain of a "*.domain". */
static void consider_domains(struct search *search, const struct vhost_map *map, struct slice name)
{
    for (struct slice rest = name; rest.len > 0;) {
        if (rest.len <= map->longest_domain)
            consider(search, table_find(&map->domains, rest), rest);
        if (!slice_cut(rest, '.', &(struct slice){ 0 }, &rest))
            break;
    }
}

unsigned vhost_map_find(const struct vhost_map *map, struct slice name,
                        const struct binding_conf *binding, struct trace *trace)
{
    struct search search = { .binding = binding, .trace = trace, .best = NO_HOST };

    if (name.len == 0) {
        trace_note(trace, TRACE_HOST, TRACE_FACT,
                   "the request names no host: the default host answers");
        return 0;
    }
    consider(&search, table_find(&map->exact, name), SLICE(""));
    if (map->longest_domain > 0)
        consider_domains(&search, map, name);
    tell(&search, name);
    return search.best == NO_HOST ? 0 : search.best;
}

void vhost_map_done(struct vhost_map *map)
{
    table_done(&map->exact);
    table_done(&map->domains);
}
