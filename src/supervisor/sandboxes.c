/* The sandboxes of hosts and of pools of workers: their rulesets, and the folders that TMPDIR
 * names. */
#include "supervisor_private.h"

#include "config/folder.h"
#include "config/roots.h"
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

/* What xsltproc needs to see; the system is none of a stylesheet's business. */
static const char *const xslt_reads[] = {
    "/lib", "/lib32", "/lib64", "/usr", "/etc/ld.so.cache", "/etc/xml", "/dev/null",
};

/* Writing there reaches nobody. */
static const char *const system_writes[] = { "/dev/null", "/dev/zero", "/dev/full" };

static void fail(struct diags *diags, const struct confine_conf *confine, const char *what,
                 int error)
{
    diag_add(diags, DIAG_ERROR, &confine->sandbox_place, "%s: %s", what, strerror(-error));
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

/* ---- what is read in a strict one ---- */

static void allow_read(const struct sandbox *sandbox, const struct landlock_scope *scope,
                       struct slice path, struct arena *arena)
{
    if (path.len > 0)
        (void)landlock_allow(sandbox->ruleset, scope, arena_cstr(arena, path), LANDLOCK_READ);
}

static void allow_system(const struct sandbox *sandbox, const struct landlock_scope *scope)
{
    allow_each(sandbox->ruleset, scope, system_reads,
               sizeof(system_reads) / sizeof(system_reads[0]), LANDLOCK_READ);
}

static void allow_website(const struct sandbox *sandbox, const struct landlock_scope *scope,
                          const struct vhost_conf *host, struct arena *arena)
{
    allow_read(sandbox, scope, host->website_root, arena);
    for (const struct alias_conf *alias = host->aliases; alias; alias = alias->next)
        allow_read(sandbox, scope, alias->folder, arena);
}

static void allow_reads_of_host(const struct sandbox *sandbox, const struct landlock_scope *scope,
                                const struct vhost_conf *host, struct arena *arena)
{
    allow_system(sandbox, scope);
    allow_website(sandbox, scope, host, arena);
    for (unsigned i = 0; i < host->handler_count; i++)
        allow_read(sandbox, scope, host->handlers[i]->program, arena);
}

static void allow_reads_of_styles(const struct sandbox *sandbox, const struct landlock_scope *scope,
                                  const struct vhost_conf *host, struct arena *arena)
{
    allow_each(sandbox->ruleset, scope, xslt_reads, sizeof(xslt_reads) / sizeof(xslt_reads[0]),
               LANDLOCK_READ);
    allow_website(sandbox, scope, host, arena);
    for (unsigned i = 0; i < roots_own_styles(host); i++)
        allow_read(sandbox, scope, roots_own_style(host, i), arena);
}

static bool uses(const struct vhost_conf *host, const struct fastcgi_conf *pool)
{
    bool found = folder_any_asks(host, pool);

    for (unsigned i = 0; i < host->use_fastcgi_count; i++)
        found |= host->use_fastcgi[i] == pool;
    return found;
}

static void allow_reads_of_pool(const struct sandbox *sandbox, const struct landlock_scope *scope,
                                const struct server_conf *conf, const struct fastcgi_conf *pool,
                                struct arena *arena)
{
    allow_system(sandbox, scope);
    allow_read(sandbox, scope, pool->run.program, arena);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        if (uses(host, pool))
            allow_website(sandbox, scope, host, arena);
}

/* ---- one ---- */

static struct landlock_scope scope_of(const struct confine_conf *confine)
{
    return (struct landlock_scope){
        .reads = confine->sandbox == SANDBOX_STRICT,
        .network = !confine->sandbox_network,
    };
}

static int make_ruleset(struct sandbox *sandbox, const struct landlock_scope *scope,
                        struct arena *arena)
{
    int ruleset;
    int r = landlock_open(scope, &ruleset);

    if (r < 0)
        return r;
    sandbox->ruleset = ruleset;
    allow_each(ruleset, scope, system_writes, sizeof(system_writes) / sizeof(system_writes[0]),
               LANDLOCK_WRITE);
    allow_folders(ruleset, scope, sandbox->confine->sandbox_writes, LANDLOCK_WRITE, arena);
    if (scope->reads)
        allow_folders(ruleset, scope, sandbox->confine->sandbox_reads, LANDLOCK_READ, arena);
    return landlock_allow(ruleset, scope, sandbox->tmp, LANDLOCK_WRITE);
}

/* Only for the programs in it: nobody else finds its name, or may enter. */
static int make_tmp(const struct confine_conf *confine, const struct identity *identity,
                    struct arena *arena, const char **ret)
{
    char *path = arena_cstr(arena, SLICE("/tmp/longhouse-XXXXXX"));
    struct account account = { .user = identity->user, .group = identity->group };

    if (confine->user.len > 0 && account_find(confine->user, confine->groups, arena, &account))
        return -EINVAL; /* check has refused it */
    if (!mkdtemp(path))
        return -errno;
    *ret = path;
    return identity->switches && chown(path, account.user, account.group) < 0 ? -errno : 0;
}

/* NULL: a diagnostic says why. */
static const struct sandbox *add(struct sandboxes *sandboxes, const struct confine_conf *confine,
                                 const struct identity *identity, struct arena *arena,
                                 struct diags *diags)
{
    const struct landlock_scope scope = scope_of(confine);
    struct sandbox *sandbox = arena_new(arena, struct sandbox);

    *sandbox =
        (struct sandbox){ .confine = confine, .number = sandboxes->count + 1, .ruleset = -1 };
    *sandboxes->end = sandbox;
    sandboxes->end = &sandbox->next;
    sandboxes->count++;
    int r = make_tmp(confine, identity, arena, &sandbox->tmp);
    if (r < 0) {
        fail(diags, confine, "a folder in /tmp for a Sandbox cannot be made", r);
        return NULL;
    }
    r = make_ruleset(sandbox, &scope, arena);
    if (r < 0)
        fail(diags, confine, "the Sandbox cannot be made", r);
    return r < 0 ? NULL : sandbox;
}

/* ---- all ---- */

/* Each user of its programs has a TMPDIR of its own. */
static bool open_for_confine(struct sandboxes *sandboxes, const struct vhost_conf *host,
                             const struct confine_conf *confine, const struct identity *identity,
                             struct arena *arena, struct diags *diags)
{
    const struct landlock_scope scope = scope_of(confine);
    const struct sandbox *sandbox = add(sandboxes, confine, identity, arena, diags);

    if (sandbox && scope.reads)
        allow_reads_of_host(sandbox, &scope, host, arena);
    return sandbox != NULL;
}

/* Without Landlock they have none: check says so. */
static bool open_for_styles(struct sandboxes *sandboxes, const struct vhost_conf *host,
                            const struct identity *identity, struct arena *arena,
                            struct diags *diags)
{
    const struct landlock_scope scope = scope_of(&host->style_confine);
    const struct sandbox *sandbox;

    if (!roots_transform(host) || landlock_abi() <= 0)
        return true;
    sandbox = add(sandboxes, &host->style_confine, identity, arena, diags);
    if (sandbox)
        allow_reads_of_styles(sandbox, &scope, host, arena);
    return sandbox != NULL;
}

static bool open_for_host(struct sandboxes *sandboxes, const struct vhost_conf *host,
                          const struct identity *identity, struct arena *arena, struct diags *diags)
{
    bool good = true;

    if (host->confine.sandbox == SANDBOX_NO ||
        (!folder_any_executes(host) && roots_hooks(host) == 0))
        return true;
    for (unsigned i = 0; i <= host->wrap_count && good; i++)
        good = open_for_confine(sandboxes, host, roots_confine(host, i), identity, arena, diags);
    return good;
}

static bool open_for_pool(struct sandboxes *sandboxes, const struct server_conf *conf,
                          const struct fastcgi_conf *pool, const struct identity *identity,
                          struct arena *arena, struct diags *diags)
{
    const struct confine_conf *confine = &pool->run.confine;
    const struct landlock_scope scope = scope_of(confine);
    const struct sandbox *sandbox;

    if (confine->sandbox == SANDBOX_NO)
        return true;
    sandbox = add(sandboxes, confine, identity, arena, diags);
    if (sandbox && scope.reads)
        allow_reads_of_pool(sandbox, &scope, conf, pool, arena);
    return sandbox != NULL;
}

bool sandboxes_open(const struct server_conf *conf, const struct identity *identity,
                    struct arena *arena, struct diags *diags, struct sandboxes *ret)
{
    bool good = true;

    *ret = (struct sandboxes){ .end = &ret->first };
    for (const struct vhost_conf *host = conf->hosts; host && good; host = host->next)
        good = open_for_host(ret, host, identity, arena, diags) &&
               open_for_styles(ret, host, identity, arena, diags);
    for (unsigned i = 0; i < conf->pool_count && good; i++)
        good = open_for_pool(ret, conf, conf->pools[i], identity, arena, diags);
    return good;
}

const struct sandbox *sandboxes_find(const struct sandboxes *sandboxes,
                                     const struct confine_conf *confine)
{
    for (const struct sandbox *sandbox = sandboxes->first; sandbox; sandbox = sandbox->next)
        if (sandbox->confine == confine)
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
