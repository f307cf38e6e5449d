/* EnableAlter, AlterList and what belongs to them fit together. */
#include "build.h"

#include "config/folder.h"

/* Where a host or a Directory of it says who may alter files. */
struct scene {
    struct build *build;
    const struct folder_conf *folder; /* what holds there */
    const struct diag_place *place;
    struct slice name;
};

static void tell(const struct scene *scene, enum diag_level level, const char *what,
                 const char *cure)
{
    diag_hint(scene->build->diags,
              diag_add(scene->build->diags, level, scene->place, "%.*s: %s",
                       SLICE_ARGS(scene->name), what),
              "%s", cure);
}

static bool binding_alters(const struct build *build)
{
    const struct binding_conf *binding = build->conf->bindings;

    while (binding && !binding->enable_alter)
        binding = binding->next;
    return binding != NULL;
}

static bool wants_password(const struct conf_access_rule *rule)
{
    while (rule && rule->access != ACCESS_PASSWORD)
        rule = rule->next;
    return rule != NULL;
}

static bool lets_everybody(const struct conf_access_rule *rule)
{
    for (; rule; rule = rule->next)
        if (rule->net.all)
            return rule->access == ACCESS_ALLOW;
    return false;
}

static void check_scene(const struct scene *scene)
{
    const struct folder_conf *folder = scene->folder;
    const bool asks = wants_password(folder->alter_rules);

    if (asks && folder->login.kind == LOGIN_NONE)
        tell(scene, DIAG_ERROR, "AlterList wants a password (pwd), but there is no PasswordFile",
             "add: PasswordFile = basic:/path/of/users");
    if (asks && folder->login.kind != LOGIN_NONE && folder->alter_groups &&
        folder->login.group_file.len == 0)
        tell(scene, DIAG_ERROR, "AlterGroup, but PasswordFile names no file of groups",
             "write: PasswordFile = basic:/path/of/users, /path/of/groups");
    if (folder->alter_groups && !asks)
        tell(scene, DIAG_WARNING, "AlterGroup has no effect: AlterList asks nobody for a password",
             "write for example: AlterList = pwd all");
    if (folder->alter_rules && !binding_alters(scene->build))
        tell(scene, DIAG_WARNING, "AlterList has no effect: no Binding has EnableAlter",
             "add to a Binding: EnableAlter = yes");
    if (lets_everybody(folder->alter_rules) && folder->login.kind == LOGIN_NONE &&
        !folder->access_rules)
        tell(scene, DIAG_WARNING, "AlterList lets everybody on the net write and remove files",
             "name the networks, or write: AlterList = pwd all");
}

/* Something of it is given in the section, so that a fault is its own. */
static bool says_something(const struct directory_conf *directory)
{
    for (const struct folder_given *given = directory->given; given; given = given->next)
        if (given->offset == offsetof(struct folder_conf, alter_rules) ||
            given->offset == offsetof(struct folder_conf, alter_groups))
            return true;
    return false;
}

static void check_directory(struct build *build, const struct vhost_conf *host,
                            const struct directory_conf *directory)
{
    struct folder_conf folder = host->folder;

    folder_lay_over(&folder, directory, build->arena);
    check_scene(&(struct scene){
        .build = build,
        .folder = &folder,
        .place = &directory->place,
        .name = arena_printf(build->arena, "Directory '%.*s'", SLICE_ARGS(directory->id)),
    });
}

static bool host_alters(const struct vhost_conf *host)
{
    for (unsigned i = 0; i < host->directory_count; i++)
        if (host->directories[i]->folder.alter_rules)
            return true;
    return host->folder.alter_rules != NULL;
}

/* A binding that lets files be altered, where nobody may. */
static void check_bindings(struct build *build)
{
    const struct vhost_conf *host = build->conf->hosts;
    const struct binding_conf *binding = build->conf->bindings;

    while (host && !host_alters(host))
        host = host->next;
    for (; binding && !host; binding = binding->next)
        if (binding->enable_alter)
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_WARNING, &binding->place,
                               "EnableAlter has no effect: no host or Directory has an AlterList"),
                      "add to a VirtualHost or a Directory: AlterList = pwd all");
}

void check_alter(struct build *build)
{
    for (const struct vhost_conf *host = build->conf->hosts; host; host = host->next) {
        const struct slice name = host->hostnames ? host->hostnames->text : SLICE("this one");

        check_scene(&(struct scene){
            .build = build,
            .folder = &host->folder,
            .place = &host->place,
            .name = arena_printf(build->arena, "host '%.*s'", SLICE_ARGS(name)),
        });
        for (unsigned i = 0; i < host->directory_count; i++)
            if (says_something(host->directories[i]))
                check_directory(build, host, host->directories[i]);
    }
    check_bindings(build);
}
