/* From the model to what the children are sent: policy and bundle. */
#include "supervisor_private.h"

#include "base/siphash.h"
#include "config/folder.h"
#include "config/roots.h"
#include "config/users.h"
#include "config/xslt.h"
#include "ipc/policy.h"
#include "ipc/pools.h"
#include "os/fd.h"
#include "os/processors.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MOST (16u << 20)

/* ---- reading ---- */

/* The text of a descriptor; Include is then relative to the folder we were started in. */
static struct source_text *open_handed_in(const struct plan_source *from, struct arena *arena,
                                          struct source **ret_source, const char **ret_why)
{
    char *text;
    size_t len;
    int r = fd_read_all(from->fd, TEXT_MOST, &text, &len);

    if (r < 0) {
        *ret_why = strerror(-r);
        return NULL;
    }
    struct source_text *main =
        disk_source_with(from->name, slice_of(text, len), arena, ret_source, ret_why);
    free(text);
    return main;
}

static bool take_model(struct source *source, struct source_text *main, struct arena *arena,
                       struct diags *diags, struct plan *ret)
{
    const struct load load = { .arena = arena, .diags = diags, .source = source };
    const struct server_conf *conf = load_config(&load, main);

    if (!conf)
        return false;
    const unsigned reactors = conf->reactors > 0 ? (unsigned)conf->reactors : processors_count();
    *ret = (struct plan){
        .conf = conf,
        .config_folder = source->folder,
        .reactors = reactors,
        .spawners = conf->spawners < reactors ? (unsigned)conf->spawners : reactors,
    };
    bundle_write(source, main, &ret->bundle, &ret->bundle_len);
    return true;
}

bool plan_load(const struct plan_source *from, struct arena *arena, struct diags *diags,
               struct plan *ret)
{
    const struct diag_place nowhere = { 0 };
    struct source *source = NULL;
    const char *why = NULL;
    struct source_text *main = from->path ? disk_source_open(from->path, arena, &source, &why)
                                          : open_handed_in(from, arena, &source, &why);

    if (!main) {
        diag_add(diags, DIAG_ERROR, &nowhere, "cannot read the configuration '%s': %s",
                 from->path ? from->path : from->name, why);
        return false;
    }
    if (!take_model(source, main, arena, diags, ret))
        return false;
    load_check_disk(ret->conf, load_ask_disk(), diags);
    return true;
}

bool plan_renew(const struct plan *now, const struct tls_conf *anew, struct arena *arena,
                struct diags *diags, struct plan *ret)
{
    struct source *source;
    struct slice bundle = arena_copy(arena, slice_of(now->bundle, now->bundle_len));
    struct source_text *main = bundle_open_anew(bundle, anew, arena, &source);

    assert(main); /* we wrote it */
    return take_model(source, main, arena, diags, ret);
}

void plan_done(struct plan *plan)
{
    free(plan->bundle);
    plan->bundle = NULL;
}

/* ---- the policy ---- */

static uint32_t rules_of(const struct server_conf *conf)
{
    uint32_t count = 0;

    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        count += roots_rules(host);
    return count;
}

static void add_words(const struct conf_word *words, struct arena *arena, struct policy_rule *rule)
{
    uint32_t count = 0;

    for (const struct conf_word *word = words; word; word = word->next)
        count++;
    rule->arguments = arena_array(arena, struct slice, count);
    for (const struct conf_word *word = words; word; word = word->next)
        rule->arguments[rule->argument_count++] = word->text;
}

/* "~alice" is the home of alice; false: there is none. */
static bool folder_of(struct slice written, struct arena *arena, struct slice *ret)
{
    *ret = written;
    if (!slice_starts(written, SLICE("~")))
        return true;
    const struct passwd *entry = getpwnam(arena_cstr(arena, slice_skip(written, 1)));
    if (entry && entry->pw_dir[0] == '/')
        *ret = arena_copy(arena, slice_cstr(entry->pw_dir));
    return entry && entry->pw_dir[0] == '/';
}

/* False: the account is not to be had any more; its programs do not run then. */
static bool add_confine(const struct confine_conf *from, struct arena *arena,
                        struct policy_confine *ret)
{
    struct account account;

