#include "site/access.h"

static const char *word_of(enum conf_access access)
{
    switch (access) {
    case ACCESS_ALLOW:
        return "allow";
    case ACCESS_DENY:
        return "deny";
    case ACCESS_PASSWORD:
        break;
    }
    return "pwd";
}

static bool holds(const struct conf_access_rule *rule, const union socket_address *client,
                  struct trace *trace)
{
    const bool held = address_net_holds(&rule->net, client);

    trace_note(trace, TRACE_ACCESS, trace_mark_of(held), "AccessList: %s %s%s",
               word_of(rule->access), trace_net(trace, &rule->net),
               held ? " is for this client" : " is for others");
    return held;
}

enum access access_judge(const struct folder_conf *folder, const union socket_address *client,
                         struct trace *trace)
{
    const struct conf_access_rule *rule = folder->access_rules;

    while (rule && !holds(rule, client, trace))
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
