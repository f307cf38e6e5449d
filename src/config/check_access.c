/* AccessList, PasswordFile and what belongs to them fit together, in each host and Directory. */
#include "scene.h"

static void check_scene(const struct scene *scene)
{
    const struct folder_conf *folder = scene->folder;
    const bool has_file = folder->login.kind != LOGIN_NONE;

    if (has_file && folder->expire.is_public)
        scene_tell(scene, DIAG_WARNING,
                   "ExpirePeriod lets proxies give to everybody what a password guards",
                   "leave out the word public");
    if (!has_file && scene_asks_password(folder->access_rules))
        scene_tell(scene, DIAG_ERROR,
                   "AccessList wants a password (pwd), but there is no PasswordFile",
                   "add: PasswordFile = basic:/path/of/users");
    if (!has_file && folder->required_groups)
        scene_tell(scene, DIAG_ERROR, "RequiredGroup without a PasswordFile: nobody says who he is",
                   "add: PasswordFile = basic:/path/of/users, /path/of/groups");
    if (has_file && folder->required_groups && folder->login.group_file.len == 0)
        scene_tell(scene, DIAG_ERROR, "RequiredGroup, but PasswordFile names no file of groups",
                   "write: PasswordFile = basic:/path/of/users, /path/of/groups");
    if (folder->login.kind == LOGIN_DIGEST && slice_has(folder->login_message, ':'))
        scene_tell(scene, DIAG_ERROR,
                   "LoginMessage has a ':', which ends the realm in a digest file",
                   "choose a LoginMessage without ':', and make the hashes anew");
}

void check_access(struct build *build)
{
    static const size_t options[] = {
        offsetof(struct folder_conf, access_rules),  offsetof(struct folder_conf, expire),
        offsetof(struct folder_conf, login),         offsetof(struct folder_conf, required_groups),
        offsetof(struct folder_conf, login_message),
    };

    scenes_visit(build, options, sizeof(options) / sizeof(options[0]), check_scene);
}