    *ret = (struct policy_confine){
        .limits = { [POLICY_MEMORY_BYTES] = from->memory_bytes,
                    [POLICY_PROCESSES] = from->processes,
                    [POLICY_FILES] = from->files,
                    [POLICY_CPU_S] = from->cpu_s },
        .group_limits = { [POLICY_GROUP_MEMORY_BYTES] = from->group_memory_bytes,
                          [POLICY_GROUP_PROCESSES] = from->group_processes,
                          [POLICY_GROUP_CPU_WEIGHT] = from->cpu_share },
        .nice = (uint32_t)from->nice,
        .has_umask = from->has_umask,
        .umask = from->umask,
        .no_new_privs = from->no_new_privs,
    };
    if (from->user.len == 0)
        return true;
    if (account_find(from->user, from->groups, arena, &account) || account.user == 0 ||
        !folder_of(from->below, arena, &ret->below))
        return false;
    ret->chroot = from->chroot;
    ret->switches = true;
    ret->user = account.user;
    ret->group = account.group;
    ret->groups = account.groups;
    ret->group_count = account.group_count;
    return true;
}

uint64_t plan_rights(const struct server_conf *conf)
{
    const uint64_t change_user =
        UINT64_C(1) << CAP_SETUID | UINT64_C(1) << CAP_SETGID | UINT64_C(1) << CAP_KILL;
    uint64_t rights = 0;

    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        if (!roots_run(host))
            continue;
        if (host->user_websites && conf->users.wrap)
            rights |= change_user;
        for (unsigned identity = 0; identity <= host->wrap_count; identity++) {
            const struct confine_conf *confine = roots_confine(host, identity);

            if (confine->user.len > 0)
                rights |= change_user;
            if (confine->chroot.len > 0)
                rights |= UINT64_C(1) << CAP_SYS_CHROOT;
        }
    }
    for (unsigned i = 0; i < conf->pool_count; i++)
        if (conf->pools[i]->run.confine.user.len > 0)
            rights |= change_user;
    return rights;
}

/* WrapCGI uses the interpreters of cgi-wrapper.conf only. */
static bool may_interpret(const struct server_conf *conf, const struct confine_conf *confine,
                          struct slice program)
{
    if (confine->wrap_id.len == 0)
        return true;
    for (const struct conf_word *word = conf->wrapper_programs; word; word = word->next)
        if (slice_equal(word->text, program))
            return true;
    return false;
}

static void add_sandbox(const struct sandbox *sandbox, struct policy_rule *rule)
{
    if (!sandbox)
        return;
    rule->confine.sandbox = sandbox->number;
    rule->confine.tmp = slice_cstr(sandbox->tmp);
}

static void run_nothing(struct policy_rule *rule)
{
    rule->root = rule->interpreter = (struct slice){ 0 };
    rule->accounts = POLICY_ACCOUNTS_NO;
}

/* The rules for one root: the first runs the script itself, the others run it by an interpreter. */
static void add_root(const struct server_conf *conf, const struct vhost_conf *host,
                     const struct confine_conf *confine, const struct policy_rule *base,
                     struct arena *arena, struct policy_rule *rules)
{
    rules[0] = *base;
    if (!host->cgi_extensions && !conf->cgi_extensions && host->cgi_pattern.len == 0)
        run_nothing(&rules[0]);
    for (unsigned i = 0; i < host->handler_count; i++) {
        rules[1 + i] = *base;
        rules[1 + i].interpreter = host->handlers[i]->program;
        if (!slice_starts(host->handlers[i]->program, SLICE("/")) || /* never by a search path */
            !may_interpret(conf, confine, host->handlers[i]->program))
            run_nothing(&rules[1 + i]);
        add_words(host->handlers[i]->arguments, arena, &rules[1 + i]);
    }
}

static bool lies_in(struct slice path, struct slice folder)
{
    return slice_starts(path, folder) && path.len > folder.len && path.at[folder.len] == '/';
}

/* The folders of accounts: the limits are those of the host, and with WrapUserCGI nothing else. */
static void add_users(const struct server_conf *conf, const struct vhost_conf *host,
                      const struct policy_rule *base, struct arena *arena,
                      struct policy_rule *rules)
{
    const bool has_identity = host->confine.user.len == 0 || base->confine.switches;
    struct policy_rule rule = *base;
    struct policy_confine *confine = &rule.confine;

    rule.root = (struct slice){ 0 };
    rule.accounts = conf->users.wrap ? POLICY_ACCOUNTS_OWNER : POLICY_ACCOUNTS_FOLDER;
    if (conf->users.wrap) {
        confine->switches = false;
        confine->user = confine->group = confine->group_count = 0;
        confine->below = confine->chroot = (struct slice){ 0 };
    }
    if (!folder_any_executes(host) || !has_identity || confine->below.len > 0 ||
        confine->chroot.len > 0 || confine->sandbox > 0) { /* check says so */
        run_nothing(&rule);
        rule.confine = (struct policy_confine){ 0 };
    }
    add_root(conf, host, &host->confine, &rule, arena, rules);
}

