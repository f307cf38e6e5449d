/* Options about what the logs tell, and how. */
#include "build.h"

static const char *const format_names[] = { "hiawatha", "common", "extended", "json" };

static void refuse_name(struct build *build, const struct tree_node *node,
                        const struct option_row *row)
{
    const char *nearest =
        diag_nearest(node->value, format_names, sizeof(format_names) / sizeof(format_names[0]));
    struct diag *diag =
        build_fault(build, DIAG_ERROR, node, node->value, "'%s' must be %s, not '%.*s'", row->name,
                    row->grammar, SLICE_ARGS(node->value));

    if (slice_equal_nocase(node->value, SLICE("combined")))
        diag_hint(build->diags, diag, "it is called 'extended' here");
    else if (nearest)
        diag_hint(build->diags, diag, "did you mean '%s'?", nearest);
    else
        diag_hint(build->diags, diag,
                  "a format of your own has letters: \"%%h %%u \\\"%%r\\\" %%>s\"");
}

static void log_format_set(struct build *build, void *record, const struct tree_node *node,
                           const struct option_row *row)
{
    struct server_conf *conf = record;
    struct parse_fault fault;

    if (log_format_named(node->value, build->arena, &conf->log_format))
        return;
    if (!slice_has(node->value, '%')) {
        refuse_name(build, node, row);
        return;
    }
    if (log_format_parse(node->value, build->arena, &conf->log_format, &fault) == PARSE_DONE)
        return;
    struct slice part = slice_first(slice_skip(node->value, fault.at), 1);
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, part.len > 0 ? part : node->value, "'%s': %s",
                          row->name, fault.why),
              "docs/logs.md has a table of the letters");
}

static const struct option_row rows[] = {
    {
        .name = "AnonymizeIP",
        .type = OPT_YES_NO,
        .scopes = SCOPE_SERVER,
        AT(server_conf, anonymize_ip),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "Access logs and error logs name the network of a client instead of its address: "
                "the first 24 bits of IPv4, 48 of IPv6. Fields of proxies that tell it "
                "(X-Forwarded-For, Forwarded, X-Real-IP) are left out. Bans in the system log "
                "keep the address, or nobody could lift them; programs get it too.",
    },
    {
        .name = "LogFormat",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        AT(server_conf, log_format),
        .fallback = "hiawatha",
        .set = log_format_set,
        .grammar = "hiawatha | common | extended | json | \"FORMAT\"",
        .text = "Form of the lines of all access logs. `extended` is what others call combined; "
                "`json` is one object on each line, with what programs took. A format of your own "
                "has Apache's letters, for example `\"%h %u %t \\\"%r\\\" %>s %O %{ms}T\"`, and "
                "names for what programs took, `%{cpu_us}n` (docs/logs.md).",
    },
    {
        .name = "LogfileMask",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        AT(server_conf, log_mask),
        .set = address_rules_set,
        .grammar = "allow|deny ADDRESS|NETWORK|all[, ...]",
        .text = "Whose requests get into the access logs: the first rule that holds the client "
                "decides, and `deny` leaves them out. For monitoring, for example `deny "
                "127.0.0.1`.",
    },
    {
        .name = "LogTimeouts",
        .type = OPT_YES_NO,
        .scopes = SCOPE_SERVER,
        AT(server_conf, log_timeouts),
        .fallback = "no",
        .grammar = "yes | no",
        .text = "A request that was not completed in time (TimeForRequest) is a line in the error "
                "log as well. In the access log it is a 408 in any case.",
    },
};

const struct option_group log_options = { rows, sizeof(rows) / sizeof(rows[0]) };
