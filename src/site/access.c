#include "site/access.h"

enum access access_judge(const struct folder_conf *folder, const union socket_address *client)
{
    const struct conf_access_rule *rule = folder->access_rules;

    while (rule && !address_net_holds(&rule->net, client))
        rule = rule->next;
    if (!rule)
        return folder->login.kind != LOGIN_NONE || folder->required_groups ? ACCESS_AFTER_LOGIN
                                                                           : ACCESS_FREE;
    switch (rule->access) {
    case ACCESS_ALLOW:
        return ACCESS_FREE;
    case ACCESS_PASSWORD:
        return ACCESS_AFTER_LOGIN;
    case ACCESS_DENY:
        break;
    }
    return ACCESS_REFUSED;
}
