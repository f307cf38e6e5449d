/* A tree becomes a model: each node finds its option row, each record its checks. */
#include "build.h"

#include "base/number.h"
#include "base/text.h"
#include "config/toolkit.h"

#include "section.h"
#include "unknown.h"

#include <string.h>

/* ---- places and mentions ---- */

static void mentions_init(struct mentions *mentions)
{
    mentions->end = &mentions->first;
}

void build_init(struct build *build, struct arena *arena, struct diags *diags, const char *file)
{
    *build = (struct build){ .arena = arena, .diags = diags, .file = file };
    build->conf = arena_new(arena, struct server_conf);
    build->given_in_section = arena_array(arena, const struct tree_node *, option_count());
    mentions_init(&build->hostnames);
    mentions_init(&build->use_fastcgi);
    mentions_init(&build->fastcgi_auth);
    mentions_init(&build->use_bindings);
    mentions_init(&build->use_directories);
    mentions_init(&build->use_toolkits);
    mentions_init(&build->pass_env);
    mentions_init(&build->server_roots);
    mentions_init(&build->keep_alives);
}

void build_mention(struct build *build, struct mentions *mentions, struct slice text,
                   struct diag_place place, void *owner)
{
    struct mention *mention = arena_new(build->arena, struct mention);

    *mention = (struct mention){ .text = text, .place = place, .owner = owner };
    *mentions->end = mention;
    mentions->end = &mention->next;
}

const struct diag_place *build_place(struct build *build, const struct tree_node *node,
                                     struct slice part)
{
    build->place = tree_place(node, part);
    return &build->place;
}

const struct tree_node *build_given(const struct build *build, const struct option_row *row)
{
    return build->filling->given[option_index(row)];
}

/* ---- one option ---- */

static void note_former(struct build *build, const struct tree_node *node,
                        const struct option_row *row)
{
    if (slice_equal_nocase(node->name, slice_cstr(row->name)))
        return;
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_NOTE, &node->name_place, "'%.*s' is a former name",
                       SLICE_ARGS(node->name)),
              "the present one is '%s'", row->name);
}

static bool may_append(const struct option_row *row)
{
    return row->repeat == REPEAT_APPENDS || row->type == OPT_WORDS;
}

/* False when the second use is refused. */
static bool check_repeated(struct build *build, const struct tree_node *node,
                           const struct option_row *row)
{
    const struct tree_node *former = build_given(build, row);

    if (!former || may_append(row))
        return true;
    if (row->repeat == REPEAT_REFUSED) {
        diag_add(build->diags, DIAG_ERROR, &node->name_place,
                 "'%s' is given twice in %.*s (first on line %u)", row->name,
                 SLICE_ARGS(build->filling->label), former->name_place.line);
        return false;
    }
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_WARNING, &node->name_place,
                       "'%s' is given again (first in %s on line %u)", row->name,
                       former->name_place.file, former->name_place.line),
              "the last one counts");
    return true;
}

/* Where the member of the row is: rows of folders know one record, hosts and Directories have it.
 */
static void *record_of(void *record, struct folder_conf *folder, const struct option_row *row)
{
    return row->folder_size > 0 ? folder : record;
}

/* What a Directory gives replaces, or adds to, what the host has (config/folder.h). */
static void note_given(struct build *build, const struct option_row *row)
{
    struct directory_conf *directory = build->filling->directory;

    if (!directory || row->folder_size == 0 || build_given(build, row))
        return;

    struct folder_given *given = arena_new(build->arena, struct folder_given);
    *given = (struct folder_given){ .next = directory->given,
                                    .offset = row->offset,
                                    .size = row->folder_size };
    directory->given = given;
}

static void use_option(struct build *build, void *record, const struct tree_node *node,
                       const struct option_row *row)
{
    if (row->type == OPT_NEEDLESS) {
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_NOTE, &node->name_place,
                           "'%s' is accepted and has no effect here", row->name),
                  "%s", row->text);
        return;
    }
    if (row->type == OPT_GONE) {
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_WARNING, &node->name_place,
                           "'%s' is of an older Hiawatha and has no effect", row->name),
                  "%s", row->text);
        return;
    }
    note_former(build, node, row);
    if (!check_repeated(build, node, row))
        return;
    option_set(build, record_of(record, build->filling->folder, row), node, row);
    note_given(build, row);
    build->filling->given[option_index(row)] = node;
}

/* Folder NULL: its rows have no default here, what is not given is as around the section. */
static void set_fallbacks(struct build *build, void *record, struct folder_conf *folder,
                          enum option_scope scope)
{
    const struct option_list list = option_rows(scope);

