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

uint32_t roots_rules(const struct vhost_conf *host)
{
    return roots_folders(host) * roots_treatments(host) * (1 + host->handler_count);
}

uint32_t roots_rule_itself(const struct vhost_conf *host, unsigned root)
{
    return host->rule_base + root * (1 + host->handler_count);
}

uint32_t roots_rule_handler(const struct vhost_conf *host, unsigned root, unsigned handler)
{
    return roots_rule_itself(host, root) + 1 + handler;
}
