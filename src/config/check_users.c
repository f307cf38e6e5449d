/* Websites of accounts: what became of them, and whether their programs can be who they shall be.
 */
#include "base/text.h"
#include "build.h"
#include "config/folder.h"
#include "config/load.h"
#include "passage.h"

#include <linux/capability.h>

#define NAMES_MOST 5u /* that one line tells */

/* ---- accounts ---- */

/* "alice (why), bob (why) and 7 more" */
static void tell(const struct server_conf *conf, const struct user_passed_over *list,
                 unsigned count, const char *what, struct diags *diags)
{
    char bytes[1024];
    struct text text = text_on(bytes, sizeof(bytes));
    unsigned told = 0;

    for (; list && told < NAMES_MOST; list = list->next, told++)
        text_printf(&text, "%s%.*s (%s)", told > 0 ? ", " : "", SLICE_ARGS(list->name), list->why);
    if (count > told)
        text_printf(&text, " and %u more", count - told);
    diag_add(diags, DIAG_NOTE, &conf->users.place, "%s: %.*s", what, SLICE_ARGS(text_slice(&text)));
}

/* Homes are often closed to all others. */
static void check_entry(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    const struct users_conf *users = &conf->users;
    struct user_passed_over *closed = NULL;
    struct passage passage;
    unsigned count = 0;

    if (!passage_begin(&passage, conf, ask, diags->arena))
        return;
    for (unsigned i = users->count; i-- > 0;) {
        if (passage_enters(&passage, users->sites[i].path))
            continue;
        struct user_passed_over *one = arena_new(diags->arena, struct user_passed_over);

        *one = (struct user_passed_over){ closed, users->sites[i].name, "chmod o+x" };
        closed = one;
        count++;
    }
    passage_end(&passage);
    if (closed)
        tell(conf, closed, count, "the server may not enter the websites of these accounts", diags);
}

/* ---- programs ---- */

static bool runs_programs(const struct server_conf *conf, const struct vhost_conf *host)
{
    if (!host->user_websites || !folder_any_executes(host))
        return false;
    return host->handler_count > 0 || host->cgi_extensions || conf->cgi_extensions ||
           host->cgi_pattern.len > 0;
}

static void refuse(const struct server_conf *conf, const char *why, const char *hint,
                   struct diags *diags)
{
    diag_hint(diags, diag_add(diags, DIAG_ERROR, &conf->users.wrap_place, "WrapUserCGI: %s", why),
              "%s", hint);
}

static void check_rights(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    const uint64_t wanted =
        UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID | UINT64_C(1) << CAP_KILL;

    if (!ask->is_root(ask))
        refuse(conf, "it needs a house started by root",
               "start it as root: it keeps of that only the right to change the user of programs",
               diags);
    else if ((wanted & ~ask->capabilities(ask)) != 0)
        refuse(conf, "this root has not all of CAP_SETUID, CAP_SETGID and CAP_KILL",
               "give it to the container or the service (CapabilityBoundingSet)", diags);
}

/* Whoever has an account could do what the programs of the host can. */
static void check_identity(const struct vhost_conf *host, struct diags *diags)
{
    const struct confine_conf *confine = &host->confine;
    const bool runs_as = confine->user.len > 0;

    diag_hint(diags,
              diag_add(diags, DIAG_WARNING, &host->place,
                       "CGI programs in the websites of accounts run as %s%.*s, whoever wrote them",
                       runs_as ? "" : "the user of the server",
                       SLICE_ARGS(runs_as ? confine->user : SLICE(""))),
              "WrapUserCGI = yes runs each as its account");
}

/* Its folders are those of the host, and its TMPDIR belongs to the host's user. */
static void check_sandboxes(const struct vhost_conf *host, struct diags *diags)
{
    if (host->confine.sandbox != SANDBOX_NO)
        diag_hint(diags,
                  diag_add(diags, DIAG_ERROR, &host->confine.sandbox_place,
                           "Sandbox and programs in websites of accounts do not go together"),
                  "give one of them a VirtualHost of its own");
    if (host->confine.chroot.len > 0)
        diag_hint(diags,
                  diag_add(diags, DIAG_ERROR, &host->confine.wrap_place,
                           "a root directory for programs (WrapCGI) and programs in websites of "
                           "accounts do not go together"),
                  "give one of them a VirtualHost of its own");
}

void check_users(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    const struct users_conf *users = &conf->users;
    bool any = false;

    if (!users->place.file)
        return;
    if (users->passed_over)
        tell(conf, users->passed_over, users->passed_over_count,
             "accounts with the folder, but without a website", diags);
    check_entry(conf, ask, diags);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        if (!runs_programs(conf, host))
            continue;
        any = true;
        check_sandboxes(host, diags);
        if (!users->wrap)
            check_identity(host, diags);
    }
    if (any && users->wrap)
        check_rights(conf, ask, diags);
}