    for (size_t i = 0; i < list.count; i++)
        if (folder || list.rows[i]->folder_size == 0)
            option_set_fallback(build, record_of(record, folder, list.rows[i]), list.rows[i]);
}

static void check_required(struct build *build, enum option_scope scope,
                           const struct diag_place *place)
{
    const struct option_list list = option_rows(scope);

    for (size_t i = 0; i < list.count; i++) {
        const struct option_row *row = list.rows[i];

        if (!row->required || build_given(build, row))
            continue;
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, place, "%.*s has no %s",
                           SLICE_ARGS(build->filling->label), row->name),
                  "add: %s = %s", row->name, row->grammar);
    }
}

/* ---- sections ---- */

/* VirtualHost 'shop': the section with the name its options give it, read ahead of them. */
static struct slice label_of(struct build *build, const struct tree_node *section,
                             enum section_kind kind)
{
    static const char *const ids[] = {
        [SECTION_BINDING] = "BindingId", [SECTION_DIRECTORY] = "DirectoryID",
        [SECTION_FASTCGI] = "FastCGIid", [SECTION_HOST] = "Hostname",
        [SECTION_TOOLKIT] = "ToolkitID",
    };

    for (const struct tree_node *node = section->first_child; node; node = node->next) {
        struct slice id;

        if (!slice_equal_nocase(node->name, slice_cstr(ids[kind])))
            continue;
        slice_cut(node->value, ',', &id, &(struct slice){ 0 });
        return arena_printf(build->arena, "%s '%.*s'", section_name(kind),
                            SLICE_ARGS(slice_trim(id)));
    }
    return arena_printf(build->arena, "this %s", section_name(kind));
}

static bool belongs_outside(const struct tree_node *node)
{
    return option_find(node->name, SCOPE_SERVER | SCOPE_HOST) != NULL;
}

/* The first of the lines that fell into a section because its '}' is missing; the others are right
 * as soon as it is there. */
static bool note_strayed(struct build *build, const struct tree_node *section,
                         const struct tree_node *node)
{
    diag_add(build->diags, DIAG_NOTE, &node->name_place,
             "'%.*s' is no option of a %.*s: the missing '}' belongs in front of this line",
             SLICE_ARGS(node->name), SLICE_ARGS(section->name));
    return true;
}

/* What stands in a section, whose record has its defaults; `filling` says more than its kind. */
static void fill_section(struct build *build, const struct tree_node *section,
                         enum section_kind kind, enum option_scope scope, void *record,
                         struct filling filling)
{
    struct filling *outer = build->filling;
    bool strayed = false;

    filling.given = build->given_in_section;
    memset(filling.given, 0, option_count() * sizeof(struct tree_node *));
    if (filling.label.len == 0)
        filling.label = label_of(build, section, kind);
    filling.where = arena_printf(build->arena, "in %.*s", SLICE_ARGS(filling.label));
    build->filling = &filling;
    for (const struct tree_node *node = section->first_child; node; node = node->next) {
        const struct option_row *row = option_find(node->name, scope);

        if (row)
            use_option(build, record, node, row);
        else if (!section->unclosed || !belongs_outside(node))
            unknown_fault(build, node, scope);
        else if (!strayed)
            strayed = note_strayed(build, section, node);
    }
    check_required(build, scope, &section->name_place);
    build->filling = outer;
}

/* What the section, or what stands outside sections, says, line by line, wherever and in whatever
 * form it is written. */
static struct slice written_options(struct build *build, const struct tree_node *section)
{
    size_t room = 1;

    for (const struct tree_node *node = section->first_child; node; node = node->next)
        room += node->name.len + node->value.len + 2;
    struct text text = text_on(arena_alloc(build->arena, room), room);
    for (const struct tree_node *node = section->first_child; node; node = node->next) {
        if (node->is_section || node->is_remark)
            continue;
        text_add(&text, node->name);
        text_add_char(&text, '=');
        text_add(&text, node->value);
        text_add_char(&text, '\n');
    }
    return text_slice(&text);
}

static void build_binding(struct build *build, const struct tree_node *section)
{
    struct binding_conf *binding = arena_new(build->arena, struct binding_conf);

    binding->place = section->name_place;
    binding->index = build->conf->binding_count++;
    *build->bindings_end = binding;
    build->bindings_end = &binding->next;
    set_fallbacks(build, binding, NULL, SCOPE_BINDING);
    fill_section(build, section, SECTION_BINDING, SCOPE_BINDING, binding, (struct filling){ 0 });
    address_parse_ip(binding->interface, binding->port, &binding->address);
    binding->written = written_options(build, section);

    for (const struct tree_node *node = section->first_child; node; node = node->next) {
        if (slice_equal_nocase(node->name, SLICE("MaxKeepAlive")))
            build_mention(build, &build->keep_alives, node->value, node->value_place, binding);
    }
}

