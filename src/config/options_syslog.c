/* Options about lines that go to the system's own log as well. */
#include "build.h"

#include <sys/un.h>

#define IDENT_MOST 48u

static const char *const kinds[] = { "system", "access", "error", "exploit", "garbage", "all" };
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static unsigned kind_of(struct slice word)
{
    for (unsigned i = 0; i + 1 < KINDS; i++)
        if (slice_equal_cstr(word, kinds[i]))
            return 1u << i;
    return slice_equal_cstr(word, "all") ? SYSLOG_ALL : 0;
}

/* Printable, and nothing that ends it in a line: "longhouse[4711]: ". */
static bool is_ident(struct slice ident)
{
    for (size_t i = 0; i < ident.len; i++) {
        char c = ident.at[i];

        if (c <= ' ' || c >= 0x7f || c == '[' || c == ']' || c == ':' || c == '/')
            return false;
    }
    return ident.len > 0 && ident.len <= IDENT_MOST;
}

static void syslog_set(struct build *build, void *record, const struct tree_node *node,
                       const struct option_row *row)
{
    struct conf_syslog *conf = &((struct server_conf *)record)->syslog;
    struct slice list;
    struct slice ident;
    struct slice word;
    const bool has_ident = slice_cut(node->value, ';', &list, &ident);
    struct items items = items_of(build, node, row, slice_trim(list));

    conf->place = tree_place(node, node->value);
    while (items_next(&items, &word)) {
        const unsigned kind = kind_of(word);

        conf->kinds |= kind;
        if (kind != 0)
            continue;
        const char *nearest = diag_nearest(word, kinds, KINDS);
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, word, "'%s' knows no log '%.*s'", row->name,
                              SLICE_ARGS(word)),
                  nearest ? "did you mean '%s'?" : "write: %s", nearest ? nearest : row->grammar);
    }
    ident = slice_trim(ident);
    if (has_ident && !is_ident(ident))
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, ident.len > 0 ? ident : node->value,
                              "'%.*s' cannot be the name in front of the lines", SLICE_ARGS(ident)),
                  "one word of at most %u letters, without brackets, colon or slash", IDENT_MOST);
    else if (has_ident)
        conf->ident = ident;
}

static void syslog_socket_set(struct build *build, void *record, const struct tree_node *node,
                              const struct option_row *row)
{
    struct conf_syslog *conf = &((struct server_conf *)record)->syslog;
    struct slice path;

    if (!path_clean(build, node, row, node->value, &path))
        return;
    if (path.len >= sizeof(((struct sockaddr_un *)0)->sun_path))
        build_fault(build, DIAG_ERROR, node, node->value,
                    "the path of a socket has at most %zu bytes",
                    sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
    else
        conf->socket = path;
}

static const struct option_row rows[] = {
    {
        .name = "Syslog",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        AT(server_conf, syslog),
        .set = syslog_set,
        .grammar = "system|access|error|exploit|garbage|all[, ...][;NAME]",
        .text = "Lines of these logs go to the system's log as well (syslog, the journal), each "
                "with the name of its log and a bar in front. The files are written too. NAME "
                "stands before the lines instead of `longhouse`.",
    },
    {
        .name = "SyslogSocket",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        AT(server_conf, syslog.socket),
        .fallback = "/dev/log",
        .set = syslog_socket_set,
        .grammar = "absolute path",
        .text = "Where the system's log takes lines: a datagram socket.",
    },
};

const struct option_group syslog_options = { rows, sizeof(rows) / sizeof(rows[0]) };
