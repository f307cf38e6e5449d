/* Lists of rules about addresses: "allow 10.0.0.0/8, deny all". The first that holds decides. */
#include "build.h"
#include "config/bans_conf.h"

bool conf_rules_deny(const struct conf_rule *rules, const union socket_address *address)
{
    for (; rules; rules = rules->next)
        if (address_net_holds(&rules->net, address))
            return rules->word == RULE_DENY;
    return false;
}

bool conf_nets_hold(const struct conf_net *nets, const union socket_address *address)
{
    for (; nets; nets = nets->next)
        if (address_net_holds(&nets->net, address))
            return true;
    return false;
}

static bool rule_parse(struct slice item, struct conf_rule *ret)
{
    struct slice word;

    if (!word_next(&item, &word))
        return false;
    if (slice_equal_nocase(word, SLICE("allow")))
        ret->word = RULE_ALLOW;
    else if (slice_equal_nocase(word, SLICE("deny")))
        ret->word = RULE_DENY;
    else
        return false;
    return address_net_parse(slice_trim(item), &ret->net);
}

void address_rules_set(struct build *build, void *record, const struct tree_node *node,
                       const struct option_row *row)
{
    struct conf_rule **list = (struct conf_rule **)(void *)((char *)record + row->offset);
    struct items items = items_of(build, node, row, node->value);
    struct slice item;

    while (*list)
        list = &(*list)->next;
    while (items_next(&items, &item)) {
        struct conf_rule rule = { 0 };

        if (!rule_parse(item, &rule)) {
            diag_hint(build->diags,
                      build_fault(build, DIAG_ERROR, node, item,
                                  "'%s' wants allow or deny and an address or network, not '%.*s'",
                                  row->name, SLICE_ARGS(item)),
                      "for example: %s = deny 127.0.0.1, deny 10.0.0.0/8, allow all", row->name);
            continue;
        }
        *list = arena_new(build->arena, struct conf_rule);
        **list = rule;
        list = &(*list)->next;
    }
}
