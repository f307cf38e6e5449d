/* UrlToolkit sections: names that must be there, circles, and rules that can never count. */
#include "build.h"
#include "config/toolkit.h"

#include <string.h>

bool toolkit_leaves(const struct toolkit_rule *rule)
{
    switch (rule->action) {
    case ACTION_DENY_ACCESS:
    case ACTION_EXIT:
    case ACTION_GOTO:
    case ACTION_NOT_FOUND:
    case ACTION_REDIRECT:
    case ACTION_RETURN:
    case ACTION_USE:
    case ACTION_USE_FASTCGI:
        return true;
    case ACTION_REWRITE:
        return rule->then != THEN_CONTINUE;
    case ACTION_BAN:
    case ACTION_CALL:
    case ACTION_OMIT_REQUEST_LOG:
    case ACTION_SKIP:
        break;
    }
    return false;
}

bool toolkit_always(const struct toolkit_rule *rule)
{
    static const char *const all[] = { ".*", "^.*", "^.*$", "(.*)", "^(.*)$", "^", "/", "^/" };

    if (rule->test != TEST_URL || rule->negated)
        return rule->test == TEST_ALWAYS;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (slice_equal_cstr(rule->pattern, all[i]))
            return true;
    return false;
}

/* ---- names ---- */

static struct slice known_toolkits(struct build *build)
{
    struct slice list = { 0 };

    for (const struct toolkit_conf *one = build->conf->toolkits; one; one = one->next) {
        if (one->id.len > 0)
            list = arena_printf(build->arena, "%.*s%s%.*s", SLICE_ARGS(list),
                                list.len > 0 ? ", " : "", SLICE_ARGS(one->id));
    }
    return list.len > 0 ? list : SLICE("none");
}

static struct slice known_sections(struct build *build)
{
    struct slice list = { 0 };

    for (const struct fastcgi_conf *one = build->conf->fastcgi; one; one = one->next) {
        if (one->id.len > 0)
            list = arena_printf(build->arena, "%.*s%s%.*s", SLICE_ARGS(list),
                                list.len > 0 ? ", " : "", SLICE_ARGS(one->id));
    }
    return list.len > 0 ? list : SLICE("none");
}

/* The last section of this name, as in Hiawatha. */
static void note_ids(struct build *build, struct table *ids)
{
    for (struct toolkit_conf *one = build->conf->toolkits; one; one = one->next) {
        const struct toolkit_conf *former = one->id.len > 0 ? table_put(ids, one->id, one) : NULL;

        if (former)
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_WARNING, &one->place,
                               "a second UrlToolkit '%.*s' (the first is at %s:%u)",
                               SLICE_ARGS(one->id), former->place.file, former->place.line),
                      "the last one counts; give one of them another ToolkitID");
    }
}

static struct toolkit_conf *resolve(struct build *build, const struct table *ids, const char *who,
                                    struct slice id, const struct diag_place *place)
{
    struct toolkit_conf *toolkit = table_find(ids, id);

    if (!toolkit) {
        struct slice known = known_toolkits(build);

        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_ERROR, place,
                           "%s names '%.*s', but no UrlToolkit has that ToolkitID", who,
                           SLICE_ARGS(id)),
                  "known: %.*s", SLICE_ARGS(known));
    } else {
        toolkit->is_used = true;
    }
    return toolkit;
}

/* Toolkits do not mind capitals here, and of two sections of one name the last counts. */
static void resolve_section(struct build *build, struct toolkit_rule *rule)
{
    for (const struct fastcgi_conf *one = build->conf->fastcgi; one; one = one->next)
        if (slice_equal_nocase(one->id, rule->argument))
            rule->fastcgi = one;
    if (rule->fastcgi)
        return;

    struct slice known = known_sections(build);
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_ERROR, &rule->argument_place,
                       "UseFastCGI names '%.*s', but no FastCGIserver has that FastCGIid",
                       SLICE_ARGS(rule->argument)),
              "known: %.*s", SLICE_ARGS(known));
}

static void resolve_rules(struct build *build, const struct table *ids,
                          const struct toolkit_conf *toolkit)
{
    for (struct toolkit_rule *rule = toolkit->rules; rule; rule = rule->next) {
        if (rule->action == ACTION_CALL || rule->action == ACTION_GOTO)
            rule->callee = resolve(build, ids, rule->action == ACTION_CALL ? "Call" : "Goto",
                                   rule->argument, &rule->argument_place);
        else if (rule->action == ACTION_USE_FASTCGI)
            resolve_section(build, rule);
    }
}

