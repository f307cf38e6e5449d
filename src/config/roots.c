#include "config/roots.h"

#include "config/folder.h"

unsigned roots_folders(const struct vhost_conf *host)
{
    return 1 + host->alias_count + (host->user_websites ? 1 : 0);
}

unsigned roots_treatments(const struct vhost_conf *host)
{
    return folder_any_changes_links(host) ? 2 : 1;
}

unsigned roots_of_users(const struct vhost_conf *host, bool otherwise)
{
    return 1 + host->alias_count + (otherwise ? roots_folders(host) : 0);
}

uint32_t roots_first(const struct vhost_conf *host, unsigned identity)
{
    return identity * roots_folders(host) * roots_treatments(host) * (1 + host->handler_count);
}

struct slice roots_hook(const struct vhost_conf *host, unsigned hook)
{
    return hook == 0 ? host->run_on_alter : host->directories[hook - 1]->folder.run_on_download;
}

unsigned roots_hooks(const struct vhost_conf *host)
{
    const unsigned most = 1 + host->directory_count;

    for (unsigned i = 0; i < most; i++)
        if (roots_hook(host, i).len > 0)
            return most;
    return 0;
}

uint32_t roots_rule_hook(const struct vhost_conf *host, struct slice program)
{
    unsigned hook = 0;

    while (hook < host->directory_count && !slice_equal(roots_hook(host, hook), program))
        hook++;
    return host->rule_base + roots_first(host, 1 + host->wrap_count) + hook;
}

static uint32_t first_style(const struct vhost_conf *host)
{
    return roots_first(host, 1 + host->wrap_count) + roots_hooks(host);
}

static uint32_t first_own_style(const struct vhost_conf *host)
{
    return first_style(host) + (host->use_xslt ? roots_folders(host) * roots_treatments(host) : 0);
}

struct slice roots_own_style(const struct vhost_conf *host, unsigned number)
{
    if (number == 0)
        return host->error_style;
    if (number == 1)
        return host->folder.show_index.stylesheet;
    return host->directories[number - 2]->folder.show_index.stylesheet;
}

unsigned roots_own_styles(const struct vhost_conf *host)
{
    const unsigned most = 2 + host->directory_count;

    for (unsigned i = 0; i < most; i++)
        if (roots_own_style(host, i).len > 0)
            return most;
    return 0;
}

uint32_t roots_rule_style(const struct vhost_conf *host, unsigned root)
{
    return host->rule_base + first_style(host) + root;
}

uint32_t roots_rule_own_style(const struct vhost_conf *host, struct slice stylesheet)
{
    unsigned number = 0;

    while (number < 1 + host->directory_count &&
           !slice_equal(roots_own_style(host, number), stylesheet))
        number++;
    return host->rule_base + first_own_style(host) + number;
}

bool roots_transform(const struct vhost_conf *host)
{
    return host->use_xslt || roots_own_styles(host) > 0;
}

bool roots_run(const struct vhost_conf *host)
{
    return folder_any_executes(host) || roots_hooks(host) > 0 || roots_transform(host);
}

uint32_t roots_rules(const struct vhost_conf *host)
{
    return first_own_style(host) + roots_own_styles(host);
}

unsigned roots_identity(const struct vhost_conf *host, const struct folder_conf *folder)
{
    if (folder->wrap_id.len == 0)
        return 0;
    for (unsigned i = 0; i < host->wrap_count; i++)
        if (slice_equal(host->wraps[i].wrap_id, folder->wrap_id))
            return 1 + i;
    return 0;
}

const struct confine_conf *roots_confine(const struct vhost_conf *host, unsigned identity)
{
    return identity > 0 ? &host->wraps[identity - 1] : &host->confine;
}

uint32_t roots_rule_itself(const struct vhost_conf *host, unsigned identity, unsigned root)
{
    return host->rule_base + roots_first(host, identity) + root * (1 + host->handler_count);
}

uint32_t roots_rule_handler(const struct vhost_conf *host, unsigned identity, unsigned root,
                            unsigned handler)
{
    return roots_rule_itself(host, identity, root) + 1 + handler;
}
