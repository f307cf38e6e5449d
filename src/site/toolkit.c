#include "site/toolkit.h"

#include "base/table.h"
#include "toolkit_private.h"

#include <assert.h>

/* ---- compiled ---- */

struct rule {
    const struct toolkit_rule *conf;
    const struct regex *regex; /* borrowed from the table; NULL: it has none */
};

struct toolkit {
    struct rule *rules;
    unsigned count;
};

struct toolkits {
    struct toolkit *all;   /* by toolkit_conf.index */
    struct table patterns; /* "+pattern", "-pattern" (any case) -> struct regex * */
};

static struct regex *pattern_of(struct toolkits *toolkits, const struct toolkit_rule *rule,
                                struct arena *arena)
{
    const struct slice parts[] = { rule->any_case ? SLICE("-") : SLICE("+"), rule->pattern };
    struct slice key = arena_join(arena, parts, 2);
    struct regex *regex = table_find(&toolkits->patterns, key);
    struct parse_fault fault;

    if (!regex) {
        regex = regex_compile(rule->pattern, rule->any_case, &fault);
        assert(regex); /* the configuration was checked */
        table_put(&toolkits->patterns, key, regex);
    }
    return regex;
}

static void compile(struct toolkits *toolkits, const struct toolkit_conf *conf, struct arena *arena)
{
    struct toolkit *toolkit = &toolkits->all[conf->index];

    toolkit->rules = arena_array(arena, struct rule, conf->rule_count);
    for (const struct toolkit_rule *rule = conf->rules; rule; rule = rule->next)
        toolkit->rules[toolkit->count++] = (struct rule){
            .conf = rule,
            .regex = rule->pattern.len > 0 ? pattern_of(toolkits, rule, arena) : NULL,
        };
}

struct toolkits *toolkits_build(const struct server_conf *conf, struct arena *arena)
{
    struct toolkits *toolkits = arena_new(arena, struct toolkits);

    toolkits->all = arena_array(arena, struct toolkit, conf->toolkit_count);
    for (const struct toolkit_conf *one = conf->toolkits; one; one = one->next)
        compile(toolkits, one, arena);
    return toolkits;
}

void toolkits_done(struct toolkits *toolkits)
{
    const struct table_entry *entry;
    size_t place = 0;

    while ((entry = table_next(&toolkits->patterns, &place)))
        regex_free(entry->value);
    table_done(&toolkits->patterns);
}

/* ---- one run ---- */

struct frame {
    const struct toolkit *toolkit;
    unsigned at;
    bool is_last; /* a Goto: nothing comes behind it */
};

struct run {
    const struct toolkits *toolkits;
    struct toolkit_ask *ask;
    struct toolkit_result *result;
    struct regex_scratch scratch;
    struct slice groups[REGEX_GROUPS]; /* of the last pattern that fitted */
    struct frame frames[TOOLKIT_NESTED_MOST + 1];
    unsigned depth;
    unsigned steps;
};

/* What follows a rule. */
enum flow { FLOW_ON, FLOW_OUT, FLOW_EXIT };

static enum flow end(struct run *run, enum toolkit_end word)
{
    run->result->end = word;
    return FLOW_EXIT;
}

static enum flow fail(struct run *run, const char *why)
{
    run->result->why = why;
    return end(run, TOOLKIT_FAILS);
}

static void push(struct run *run, const struct toolkit_conf *conf, bool is_last)
{
    assert(run->depth <= TOOLKIT_NESTED_MOST); /* the configuration was checked */
    run->frames[run->depth++] =
        (struct frame){ .toolkit = &run->toolkits->all[conf->index], .is_last = is_last };
}

/* ---- tests ---- */

static const char too_long_text[] = "its pattern takes too long for this request";

/* -1: it cannot be told. */
static int fits(struct run *run, const struct rule *rule, struct slice subject, bool wants_groups)
{
    enum regex_word word =
        regex_match(rule->regex, subject, &run->scratch, wants_groups ? run->groups : NULL);

    return word == REGEX_GIVES_UP ? -1 : word == REGEX_FITS;
}

static int test_url(struct run *run, const struct rule *rule)
{
    const struct toolkit_rule *conf = rule->conf;
    bool wants_groups =
        !conf->negated && (conf->action == ACTION_REWRITE || conf->action == ACTION_REDIRECT);
    int word = fits(run, rule, run->result->url, wants_groups);

    return word < 0 ? word : word != conf->negated;
}

/* Of "*" one field is enough, with '!' one that does not fit. */
static int test_header(struct run *run, const struct rule *rule)
{
    const struct toolkit_rule *conf = rule->conf;
    const struct fields *fields = run->ask->fields;
    bool any = slice_equal_cstr(conf->name, "*");

    for (uint32_t i = 0; i < fields->count; i++) {
        if (!any && !slice_equal_nocase(fields->at[i].name, conf->name))
            continue;
        int word = fits(run, rule, fields->at[i].value, false);
        if (word < 0)
            return word;
        if (any ? word != conf->negated : word)
            return any || !conf->negated;
    }
    return !any && conf->negated;
}

static bool test_file(const struct run *run, enum toolkit_file file)
{
    enum toolkit_found found = run->ask->on_disk(run->ask, run->result->url);

    switch (file) {
    case ON_DISK_EXISTS:
        return found == FOUND_FILE || found == FOUND_FOLDER;
    case ON_DISK_IS_FILE:
        return found == FOUND_FILE;
    case ON_DISK_IS_FOLDER:
        return found == FOUND_FOLDER;
    case ON_DISK_NOT_FOUND:
        break;
    }
    return found == FOUND_NOTHING;
}