static unsigned count_words(const struct conf_word *list)
{
    unsigned count = 0;

    for (; list; list = list->next)
        count++;
    return count;
}

static void resolve_hosts(struct build *build, const struct table *ids)
{
    for (struct vhost_conf *host = build->conf->hosts; host; host = host->next)
        host->toolkits = arena_array(build->arena, const struct toolkit_conf *,
                                     count_words(host->use_toolkit_ids));
    for (const struct mention *use = build->use_toolkits.first; use; use = use->next) {
        const struct toolkit_conf *toolkit =
            resolve(build, ids, "UseToolkit", use->text, &use->place);
        struct vhost_conf *host = use->owner;

        if (toolkit)
            host->toolkits[host->toolkit_count++] = toolkit;
    }
}

/* ---- circles ---- */

/* The toolkits on the way from where the search began. */
struct way {
    const struct way *from;
    const struct toolkit_conf *toolkit;
    unsigned depth;
};

/* How deep calls go below each toolkit, once it is known; 0: not yet. */
struct search {
    struct build *build;
    unsigned *depths;
    bool failed;
};

static struct slice way_text(struct arena *arena, const struct way *way,
                             const struct toolkit_conf *end)
{
    struct slice text = arena_copy(arena, end->id);

    for (; way; way = way->from) {
        text = arena_printf(arena, "%.*s > %.*s", SLICE_ARGS(way->toolkit->id), SLICE_ARGS(text));
        if (way->toolkit == end)
            break;
    }
    return text;
}

static bool was_there(const struct way *way, const struct toolkit_conf *toolkit)
{
    for (; way; way = way->from)
        if (way->toolkit == toolkit)
            return true;
    return false;
}

static void fault_circle(struct search *search, const struct way *way,
                         const struct toolkit_rule *rule)
{
    struct build *build = search->build;
    struct slice text = way_text(build->arena, way, rule->callee);

    search->failed = true;
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_ERROR, &rule->argument_place,
                       "toolkits call each other in a circle: %.*s", SLICE_ARGS(text)),
              "a Rewrite with a number (up to 20) repeats itself without one");
}

static void fault_depth(struct search *search, const struct way *way)
{
    struct build *build = search->build;

    search->failed = true;
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_ERROR, &way->toolkit->place,
                       "toolkits call each other more than %u deep below '%.*s'",
                       TOOLKIT_NESTED_MOST, SLICE_ARGS(way->toolkit->id)),
              "list some of them in UseToolkit instead");
}

/* No deeper than there are toolkits, and each is done once. */
static unsigned depth_of(struct search *search, const struct toolkit_conf *toolkit,
                         const struct way *from)
{
    const struct way way = { .from = from, .toolkit = toolkit };
    unsigned deepest = 0;

    if (search->depths[toolkit->index] > 0 || search->failed)
        return search->depths[toolkit->index];
    for (const struct toolkit_rule *rule = toolkit->rules; rule; rule = rule->next) {
        if (!rule->callee)
            continue;
        if (was_there(&way, rule->callee)) {
            fault_circle(search, &way, rule);
            return 0;
        }
        unsigned depth = depth_of(search, rule->callee, &way);
        if (depth > deepest)
            deepest = depth;
    }
    search->depths[toolkit->index] = deepest + 1;
    if (deepest > TOOLKIT_NESTED_MOST && !search->failed)
        fault_depth(search, &way);
    return deepest + 1;
}

/* ---- rules that never count ---- */

static void note_skip(struct build *build, const struct toolkit_conf *toolkit,
                      const struct toolkit_rule *rule, unsigned at)
{
    unsigned left = toolkit->rule_count - at - 1;

    if (rule->skip <= left)
        return;
    diag_hint(build->diags,
              diag_add(build->diags, DIAG_WARNING, &rule->argument_place,
                       "Skip %u goes past the end: %u rule%s left in UrlToolkit '%.*s'",
                       (unsigned)rule->skip, left, left == 1 ? " is" : "s are",
                       SLICE_ARGS(toolkit->id)),
              "it ends this toolkit, which is plainer to read as Return");
}

static void mark(bool *reached, const struct toolkit_conf *toolkit, uint64_t at)
{
    if (at < toolkit->rule_count)
        reached[at] = true;
}

/* Where a rule may lead to: the next one, one further down, or out. */
static void mark_next(bool *reached, const struct toolkit_conf *toolkit,
                      const struct toolkit_rule *rule, unsigned at)
{
    bool skips = rule->action == ACTION_SKIP;

    if (skips)
        mark(reached, toolkit, (uint64_t)at + 1 + rule->skip);
    if (!toolkit_always(rule) || !(skips || toolkit_leaves(rule)))
        mark(reached, toolkit, (uint64_t)at + 1);
}

