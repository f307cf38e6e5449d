#include "rules.h"

#include "site/pattern.h"

#define EXTENSION_ON_STACK 64u

static struct extension_rule *rule_of(struct host *host, struct slice extension,
                                      struct arena *arena)
{
    struct extension_rule *rule = table_find(&host->extensions, extension);

    if (!rule) {
        rule = arena_new(arena, struct extension_rule);
        rule->handler = NO_HANDLER;
        table_put(&host->extensions, extension, rule);
    }
    return rule;
}

/* Sections in the order of UseFastCGI; one without a list takes all that is left. */
static void add_sections(struct host *host, struct arena *arena)
{
    for (unsigned i = 0; i < host->conf->use_fastcgi_count; i++) {
        const struct fastcgi_conf *section = host->conf->use_fastcgi[i];

        if (!section->extensions) {
            host->catch_all = section;
            return;
        }
        for (const struct conf_word *word = section->extensions; word; word = word->next) {
            struct extension_rule *rule = rule_of(host, word->text, arena);

            if (!rule->fastcgi)
                rule->fastcgi = section;
        }
    }
}

static void add_extensions(struct host *host, const struct conf_word *words, struct arena *arena)
{
    for (; words; words = words->next)
        rule_of(host, words->text, arena)->runs_itself = true;
}

static void add_handlers(struct host *host, struct arena *arena)
{
    for (unsigned i = 0; i < host->conf->handler_count; i++) {
        const struct conf_word *word = host->conf->handlers[i]->extensions;

        for (; word; word = word->next) {
            struct extension_rule *rule = rule_of(host, word->text, arena);

            if (rule->handler == NO_HANDLER)
                rule->handler = (int)i;
        }
    }
}

static bool has_own_programs(const struct vhost_conf *conf)
{
    return conf->cgi_handlers || conf->cgi_extensions;
}

/* Ten thousand hosts that only differ in name and root shall not keep ten thousand tables. */
static bool same_rules(const struct vhost_conf *a, const struct vhost_conf *b)
{
    if (has_own_programs(a) || has_own_programs(b) || a->use_fastcgi_count != b->use_fastcgi_count)
        return false;
    for (unsigned i = 0; i < a->use_fastcgi_count; i++) {
        if (a->use_fastcgi[i] != b->use_fastcgi[i])
            return false;
    }
    return true;
}

void rules_build(const struct server_conf *conf, struct host *host, const struct host *earlier,
                 struct arena *arena)
{
    if (earlier && same_rules(host->conf, earlier->conf)) {
        host->extensions = earlier->extensions;
        host->shares_extensions = true;
        host->catch_all = earlier->catch_all;
        return;
    }
    add_sections(host, arena);
    add_extensions(host, host->conf->cgi_extensions, arena);
    add_extensions(host, conf->cgi_extensions, arena);
    add_handlers(host, arena);
}

void rules_done(struct host *host)
{
    if (!host->shares_extensions)
        table_done(&host->extensions);
}

const struct extension_rule *rules_find(const struct host *host, struct slice extension)
{
    return extension.len > 0 ? table_find(&host->extensions, extension) : NULL;
}

const struct fastcgi_conf *rules_fastcgi(const struct host *host, struct slice extension)
{
    const struct extension_rule *rule = rules_find(host, extension);

    return rule && rule->fastcgi ? rule->fastcgi : host->catch_all;
}

static void collect(struct table *programs, const struct conf_word *words, struct arena *arena)
{
    for (; words; words = words->next) {
        if (!rules_is_program(programs, words->text))
            table_put(programs, arena_lower(arena, words->text), programs);
    }
}

static void collect_handlers(struct table *programs, const struct cgi_handler_conf *handler,
                             struct arena *arena)
{
    for (; handler; handler = handler->next)
        collect(programs, handler->extensions, arena);
}

static void collect_pattern(struct table *programs, struct slice pattern, struct arena *arena)
{
    struct conf_word word = { 0 };

    while (pattern_next_extension(&pattern, &word.text))
        collect(programs, &word, arena);
}