/* WebsiteRoot, which is the root of `base`, and the folders of the aliases. */
static void add_roots(const struct server_conf *conf, const struct vhost_conf *host,
                      const struct confine_conf *confine, const struct policy_rule *base,
                      struct arena *arena, struct policy_rule *rules)
{
    struct slice chroot = base->confine.chroot;
    struct policy_rule elsewhere = *base;

    add_root(conf, host, confine, base, arena, rules);
    if (host->user_websites && confine == &host->confine) /* no Directory says who they are */
        add_users(conf, host, base, arena,
                  rules + (size_t)roots_of_users(host, false) * (1 + host->handler_count));
    for (const struct alias_conf *alias = host->aliases; alias; alias = alias->next) {
        bool seen = chroot.len == 0 || lies_in(alias->folder, chroot);

        elsewhere.root = base->root.len > 0 && seen ? alias->folder : (struct slice){ 0 };
        add_root(conf, host, confine, &elsewhere, arena,
                 rules + (size_t)alias->number * (1 + host->handler_count));
    }
}

static struct slice name_of(const struct vhost_conf *host)
{
    return host->hostnames ? host->hostnames->text : SLICE("default");
}

static enum policy_links links_of(const struct vhost_conf *host)
{
    return host->folder.follow_symlinks ? POLICY_LINKS_ANY : POLICY_LINKS_OWNED;
}

static enum policy_links other_links(enum policy_links links)
{
    return links == POLICY_LINKS_ANY ? POLICY_LINKS_OWNED : POLICY_LINKS_ANY;
}

/* A host that executes nothing keeps its numbers, but its rules have no root. */
static void add_identity(const struct server_conf *conf, const struct sandbox *sandbox,
                         const struct vhost_conf *host, const struct confine_conf *confine,
                         struct arena *arena, struct policy_rule *rules)
{
    struct policy_rule base = {
        .host = name_of(host),
        .root = folder_any_executes(host) ? host->website_root : (struct slice){ 0 },
        .links = links_of(host),
    };

    if (!add_confine(confine, arena, &base.confine)) {
        base.root = (struct slice){ 0 };
        base.confine = (struct policy_confine){ 0 };
    }
    add_sandbox(sandbox, &base);
    add_roots(conf, host, confine, &base, arena, rules);
    if (roots_treatments(host) == 1)
        return;
    base.links = other_links(base.links);
    add_roots(conf, host, confine, &base, arena,
              rules + (size_t)roots_folders(host) * (1 + host->handler_count));
}

/* "/x/y": "/x" and "y". Neither of what names no file. */
static struct slice folder_of_file(struct slice path)
{
    const size_t slash = slice_find_last(path, '/');

    if (path.len < 2)
        return (struct slice){ 0 };
    return slash == 0 ? SLICE("/") : slice_first(path, slash);
}

static struct slice name_of_file(struct slice path)
{
    return slice_skip(path, slice_find_last(path, '/') + 1);
}

/* One program, whatever the host executes besides it. In a root directory it would be told of
 * places that it does not see: check says so. */
static void add_hook(const struct vhost_conf *host, const struct sandbox *sandbox,
                     struct slice program, struct arena *arena, struct policy_rule *rule)
{
    *rule = (struct policy_rule){ .host = name_of(host), .links = POLICY_LINKS_ANY };
    if (program.len < 2 || host->confine.chroot.len > 0 ||
        !add_confine(&host->confine, arena, &rule->confine)) {
        rule->confine = (struct policy_confine){ 0 };
        return;
    }
    rule->root = folder_of_file(program);
    rule->only = name_of_file(program);
    add_sandbox(sandbox, rule);
}

/* xsltproc applies what lies below the root. */
static void add_style(const struct vhost_conf *host, const struct sandbox *sandbox,
                      struct slice root, struct arena *arena, struct policy_rule *rule)
{
    static const char *const words[] = { XSLT_ARGUMENTS };
    const uint32_t count = sizeof(words) / sizeof(words[0]);