static void check_rules_reached(struct build *build, const struct toolkit_conf *toolkit)
{
    bool *reached = arena_array(build->arena, bool, toolkit->rule_count + 1);
    unsigned at = 0;
    bool told = false;

    reached[0] = true;
    for (const struct toolkit_rule *rule = toolkit->rules; rule; rule = rule->next, at++) {
        if (reached[at]) {
            told = false;
            if (rule->action == ACTION_SKIP)
                note_skip(build, toolkit, rule, at);
            mark_next(reached, toolkit, rule, at);
        } else if (!told) {
            told = true;
            diag_hint(build->diags,
                      diag_add(build->diags, DIAG_WARNING, &rule->place,
                               "no request ever comes to this rule of UrlToolkit '%.*s'",
                               SLICE_ARGS(toolkit->id)),
                      "a rule above it takes them all and leads elsewhere");
        }
    }
}

static void check_redirects(struct build *build, const struct toolkit_conf *toolkit)
{
    for (const struct toolkit_rule *rule = toolkit->rules; rule; rule = rule->next) {
        size_t host = slice_find_slice(rule->argument, SLICE("//"));

        if (rule->action != ACTION_REDIRECT || rule->negated || host == SLICE_NONE ||
            !slice_starts(slice_skip(rule->argument, host + 2), SLICE("$")))
            continue;
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_WARNING, &rule->argument_place,
                           "whoever writes the URL chooses the host of this Redirect"),
                  "write the host out, and only the path as $1");
    }
}

static void check_one(struct build *build, const struct toolkit_conf *toolkit)
{
    check_rules_reached(build, toolkit);
    check_redirects(build, toolkit);
    if (!toolkit->is_used && toolkit->id.len > 0)
        diag_hint(build->diags,
                  diag_add(build->diags, DIAG_WARNING, &toolkit->place,
                           "no host uses the UrlToolkit '%.*s'", SLICE_ARGS(toolkit->id)),
                  "write in the host: UseToolkit = %.*s", SLICE_ARGS(toolkit->id));
}

/* ---- sections that toolkits send to ---- */

static void add_forced(struct build *build, struct vhost_conf *host,
                       const struct fastcgi_conf *section)
{
    struct conf_forced *more;

    for (unsigned i = 0; i < host->forced_count; i++)
        if (host->forced[i].named == section)
            return;
    more = arena_array(build->arena, struct conf_forced, host->forced_count + 1);
    if (host->forced_count > 0)
        memcpy(more, host->forced, host->forced_count * sizeof(*more));
    more[host->forced_count++] = (struct conf_forced){ .named = section, .used = section };
    host->forced = more;
}

/* Each toolkit is seen once for a host, in a circle too. */
static void collect_forced(struct build *build, struct vhost_conf *host,
                           const struct toolkit_conf *toolkit, bool *seen)
{
    if (seen[toolkit->index])
        return;
    seen[toolkit->index] = true;
    for (const struct toolkit_rule *rule = toolkit->rules; rule; rule = rule->next) {
        if (rule->fastcgi)
            add_forced(build, host, rule->fastcgi);
        if (rule->callee)
            collect_forced(build, host, rule->callee, seen);
    }
}

static void collect_of_hosts(struct build *build)
{
    for (struct vhost_conf *host = build->conf->hosts; host; host = host->next) {
        if (host->toolkit_count == 0)
            continue;
        bool *seen = arena_array(build->arena, bool, build->conf->toolkit_count);
        for (unsigned i = 0; i < host->toolkit_count; i++)
            collect_forced(build, host, host->toolkits[i], seen);
    }
}

void check_toolkits(struct build *build)
{
    struct search search = { .build = build };
    struct table ids = { 0 };

    if (!build->conf->toolkits && !build->use_toolkits.first)
        return;
    search.depths = arena_array(build->arena, unsigned, build->conf->toolkit_count + 1);
    note_ids(build, &ids);
    for (const struct toolkit_conf *one = build->conf->toolkits; one; one = one->next)
        resolve_rules(build, &ids, one);
    resolve_hosts(build, &ids);
    table_done(&ids);
    for (const struct toolkit_conf *one = build->conf->toolkits; one; one = one->next) {
        (void)depth_of(&search, one, NULL);
        check_one(build, one);
    }
    collect_of_hosts(build);
}
