/* Which script a rule lets run: it lies beneath the root of the rule, and is its user's own. */
#include "spawner_private.h"

#include "os/fd.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static bool fault(struct spawn_fault *ret, enum spawn_stage stage, int error)
{
    *ret = (struct spawn_fault){ .stage = stage, .error = error };
    return false;
}

/*
 * What the descriptor showed must be what the absolute path leads to, for that is what exec and
 * interpreters open. They differ when the root was replaced since it was opened (a release by
 * renaming): -ESTALE.
 */
static int look_at_script(int root, const struct rule *rule, const char *name, const char *path,
                          struct stat *ret_found)
{
    scoped_fd fd = -1;
    struct stat by_path;

    int r = beneath_find(root, name, rule->links, &fd, ret_found);
    if (r < 0)
        return r;
    if (!S_ISREG(ret_found->st_mode))
        return S_ISDIR(ret_found->st_mode) ? -EISDIR : -EACCES;
    if (stat(path, &by_path) < 0)
        return errno == ENOENT ? -ESTALE : -errno;
    return by_path.st_dev == ret_found->st_dev && by_path.st_ino == ret_found->st_ino ? 0 : -ESTALE;
}

/* Opens the root anew; -ESTALE when it is not there. */
static int root_renew(struct root *root)
{
    const struct account *account = root->account;
    int fd;
    int r = account ? beneath_home(account->home, root->folder, account->user, &fd)
                    : beneath_root(root->path, &fd);

    if (r < 0) /* that of an account says why: somebody may have made a link of it */
        return account && r != -ENOENT ? r : -ESTALE;
    fd_close(&root->fd);
    root->fd = fd;
    return 0;
}

static bool is_trusted(const struct confine *confine, const struct stat *what)
{
    return what->st_uid == confine->user || what->st_uid == 0;
}

static bool is_writable(const struct stat *what)
{
    return what->st_mode & (S_IWGRP | S_IWOTH);
}

static bool is_below(const char *path, const char *folder)
{
    size_t len = strlen(folder);

    return strncmp(path, folder, len) == 0 && path[len] == '/';
}

/*
 * Who runs as a user must be that user's own text: nobody else may have written it, or be able to
 * put another one in its place. 0, an enum spawn_refusal, or a negative errno.
 */
static int owner_refusal(const struct rule *rule, const struct script *script,
                         const struct stat *found)
{
    const struct confine *confine = &rule->confine;
    struct stat folder;

    if (rule->below && !is_below(script->path, rule->below))
        return SPAWN_REFUSED_OUTSIDE;
    if (!is_trusted(confine, found))
        return SPAWN_REFUSED_SCRIPT_OWNER;
    if (is_writable(found))
        return SPAWN_REFUSED_SCRIPT_WRITABLE;
    if (found->st_mode & (S_ISUID | S_ISGID))
        return SPAWN_REFUSED_SCRIPT_SET_ID;
    if (fstat(script->folder, &folder) < 0)
        return -errno;
    if (!is_trusted(confine, &folder))
        return SPAWN_REFUSED_FOLDER_OWNER;
    return is_writable(&folder) ? SPAWN_REFUSED_FOLDER_WRITABLE : 0;
}

/* The folder of the script, in which it will run. */
static int open_folder(int root, const struct rule *rule, const char *name, struct arena *arena,
                       struct script *script)
{
    const char *slash = strrchr(name, '/');
    struct stat found;

    script->folder = root;
    script->own_folder = -1;
    if (!slash)
        return 0;

    const char *folder = arena_cstr(arena, slice_of(name, (size_t)(slash - name)));
    int r = beneath_find(root, folder, rule->links, &script->own_folder, &found);
    if (r == 0)
        script->folder = script->own_folder;
    return r;
}

bool rule_find_script(const struct rule *rule, struct slice name, struct arena *arena,
                      struct script *ret, struct spawn_fault *ret_fault)
{
    struct root *root = rule->root;
    const char *path = arena_printf(arena, "%s/%.*s", root->path, SLICE_ARGS(name)).at;
    const char *relative = path + strlen(root->path) + 1;
    struct stat found = { 0 };
    int r = -ESTALE;

    if (root->fd >= 0)
        r = look_at_script(root->fd, rule, relative, path, &found);
    if (r == -ESTALE || r == -ENOENT) {
        int renewed = root_renew(root);

        if (renewed == 0)
            r = look_at_script(root->fd, rule, relative, path, &found);
        else if (renewed != -ESTALE)
            r = renewed;
    }
    if (root->account)
        ret->own_root = root->fd;
    if (r < 0)
        return fault(ret_fault, SPAWN_STAGE_SCRIPT, r == -ESTALE ? ENOENT : -r);

    ret->path = path;
    r = open_folder(root->fd, rule, relative, arena, ret);
    if (r == 0 && rule->confine.switches) {
        int refusal = owner_refusal(rule, ret, &found);
        if (refusal > 0)
            return fault(ret_fault, SPAWN_STAGE_OWNER, refusal);
        r = refusal;
    }
    return r == 0 || fault(ret_fault, SPAWN_STAGE_FOLDER, -r);
}

const char *rule_seen(const struct rule *rule, const char *path)
{
    /* The root of a rule lies in its root directory, and the path below the root. */
    return rule->confine.chroot ? path + strlen(rule->confine.chroot) : path;
}