static int test(struct run *run, const struct rule *rule)
{
    const struct toolkit_rule *conf = rule->conf;

    switch (conf->test) {
    case TEST_ALWAYS:
        return true;
    case TEST_URL:
        return test_url(run, rule);
    case TEST_HEADER:
        return test_header(run, rule);
    case TEST_METHOD:
        return slice_equal(run->ask->method, conf->name) != conf->negated;
    case TEST_FILE:
        return test_file(run, conf->file);
    case TEST_CONNECTIONS:
        return run->ask->connections >= conf->connections;
    case TEST_TLS:
        break;
    }
    return run->ask->secure;
}

/* ---- actions ---- */

static const char too_big_text[] = "the URL that it makes is too long";

static void take_url(struct run *run, struct slice url)
{
    run->result->url = url;
    run->result->rewritten = true;
}

static bool has_groups(const struct toolkit_rule *conf)
{
    return conf->test == TEST_URL && !conf->negated;
}

/* What the pattern leaves is looked at again, as often as the rule says. */
static enum flow rewrite(struct run *run, const struct rule *rule)
{
    const struct toolkit_rule *conf = rule->conf;
    struct slice url = run->result->url;

    if (!has_groups(conf)) {
        take_url(run, conf->argument);
        return FLOW_ON;
    }
    for (uint64_t i = 0; i < conf->loops; i++) {
        int word = i == 0 ? true : fits(run, rule, url, true);

        if (word < 0)
            return fail(run, too_long_text);
        if (!word)
            break;
        if (!toolkit_replace(url, run->groups, conf->argument, run->ask->arena, &url))
            return fail(run, too_big_text);
        take_url(run, url);
    }
    return FLOW_ON;
}

static enum flow redirect(struct run *run, const struct toolkit_rule *conf)
{
    struct slice url = conf->argument;

    if (has_groups(conf) &&
        !toolkit_replace(run->result->url, run->groups, conf->argument, run->ask->arena, &url))
        return fail(run, too_big_text);
    run->result->url = toolkit_location(url, conf->argument, run->ask->arena);
    return end(run, TOOLKIT_REDIRECTS);
}

static enum flow act_rewrite(struct run *run, const struct rule *rule)
{
    if (rewrite(run, rule) == FLOW_EXIT)
        return FLOW_EXIT;
    switch (rule->conf->then) {
    case THEN_CONTINUE:
        return FLOW_ON;
    case THEN_RETURN:
        return FLOW_OUT;
    case THEN_EXIT:
        break;
    }
    return FLOW_EXIT;
}

static enum flow skip(struct run *run, uint64_t rules)
{
    struct frame *frame = &run->frames[run->depth - 1];
    unsigned left = frame->toolkit->count - frame->at;

    frame->at += rules < left ? (unsigned)rules : left;
    return FLOW_ON;
}

static enum flow act(struct run *run, const struct rule *rule)
{
    const struct toolkit_rule *conf = rule->conf;

    switch (conf->action) {
    case ACTION_BAN:
        run->result->ban = conf;
        return FLOW_ON;
    case ACTION_CALL:
    case ACTION_GOTO:
        push(run, conf->callee, conf->action == ACTION_GOTO);
        return FLOW_ON;
    case ACTION_DENY_ACCESS:
        return end(run, TOOLKIT_DENIES);
    case ACTION_NOT_FOUND:
        return end(run, TOOLKIT_FINDS_NOTHING);
    case ACTION_OMIT_REQUEST_LOG:
        run->result->omit_log = true;
        return FLOW_ON;
    case ACTION_REDIRECT:
        return redirect(run, conf);
    case ACTION_RETURN:
        return FLOW_OUT;
    case ACTION_REWRITE:
        return act_rewrite(run, rule);
    case ACTION_SKIP:
        return skip(run, conf->skip);
    case ACTION_USE:
        take_url(run, conf->argument);
        return FLOW_EXIT;
    case ACTION_USE_FASTCGI:
        run->result->fastcgi = conf->fastcgi;
        return FLOW_EXIT;
    case ACTION_EXIT:
        break;
    }
    return FLOW_EXIT;
}

static enum flow try_rule(struct run *run, const struct rule *rule)
{
    enum flow flow = FLOW_ON;
    int holds = test(run, rule);

    if (holds)
        run->result->rule = rule->conf;
    if (holds < 0)
        return fail(run, too_long_text);
    if (holds)
        flow = act(run, rule);
    if (run->ask->note)
        run->ask->note(run->ask, rule->conf, holds, run->result->url);
    return flow;
}

/* ---- the whole ---- */

/* False: all is done. */
static bool pop(struct run *run)
{
    return !run->frames[--run->depth].is_last;
}

/* One toolkit of the host, and what it calls. False: no other one follows. */
static bool run_one(struct run *run, const struct toolkit_conf *conf)
{
    push(run, conf, false);
    while (run->depth > 0) {
        struct frame *frame = &run->frames[run->depth - 1];
        enum flow flow = FLOW_OUT;

        if (frame->at < frame->toolkit->count) {
            if (++run->steps > TOOLKIT_STEPS_MOST) {
                fail(run, "too many rules for one request");
                return false;
            }
            flow = try_rule(run, &frame->toolkit->rules[frame->at++]);
        }
        if (flow == FLOW_EXIT || (flow == FLOW_OUT && !pop(run)))
            return false;
    }
    return true;
}

void toolkit_run(const struct toolkits *toolkits, const struct vhost_conf *host,
                 struct toolkit_ask *ask, struct toolkit_result *ret)
{
    struct run run = { .toolkits = toolkits, .ask = ask, .result = ret };

    *ret = (struct toolkit_result){ .url = ask->url };
    for (unsigned i = 0; i < host->toolkit_count; i++)
        if (!run_one(&run, host->toolkits[i]))
            break;
    regex_scratch_done(&run.scratch);
}
