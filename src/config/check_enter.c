/* Whether the user of the server gets into the websites. */
#include "build.h"
#include "config/load.h"
#include "passage.h"

static void check_root(const struct server_conf *conf, const struct vhost_conf *host,
                       struct passage *passage, struct diags *diags)
{
    struct slice user = passage->who ? conf->server_user : SLICE("running this");

    if (host->website_root.len == 0 || passage_enters(passage, host->website_root))
        return;
    diag_hint(diags,
              diag_add(diags, DIAG_WARNING, &host->website_root_place,
                       "the user %.*s may not enter the WebsiteRoot '%.*s'", SLICE_ARGS(user),
                       SLICE_ARGS(host->website_root)),
              "each folder on the way needs the right to pass (x) for that user: chmod o+x, or a "
              "group; until then all is answered 404 or 403");
}

void check_enter(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    struct passage passage;

    if (!passage_begin(&passage, conf, ask, diags->arena))
        return;
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        check_root(conf, host, &passage, diags);
    passage_end(&passage);
}
