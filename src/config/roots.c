#include "config/roots.h"

#include "config/folder.h"

unsigned roots_folders(const struct vhost_conf *host)
{
    return 1 + host->alias_count;
}

unsigned roots_count(const struct vhost_conf *host)
{
    return roots_folders(host) * (folder_any_changes_links(host) ? 2 : 1);
}

uint32_t roots_rules(const struct vhost_conf *host)
{
    return roots_count(host) * (1 + host->handler_count);
}

uint32_t roots_rule_itself(const struct vhost_conf *host, unsigned root)
{
    return host->rule_base + root * (1 + host->handler_count);
}

uint32_t roots_rule_handler(const struct vhost_conf *host, unsigned root, unsigned handler)
{
    return roots_rule_itself(host, root) + 1 + handler;
}
