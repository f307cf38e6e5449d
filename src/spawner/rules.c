/* The policy as the spawner uses it: open roots, and which script a rule lets run. */
#include "spawner_private.h"

#include "ipc/policy.h"
#include "os/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define POLICY_BYTES_MOST (256u << 20)

/* A website root; hosts and handlers share it. */
struct root {
    const char *path;
    int fd; /* -1: opened for each start */
};

struct rules {
    struct rules *older;
    uint64_t generation;
    struct sandboxes sandboxes; /* owned */
    struct arena arena;
    char *data; /* owned: the bytes of the policy */
    struct rule *rules;
    uint32_t count;
    uint64_t kill_grace_ms;
    struct table roots; /* path to struct root */
};

/* Half of the descriptors are for pipes; what is beyond is opened for each start. */
static size_t roots_kept_open(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur > 1u << 20)
        return 1u << 19;
    return (size_t)files.rlim_cur / 2;
}

static struct root *share_root(struct rules *rules, struct slice path)
{
    struct root *root = table_find(&rules->roots, path);

    if (root || path.len == 0)
        return root;
    root = arena_new(&rules->arena, struct root);
    root->path = arena_cstr(&rules->arena, path);
    root->fd = -1;
    if (rules->roots.count < roots_kept_open())
        (void)beneath_root(root->path,
                           &root->fd); /* it may appear later: then opened for each start */
    table_put(&rules->roots, path, root);
    return root;
}

/* ---- sandboxes ---- */

bool sandboxes_add(struct sandboxes *sandboxes, uint32_t number, int ruleset)
{
    if (number != sandboxes->count + 1) {
        fd_close(&ruleset);
        return false;
    }
    int *fds = realloc(sandboxes->fds, number * sizeof(*fds));
    if (!fds)
        abort();
    fds[number - 1] = ruleset;
    sandboxes->fds = fds;
    sandboxes->count = number;
    return true;
}

void sandboxes_close(struct sandboxes *sandboxes)
{
    for (uint32_t i = 0; i < sandboxes->count; i++)
        fd_close(&sandboxes->fds[i]);
    free(sandboxes->fds);
    *sandboxes = (struct sandboxes){ 0 };
}

/* ---- from the policy ---- */

static const int resources[POLICY_LIMIT_COUNT] = {
    [POLICY_MEMORY_BYTES] = RLIMIT_AS,
    [POLICY_PROCESSES] = RLIMIT_NPROC,
    [POLICY_FILES] = RLIMIT_NOFILE,
    [POLICY_CPU_S] = RLIMIT_CPU,
};

static void adopt_limits(const struct policy_confine *from, struct confine *to)
{
    for (int i = 0; i < POLICY_LIMIT_COUNT; i++) {
        rlim_t most = from->limits[i];
        if (most == 0)
            continue;
        struct ceiling *ceiling = &to->ceilings[to->ceiling_count++];
        ceiling->resource = resources[i];
        ceiling->limit = (struct rlimit){ most, most };
        if (i == POLICY_CPU_S) /* SIGXCPU, which the log can name; who ignores it has KILL then */
            ceiling->limit.rlim_max = most + 1;
    }
}

static const char *path_of(struct rules *rules, struct slice path)
{
    return path.len > 0 ? arena_cstr(&rules->arena, path) : NULL;
}

static bool asks(const struct confine *confine)
{
    return confine->switches || confine->no_new_privs || confine->has_umask || confine->nice > 0 ||
           confine->ceiling_count > 0 || confine->chroot || confine->ruleset >= 0;
}

static void adopt_confine(struct rules *rules, const struct sandboxes *sandboxes,
                          const struct policy_confine *from, struct confine *to)
{
    gid_t *groups = arena_array(&rules->arena, gid_t, from->group_count);

    for (uint32_t i = 0; i < from->group_count; i++)
        groups[i] = from->groups[i];
    *to = (struct confine){
        .switches = from->switches,
        .no_new_privs = from->no_new_privs,
        .has_umask = from->has_umask,
        .user = from->user,
        .group = from->group,
        .groups = groups,
        .group_count = from->group_count,
        .nice = (int)from->nice,
        .umask = from->umask,
        .chroot = path_of(rules, from->chroot),
        .ruleset = from->sandbox > 0 ? sandboxes->fds[from->sandbox - 1] : -1,
        .tmp = path_of(rules, from->tmp),
    };
    to->family = (struct cgroup_limits){
        .memory_bytes = from->group_limits[POLICY_GROUP_MEMORY_BYTES],
        .processes = from->group_limits[POLICY_GROUP_PROCESSES],
        .cpu_weight = from->group_limits[POLICY_GROUP_CPU_WEIGHT],
    };
    adopt_limits(from, to);
    to->asks = asks(to);
}

