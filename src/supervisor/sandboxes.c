/* The sandboxes of hosts: their rulesets, and the folders that TMPDIR names. */
#include "supervisor_private.h"

#include "config/folder.h"
#include "os/fd.h"
#include "os/landlock.h"
#include "os/remove.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What an interpreter and a program of the system need to see. */
static const char *const system_reads[] = {
    "/bin",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/opt",
    "/sbin",
    "/usr",
    "/proc",
    "/sys/devices/system/cpu",
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/run/systemd/resolve",
};

/* Writing there reaches nobody. */
static const char *const system_writes[] = { "/dev/null", "/dev/zero", "/dev/full" };

static bool fail(struct diags *diags, const struct confine_conf *confine, const char *what,
                 int error)
{
    diag_add(diags, DIAG_ERROR, &confine->sandbox_place, "%s: %s", what, strerror(-error));
    return false;
}

/* What is not there cannot be allowed; `check` has said so where somebody named it. */
static void allow_each(int ruleset, const struct landlock_scope *scope, const char *const *paths,
                       size_t count, enum landlock_rights rights)
{
    for (size_t i = 0; i < count; i++)
        (void)landlock_allow(ruleset, scope, paths[i], rights);
}

static void allow_folders(int ruleset, const struct landlock_scope *scope,
                          const struct conf_folder *folders, enum landlock_rights rights,
                          struct arena *arena)
{
    for (; folders; folders = folders->next)
        (void)landlock_allow(ruleset, scope, arena_cstr(arena, folders->path), rights);
}

static void allow_reads(int ruleset, const struct landlock_scope *scope,
                        const struct vhost_conf *host, struct arena *arena)
{
    allow_each(ruleset, scope, system_reads, sizeof(system_reads) / sizeof(system_reads[0]),
               LANDLOCK_READ);
    allow_folders(ruleset, scope, host->confine.sandbox_reads, LANDLOCK_READ, arena);
    if (host->website_root.len > 0)
        (void)landlock_allow(ruleset, scope, arena_cstr(arena, host->website_root), LANDLOCK_READ);
    for (const struct alias_conf *alias = host->aliases; alias; alias = alias->next)
        (void)landlock_allow(ruleset, scope, arena_cstr(arena, alias->folder), LANDLOCK_READ);
    for (unsigned i = 0; i < host->handler_count; i++)
        (void)landlock_allow(ruleset, scope, arena_cstr(arena, host->handlers[i]->program),
                             LANDLOCK_READ);
}

static int make_ruleset(const struct vhost_conf *host, const char *tmp, struct arena *arena,
                        int *ret)
{
    const struct landlock_scope scope = {
        .reads = host->confine.sandbox == SANDBOX_STRICT,
        .network = !host->confine.sandbox_network,
    };
    int ruleset;
    int r = landlock_open(&scope, &ruleset);

    if (r < 0)
        return r;
    allow_each(ruleset, &scope, system_writes, sizeof(system_writes) / sizeof(system_writes[0]),
               LANDLOCK_WRITE);
    allow_folders(ruleset, &scope, host->confine.sandbox_writes, LANDLOCK_WRITE, arena);
    if (scope.reads)
        allow_reads(ruleset, &scope, host, arena);
    r = landlock_allow(ruleset, &scope, tmp, LANDLOCK_WRITE);
    if (r < 0)
        fd_close(&ruleset);
    else
        *ret = ruleset;
    return r;
}

/* Only for the programs of the host: nobody else finds its name, or may enter. */
static int make_tmp(const struct vhost_conf *host, const struct identity *identity,
                    struct arena *arena, const char **ret)
{
    char *path = arena_cstr(arena, SLICE("/tmp/longhouse-XXXXXX"));
    struct account account = { .user = identity->user, .group = identity->group };

    if (host->confine.user.len > 0 &&
        account_find(host->confine.user, host->confine.groups, arena, &account))
        return -EINVAL; /* check has refused it */
    if (!mkdtemp(path))
        return -errno;
    *ret = path;
    return identity->switches && chown(path, account.user, account.group) < 0 ? -errno : 0;
}

static bool add(struct sandboxes *sandboxes, const struct vhost_conf *host,
                const struct identity *identity, struct arena *arena, struct diags *diags)
{
    struct sandbox *sandbox = arena_new(arena, struct sandbox);

    *sandbox = (struct sandbox){ .host = host, .number = sandboxes->count + 1, .ruleset = -1 };
    *sandboxes->end = sandbox;
    sandboxes->end = &sandbox->next;
    sandboxes->count++;
    int r = make_tmp(host, identity, arena, &sandbox->tmp);
    if (r < 0)
        return fail(diags, &host->confine, "a folder in /tmp for a host cannot be made", r);
    r = make_ruleset(host, sandbox->tmp, arena, &sandbox->ruleset);
    return r == 0 || fail(diags, &host->confine, "the Sandbox of a host cannot be made", r);
}

bool sandboxes_open(const struct server_conf *conf, const struct identity *identity,
                    struct arena *arena, struct diags *diags, struct sandboxes *ret)
{
    bool good = true;

    *ret = (struct sandboxes){ .end = &ret->first };
    for (const struct vhost_conf *host = conf->hosts; host && good; host = host->next)
        if (host->confine.sandbox != SANDBOX_NO && folder_any_executes(host))
            good = add(ret, host, identity, arena, diags);
    return good;
}

const struct sandbox *sandboxes_find(const struct sandboxes *sandboxes,
                                     const struct vhost_conf *host)
{
    for (const struct sandbox *sandbox = sandboxes->first; sandbox; sandbox = sandbox->next)
        if (sandbox->host == host)
            return sandbox;
    return NULL;
}

void sandboxes_close(struct sandboxes *sandboxes)
{
    for (struct sandbox *sandbox = sandboxes->first; sandbox; sandbox = sandbox->next) {
        fd_close(&sandbox->ruleset);
        if (sandbox->tmp)
            (void)remove_all(sandbox->tmp);
    }
    sandboxes->first = NULL;
}