    *rule = (struct policy_rule){ .host = name_of(host), .links = POLICY_LINKS_ANY };
    if (root.len == 0 || host->confine.chroot.len > 0 ||
        !add_confine(&host->style_confine, arena, &rule->confine)) {
        rule->confine = (struct policy_confine){ 0 };
        return;
    }
    rule->root = root;
    rule->interpreter = SLICE(XSLT_PROGRAM);
    rule->reads_stdin = true;
    rule->arguments = arena_array(arena, struct slice, count);
    for (; rule->argument_count < count; rule->argument_count++)
        rule->arguments[rule->argument_count] = slice_cstr(words[rule->argument_count]);
    add_sandbox(sandbox, rule);
}

/* WebsiteRoot, or the folder of an alias; the websites of accounts are none. */
static struct slice root_of(const struct vhost_conf *host, unsigned number)
{
    const struct alias_conf *alias = host->aliases;

    if (number == 0)
        return host->website_root;
    while (alias && alias->number != number)
        alias = alias->next;
    return alias ? alias->folder : (struct slice){ 0 };
}

/* UseXSLT, for one treatment of links; returns what comes behind these rules. */
static struct policy_rule *add_root_styles(const struct vhost_conf *host,
                                           const struct sandbox *sandbox, enum policy_links links,
                                           struct arena *arena, struct policy_rule *rules)
{
    for (unsigned root = 0; root < roots_folders(host); root++, rules++) {
        add_style(host, sandbox, root_of(host, root), arena, rules);
        rules->links = links;
    }
    return rules;
}

static void add_styles(const struct vhost_conf *host, const struct sandbox *sandbox,
                       struct arena *arena, struct policy_rule *rules)
{
    if (host->use_xslt)
        rules = add_root_styles(host, sandbox, links_of(host), arena, rules);
    if (host->use_xslt && roots_treatments(host) > 1)
        rules = add_root_styles(host, sandbox, other_links(links_of(host)), arena, rules);
    for (unsigned i = 0; i < roots_own_styles(host); i++) {
        const struct slice stylesheet = roots_own_style(host, i);

        add_style(host, sandbox, folder_of_file(stylesheet), arena, &rules[i]);
        if (rules[i].root.len > 0)
            rules[i].only = name_of_file(stylesheet);
    }
}

static void add_host(const struct server_conf *conf, const struct sandboxes *sandboxes,
                     const struct vhost_conf *host, struct arena *arena, struct policy_rule *rules)
{
    for (unsigned identity = 0; identity <= host->wrap_count; identity++) {
        const struct confine_conf *confine = roots_confine(host, identity);

        add_identity(conf, sandboxes_find(sandboxes, confine), host, confine, arena,
                     rules + roots_first(host, identity));
    }
    rules += roots_first(host, 1 + host->wrap_count);
    for (unsigned i = 0; i < roots_hooks(host); i++)
        add_hook(host, sandboxes_find(sandboxes, &host->confine), roots_hook(host, i), arena,
                 &rules[i]);
    add_styles(host, sandboxes_find(sandboxes, &host->style_confine), arena,
               rules + roots_hooks(host));
}

/* What the workers of a pool are; without a root it runs no scripts. */
static void add_pool(const struct fastcgi_conf *pool, const struct sandbox *sandbox,
                     struct arena *arena, struct policy_rule *rule)
{
    *rule = (struct policy_rule){ .host = pool->id, .interpreter = pool->run.program };
    add_words(pool->run.arguments, arena, rule);
    if (!add_confine(&pool->run.confine, arena, &rule->confine)) {
        rule->interpreter = (struct slice){ 0 };
        rule->confine = (struct policy_confine){ 0 };
    }
    add_sandbox(sandbox, rule);
}

static void add_accounts(const struct users_conf *users, struct arena *arena, struct policy *policy)
{
    policy->user_folder = users->directory;
    policy->account_count = users->count;
    policy->accounts = arena_array(arena, struct policy_account, users->count);
    for (unsigned i = 0; i < users->count; i++) {
        const struct user_conf *user = &users->sites[i];
        struct policy_account *account = &policy->accounts[i];

        *account = (struct policy_account){
            .home = slice_cstr(user->home),
            .user = user->user,
            .group = user->group,
        };
        account->groups = users_groups(user, arena, &account->group_count);
    }
}

void plan_policy(const struct server_conf *conf, const struct sandboxes *sandboxes, char **ret_data,
                 size_t *ret_len)
{
    struct arena arena = { 0 };
    struct policy policy = {
        .rule_count = rules_of(conf) + conf->pool_count,
        .kill_grace_ms = conf->kill_grace_ms,
    };

    policy.rules = arena_array(&arena, struct policy_rule, policy.rule_count);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next)
        add_host(conf, sandboxes, host, &arena, &policy.rules[host->rule_base]);
    for (unsigned i = 0; i < conf->pool_count; i++)
        add_pool(conf->pools[i], sandboxes_find(sandboxes, &conf->pools[i]->run.confine), &arena,
                 &policy.rules[rules_of(conf) + i]);
    add_accounts(&conf->users, &arena, &policy);
    policy_encode(&policy, ret_data, ret_len);
    arena_done(&arena);
}

