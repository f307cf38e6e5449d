/* ReverseProxy: paths of a host that are asked of an HTTP backend. */
#include "base/number.h"
#include "build.h"
#include "config/regex.h"

void proxy_refuse(struct build *build, const struct tree_node *node, struct slice part,
                  const char *what, const char *cure)
{
    diag_hint(build->diags,
              build_fault(build, DIAG_ERROR, node, part, "%s: '%.*s'", what, SLICE_ARGS(part)),
              "%s", cure);
}

/* ---- the pattern ---- */

static bool read_pattern(struct build *build, const struct tree_node *node, struct slice word,
                         struct proxy_conf *rule)
{
    struct parse_fault fault;

    rule->is_inverted = slice_starts(word, SLICE("!"));
    rule->pattern = rule->is_inverted ? slice_skip(word, 1) : word;
    struct regex *regex = regex_compile(rule->pattern, false, &fault);
    if (!regex) {
        proxy_refuse(build, node, word, "the pattern of 'ReverseProxy' cannot be read", fault.why);
        return false;
    }
    regex_free(regex);
    return true;
}

/* ---- where to ---- */

/* HOST[:PORT][/PATH] */
static bool read_place(struct slice text, bool is_secure, struct build *build,
                       struct proxy_conf *rule, struct connect_conf *target)
{
    const size_t slash = slice_find(text, '/');
    const struct slice name = slice_first(text, slash);

    if (slash != SLICE_NONE)
        rule->path = slice_skip(text, slash);
    while (rule->path.len > 0 && rule->path.at[rule->path.len - 1] == '/')
        rule->path.len--;
    if (!(is_secure ? target_parse_secure(build->arena, name, target)
                    : target_parse_place(build->arena, name, 80, target)))
        return false;
    if (target->host.len > 0)
        rule->host = name;
    return true;
}

bool proxy_read_url(struct slice word, struct slice scheme, struct build *build,
                    struct proxy_conf *rule, struct connect_conf *target)
{
    struct slice rest = slice_skip(word, scheme.len);

    target->text = word;
    if (slice_starts(word, SLICE("/")))
        return address_parse_target(word, &target->address);
    if (!slice_starts_nocase(word, scheme))
        return false;
    const bool is_secure = slice_starts_nocase(rest, SLICE("s"));
    rest = slice_skip(rest, is_secure);
    return slice_starts(rest, SLICE("://")) &&
           read_place(slice_skip(rest, 3), is_secure, build, rule, target);
}

static bool read_url(struct build *build, const struct tree_node *node, struct slice word,
                     struct proxy_conf *rule, struct connect_conf *target)
{
    if (proxy_read_url(word, SLICE("http"), build, rule, target))
        return true;
    proxy_refuse(
        build, node, word,
        "'ReverseProxy' wants http://HOST[:PORT][/PATH], the same with https, or a unix socket",
        "for example: ReverseProxy = ^/api http://127.0.0.1:3000");
    return false;
}

/* ---- its section ---- */

struct fastcgi_conf *section_for_proxy(struct build *build, const struct connect_conf *parsed,
                                       bool keeps)
{
    const struct slice id = arena_printf(build->arena, "%.*s%s%s", SLICE_ARGS(parsed->text),
                                         parsed->tls == CONNECT_TLS_UNVERIFIED ? " unverified" : "",
                                         keeps ? " keep-alive" : "");
    struct fastcgi_conf *section = table_find(&build->proxy_sections, id);

    if (section)
        return section;

    struct connect_conf *target = arena_new(build->arena, struct connect_conf);
    *target = *parsed;
    section = build_section_of_proxy(build, &target->place);
    section->id = section->written = id;
    section->targets = target;
    section->target_count = 1;
    section->keep_connections = keeps ? PROXY_KEEPS : 0;
    table_put(&build->proxy_sections, id, section);
    return section;
}

/* What may stand behind the URL. */
static bool read_rest(struct build *build, const struct tree_node *node, struct slice rest,
                      struct proxy_conf *rule, struct connect_conf *target, bool *ret_keeps)
{
    struct slice word;
    uint64_t seconds;

    *ret_keeps = false;
    while (word_next(&rest, &word)) {
        if (slice_equal(word, SLICE("keep-alive"))) {
            *ret_keeps = true;
        } else if (target->tls && slice_equal(word, SLICE("unverified"))) {
            target->tls = CONNECT_TLS_UNVERIFIED;
        } else if (number_parse(word, 3600, &seconds) && seconds > 0) {
            rule->wait_ms = seconds * 1000;
        } else {
            proxy_refuse(
                build, node, word, "unknown word behind the URL of 'ReverseProxy'",
                "known are a time limit in seconds (1 to 3600), keep-alive and, behind https, "
                "unverified");
            return false;
        }
    }
    return true;
}

struct proxy_conf proxy_begin(const struct tree_node *node, const struct option_row *row,
                              struct connect_conf *ret_target)
{
    const struct diag_place place = tree_place(node, node->value);

    *ret_target = (struct connect_conf){ .weight = 1, .place = place };
    return (struct proxy_conf){
        .place = place,
        .option = row->name,
        .wait_ms = PROXY_WAIT_MS,
        .tunnel_idle_ms = TUNNEL_IDLE_MS,
    };
}

void proxy_add(struct build *build, struct proxy_conf **list, const struct proxy_conf *rule)
{
    while (*list)
        list = &(*list)->next;
    *list = arena_new(build->arena, struct proxy_conf);
    **list = *rule;
}

static void reverse_proxy_set(struct build *build, void *record, const struct tree_node *node,
                              const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct connect_conf target;
    struct proxy_conf rule = proxy_begin(node, row, &target);
    struct slice rest = node->value;
    struct slice word;
    uint64_t skip;
    bool keeps;

    if (!word_next(&rest, &word) || !read_pattern(build, node, word, &rule))
        return;
    word_next(&rest, &word);
    if (number_parse(word, 100, &skip)) {
        rule.skip = (unsigned)skip;
        word_next(&rest, &word);
    }
    if (!read_url(build, node, word, &rule, &target) ||
        !read_rest(build, node, rest, &rule, &target, &keeps))
        return;
    rule.section = section_for_proxy(build, &target, keeps);
    proxy_add(build, &host->proxies, &rule);
}

static const struct option_row rows[] = {
    {
        .name = "ReverseProxy",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .set = reverse_proxy_set,
        .grammar = "[!]PATTERN [SKIP] http[s]://HOST[:PORT][/PATH] | /UNIXSOCKET [SECONDS] "
                   "[keep-alive] [unverified]",
        .text = "Requests whose target, as it was sent, fits the pattern (an extended regular "
                "expression; !: does not fit it) are sent on to that HTTP backend, before toolkits "
                "are asked. The first rule that fits counts. SKIP: so many parts are taken off the "
                "front of the path; PATH is put in front of it. SECONDS: how long the backend may "
                "say nothing (5). keep-alive: idle connections are kept for the next requests. "
                "https: the backend is asked by TLS, and its certificate is verified "
                "(CAcertificates) unless `unverified` stands behind it. A "
                "backend that is named is asked by that name (Host), one that is an address or a "
                "socket by the client's. For several targets see Protocol (docs/proxy.md).",
    },
};

const struct option_group proxy_options = { rows, sizeof(rows) / sizeof(rows[0]) };
