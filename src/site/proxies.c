#include "site/proxies.h"

#include "base/table.h"
#include "config/regex.h"

#include <assert.h>

struct proxies {
    struct table patterns; /* pattern -> struct regex *: many hosts have the same */
};

static void add_rule(struct proxies *proxies, const struct proxy_conf *rule)
{
    struct parse_fault fault;

    if (table_find(&proxies->patterns, rule->pattern))
        return;
    struct regex *regex = regex_compile(rule->pattern, false, &fault);
    assert(regex); /* the configuration was checked */
    table_put(&proxies->patterns, rule->pattern, regex);
}

struct proxies *proxies_build(const struct server_conf *conf, struct arena *arena)
{
    struct proxies *proxies = arena_new(arena, struct proxies);

    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        for (const struct proxy_conf *rule = host->proxies; rule; rule = rule->next)
            add_rule(proxies, rule);
    return proxies;
}

void proxies_done(struct proxies *proxies)
{
    const struct table_entry *entry;
    size_t place = 0;

    while ((entry = table_next(&proxies->patterns, &place)))
        regex_free(entry->value);
    table_done(&proxies->patterns);
}

bool proxies_find(const struct proxies *proxies, const struct vhost_conf *host, struct slice target,
                  const struct proxy_conf **ret)
{
    struct regex_scratch scratch = { 0 };
    enum regex_word word = REGEX_MISSES;
    const struct proxy_conf *rule;

    for (rule = host->proxies; rule; rule = rule->next) {
        word = regex_match(table_find(&proxies->patterns, rule->pattern), target, &scratch, NULL);
        if (word == REGEX_GIVES_UP || (word == REGEX_FITS) != rule->is_inverted)
            break;
    }
    regex_scratch_done(&scratch);
    *ret = rule;
    return word != REGEX_GIVES_UP;
}

/* ---- WebSocket ---- */

static bool covers(struct slice pattern, struct slice path)
{
    if (!slice_ends(pattern, SLICE("*")))
        return slice_equal(pattern, path);
    return slice_starts(path, slice_first(pattern, pattern.len - 1));
}

const struct proxy_conf *websockets_find(const struct vhost_conf *host, struct slice path)
{
    for (const struct proxy_conf *rule = host->websockets; rule; rule = rule->next)
        for (const struct conf_word *word = rule->paths; word; word = word->next)
            if (covers(word->text, path))
                return rule;
    return NULL;
}
