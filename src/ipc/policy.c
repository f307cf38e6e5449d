#include "ipc/policy.h"

#include "ipc_private.h"

#include <stdlib.h>
#include <string.h>

/*
 * mark u32, rules u32, grace u64; for each rule: links u32, accounts u32, arguments u32, flags u32,
 * user u32, group u32, groups u32, nice u32, umask u32, sandbox u32, the limits and the group
 * limits u64 each; then host, root, only, interpreter, below, chroot, tmp and the arguments, each
 * as length u32 and bytes; then the groups, u32 each.
 *
 * Behind the rules: the folder of the accounts, as a text; accounts u32; for each account: user
 * u32, group u32, groups u32, home as a text, the groups u32 each.
 */
#define POLICY_MARK    0x36504c48u /* "HLP6" */
#define POLICY_HEAD    16u
#define ACCOUNT_LEAST  16u
#define RULE_NUMBERS   (10u * 4 + 8u * (POLICY_LIMIT_COUNT + POLICY_GROUP_LIMIT_COUNT))
#define RULE_LEAST     (RULE_NUMBERS + 28u) /* bytes of a rule of empty texts */
#define ARGUMENT_LEAST 4u

enum flag {
    FLAG_SWITCHES = 1,
    FLAG_UMASK = 2,
    FLAG_NO_NEW_PRIVS = 4,
    FLAG_READS_STDIN = 8,
    FLAG_ALL = 15,
};

static size_t text_size(struct slice text)
{
    return 4 + text.len;
}

static unsigned char *put_text(unsigned char *at, struct slice text)
{
    at = put_u32(at, (uint32_t)text.len);
    if (text.len > 0)
        memcpy(at, text.at, text.len);
    return at + text.len;
}

static size_t rule_size(const struct policy_rule *rule)
{
    size_t size = RULE_NUMBERS + text_size(rule->host) + text_size(rule->root) +
                  text_size(rule->only) + text_size(rule->interpreter) +
                  text_size(rule->confine.below) + text_size(rule->confine.chroot) +
                  text_size(rule->confine.tmp) + 4 * (size_t)rule->confine.group_count;

    for (uint32_t i = 0; i < rule->argument_count; i++)
        size += text_size(rule->arguments[i]);
    return size;
}

static uint32_t flags_of(const struct policy_rule *rule)
{
    const struct policy_confine *confine = &rule->confine;

    return (confine->switches ? FLAG_SWITCHES : 0u) | (confine->has_umask ? FLAG_UMASK : 0u) |
           (confine->no_new_privs ? FLAG_NO_NEW_PRIVS : 0u) |
           (rule->reads_stdin ? FLAG_READS_STDIN : 0u);
}

static unsigned char *put_confine(unsigned char *at, const struct policy_confine *confine)
{
    at = put_u32(at, confine->user);
    at = put_u32(at, confine->group);
    at = put_u32(at, confine->group_count);
    at = put_u32(at, confine->nice);
    at = put_u32(at, confine->umask);
    at = put_u32(at, confine->sandbox);
    for (int i = 0; i < POLICY_LIMIT_COUNT; i++)
        at = put_u64(at, confine->limits[i]);
    for (int i = 0; i < POLICY_GROUP_LIMIT_COUNT; i++)
        at = put_u64(at, confine->group_limits[i]);
    return at;
}

static unsigned char *put_rule(unsigned char *at, const struct policy_rule *rule)
{
    at = put_u32(at, (uint32_t)rule->links);
    at = put_u32(at, (uint32_t)rule->accounts);
    at = put_u32(at, rule->argument_count);
    at = put_u32(at, flags_of(rule));
    at = put_confine(at, &rule->confine);
    at = put_text(at, rule->host);
    at = put_text(at, rule->root);
    at = put_text(at, rule->only);
    at = put_text(at, rule->interpreter);
    at = put_text(at, rule->confine.below);
    at = put_text(at, rule->confine.chroot);
    at = put_text(at, rule->confine.tmp);
    for (uint32_t i = 0; i < rule->argument_count; i++)
        at = put_text(at, rule->arguments[i]);
    for (uint32_t i = 0; i < rule->confine.group_count; i++)
        at = put_u32(at, rule->confine.groups[i]);
    return at;
}

static size_t account_size(const struct policy_account *account)
{
    return 12 + text_size(account->home) + 4 * (size_t)account->group_count;
}

static unsigned char *put_account(unsigned char *at, const struct policy_account *account)
{
    at = put_u32(at, account->user);
    at = put_u32(at, account->group);
    at = put_u32(at, account->group_count);
    at = put_text(at, account->home);
    for (uint32_t i = 0; i < account->group_count; i++)
        at = put_u32(at, account->groups[i]);
    return at;
}

