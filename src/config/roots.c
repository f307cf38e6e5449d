#include "config/roots.h"

uint32_t roots_rules(const struct vhost_conf *host)
{
    return (1 + host->alias_count) * (1 + host->handler_count);
}

uint32_t roots_rule_itself(const struct vhost_conf *host, unsigned root)
{
    return host->rule_base + root * (1 + host->handler_count);
}

uint32_t roots_rule_handler(const struct vhost_conf *host, unsigned root, unsigned handler)
{
    return roots_rule_itself(host, root) + 1 + handler;
}