static bool all_local(const struct fastcgi_conf *fastcgi)
{
    for (const struct connect_conf *target = fastcgi->targets; target; target = target->next) {
        if (target->host.len > 0 || !address_is_local(&target->address))
            return false;
    }
    return fastcgi->server_root.len == 0;
}

static bool section_has(const struct tree_node *section, struct slice name)
{
    const struct tree_node *node = section->first_child;

    while (node && !slice_equal_nocase(node->name, name))
        node = node->next;
    return node != NULL;
}

/* Where its program is: one of two ways to say it. */
static void check_program(struct build *build, const struct tree_node *section)
{
    struct slice label = label_of(build, section, SECTION_FASTCGI);
    bool connects = section_has(section, SLICE("ConnectTo"));
    bool runs = section_has(section, SLICE("Run"));

    if (runs && connects)
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &section->name_place,
                           "%.*s has both Run and ConnectTo", SLICE_ARGS(label)),
                  "Run: the house runs the program; ConnectTo: somebody else does");
    else if (!runs && !connects)
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, &section->name_place,
                           "%.*s has neither ConnectTo nor Run", SLICE_ARGS(label)),
                  "add: ConnectTo = %s; or Run = /PROGRAM, for a program that the house runs",
                  option_find(SLICE("ConnectTo"), SCOPE_FASTCGI)->grammar);
}

static unsigned capacity_of(const struct run_conf *run)
{
    uint64_t count;

    for (const struct conf_pair *pair = run->setenv; pair; pair = pair->next)
        if (slice_equal(pair->name, SLICE("PHP_FCGI_CHILDREN")))
            return number_parse(pair->value, 10000, &count) && count > 0 ? (unsigned)count : 1;
    return 1;
}

/* What pools_number() needs to know of the section. */
static void note_run(const struct tree_node *section, struct run_conf *run)
{
    run->capacity = capacity_of(run);
    run->sets_connections = section_has(section, SLICE("MaxConnections"));
    run->sets_kept = section_has(section, SLICE("KeepConnections"));
    run->sets_keep_time = section_has(section, SLICE("KeepTime"));
}

static struct fastcgi_conf *add_section(struct build *build, const struct diag_place *place)
{
    struct fastcgi_conf *fastcgi = arena_new(build->arena, struct fastcgi_conf);

    fastcgi->place = *place;
    fastcgi->index = build->conf->fastcgi_count++;
    *build->fastcgi_end = fastcgi;
    build->fastcgi_end = &fastcgi->next;
    set_fallbacks(build, fastcgi, NULL, SCOPE_FASTCGI);
    return fastcgi;
}

struct fastcgi_conf *build_section_of_proxy(struct build *build, const struct diag_place *place)
{
    struct fastcgi_conf *fastcgi = add_section(build, place);

    fastcgi->is_of_proxy = true;
    fastcgi->protocol = PROTOCOL_HTTP;
    return fastcgi;
}

static void build_fastcgi(struct build *build, const struct tree_node *section)
{
    struct fastcgi_conf *fastcgi = add_section(build, &section->name_place);

    fill_section(build, section, SECTION_FASTCGI, SCOPE_FASTCGI, fastcgi, (struct filling){ 0 });
    check_program(build, section);
    note_run(section, &fastcgi->run);
    fastcgi->all_local = all_local(fastcgi);
    sessions_complete(build, fastcgi);
    fastcgi->written = written_options(build, section);
}

static void add_host(struct build *build, struct vhost_conf *host)
{
    host->index = build->conf->host_count++;
    *build->hosts_end = host;
    build->hosts_end = &host->next;
}

static void build_host(struct build *build, const struct tree_node *section)
{
    struct vhost_conf *host = arena_new(build->arena, struct vhost_conf);

    *host = build->host_defaults;
    host->place = section->name_place;
    add_host(build, host);
    fill_section(build, section, SECTION_HOST, SCOPE_HOST, host,
                 (struct filling){ .folder = &host->folder });
    host->written = written_options(build, section);
}

static void build_directory(struct build *build, const struct tree_node *section)
{
    struct directory_conf *directory = arena_new(build->arena, struct directory_conf);

    directory->place = section->name_place;
    *build->directories_end = directory;
    build->directories_end = &directory->next;
    set_fallbacks(build, directory, NULL, SCOPE_DIRECTORY);
    fill_section(build, section, SECTION_DIRECTORY, SCOPE_DIRECTORY, directory,
                 (struct filling){ .folder = &directory->folder, .directory = directory });
    directory->written = written_options(build, section);
}

