/* What differs between two generations of the configuration, in words. */
#include "supervisor_private.h"

#include "base/table.h"
#include "base/text.h"

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
        };
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
    struct arena arena = { 0 };
    bool any = compare(text, "bindings", bindings_of(before, &arena), bindings_of(after, &arena));

    any = compare(text, "hosts", hosts_of(before, &arena), hosts_of(after, &arena)) || any;
    any = compare(text, "sections", sections_of(before, &arena), sections_of(after, &arena)) || any;
    any =
        compare(text, "websites of accounts", users_of(before, &arena), users_of(after, &arena)) ||
        any;
    if (!any)
        text_add_cstr(text, "  the same bindings, hosts and sections\n");
    arena_done(&arena);
}
