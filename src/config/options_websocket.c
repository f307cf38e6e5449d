/* WebSocket: paths of a host whose WebSockets go to a backend. */
#include "base/number.h"
#include "build.h"

#define MINUTES_MOST 10080u /* a week */
#define MINUTE_MS    60000u

/* ---- where to ---- */

static bool read_backend(struct build *build, const struct tree_node *node, struct slice word,
                         struct proxy_conf *rule, struct connect_conf *target)
{
    if (proxy_read_url(word, SLICE("ws"), build, rule, target) && rule->path.len == 0)
        return true;
    proxy_refuse(build, node, word,
                 "'WebSocket' wants ws://HOST[:PORT], the same with wss, or a unix socket",
                 "for example: WebSocket = ws://127.0.0.1:3000 /chat");
    return false;
}

/* ---- which paths ---- */

static bool is_path(struct slice text)
{
    const size_t star = slice_find(text, '*');

    if (star != SLICE_NONE && star + 1 != text.len)
        return false;
    return star == 0 || slice_starts(text, SLICE("/"));
}

static bool add_paths(struct build *build, const struct tree_node *node, struct slice list,
                      struct proxy_conf *rule)
{
    for (bool more = true; more;) {
        struct slice path;

        more = slice_cut(list, ',', &path, &list);
        path = slice_trim(path);
        if (path.len == 0)
            continue;
        if (!is_path(path)) {
            proxy_refuse(build, node, path, "no path for 'WebSocket'",
                         "a path begins with '/'; a '*' at its end stands for whatever follows, "
                         "and '*' alone for all paths");
            return false;
        }
        words_add(build->arena, &rule->paths, path);
    }
    return true;
}

/* Paths, with commas between them, and perhaps minutes. */
static bool read_rest(struct build *build, const struct tree_node *node, struct slice rest,
                      struct proxy_conf *rule)
{
    struct slice word;
    uint64_t minutes = 0;

    while (word_next(&rest, &word)) {
        if (minutes == 0 && rule->paths && number_parse(word, MINUTES_MOST, &minutes) &&
            minutes > 0)
            continue;
        if (minutes > 0 || (word.len > 0 && ascii_is_digit(word.at[0]))) {
            proxy_refuse(build, node, word, "the last word of 'WebSocket' is a number of minutes",
                         "from 1 to 10080, behind the paths: how long nothing need be said");
            return false;
        }
        if (!add_paths(build, node, word, rule))
            return false;
    }
    if (minutes > 0)
        rule->tunnel_idle_ms = minutes * MINUTE_MS;
    if (!rule->paths)
        proxy_refuse(build, node, node->value, "'WebSocket' wants paths behind the backend",
                     "for example: WebSocket = ws://127.0.0.1:3000 /chat, /live/*");
    return rule->paths != NULL;
}

static void websocket_set(struct build *build, void *record, const struct tree_node *node,
                          const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct connect_conf target;
    struct proxy_conf rule = proxy_begin(node, row, &target);
    struct slice rest = node->value;
    struct slice word;

    if (!word_next(&rest, &word) || !read_backend(build, node, word, &rule, &target) ||
        !read_rest(build, node, rest, &rule))
        return;
    rule.section = section_for_proxy(build, &target, false);
    proxy_add(build, &host->websockets, &rule);
}

static const struct option_row rows[] = {
    {
        .name = "WebSocket",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .set = websocket_set,
        .grammar = "ws[s]://HOST[:PORT] | /UNIXSOCKET PATH[, PATH...] [MINUTES]",
        .text = "Requests for a WebSocket on these paths go to that backend; whatever else is "
                "asked for there is answered as without the rule. A path is compared as a whole, "
                "without the query; with '*' at its end it is the beginning of all that is meant, "
                "and '*' alone is every path. The first rule that fits counts, before those of "
                "ReverseProxy. MINUTES: a WebSocket on which neither side says anything for so "
                "long is closed (10). Rules of ReverseProxy and FastCGIserver sections with "
                "Protocol = http pass WebSockets on as well (docs/websocket.md).",
    },
};

const struct option_group websocket_options = { rows, sizeof(rows) / sizeof(rows[0]) };