void policy_encode(const struct policy *policy, char **ret_data, size_t *ret_len)
{
    size_t size = POLICY_HEAD + text_size(policy->user_folder) + 4;

    for (uint32_t i = 0; i < policy->rule_count; i++)
        size += rule_size(&policy->rules[i]);
    for (uint32_t i = 0; i < policy->account_count; i++)
        size += account_size(&policy->accounts[i]);

    unsigned char *data = malloc(size);
    if (!data)
        abort();
    unsigned char *at = put_u32(data, POLICY_MARK);
    at = put_u32(at, policy->rule_count);
    at = put_u64(at, policy->kill_grace_ms);
    for (uint32_t i = 0; i < policy->rule_count; i++)
        at = put_rule(at, &policy->rules[i]);
    at = put_text(at, policy->user_folder);
    at = put_u32(at, policy->account_count);
    for (uint32_t i = 0; i < policy->account_count; i++)
        at = put_account(at, &policy->accounts[i]);

    *ret_data = (char *)data;
    *ret_len = size;
}

static struct slice take_text(struct cursor *cursor)
{
    return take_bytes(cursor, take_u32(cursor));
}

/* Empty or from the root of the file system. */
static bool is_absolute(struct slice path)
{
    return path.len == 0 || path.at[0] == '/';
}

static uint32_t take_confine(struct cursor *cursor, struct policy_confine *confine)
{
    uint32_t flags = take_u32(cursor);

    confine->switches = flags & FLAG_SWITCHES;
    confine->has_umask = flags & FLAG_UMASK;
    confine->no_new_privs = flags & FLAG_NO_NEW_PRIVS;
    confine->user = take_u32(cursor);
    confine->group = take_u32(cursor);
    confine->group_count = take_u32(cursor);
    confine->nice = take_u32(cursor);
    confine->umask = take_u32(cursor);
    confine->sandbox = take_u32(cursor);
    for (int i = 0; i < POLICY_LIMIT_COUNT; i++)
        confine->limits[i] = take_u64(cursor);
    for (int i = 0; i < POLICY_GROUP_LIMIT_COUNT; i++)
        confine->group_limits[i] = take_u64(cursor);
    return flags;
}

/* NULL, or what is wrong: no program ever runs as root by a policy. */
static const char *confine_fault(const struct policy_confine *confine, uint32_t flags)
{
    if (flags > FLAG_ALL)
        return "an unknown flag";
    if (confine->switches && (confine->user == 0 || confine->group == 0))
        return "a program of the superuser";
    if (!confine->switches && (confine->user || confine->group || confine->group_count))
        return "a user without a change of user";
    if (confine->nice > 19 || confine->umask > 0777 ||
        confine->group_limits[POLICY_GROUP_CPU_WEIGHT] > 10000 ||
        (!confine->has_umask && confine->umask))
        return "a number out of range";
    return NULL;
}

static const char *take_groups(struct cursor *cursor, struct arena *arena, uint32_t count,
                               uint32_t **ret)
{
    if (cursor->short_of || count > cursor->rest.len / 4)
        return "policy too short";
    *ret = arena_array(arena, uint32_t, count);
    for (uint32_t i = 0; i < count; i++) {
        (*ret)[i] = take_u32(cursor);
        if ((*ret)[i] == 0)
            return "a program of the superuser";
    }
    return NULL;
}

static bool is_in(struct slice path, struct slice folder)
{
    return slice_starts(path, folder) &&
           (path.len == folder.len || path.at[folder.len] == '/' || folder.len == 0);
}

static const char *paths_fault(const struct policy_rule *rule)
{
    const struct slice paths[] = { rule->root, rule->interpreter, rule->confine.below,
                                   rule->confine.chroot, rule->confine.tmp };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (!is_absolute(paths[i]))
            return "a path is not absolute";
        if (slice_has(paths[i], '\0'))
            return "NUL in a path";
    }
    if (rule->reads_stdin && rule->interpreter.len == 0)
        return "stdin for no interpreter";
    if (rule->root.len > 0 && !is_in(rule->root, rule->confine.chroot))
        return "a root outside of its root directory";
    return NULL;
}

/* A file in the root itself, and nobody's home has it. */
static const char *only_fault(const struct policy_rule *rule)
{
    const struct slice name = rule->only;

    if (name.len == 0)
        return NULL;
    if (rule->root.len == 0 || rule->accounts != POLICY_ACCOUNTS_NO)
        return "a script of its own without a root of its own";
    if (slice_has(name, '/') || slice_has(name, '\0') || slice_equal(name, SLICE(".")) ||
        slice_equal(name, SLICE("..")))
        return "a script that is no name in its root";
    return NULL;
}

/* The root is that of the account, and nobody else's identity counts besides its own. */
static const char *accounts_fault(const struct policy_rule *rule)
{
    const struct policy_confine *confine = &rule->confine;

    if (rule->accounts == POLICY_ACCOUNTS_NO)
        return NULL;
    if (rule->root.len > 0 || confine->below.len > 0 || confine->chroot.len > 0 ||
        confine->sandbox > 0)
        return "another place besides that of the account";
    if (rule->accounts == POLICY_ACCOUNTS_OWNER && confine->switches)
        return "another user besides the account";
    return NULL;
}

