#include "ipc/policy.h"

#include "ipc_private.h"

#include <stdlib.h>
#include <string.h>

/*
 * mark u32, rules u32, grace u64; for each rule: links u32, arguments u32, then host, root,
 * interpreter and the arguments, each as length u32 and bytes.
 */
#define POLICY_MARK    0x31504c48u /* "HLP1" */
#define POLICY_HEAD    16u
#define RULE_LEAST     20u /* bytes of a rule of empty texts */
#define ARGUMENT_LEAST 4u

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
    size_t size = 8 + text_size(rule->host) + text_size(rule->root) + text_size(rule->interpreter);

    for (uint32_t i = 0; i < rule->argument_count; i++)
        size += text_size(rule->arguments[i]);
    return size;
}

static unsigned char *put_rule(unsigned char *at, const struct policy_rule *rule)
{
    at = put_u32(at, (uint32_t)rule->links);
    at = put_u32(at, rule->argument_count);
    at = put_text(at, rule->host);
    at = put_text(at, rule->root);
    at = put_text(at, rule->interpreter);
    for (uint32_t i = 0; i < rule->argument_count; i++)
        at = put_text(at, rule->arguments[i]);
    return at;
}

void policy_encode(const struct policy *policy, char **ret_data, size_t *ret_len)
{
    size_t size = POLICY_HEAD;

    for (uint32_t i = 0; i < policy->rule_count; i++)
        size += rule_size(&policy->rules[i]);

    unsigned char *data = malloc(size);
    if (!data)
        abort();
    unsigned char *at = put_u32(data, POLICY_MARK);
    at = put_u32(at, policy->rule_count);
    at = put_u64(at, policy->kill_grace_ms);
    for (uint32_t i = 0; i < policy->rule_count; i++)
        at = put_rule(at, &policy->rules[i]);

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

/* NULL, or the rule that it breaks. */
static const char *take_rule(struct cursor *cursor, struct arena *arena, struct policy_rule *rule)
{
    uint32_t links = take_u32(cursor);

    if (links > POLICY_LINKS_ANY)
        return "unknown treatment of links";
    rule->links = (enum policy_links)links;
    rule->argument_count = take_u32(cursor);
    rule->host = take_text(cursor);
    rule->root = take_text(cursor);
    rule->interpreter = take_text(cursor);
    if (cursor->short_of || rule->argument_count > cursor->rest.len / ARGUMENT_LEAST)
        return "policy too short";
    if (!is_absolute(rule->root) || !is_absolute(rule->interpreter))
        return "a path is not absolute";
    if (slice_has(rule->root, '\0') || slice_has(rule->interpreter, '\0'))
        return "NUL in a path";

    rule->arguments = arena_array(arena, struct slice, rule->argument_count);
    for (uint32_t i = 0; i < rule->argument_count; i++) {
        rule->arguments[i] = take_text(cursor);
        if (slice_has(rule->arguments[i], '\0'))
            return "NUL in an argument";
    }
    return cursor->short_of ? "policy too short" : NULL;
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
    if (cursor.rest.len > 0)
        return parse_bad(reterr, data.len - cursor.rest.len, "bytes behind the policy");
    *ret = policy;
    return PARSE_DONE;
}
