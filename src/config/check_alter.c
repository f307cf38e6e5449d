/* EnableAlter, AlterList and what belongs to them fit together. */
#include "scene.h"

static bool binding_alters(const struct build *build)
{
    const struct binding_conf *binding = build->conf->bindings;

    while (binding && !binding->enable_alter)
        binding = binding->next;
    return binding != NULL;
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
    const bool asks = scene_asks_password(folder->alter_rules);

    if (asks && folder->login.kind == LOGIN_NONE)
        scene_tell(scene, DIAG_ERROR,
                   "AlterList wants a password (pwd), but there is no PasswordFile",
                   "add: PasswordFile = basic:/path/of/users");
    if (asks && folder->login.kind != LOGIN_NONE && folder->alter_groups &&
        folder->login.group_file.len == 0)
        scene_tell(scene, DIAG_ERROR, "AlterGroup, but PasswordFile names no file of groups",
                   "write: PasswordFile = basic:/path/of/users, /path/of/groups");
    if (folder->alter_groups && !asks)
        scene_tell(scene, DIAG_WARNING,
                   "AlterGroup has no effect: AlterList asks nobody for a password",
                   "write for example: AlterList = pwd all");
    if (folder->alter_rules && !binding_alters(scene->build))
        scene_tell(scene, DIAG_WARNING, "AlterList has no effect: no Binding has EnableAlter",
                   "add to a Binding: EnableAlter = yes");
    if (lets_everybody(folder->alter_rules) && folder->login.kind == LOGIN_NONE &&
        !folder->access_rules)
        scene_tell(scene, DIAG_WARNING,
                   "AlterList lets everybody on the net write and remove files",
                   "name the networks, or write: AlterList = pwd all");
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

static void check_run_on_alter(struct build *build, const struct vhost_conf *host)
{
    if (host->run_on_alter.len > 0 && !host_alters(host))
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_WARNING, &host->place,
                           "RunOnAlter has no effect: nobody may alter files of this host"),
                  "add: AlterList = pwd all");
}

static void check_webdav(struct build *build, const struct vhost_conf *host)
{
    if (host->webdav_app && host_alters(host))
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_WARNING, &host->place,
                           "AlterList has no effect: PUT and DELETE are for the program of this "
                           "host (WebDAVapp)"),
                  "leave one of the two out");
}

void check_alter(struct build *build)
{
    static const size_t options[] = {
        offsetof(struct folder_conf, alter_rules),
        offsetof(struct folder_conf, alter_groups),
    };

    scenes_visit(build, options, sizeof(options) / sizeof(options[0]), check_scene);
    for (const struct vhost_conf *host = build->conf->hosts; host; host = host->next) {
        check_run_on_alter(build, host);
        check_webdav(build, host);
    }
    check_bindings(build);
}