static void adopt_rule(struct rules *rules, const struct sandboxes *sandboxes,
                       const struct policy_rule *from, struct rule *to)
{
    const char **arguments = arena_array(&rules->arena, const char *, from->argument_count);

    for (uint32_t i = 0; i < from->argument_count; i++)
        arguments[i] = arena_cstr(&rules->arena, from->arguments[i]);
    *to = (struct rule){
        .host = arena_cstr(&rules->arena, from->host),
        .interpreter = path_of(rules, from->interpreter),
        .arguments = arguments,
        .argument_count = from->argument_count,
        .links = from->links == POLICY_LINKS_ANY ? BENEATH_ANY_LINKS : BENEATH_OWNED_LINKS,
        .root = share_root(rules, from->root),
        .below = path_of(rules, from->confine.below),
    };
    adopt_confine(rules, sandboxes, &from->confine, &to->confine);
}

static bool knows_sandboxes(const struct policy *policy, const struct sandboxes *sandboxes)
{
    for (uint32_t i = 0; i < policy->rule_count; i++)
        if (policy->rules[i].confine.sandbox > sandboxes->count)
            return false;
    return true;
}

int rules_adopt(int policy_fd, struct sandboxes *sandboxes, struct rules **ret,
                const char **ret_why)
{
    struct policy policy = { 0 };
    struct parse_fault fault;
    size_t len;
    struct rules *rules = calloc(1, sizeof(*rules));

    if (!rules)
        abort();
    *ret_why = "the policy cannot be read";
    int r = fd_read_all(policy_fd, POLICY_BYTES_MOST, &rules->data, &len);
    if (r == 0 &&
        policy_decode(slice_of(rules->data, len), &rules->arena, &policy, &fault) != PARSE_DONE) {
        *ret_why = fault.why;
        r = -EBADMSG;
    }
    if (r == 0 && !knows_sandboxes(&policy, sandboxes)) {
        *ret_why = "a sandbox that was not handed over";
        r = -EBADMSG;
    }
    if (r < 0) {
        rules_free(rules);
        return r;
    }

    rules->count = policy.rule_count;
    rules->kill_grace_ms = policy.kill_grace_ms;
    rules->rules = arena_array(&rules->arena, struct rule, policy.rule_count);
    for (uint32_t i = 0; i < policy.rule_count; i++)
        adopt_rule(rules, sandboxes, &policy.rules[i], &rules->rules[i]);
    rules->sandboxes = *sandboxes;
    *sandboxes = (struct sandboxes){ 0 };
    *ret = rules;
    return 0;
}

void rules_free(struct rules *rules)
{
    size_t place = 0;

    if (!rules)
        return;
    for (const struct table_entry *entry; (entry = table_next(&rules->roots, &place)) != NULL;)
        fd_close(&((struct root *)entry->value)->fd);
    table_done(&rules->roots);
    sandboxes_close(&rules->sandboxes);
    arena_done(&rules->arena);
    free(rules->data);
    free(rules);
}

/* ---- generations ---- */

void policies_add(struct policies *policies, struct rules *rules, uint64_t generation)
{
    rules->generation = generation;
    rules->older = policies->newest;
    policies->newest = rules;
}

void policies_forget(struct policies *policies, uint64_t generation)
{
    for (struct rules **at = &policies->newest; *at; at = &(*at)->older) {
        struct rules *rules = *at;

        if (rules->generation != generation)
            continue;
        *at = rules->older;
        rules_free(rules);
        return;
    }
}

void policies_free(struct policies *policies)
{
    while (policies->newest)
        policies_forget(policies, policies->newest->generation);
}

struct rules *policies_find(const struct policies *policies, uint64_t generation)
{
    struct rules *rules = policies->newest;

    while (rules && rules->generation != generation)
        rules = rules->older;
    return rules;
}

/* ---- all rules of one ---- */

bool rules_gain_nothing(const struct rules *rules)
{
    for (uint32_t i = 0; i < rules->count; i++)
        if (rules->rules[i].root && !rules->rules[i].confine.no_new_privs)
            return false;
    return true;
}

void rules_let_gain_rest(struct rules *rules)
{
    for (uint32_t i = 0; i < rules->count; i++) {
        struct confine *confine = &rules->rules[i].confine;
        confine->no_new_privs = false;
        confine->asks = asks(confine);
    }
}

uint64_t rules_kill_grace_ms(const struct rules *rules)
{
    return rules ? rules->kill_grace_ms : 0;
}

const struct rule *rules_find_service(const struct rules *rules, uint32_t number)
{
    if (!rules || number >= rules->count || rules->rules[number].root ||
        !rules->rules[number].interpreter)
        return NULL;
    return &rules->rules[number];
}

const struct rule *rules_find(const struct rules *rules, uint32_t number)
{
    if (!rules || number >= rules->count || !rules->rules[number].root)
        return NULL;
    return &rules->rules[number];
}

/* ---- scripts ---- */

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

/* Opens the root anew; false when it is not there. */
static bool root_renew(struct root *root)
{
    int fd;

    if (beneath_root(root->path, &fd) < 0)
        return false;
    fd_close(&root->fd);
    root->fd = fd;
    return true;
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
    if ((r == -ESTALE || r == -ENOENT) && root_renew(root))
        r = look_at_script(root->fd, rule, relative, path, &found);
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
