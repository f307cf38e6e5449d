/* Options about what programs said and the house keeps (handler/output_cache.h). */
#include "build.h"

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)

static void set_proxy_extensions(struct build *build, void *record, const struct tree_node *node,
                                 const struct option_row *row)
{
    struct server_conf *conf = record;

    extensions_set(build, record, node, row);
    conf->cache_proxy_place = node->name_place;
}

static const struct option_row rows[] = {
    {
        .name = "CacheSize",
        .type = OPT_SIZE,
        .scopes = SCOPE_SERVER,
        AT(server_conf, cache_bytes),
        .fallback = "10",
        .least = 0,
        .most = 1024 * MIB,
        .unit = MIB,
        .grammar = "SIZE, a bare number counts megabytes",
        .text = "Memory for answers of programs that ask to be kept (`X-Longhouse-Cache: SECONDS`, "
                "see docs/cgi.md) and of CacheRProxyExtensions, of all websites together; 0 keeps "
                "none. The reactors share it "
                "equally. Files are not kept here: the kernel's own cache has them.",
    },
    {
        .name = "CacheMaxFilesize",
        .type = OPT_SIZE,
        .scopes = SCOPE_SERVER,
        AT(server_conf, cache_answer_bytes),
        .fallback = "256",
        .least = 0,
        .most = 1024 * MIB,
        .unit = KIB,
        .grammar = "SIZE, a bare number counts kilobytes",
        .text = "The longest answer of a program that is kept.",
    },
    {
        .name = "CacheRProxyExtensions",
        .type = OPT_OWN,
        .scopes = SCOPE_SERVER,
        .repeat = REPEAT_APPENDS,
        AT(server_conf, cache_proxy_extensions),
        .set = set_proxy_extensions,
        .grammar = "EXT[, EXT ...]",
        .text = "Answers of backends of ReverseProxy to paths with one of these extensions, in any "
                "case, are kept for a minute: `css, js, png, woff2`. Those whose own fields say "
                "less for less, and what is not for everybody not at all (see docs/proxy.md). May "
                "be repeated.",
    },
    {
        .name = "SkipCacheCookie",
        .type = OPT_WORDS,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        AT(vhost_conf, skip_cache_cookies),
        .grammar = "NAME[, ...]",
        .text = "Names of cookies: a request with one of them is answered by the program itself, "
                "and its answer is not kept. Name the cookie that your visitors have once they are "
                "logged in.",
    },
};

const struct option_group cache_options = { rows, sizeof(rows) / sizeof(rows[0]) };
