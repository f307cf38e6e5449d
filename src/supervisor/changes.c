/* What differs between two generations of the configuration, in words. */
#include "supervisor_private.h"

#include "base/table.h"
#include "base/text.h"
#include "config/toolkit.h"

#define NAMES_MOST 10u /* of one kind that are told */

/* A host or a section, as far as this goes. */
struct named {
    struct slice name;
    struct slice written;
};

struct names {
    struct named *at;
    unsigned count;
};

static struct names hosts_of(const struct server_conf *conf, struct arena *arena)
{
    struct names names = { .at = arena_array(arena, struct named, conf->host_count) };

    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        names.at[names.count++] = (struct named){
            .name = host->hostnames ? host->hostnames->text : SLICE("-"),
            .written = host->written,
        };
    return names;
}

static struct names sections_of(const struct server_conf *conf, struct arena *arena)
{
    struct names names = { .at = arena_array(arena, struct named, conf->fastcgi_count) };

    for (const struct fastcgi_conf *section = conf->fastcgi; section; section = section->next)
        names.at[names.count++] =
            (struct named){ .name = section->id, .written = section->written };
    return names;
}

static struct names users_of(const struct server_conf *conf, struct arena *arena)
{
    const struct users_conf *users = &conf->users;
    struct names names = { .at = arena_array(arena, struct named, users->count) };

    for (; names.count < users->count; names.count++)
        names.at[names.count] = (struct named){
            .name = users->sites[names.count].name,
            .written = users->sites[names.count].path,
        };
    return names;
}

static struct names bindings_of(const struct server_conf *conf, struct arena *arena)
{
    struct names names = { .at = arena_array(arena, struct named, conf->binding_count) };
    char address[ADDRESS_TEXT_MOST];

    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next)
        names.at[names.count++] = (struct named){
            .name = arena_copy(arena, slice_cstr(address_text_port(&binding->address, address))),
            .written = binding->written,
        };
    return names;
}

static struct names directories_of(const struct server_conf *conf, struct arena *arena)
{
    unsigned count = 0;

    for (const struct directory_conf *one = conf->directories; one; one = one->next)
        count++;
    struct names names = { .at = arena_array(arena, struct named, count) };
    for (const struct directory_conf *one = conf->directories; one; one = one->next)
        names.at[names.count++] = (struct named){ .name = one->id, .written = one->written };
    return names;
}

static struct names toolkits_of(const struct server_conf *conf, struct arena *arena)
{
    struct names names = { .at = arena_array(arena, struct named, conf->toolkit_count) };

    for (const struct toolkit_conf *one = conf->toolkits; one; one = one->next)
        names.at[names.count++] = (struct named){ .name = one->id, .written = one->written };
    return names;
}

/* One that is given several times is one, with all that was given. */
static struct names options_of(const struct server_conf *conf, struct arena *arena)
{
    unsigned count = 0;
    struct table known = { 0 };
    struct slice line;

    for (struct slice rest = conf->written; slice_next(&rest, '\n', &line);)
        count++;
    struct names names = { .at = arena_array(arena, struct named, count) };
    for (struct slice rest = conf->written; slice_next(&rest, '\n', &line);) {
        struct named option;

        if (!slice_cut(line, '=', &option.name, &option.written))
            continue;
        struct named *former = table_find(&known, arena_lower(arena, option.name));
        if (former) {
            const struct slice parts[] = { former->written, SLICE("\n"), option.written };
            former->written = arena_join(arena, parts, 3);
            continue;
        }
        names.at[names.count] = option;
        table_put(&known, arena_lower(arena, option.name), &names.at[names.count++]);
    }
    table_done(&known);
    return names;
}

static void index_names(const struct names *names, struct table *ret)
{
    for (unsigned i = names->count; i-- > 0;)
        table_put(ret, names->at[i].name, &names->at[i]);
}

struct telling {
    struct text *text;
    const char *kind; /* "host" */
    const char *what; /* "new" */
    unsigned told;
};

static void tell(struct telling *telling, struct slice name)
{
    if (telling->told == 0)
        text_printf(telling->text, "  %s %s:", telling->what, telling->kind);
    if (telling->told++ < NAMES_MOST) {
        text_add_char(telling->text, ' ');
        text_add_escaped(telling->text, name);
    }
}

static bool finish(const struct telling *telling)
{
    if (telling->told > NAMES_MOST)
        text_printf(telling->text, " and %u more", telling->told - NAMES_MOST);
    if (telling->told > 0)
        text_add_char(telling->text, '\n');
    return telling->told > 0;
}

static bool tell_missing(struct text *text, const char *kind, const char *what,
                         const struct names *names, const struct table *in)
{
    struct telling telling = { .text = text, .kind = kind, .what = what };

    for (unsigned i = 0; i < names->count; i++)
        if (!table_find(in, names->at[i].name))
            tell(&telling, names->at[i].name);
    return finish(&telling);
}

static bool tell_changed(struct text *text, const char *kind, const struct names *names,
                         const struct table *before)
{
    struct telling telling = { .text = text, .kind = kind, .what = "changed" };

    for (unsigned i = 0; i < names->count; i++) {
        const struct named *former = table_find(before, names->at[i].name);

        if (former && !slice_equal(former->written, names->at[i].written))
            tell(&telling, names->at[i].name);
    }
    return finish(&telling);
}

static bool compare(struct text *text, const char *kind, struct names before, struct names after)
{
    struct table old_names = { 0 };
    struct table new_names = { 0 };

    index_names(&before, &old_names);
    index_names(&after, &new_names);
    bool any = tell_missing(text, kind, "new", &after, &old_names);
    any = tell_missing(text, kind, "gone", &before, &new_names) || any;
    any = tell_changed(text, kind, &after, &old_names) || any;
    table_done(&old_names);
    table_done(&new_names);
    return any;
}

void changes_describe(const struct server_conf *before, const struct server_conf *after,
                      struct text *text)
{
    static const struct {
        const char *kind;
        struct names (*of)(const struct server_conf *, struct arena *);
    } kinds[] = {
        { "options outside sections", options_of },
        { "bindings", bindings_of },
        { "hosts", hosts_of },
        { "FastCGI sections", sections_of },
        { "directories", directories_of },
        { "toolkits", toolkits_of },
        { "websites of accounts", users_of },
    };
    struct arena arena = { 0 };
    bool any = false;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        any |=
            compare(text, kinds[i].kind, kinds[i].of(before, &arena), kinds[i].of(after, &arena));
    if (!any)
        text_add_cstr(text, "  the same options and sections\n");
    arena_done(&arena);
}
