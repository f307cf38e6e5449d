/* What stylesheets need: xsltproc, themselves, and a kernel that bounds what they read. */
#include "build.h"
#include "config/load.h"
#include "config/roots.h"
#include "config/xslt.h"

#include <string.h>

static const struct vhost_conf *first_that_transforms(const struct server_conf *conf)
{
    const struct vhost_conf *host = conf->hosts;

    while (host && !roots_transform(host))
        host = host->next;
    return host;
}

static void check_program(const struct vhost_conf *host, struct load_ask *ask, struct diags *diags)
{
    int r = ask->executable(ask, XSLT_PROGRAM);

    if (r < 0)
        diag_hint(diags,
                  diag_add(diags, DIAG_WARNING, &host->place,
                           "'%s', which applies the stylesheets of this host, cannot be run: %s",
                           XSLT_PROGRAM, strerror(-r)),
                  "install the package xsltproc; until then these requests are answered 500");
    if (ask->landlock(ask) <= 0)
        diag_hint(diags,
                  diag_add(diags, DIAG_WARNING, &host->place,
                           "this kernel has no Landlock: stylesheets and XML documents can read "
                           "whatever the user of their programs can"),
                  "trust all who write them, or take Linux 5.13 with 'landlock' in its list of "
                  "security modules (lsm=)");
}

static void check_own(const struct vhost_conf *host, struct load_ask *ask, struct diags *diags)
{
    for (unsigned i = 0; i < roots_own_styles(host); i++) {
        const char *path = arena_cstr(diags->arena, roots_own_style(host, i));
        unsigned mode;
        int r = path[0] != '\0' ? ask->stat(ask, path, &mode) : 0;

        if (r < 0)
            diag_hint(diags,
                      diag_add(diags, DIAG_WARNING, &host->place, "the stylesheet '%s': %s", path,
                               strerror(-r)),
                      "write it, or correct the path in ErrorXSLTfile or ShowIndex");
    }
}

static void check_chroot(const struct vhost_conf *host, struct diags *diags)
{
    if (host->confine.chroot.len > 0 && roots_transform(host))
        diag_hint(diags,
                  diag_add(diags, DIAG_ERROR, &host->confine.wrap_place,
                           "a Wrap line with a root directory ('|') and stylesheets (UseXSLT, "
                           "ErrorXSLTfile, ShowIndex) do not go together"),
                  "they have a sandbox already; leave '|' out");
}

void check_xslt(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    const struct vhost_conf *first = first_that_transforms(conf);

    if (first)
        check_program(first, ask, diags);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        check_own(host, ask, diags);
        check_chroot(host, diags);
    }
}