/* Where PHP is run, files under the other names of it are PHP as well, whoever forgot to name them.
 * (Not phar and phps: people give those to others.) */
static void collect_php(struct table *programs)
{
    static const struct slice names[] = { SLICE_INIT("phtml"), SLICE_INIT("pht"),
                                          SLICE_INIT("php3"),  SLICE_INIT("php4"),
                                          SLICE_INIT("php5"),  SLICE_INIT("php7"),
                                          SLICE_INIT("php8") };

    if (!rules_is_program(programs, SLICE("php")))
        return;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        table_put(programs, names[i], programs);
}

void rules_collect_programs(const struct server_conf *conf, struct table *programs,
                            struct arena *arena)
{
    collect(programs, conf->cgi_extensions, arena);
    collect_handlers(programs, conf->cgi_handlers, arena);
    for (const struct fastcgi_conf *section = conf->fastcgi; section; section = section->next)
        collect(programs, section->extensions, arena);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        collect(programs, host->cgi_extensions, arena);
        collect_handlers(programs, host->cgi_handlers, arena);
        collect_pattern(programs, host->cgi_pattern, arena);
    }
    collect_php(programs);
}

bool rules_is_program(const struct table *programs, struct slice extension)
{
    char lower[EXTENSION_ON_STACK];

    if (extension.len == 0 || programs->count == 0)
        return false;
    if (extension.len <= sizeof(lower)) {
        for (size_t i = 0; i < extension.len; i++)
            lower[i] = ascii_lower(extension.at[i]);
        return table_find(programs, slice_of(lower, extension.len)) != NULL;
    }

    /* Nobody names a program so, but a configuration may. */
    struct arena arena = { 0 };
    bool found = table_find(programs, arena_lower(&arena, extension)) != NULL;
    arena_done(&arena);
    return found;
}

bool rules_hide(struct slice path, bool allow_dot_files)
{
    struct slice rest = slice_skip(path, 1);
    bool first = true;

    while (rest.len > 0) {
        struct slice name;

        slice_cut(rest, '/', &name, &rest);
        if (slice_equal(name, SLICE(".hiawatha")))
            return true;
        if (name.len > 0 && name.at[0] == '.' && !allow_dot_files &&
            !(first && slice_equal(name, SLICE(".well-known"))))
            return true;
        first = false;
    }
    return false;
}

/* Hosts with the same pattern, and that is most of them, need it only once. */
static void add_pattern(struct conf_word **list, struct slice pattern, struct arena *arena)
{
    for (; *list; list = &(*list)->next) {
        if (slice_equal((*list)->text, pattern))
            return;
    }
    *list = arena_new(arena, struct conf_word);
    (*list)->text = pattern;
}

void rules_share_patterns(struct host *hosts, unsigned count, struct arena *arena)
{
    struct table roots = { 0 }; /* WebsiteRoot -> struct conf_word ** */

    for (unsigned i = 0; i < count; i++) {
        const struct vhost_conf *conf = hosts[i].conf;

        if (conf->cgi_pattern.len == 0 || conf->website_root.len == 0)
            continue;
        struct conf_word **list = table_find(&roots, conf->website_root);
        if (!list) {
            list = arena_new(arena, struct conf_word *);
            table_put(&roots, conf->website_root, list);
        }
        add_pattern(list, conf->cgi_pattern, arena);
    }
    for (unsigned i = 0; i < count && roots.count > 0; i++) {
        struct slice root = hosts[i].conf->website_root;
        struct conf_word **list = root.len > 0 ? table_find(&roots, root) : NULL;

        hosts[i].patterns = list ? *list : NULL;
    }
    table_done(&roots);
}

bool rules_is_pattern(const struct host *host, struct slice relative)
{
    for (const struct conf_word *word = host->patterns; word; word = word->next) {
        if (pattern_match(word->text, relative))
            return true;
    }
    return false;
}
