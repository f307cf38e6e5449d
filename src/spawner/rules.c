/* The policy as the spawner uses it. */
#include "spawner_private.h"

#include "ipc/policy.h"
#include "os/fd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define POLICY_BYTES_MOST (256u << 20)

struct rules {
    struct rules *older;
    uint64_t generation;
    struct sandboxes sandboxes; /* owned */
    struct arena arena;
    char *data; /* owned: the bytes of the policy */
    struct rule *rules;
    uint32_t count;
    const char *user_folder; /* below the home of each account */
    struct account *accounts;
    uint32_t account_count;
    uint64_t kill_grace_ms;
    struct table roots; /* path to struct root */
    size_t roots_open_most;
};

/* Half of the descriptors are for pipes; what is beyond is opened for each start. */
static size_t roots_kept_open(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur > 1u << 20)
        return 1u << 19;
    return (size_t)files.rlim_cur / 2;
}

/* A website root; hosts and handlers share it. */
static struct root *share_root(struct rules *rules, struct slice path)
{
    struct root *root = table_find(&rules->roots, path);

    if (root || path.len == 0)
        return root;
    root = arena_new(&rules->arena, struct root);
    root->path = arena_cstr(&rules->arena, path);
    root->fd = -1;
    if (rules->roots.count < rules->roots_open_most)
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

static const gid_t *copy_groups(struct rules *rules, const uint32_t *from, uint32_t count)
{
    gid_t *groups = arena_array(&rules->arena, gid_t, count);

    for (uint32_t i = 0; i < count; i++)
        groups[i] = from[i];
    return groups;
}

static void adopt_confine(struct rules *rules, const struct sandboxes *sandboxes,
                          const struct policy_confine *from, struct confine *to)
{
    *to = (struct confine){
        .switches = from->switches,
        .no_new_privs = from->no_new_privs,
        .has_umask = from->has_umask,
        .user = from->user,
        .group = from->group,
        .groups = copy_groups(rules, from->groups, from->group_count),
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
        .reads_stdin = from->reads_stdin,
        .links = from->links == POLICY_LINKS_ANY ? BENEATH_ANY_LINKS : BENEATH_OWNED_LINKS,
        .accounts = from->accounts,
        .root = share_root(rules, from->root),
        .below = path_of(rules, from->confine.below),
        .only = from->only, /* in the bytes of the policy */
    };
    adopt_confine(rules, sandboxes, &from->confine, &to->confine);
}

static void adopt_accounts(struct rules *rules, const struct policy *policy)
{
    rules->account_count = policy->account_count;
    rules->user_folder = path_of(rules, policy->user_folder);
    rules->accounts = arena_array(&rules->arena, struct account, policy->account_count);
    for (uint32_t i = 0; i < policy->account_count; i++) {
        const struct policy_account *from = &policy->accounts[i];

        rules->accounts[i] = (struct account){
            .home = arena_cstr(&rules->arena, from->home),
            .user = from->user,
            .group = from->group,
            .groups = copy_groups(rules, from->groups, from->group_count),
            .group_count = from->group_count,
        };
    }
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
    rules->roots_open_most = roots_kept_open();
    rules->kill_grace_ms = policy.kill_grace_ms;
    rules->rules = arena_array(&rules->arena, struct rule, policy.rule_count);
    for (uint32_t i = 0; i < policy.rule_count; i++)
        adopt_rule(rules, sandboxes, &policy.rules[i], &rules->rules[i]);
    adopt_accounts(rules, &policy);
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

static bool runs_scripts(const struct rule *rule)
{
    return rule->root || rule->accounts != POLICY_ACCOUNTS_NO;
}

bool rules_gain_nothing(const struct rules *rules)
{
    for (uint32_t i = 0; i < rules->count; i++)
        if (runs_scripts(&rules->rules[i]) && !rules->rules[i].confine.no_new_privs)
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
    if (!rules || number >= rules->count || runs_scripts(&rules->rules[number]) ||
        !rules->rules[number].interpreter)
        return NULL;
    return &rules->rules[number];
}

bool rule_lets(const struct rule *rule, const struct spawn_ask *ask)
{
    if ((rule->only.len > 0 || rule->reads_stdin) && ask->arguments.len > 0)
        return false;
    return rule->only.len == 0 || slice_equal(ask->script, rule->only);
}

/* The rule as it is for this account. */
static const struct rule *for_account(const struct rules *rules, const struct rule *rule,
                                      const struct account *account, struct arena *arena)
{
    struct rule *own = arena_new(arena, struct rule);
    struct root *root = arena_new(arena, struct root);

    *root = (struct root){
        .path = arena_printf(arena, "%s/%s", account->home, rules->user_folder).at,
        .fd = -1,
        .account = account,
        .folder = rules->user_folder,
    };
    *own = *rule;
    own->root = root;
    if (rule->accounts == POLICY_ACCOUNTS_FOLDER)
        return own;
    own->confine.switches = true;
    own->confine.user = account->user;
    own->confine.group = account->group;
    own->confine.groups = account->groups;
    own->confine.group_count = account->group_count;
    own->confine.asks = asks(&own->confine);
    return own;
}

const struct rule *rules_find(const struct rules *rules, uint32_t number, uint32_t account,
                              struct arena *arena)
{
    const struct rule *rule;

    if (!rules || number >= rules->count || account > rules->account_count)
        return NULL;
    rule = &rules->rules[number];
    if (!runs_scripts(rule) || (rule->accounts == POLICY_ACCOUNTS_NO) != (account == 0))
        return NULL;
    return account == 0 ? rule : for_account(rules, rule, &rules->accounts[account - 1], arena);
}
