/* AccessList, PasswordFile and what belongs to them fit together, in each host and Directory. */
#include "build.h"

#include "config/folder.h"

/* Where a host or a Directory of it says who may ask. */
struct scene {
    struct build *build;
    const struct folder_conf *folder; /* what holds there */
    const struct diag_place *place;
    struct slice name;
};

static bool wants_password(const struct conf_access_rule *rule)
{
    for (; rule; rule = rule->next)
        if (rule->access == ACCESS_PASSWORD)
            return true;
    return false;
}

static void tell(const struct scene *scene, const char *what, const char *cure)
{
    diag_hint(scene->build->diags,
              diag_add(scene->build->diags, DIAG_ERROR, scene->place, "%.*s: %s",
                       SLICE_ARGS(scene->name), what),
              "%s", cure);
}

static void check_scene(const struct scene *scene)
{
    const struct folder_conf *folder = scene->folder;
    const bool has_file = folder->login.kind != LOGIN_NONE;

    if (has_file && folder->expire.is_public)
        diag_hint(scene->build->diags,
                  diag_add(scene->build->diags, DIAG_WARNING, scene->place,
                           "%.*s: ExpirePeriod lets proxies give to everybody what a password "
                           "guards",
                           SLICE_ARGS(scene->name)),
                  "leave out the word public");
    if (!has_file && wants_password(folder->access_rules))
        tell(scene, "AccessList wants a password (pwd), but there is no PasswordFile",
             "add: PasswordFile = basic:/path/of/users");
    if (!has_file && folder->required_groups)
        tell(scene, "RequiredGroup without a PasswordFile: nobody says who he is",
             "add: PasswordFile = basic:/path/of/users, /path/of/groups");
    if (has_file && folder->required_groups && folder->login.group_file.len == 0)
        tell(scene, "RequiredGroup, but PasswordFile names no file of groups",
             "write: PasswordFile = basic:/path/of/users, /path/of/groups");
    if (folder->login.kind == LOGIN_DIGEST && slice_has(folder->login_message, ':'))
        tell(scene, "LoginMessage has a ':', which ends the realm in a digest file",
             "choose a LoginMessage without ':', and make the hashes anew");
}

/* What belongs to access is given in the section, so that a fault is its own. */
static bool says_something(const struct directory_conf *directory)
{
    for (const struct folder_given *given = directory->given; given; given = given->next)
        if (given->offset == offsetof(struct folder_conf, access_rules) ||
            given->offset == offsetof(struct folder_conf, expire) ||
            given->offset == offsetof(struct folder_conf, login) ||
            given->offset == offsetof(struct folder_conf, required_groups) ||
            given->offset == offsetof(struct folder_conf, login_message))
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

void check_access(struct build *build)
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
}