int plan_seal(const struct plan *plan, const struct sandboxes *sandboxes, int *ret_bundle_fd,
              int *ret_policy_fd)
{
    char *policy;
    size_t policy_len;

    plan_policy(plan->conf, sandboxes, &policy, &policy_len);
    int r = fd_sealed("policy", policy, policy_len, ret_policy_fd);
    free(policy);
    return r < 0 ? r : fd_sealed("bundle", plan->bundle, plan->bundle_len, ret_bundle_fd);
}

/* ---- the pools ---- */

#define PATH_OF_WORKERS "PATH=/usr/local/bin:/usr/bin:/bin"

static const struct conf_pair *find_pair(const struct conf_pair *pairs, struct slice name)
{
    while (pairs && !slice_equal(pairs->name, name))
        pairs = pairs->next;
    return pairs;
}

static struct slice append(struct arena *arena, struct slice block, struct slice entry)
{
    char *all = arena_alloc(arena, block.len + entry.len + 1);

    if (block.len > 0)
        memcpy(all, block.at, block.len);
    memcpy(all + block.len, entry.at, entry.len);
    all[block.len + entry.len] = '\0';
    return slice_of(all, block.len + entry.len + 1);
}

/* Of one name the first counts, and Setenv is stronger than what is there anyway. */
static struct slice environment_of(const struct run_conf *run, struct arena *arena)
{
    struct slice block = { 0 };

    for (const struct conf_pair *pair = run->setenv; pair; pair = pair->next)
        if (find_pair(run->setenv, pair->name) == pair)
            block = append(
                arena, block,
                arena_printf(arena, "%.*s=%.*s", SLICE_ARGS(pair->name), SLICE_ARGS(pair->value)));
    if (!find_pair(run->setenv, SLICE("PATH")))
        block = append(arena, block, SLICE(PATH_OF_WORKERS));
    if (!find_pair(run->setenv, SLICE("PHP_FCGI_MAX_REQUESTS")))
        block = append(arena, block,
                       arena_printf(arena, "PHP_FCGI_MAX_REQUESTS=%" PRIu64, run->max_requests));
    return block;
}

/* Everything that a worker is, as bytes: of the rule, and of the environment. A Sandbox is another
 * one in each generation, and its folder for temporary files as well. */
static uint64_t definition_of(const struct fastcgi_conf *pool, const struct sandbox *sandbox,
                              const struct pool_rule *rule, struct arena *arena)
{
    struct policy_rule what;
    struct policy policy = { .rules = &what, .rule_count = 1 };
    struct siphash_key key = siphash_process_key();
    char *data;
    size_t len;

    add_pool(pool, sandbox, arena, &what);
    policy_encode(&policy, &data, &len);
    key.a ^= siphash(key, slice_of(data, len));
    free(data);
    return siphash(key, rule->environment);
}

void plan_pools(const struct server_conf *conf, const struct sandboxes *sandboxes, char **ret_data,
                size_t *ret_len)
{
    struct arena arena = { 0 };
    struct pools pools = {
        .pools = arena_array(&arena, struct pool_rule, conf->pool_count),
        .count = conf->pool_count,
        .memory_bytes = conf->workers_memory_bytes,
        .patience_ms = conf->drain_time_ms,
    };

    for (unsigned i = 0; i < conf->pool_count; i++) {
        const struct run_conf *run = &conf->pools[i]->run;

        pools.pools[i] = (struct pool_rule){
            .name = conf->pools[i]->id,
            .environment = environment_of(run, &arena),
            .rule = rules_of(conf) + i,
            .least = (uint32_t)run->min_workers,
            .most = (uint32_t)run->max_workers,
            .capacity = run->capacity,
            .requests = run->max_requests,
            .age_ms = run->age_ms,
            .memory_bytes = run->memory_bytes,
            .idle_ms = run->idle_ms,
            .key = run->key,
        };
        pools.pools[i].definition = definition_of(
            conf->pools[i], sandboxes_find(sandboxes, &run->confine), &pools.pools[i], &arena);
    }
    pools_encode(&pools, ret_data, ret_len);
    arena_done(&arena);
}
