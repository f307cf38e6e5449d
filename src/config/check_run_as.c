/* Whether this system lets programs be who RunAs says, and have what the limits say. */
#include "build.h"
#include "config/load.h"
#include "config/roots.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <string.h>

static void refuse(struct diags *diags, const struct diag_place *place, struct slice user,
                   const char *why, const char *hint)
{
    struct diag *diag =
        diag_add(diags, DIAG_ERROR, place, "RunAs '%.*s': %s", SLICE_ARGS(user), why);

    if (hint)
        diag_hint(diags, diag, "%s", hint);
}

static bool has_root_group(const struct account *account)
{
    for (uint32_t i = 0; i < account->group_count; i++)
        if (account->groups[i] == 0)
            return true;
    return account->group == 0;
}

/* NULL, or why no program may run as this account; *ret_hint may say what to do. */
static const char *account_fault(const struct server_conf *conf, const struct account *account,
                                 struct load_ask *ask, struct arena *arena, const char **ret_hint)
{
    struct account server;

    if (account->user == 0)
        return "no program runs as the superuser";
    if (has_root_group(account))
        return "no program runs with the group of the superuser";
    if (ask->account(ask, conf->server_user, conf->server_groups, arena, &server) == NULL &&
        account->user == server.user) {
        *ret_hint = "name another account; without RunAs programs run as the server does";
        return "that is the user of the server, which its programs could signal then";
    }
    if (account->user < conf->min_uid) {
        *ret_hint = "lower MinUid if a system account is meant";
        return arena_printf(arena, "its number %" PRIu32 " is below MinUid (%" PRIu64 ")",
                            account->user, conf->min_uid)
            .at;
    }
    return NULL;
}

/* The root of a container may be one by name only. */
static bool lacks(struct load_ask *ask, const struct confine_conf *confine, struct diags *diags)
{
    const uint64_t users =
        UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID | UINT64_C(1) << CAP_KILL;
    const uint64_t root = confine->chroot.len > 0 ? UINT64_C(1) << CAP_SYS_CHROOT : 0;
    const uint64_t missing = (users | root) & ~ask->capabilities(ask);

    if (missing)
        refuse(diags, &confine->user_place, confine->user,
               missing & users ? "this root has not all of CAP_SETUID, CAP_SETGID and CAP_KILL"
                               : "a root directory needs CAP_SYS_CHROOT, which this root has not",
               "give it to the container or the service (CapabilityBoundingSet)");
    return missing != 0;
}

static void check_identity(const struct server_conf *conf, const struct confine_conf *confine,
                           struct load_ask *ask, struct diags *diags)
{
    const char *hint = NULL;
    struct account account;

    if (confine->user.len == 0)
        return;
    if (!ask->is_root(ask)) {
        refuse(diags, &confine->user_place, confine->user, "it needs a house started by root",
               "start it as root: it keeps of that only the right to change the user of programs");
        return;
    }
    if (lacks(ask, confine, diags))
        return;
    const char *why = ask->account(ask, confine->user, confine->groups, diags->arena, &account);
    if (!why)
        why = account_fault(conf, &account, ask, diags->arena, &hint);
    if (why)
        refuse(diags, &confine->user_place, confine->user, why, hint);
}

static bool has_program(const struct conf_word *programs, struct slice program)
{
    for (; programs; programs = programs->next)
        if (slice_equal(programs->text, program))
            return true;
    return false;
}

/* What the Wrap line of a host leaves without effect. */
static void check_wrap(const struct server_conf *conf, const struct vhost_conf *host,
                       const struct confine_conf *confine, struct load_ask *ask,
                       struct diags *diags)
{
    struct account account;

    if (confine->wrap_id.len == 0)
        return;
    if (slice_starts(confine->below, SLICE("~")) &&
        ask->account(ask, slice_skip(confine->below, 1), NULL, diags->arena, &account))
        diag_add(diags, DIAG_ERROR, &confine->wrap_place,
                 "WrapCGI '%.*s': there is no user for the folder '%.*s'",
                 SLICE_ARGS(confine->wrap_id), SLICE_ARGS(confine->below));
    for (unsigned i = 0; i < host->handler_count; i++)
        if (!has_program(conf->wrapper_programs, host->handlers[i]->program))
            diag_hint(diags,
                      diag_add(diags, DIAG_WARNING, &confine->wrap_place,
                               "WrapCGI '%.*s': the interpreter '%.*s' is not used for this host",
                               SLICE_ARGS(confine->wrap_id),
                               SLICE_ARGS(host->handlers[i]->program)),
                      "add to cgi-wrapper.conf: CGIhandler = %.*s",
                      SLICE_ARGS(host->handlers[i]->program));
}

