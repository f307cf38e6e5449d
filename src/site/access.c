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

/* What one list is asked about one client. */
struct question {
    const union socket_address *client;
    const char *list; /* its option */
    struct trace *trace;
};

static bool holds(const struct conf_access_rule *rule, const struct question *question)
{
    struct trace *trace = question->trace;
    const bool held = address_net_holds(&rule->net, question->client);

    trace_note(trace, TRACE_ACCESS, trace_mark_of(held), "%s: %s %s%s", question->list,
               word_of(rule->access), trace_net(trace, &rule->net),
               held ? " is for this client" : " is for others");
    return held;
}

static const struct conf_access_rule *find_rule(const struct conf_access_rule *rule,
                                                const struct question *question)
{
    while (rule && !holds(rule, question))
        rule = rule->next;
    return rule;
}

static enum access access_of(const struct conf_access_rule *rule)
{
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

enum access access_judge(const struct folder_conf *folder, const union socket_address *client,
                         struct trace *trace)
{
    const struct question question = { client, "AccessList", trace };
    const struct conf_access_rule *rule = find_rule(folder->access_rules, &question);

    if (rule)
        return access_of(rule);
    return folder->login.kind != LOGIN_NONE || folder->required_groups ? ACCESS_AFTER_LOGIN
                                                                       : ACCESS_FREE;
}

enum access access_judge_alter(const struct folder_conf *folder, const union socket_address *client,
                               struct trace *trace)
{
    const struct question question = { client, "AlterList", trace };
    const struct conf_access_rule *rule = find_rule(folder->alter_rules, &question);

    return rule ? access_of(rule) : ACCESS_REFUSED;
}