void build_local(struct build *build, const struct tree *tree, struct directory_conf *directory)
{
    directory->place = (struct diag_place){ .file = build->file };
    set_fallbacks(build, directory, NULL, SCOPE_LOCAL);
    fill_section(build, &tree->root, SECTION_DIRECTORY, SCOPE_LOCAL, directory,
                 (struct filling){ .label = SLICE(".hiawatha"),
                                   .folder = &directory->folder,
                                   .directory = directory });
}

static void build_toolkit(struct build *build, const struct tree_node *section)
{
    struct toolkit_conf *toolkit = arena_new(build->arena, struct toolkit_conf);

    toolkit->place = section->name_place;
    toolkit->index = build->conf->toolkit_count++;
    *build->toolkits_end = toolkit;
    build->toolkits_end = &toolkit->next;
    set_fallbacks(build, toolkit, NULL, SCOPE_TOOLKIT);
    fill_section(build, section, SECTION_TOOLKIT, SCOPE_TOOLKIT, toolkit, (struct filling){ 0 });
    toolkit->written = written_options(build, section);
}

static void build_section(struct build *build, const struct tree_node *section)
{
    enum section_kind kind = section_kind_of(section->name);
    struct diag *diag;

    switch (kind) {
    case SECTION_BINDING:
        build_binding(build, section);
        break;
    case SECTION_FASTCGI:
        build_fastcgi(build, section);
        break;
    case SECTION_HOST:
        build_host(build, section);
        break;
    case SECTION_DIRECTORY:
        build_directory(build, section);
        break;
    case SECTION_TOOLKIT:
        build_toolkit(build, section);
        break;
    case SECTION_NONE:
        diag = diag_add(build->diags, DIAG_ERROR, &section->name_place, "unknown section '%.*s'",
                        SLICE_ARGS(section->name));
        if (section_nearest(section->name))
            diag_hint(build->diags, diag, "did you mean '%s'?", section_nearest(section->name));
        else
            diag_hint(build->diags, diag,
                      "known: Binding, VirtualHost, Directory, UrlToolkit, FastCGIserver");
        break;
    }
}

/* ---- outside sections ---- */

static void build_outer_option(struct build *build, struct vhost_conf *host,
                               const struct tree_node *node)
{
    const struct option_row *row = option_find(node->name, SCOPE_SERVER);

    if (row) {
        use_option(build, build->conf, node, row);
        return;
    }
    row = option_find(node->name, SCOPE_HOST);
    if (!row) {
        unknown_fault(build, node, SCOPE_SERVER | SCOPE_HOST);
        return;
    }
    if (!host->place.file)
        host->place = node->name_place;
    use_option(build, host, node, row);
}

/* The default host is what stands outside sections; without any of that, the first VirtualHost. */
static void settle_default_host(struct build *build, struct vhost_conf *host)
{
    struct diag_place file = { .file = build->file };

    if (host->place.file) {

        check_required(build, SCOPE_HOST, &host->place);
        return;
    }
    build->conf->hosts = host->next;
    build->conf->host_count--;
    for (struct vhost_conf *other = host->next; other; other = other->next)
        other->index--;

    if (host->next && build->diags->errors > 0)
        return; /* it may be what an error left over */
    if (host->next)
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_NOTE, &host->next->place,
                           "this first VirtualHost is the default host"),
                  "it answers for all names that no other host has; Hostname and WebsiteRoot "
                  "outside sections would make one of its own");
    else
        diag_hint(build->diags, diag_add(build->diags, DIAG_ERROR, &file, "there is no website"),
                  "add Hostname and WebsiteRoot, or a VirtualHost section");
}

void build_run(struct build *build, const struct tree *tree)
{
    struct vhost_conf *host = arena_new(build->arena, struct vhost_conf);
    struct filling filling = {
        .given = arena_array(build->arena, const struct tree_node *, option_count()),
        .label = SLICE("the default host (options outside sections)"),
        .where = SLICE("outside sections"),
        .folder = &host->folder,
    };

    build->filling = &filling;
    build->hosts_end = &build->conf->hosts;
    build->bindings_end = &build->conf->bindings;
    build->fastcgi_end = &build->conf->fastcgi;
    build->directories_end = &build->conf->directories;
    build->toolkits_end = &build->conf->toolkits;
    set_fallbacks(build, build->conf, NULL, SCOPE_SERVER);
    set_fallbacks(build, host, &host->folder, SCOPE_HOST);
    build->host_defaults = *host;
    add_host(build, host);
    build->conf->written = written_options(build, &tree->root);

    for (const struct tree_node *node = tree->root.first_child; node; node = node->next) {
        if (node->is_section)
            build_section(build, node);
        else if (!node->is_remark)
            build_outer_option(build, host, node);
    }
    settle_default_host(build, host);
    build->filling = NULL;
    table_done(&build->proxy_sections);
}
