/* Options about what requests may not hold, and about where such requests are written down. */
#include "build.h"
#include "config/regex.h"

static const char *const modes[] = { "no", "detect", "prevent", "block", NULL };

/* ---- patterns ---- */

static bool pattern_is_good(struct build *build, const struct tree_node *node)
{
    const struct slice pattern = node->value;
    struct parse_fault fault;
    struct regex *regex = regex_compile(pattern, true, &fault);

    if (regex) {
        regex_free(regex);
        return true;
    }
    const struct slice part = slice_first(slice_skip(pattern, fault.at), 1);
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, part.len > 0 ? part : pattern,
                          "the pattern '%.*s' cannot be read", SLICE_ARGS(pattern)),
              "%s", fault.why);
    return false;
}

static void deny_body_set(struct build *build, void *record, const struct tree_node *node,
                          const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct deny_body_conf **end = &host->screen.deny_body;

    (void)row;
    if (!pattern_is_good(build, node))
        return;
    while (*end)
        end = &(*end)->next;
    *end = arena_new(build->arena, struct deny_body_conf);
    (*end)->pattern = node->value;
    (*end)->place = tree_place(node, node->value);
}

/* ---- modes ---- */

/* Of Hiawatha versions before: yes and no; and a text behind a comma that nobody reads. */
static struct slice take_former(struct build *build, const struct tree_node *node,
                                const struct option_row *row)
{
    struct slice word;
    struct slice rest;

    if (slice_cut(node->value, ',', &word, &rest))
        diag_hint(build->diags,
                  build_fault(build, DIAG_WARNING, node, slice_trim(rest),
                              "what is behind the comma has no effect"),
                  "leave it out");
    word = slice_trim(word);
    if (!slice_equal_nocase(word, SLICE("yes")) && !slice_equal_nocase(word, SLICE("true")))
        return word;
    diag_hint(build->diags,
              build_fault(build, DIAG_WARNING, node, word, "'%s = %.*s' is of an older Hiawatha",
                          row->name, SLICE_ARGS(word)),
              "'prevent' is taken; write it so");
    return slice_cstr(modes[PREVENT_TAME]);
}

static void prevent_set(struct build *build, void *record, const struct tree_node *node,
                        const struct option_row *row)
{
    enum prevent *member = (void *)((char *)record + row->offset);
    const struct slice word = take_former(build, node, row);

    for (unsigned i = 0; modes[i]; i++) {
        if (!slice_equal_nocase(word, slice_cstr(modes[i])))
            continue;
        *member = (enum prevent)i;
        return;
    }
    build_fault(build, DIAG_ERROR, node, node->value,
                "'%s' must be no, detect, prevent or block, not '%.*s'", row->name,
                SLICE_ARGS(node->value));
}

#define PREVENT(name_, member_)                                                                    \
    .name = name_, .type = OPT_OWN, .scopes = SCOPE_HOST, AT(vhost_conf, screen.member_),          \
    .set = prevent_set, .fallback = "no", .grammar = "no | detect | prevent | block"

static const struct option_row rows[] = {
    {
        .name = "ExploitLogfile",
        .type = OPT_LOG,
        .scopes = SCOPE_SERVER,
        AT(server_conf, exploit_log),
        .fallback = "none",
        .grammar = "absolute path[, daily|weekly|monthly] | none | stdout | stderr",
        .text = "One line for each request that tried something: what DenyBody and the Prevent "
                "options found, and URLs that no link leads to. Such requests are in the error log "
                "of their host in any case; this one is for programs that watch it. See "
                "[abuse.md](abuse.md).",
    },
    {
        .name = "GarbageLogfile",
        .type = OPT_LOG,
        .scopes = SCOPE_SERVER,
        AT(server_conf, garbage_log),
        .fallback = "none",
        .grammar = "absolute path[, daily|weekly|monthly] | none | stdout | stderr",
        .text = "What came in place of a request and was answered 400, each in one line, at most "
                "4000 bytes of it, with control bytes escaped.",
    },
    {
        .name = "DenyBody",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .set = deny_body_set,
        .grammar = "PATTERN",
        .text = "Requests to programs whose body fits the POSIX extended regular expression are "
                "refused (403); capitals do not matter. The body is looked at as it came and once "
                "more without percent-encoding, up to 1 MiB of it; images, archives and the like "
                "are not looked at. May be repeated. See [abuse.md](abuse.md).",
    },
    {
        PREVENT("PreventCSRF", csrf),
        .former = "PreventXSRF",
        .text = "Requests to programs that change something (POST, PUT, PATCH, DELETE) and were "
                "sent by a page of another site, as Origin, Referer or Sec-Fetch-Site say. "
                "`detect`: they are logged. `prevent`: the program gets a GET without body and "
                "cookies. `block`: 443.",
    },
    {
        PREVENT("PreventSQLi", sqli),
        .text = "Requests to programs with SQL where none belongs: in path, query, body or "
                "cookies. A best effort, no substitute for queries with parameters. `detect`: they "
                "are logged. `prevent`: 404. `block`: 441.",
    },
    {
        PREVENT("PreventXSS", xss),
        .text = "Requests to programs with `<script` in query or body, however it is encoded. "
                "`detect`: they are logged. `prevent`: its `<` becomes `_` before the program gets "
                "it. `block`: 442.",
    },
};

const struct option_group screen_options = { rows, sizeof(rows) / sizeof(rows[0]) };
