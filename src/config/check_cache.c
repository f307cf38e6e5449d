/* CacheRProxyExtensions keeps something: there are answers, and there is room for them. */
#include "build.h"

static bool some_host_has_a_rule(const struct server_conf *conf)
{
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        if (host->proxies)
            return true;
    return false;
}

static void warn(struct build *build, const char *why, const char *cure)
{
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_WARNING, &build->conf->cache_proxy_place,
                       "CacheRProxyExtensions keeps nothing: %s", why),
              "%s", cure);
}

void check_cache(struct build *build)
{
    const struct server_conf *conf = build->conf;

    if (!conf->cache_proxy_extensions)
        return;
    if (!some_host_has_a_rule(conf))
        warn(build, "no host has a ReverseProxy",
             "a backend of FastCGIserver asks for it itself, by X-Longhouse-Cache");
    else if (conf->cache_bytes == 0)
        warn(build, "CacheSize is 0", "take one of the two options away");
    else if (conf->cache_answer_bytes == 0)
        warn(build, "CacheMaxFilesize is 0", "take one of the two options away");
}