/* NULL, or the rule that it breaks. */
static const char *take_rule(struct cursor *cursor, struct arena *arena, struct policy_rule *rule)
{
    uint32_t links = take_u32(cursor);

    if (links > POLICY_LINKS_ANY)
        return "unknown treatment of links";
    rule->links = (enum policy_links)links;
    uint32_t accounts = take_u32(cursor);
    if (accounts > POLICY_ACCOUNTS_OWNER)
        return "unknown treatment of accounts";
    rule->accounts = (enum policy_accounts)accounts;
    rule->argument_count = take_u32(cursor);
    uint32_t flags = take_confine(cursor, &rule->confine);
    rule->reads_stdin = flags & FLAG_READS_STDIN;
    rule->host = take_text(cursor);
    rule->root = take_text(cursor);
    rule->only = take_text(cursor);
    rule->interpreter = take_text(cursor);
    rule->confine.below = take_text(cursor);
    rule->confine.chroot = take_text(cursor);
    rule->confine.tmp = take_text(cursor);
    if (cursor->short_of || rule->argument_count > cursor->rest.len / ARGUMENT_LEAST)
        return "policy too short";
    const char *why = confine_fault(&rule->confine, flags);
    if (why)
        return why;
    why = paths_fault(rule);
    if (!why)
        why = accounts_fault(rule);
    if (!why)
        why = only_fault(rule);
    if (why)
        return why;
    rule->arguments = arena_array(arena, struct slice, rule->argument_count);
    for (uint32_t i = 0; i < rule->argument_count; i++) {
        rule->arguments[i] = take_text(cursor);
        if (slice_has(rule->arguments[i], '\0'))
            return "NUL in an argument";
    }
    return take_groups(cursor, arena, rule->confine.group_count, &rule->confine.groups);
}

/* NULL, or the rule that it breaks. */
static const char *take_account(struct cursor *cursor, struct arena *arena,
                                struct policy_account *account)
{
    account->user = take_u32(cursor);
    account->group = take_u32(cursor);
    account->group_count = take_u32(cursor);
    account->home = take_text(cursor);
    if (cursor->short_of)
        return "policy too short";
    if (account->user == 0 || account->group == 0)
        return "a program of the superuser";
    if (!slice_starts(account->home, SLICE("/")))
        return "a path is not absolute";
    if (slice_has(account->home, '\0'))
        return "NUL in a path";
    return take_groups(cursor, arena, account->group_count, &account->groups);
}

/* Below the home, and nowhere else. */
static bool is_folder(struct slice folder)
{
    bool more = true;

    while (more) {
        struct slice segment;

        more = slice_cut(folder, '/', &segment, &folder);
        if (segment.len == 0 || slice_equal(segment, SLICE("..")) || slice_has(segment, '\0'))
            return false;
    }
    return true;
}

static enum parse take_accounts(struct cursor *cursor, size_t len, struct arena *arena,
                                struct policy *policy, struct parse_fault *reterr)
{
    policy->user_folder = take_text(cursor);
    policy->account_count = take_u32(cursor);
    if (cursor->short_of || policy->account_count > cursor->rest.len / ACCOUNT_LEAST)
        return parse_bad(reterr, len, "policy too short");
    if (policy->account_count > 0 && !is_folder(policy->user_folder))
        return parse_bad(reterr, len - cursor->rest.len, "no folder below a home");
    policy->accounts = arena_array(arena, struct policy_account, policy->account_count);
    for (uint32_t i = 0; i < policy->account_count; i++) {
        size_t at = len - cursor->rest.len;
        const char *why = take_account(cursor, arena, &policy->accounts[i]);
        if (why)
            return parse_bad(reterr, at, why);
    }
    return PARSE_DONE;
}

enum parse policy_decode(struct slice data, struct arena *arena, struct policy *ret,
                         struct parse_fault *reterr)
{
    struct cursor cursor = { .rest = data };
    struct policy policy = { 0 };

    if (take_u32(&cursor) != POLICY_MARK)
        return parse_bad(reterr, 0, "not a policy");
    policy.rule_count = take_u32(&cursor);
    policy.kill_grace_ms = take_u64(&cursor);
    if (cursor.short_of || policy.rule_count > cursor.rest.len / RULE_LEAST)
        return parse_bad(reterr, data.len, "policy too short");

    policy.rules = arena_array(arena, struct policy_rule, policy.rule_count);
    for (uint32_t i = 0; i < policy.rule_count; i++) {
        size_t at = data.len - cursor.rest.len;
        const char *why = take_rule(&cursor, arena, &policy.rules[i]);
        if (why)
            return parse_bad(reterr, at, why);
    }
    if (take_accounts(&cursor, data.len, arena, &policy, reterr) != PARSE_DONE)
        return PARSE_BAD;
    if (cursor.rest.len > 0)
        return parse_bad(reterr, data.len - cursor.rest.len, "bytes behind the policy");
    *ret = policy;
    return PARSE_DONE;
}