/* What a program with a root directory of its own does not find there. */
static void check_chroot(const struct vhost_conf *host, const struct confine_conf *confine,
                         struct load_ask *ask, struct diags *diags)
{
    const struct slice root = host->website_root;

    if (confine->chroot.len == 0)
        return;
    if (confine->sandbox != SANDBOX_NO)
        diag_hint(
            diags,
            diag_add(diags, DIAG_ERROR, &confine->wrap_place,
                     "a Wrap line with a root directory ('|') and Sandbox do not go together"),
            "TMPDIR and the folders of a sandbox lie outside of that directory");
    if (root.len > 0 && (!slice_starts(root, confine->chroot) ||
                         (root.len > confine->chroot.len && root.at[confine->chroot.len] != '/')))
        diag_hint(diags,
                  diag_add(diags, DIAG_ERROR, &confine->wrap_place,
                           "the WebsiteRoot '%.*s' is outside of the root directory '%.*s' of its "
                           "Wrap line",
                           SLICE_ARGS(root), SLICE_ARGS(confine->chroot)),
                  "programs find nothing but what lies in there");
    if (confine == &host->confine && roots_hooks(host) > 0)
        diag_hint(
            diags,
            diag_add(diags, DIAG_ERROR, &confine->wrap_place,
                     "a Wrap line with a root directory ('|') and RunOnAlter or RunOnDownload "
                     "do not go together"),
            "what these programs are told of lies elsewhere in that directory; leave '|' out");
    for (unsigned i = 0; i < host->handler_count; i++) {
        const char *path = arena_printf(diags->arena, "%.*s%.*s", SLICE_ARGS(confine->chroot),
                                        SLICE_ARGS(host->handlers[i]->program))
                               .at;
        int r = ask->executable(ask, path);
        if (r < 0)
            diag_hint(diags,
                      diag_add(diags, DIAG_WARNING, &confine->wrap_place,
                               "the interpreter '%s' cannot be run: %s", path, strerror(-r)),
                      "in its root directory a program needs its interpreter, with all libraries");
    }
}

static void check_ceiling(const struct confine_conf *confine, const char *name, uint64_t wanted,
                          uint64_t most, struct diags *diags)
{
    if (wanted <= most)
        return;
    diag_hint(diags,
              diag_add(diags, DIAG_ERROR, &confine->limits_place,
                       "%s = %" PRIu64 " is above what this process itself may have (%" PRIu64 ")",
                       name, wanted, most),
              "see ulimit -H, or the Limit… lines of the service");
}

static void check_ceilings(const struct confine_conf *confine, struct load_ask *ask,
                           struct diags *diags)
{
    if (!confine->limits_place.file)
        return;
    struct load_ceilings most = ask->ceilings(ask);
    check_ceiling(confine, "CGImemory", confine->memory_bytes, most.memory_bytes, diags);
    check_ceiling(confine, "CGIprocesses", confine->processes, most.processes, diags);
    check_ceiling(confine, "CGIfiles", confine->files, most.files, diags);
}

/* The identity of a pool that is not its section's is that of a host, which was looked at. */
static bool is_of_texts(const struct server_conf *conf, const struct fastcgi_conf *section)
{
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        if (host->confine.user.at == section->run.confine.user.at)
            return false;
    return true;
}

static void check_one(const struct server_conf *conf, const struct vhost_conf *host,
                      const struct confine_conf *confine, struct load_ask *ask, struct diags *diags)
{
    check_identity(conf, confine, ask, diags);
    check_wrap(conf, host, confine, ask, diags);
    check_chroot(host, confine, ask, diags);
}

void check_run_as(const struct server_conf *conf, struct load_ask *ask, struct diags *diags)
{
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        for (unsigned i = 0; i <= host->wrap_count; i++)
            check_one(conf, host, roots_confine(host, i), ask, diags);
        check_ceilings(&host->confine, ask, diags);
    }
    for (unsigned i = 0; i < conf->pool_count; i++) {
        if (!is_of_texts(conf, conf->pools[i]))
            continue;
        check_identity(conf, &conf->pools[i]->run.confine, ask, diags);
        check_ceilings(&conf->pools[i]->run.confine, ask, diags);
    }
}
