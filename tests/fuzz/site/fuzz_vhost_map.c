/*
 * The hash gives the host that a walk over all hosts gives (Hiawatha's way). First line: the name
 * that is looked for; each further line: the names of one host, and behind a '@' the bindings it
 * requires.
 */
#include "site/vhost_map.h"

#include <assert.h>
#include <stdint.h>

#define HOSTS_MOST 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct conf_word *words(struct slice text, struct arena *arena)
{
    struct conf_word *first = NULL;
    struct conf_word **end = &first;
    struct slice item;

    while (slice_next(&text, ' ', &item)) {
        struct conf_word *word = arena_new(arena, struct conf_word);

        if (item.len == 0)
            continue;
        word->text = item;
        *end = word;
        end = &word->next;
    }
    return first;
}

static bool matches(struct slice pattern, struct slice name)
{
    if (!slice_starts(pattern, SLICE("*.")))
        return slice_equal(pattern, name);

    struct slice domain = slice_skip(pattern, 2);
    struct slice with_dot = slice_skip(pattern, 1);
    return domain.len > 0 && (slice_equal(name, domain) || slice_ends(name, with_dot));
}

static bool serves(const struct vhost_conf *host, const struct binding_conf *binding)
{
    for (const struct conf_word *word = host->required_bindings; word; word = word->next) {
        if (slice_equal(word->text, binding->id))
            return true;
    }
    return !host->required_bindings;
}

static unsigned walk(const struct server_conf *conf, struct slice name,
                     const struct binding_conf *binding)
{
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        for (const struct conf_word *word = host->hostnames; word; word = word->next) {
            if (matches(word->text, name) && serves(host, binding))
                return host->index;
        }
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct server_conf conf = { 0 };
    struct vhost_conf **end = &conf.hosts;
    struct binding_conf binding = { .id = SLICE("in") };
    struct slice rest = slice_of(data, size);
    struct slice name;

    slice_cut(rest, '\n', &name, &rest);
    while (rest.len > 0 && conf.host_count < HOSTS_MOST) {
        struct vhost_conf *host = arena_new(&arena, struct vhost_conf);
        struct slice line;
        struct slice bindings;

        slice_cut(rest, '\n', &line, &rest);
        slice_cut(line, '@', &line, &bindings);
        host->hostnames = words(line, &arena);
        host->required_bindings = words(bindings, &arena);
        host->index = conf.host_count++;
        *end = host;
        end = &host->next;
    }

    struct vhost_map *map = vhost_map_build(&conf, &arena);
    assert(vhost_map_find(map, name, &binding, NULL) == walk(&conf, name, &binding));
    vhost_map_done(map);
    arena_done(&arena);
    return 0;
}
