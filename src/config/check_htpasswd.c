/* thttpd guards each folder that holds a .htpasswd. Where that is not so, it must be said. */
#include "build.h"
#include "config/load.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PASSWORDS         ".htpasswd"
#define FOLDER_DEPTH_MOST 16u
#define ENTRIES_MOST      200000u /* a site that is larger was looked through far enough */

struct walk {
    char *path; /* of the present folder; then of what was found */
    size_t room;
    unsigned entries;
};

static bool walk_folder(struct walk *walk, size_t len, unsigned depth);

static bool is_folder(const struct dirent *entry)
{
    return entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
           strcmp(entry->d_name, "..") != 0;
}

static bool look_at(struct walk *walk, const struct dirent *entry, size_t len, unsigned depth)
{
    int more = snprintf(walk->path + len, walk->room - len, "/%s", entry->d_name);

    if (more < 0 || (size_t)more >= walk->room - len)
        return false;
    if (strcmp(entry->d_name, PASSWORDS) == 0)
        return true;
    return is_folder(entry) && walk_folder(walk, len + (size_t)more, depth + 1);
}

/* Links are not followed: what they lead to in the site is looked at in its own place. */
static bool walk_folder(struct walk *walk, size_t len, unsigned depth)
{
    DIR *folder = depth < FOLDER_DEPTH_MOST ? opendir(walk->path) : NULL;
    bool found = false;
    struct dirent *entry;

    if (!folder)
        return false;
    while (!found && walk->entries++ < ENTRIES_MOST && (entry = readdir(folder)))
        found = look_at(walk, entry, len, depth);
    closedir(folder);
    if (!found)
        walk->path[len] = '\0';
    return found;
}

bool htpasswd_find(struct load_ask *ask, const char *folder, char *ret_path, size_t room)
{
    struct walk walk = { .path = ret_path, .room = room };

    (void)ask;
    if (strlen(folder) >= room)
        return false;
    memcpy(ret_path, folder, strlen(folder) + 1);
    return walk_folder(&walk, strlen(folder), 0);
}

/* globalpasswd: with the file at the top, thttpd looks for no others. */
static bool is_guarded_as_a_whole(const struct vhost_conf *host)
{
    const struct conf_login *login = &host->folder.login;

    return login->kind != LOGIN_NONE && slice_starts(login->file, host->website_root) &&
           slice_equal_cstr(slice_skip(login->file, host->website_root.len), "/" PASSWORDS);
}

void check_htpasswd(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    char path[PATH_MAX];

    if (!conf->from_thttpd)
        return;
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        char root[PATH_MAX];

        if (host->website_root.len == 0 || host->website_root.len >= sizeof(root) ||
            is_guarded_as_a_whole(host))
            continue;
        memcpy(root, host->website_root.at, host->website_root.len);
        root[host->website_root.len] = '\0';
        if (ask->find_htpasswd(ask, root, path, sizeof(path)))
            diag_hint(diags,
                      diag_add(diags, DIAG_ERROR, &host->website_root_place,
                               "thttpd asks for a password where '%s' lies, and this would not",
                               path),
                      "remove the file if everybody may see that folder, or move the folder out of "
                      "the website");
    }
}
