/* UrlToolkit sections, and UseToolkit of the hosts: rules about the URL. */
#include "toolkit_rules.h"

static void use_toolkit_set(struct build *build, void *record, const struct tree_node *node,
                            const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct items items = items_of(build, node, row, node->value);
    struct slice item;

    while (items_next(&items, &item)) {
        words_add(build->arena, &host->use_toolkit_ids, item);
        build_mention(build, &build->use_toolkits, item, tree_place(node, item), host);
    }
}

#define RULE(name_)                                                                                \
    .name = name_, .type = OPT_OWN, .scopes = SCOPE_TOOLKIT, .repeat = REPEAT_APPENDS,             \
    .set = toolkit_rule_set

static const struct option_row rows[] = {
    {
        .name = "UseToolkit",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .set = use_toolkit_set,
        .grammar = "ToolkitID[, ToolkitID ...]",
        .text = "UrlToolkit sections that every URL of the host goes through, in this order, "
                "before anything is looked for on disk. May be repeated. "
                "`/.well-known/acme-challenge/` goes through none, and only files are sent from "
                "there.",
    },
    {
        .name = "ToolkitID",
        .type = OPT_TEXT,
        .scopes = SCOPE_TOOLKIT,
        AT(toolkit_conf, id),
        .repeat = REPEAT_OVERRIDES,
        .required = true,
        .grammar = "text",
        .text = "The name of the section, for UseToolkit, Call and Goto.",
    },
    {
        RULE("Match"),
        .grammar = "[!]PATTERN ACTION",
        .text = "Whether the URL fits a POSIX extended regular expression: the path in its one "
                "form (cleaned, and only what must be is percent-encoded) and the query as it was "
                "sent, `/a%20b?c=d`. `!`: whether it does not.",
    },
    {
        RULE("MatchCI"),
        .grammar = "[!]PATTERN ACTION",
        .text = "As Match, capitals do not matter.",
    },
    {
        RULE("Header"),
        .grammar = "NAME|* [!]PATTERN ACTION",
        .text = "Whether a field of the request fits; capitals do not matter. `*`: any field. A "
                "field that is not there fits nothing. Quotes (\" or ') keep blanks in a pattern.",
    },
    {
        RULE("Method"),
        .grammar = "[!]NAME ACTION",
        .text = "Whether the request has this method.",
    },
    {
        RULE("RequestURI"),
        .grammar = "exists|isfile|isdir|notfound ACTION",
        .text = "What lies on disk where the URL, as it is by now, points to: a file or folder, a "
                "file, a folder, nothing.",
    },
    {
        RULE("TotalConnections"),
        .least = 1,
        .grammar = "NUMBER ACTION",
        .text = "Whether at least so many connections to the server are open.",
    },
    {
        RULE("UseTLS"),
        .former = "UseSSL",
        .grammar = "ACTION",
        .text = "Whether the request came encrypted, here or to the trusted proxy.",
    },
    {
        RULE("Do"),
        .grammar = "ACTION",
        .text = "In any case.",
    },
};

const struct option_group toolkit_options = { rows, sizeof(rows) / sizeof(rows[0]) };
