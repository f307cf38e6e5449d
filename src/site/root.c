#include "site/root.h"

#include "config/roots.h"
#include "config/users.h"
#include "os/beneath.h"
#include "os/fd.h"

#include <errno.h>
#include <string.h>

int site_root_at(const struct site_root *root, int *ret_own)
{
    const struct user_conf *user = root->user;

    *ret_own = -1;
    if (!user)
        return root->fd < 0 ? -ENOENT : root->fd;

    const char *folder = user->path.at + strlen(user->home) + 1;
    int r = beneath_home(user->home, folder, user->user, ret_own);
    return r < 0 ? r : *ret_own;
}

int site_root_open(const struct site_root *root, const char *relative, int *ret_fd,
                   struct stat *ret_stat)
{
    scoped_fd own = -1;
    const int r = site_root_at(root, &own);

    return r < 0 ? r : beneath_open(r, relative, root->links, ret_fd, ret_stat);
}

unsigned site_root_number(const struct site_root *root, const struct host *host)
{
    const bool follows = root->links == BENEATH_ANY_LINKS;

    if (!root->user)
        return root->number;
    return roots_of_users(host->conf, follows != host->conf->folder.follow_symlinks);
}

uint32_t site_root_account(const struct site_root *root, const struct host *host)
{
    return root->user ? 1 + (uint32_t)(root->user - host->users->conf->sites) : 0;
}

const struct site_root *site_root_of_user(const struct host *host, const struct folder_conf *folder,
                                          struct slice name)
{
    const struct users_conf *conf = host->users->conf;
    const struct user_conf *user = users_find(conf, name);

    if (!user)
        return NULL;
    return &host->users
                ->roots[2 * (size_t)(user - conf->sites) + (folder->follow_symlinks ? 1 : 0)];
}
