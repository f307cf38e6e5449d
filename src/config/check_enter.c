/* Whether the user of the server gets into the websites. */
#include "build.h"
#include "config/load.h"

#include <string.h>

/* Account NULL: this process is as good as the server. */
static void check_root(const struct server_conf *conf, const struct vhost_conf *host,
                       struct load_ask *ask, const struct account *server, struct diags *diags)
{
    const char *root = arena_cstr(diags->arena, host->website_root);
    struct slice user = server ? conf->server_user : SLICE("running this");
    unsigned mode;

    if (host->website_root.len == 0 || ask->stat(ask, root, &mode) < 0 ||
        ask->may_enter(ask, root, server))
        return;
    diag_hint(diags,
              diag_add(diags, DIAG_WARNING, &host->website_root_place,
                       "the user %.*s may not enter the WebsiteRoot '%s'", SLICE_ARGS(user), root),
              "each folder on the way needs the right to pass (x) for that user: chmod o+x, or a "
              "group; until then all is answered 404 or 403");
}

void check_enter(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    struct account found;
    const struct account *server = NULL;

    if (ask->is_root(ask)) {
        if (ask->account(ask, conf->server_user, conf->server_groups, diags->arena, &found))
            return; /* no such user: said elsewhere */
        server = &found;
    }
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        check_root(conf, host, ask, server, diags);
}
