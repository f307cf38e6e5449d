/* One rule of a UrlToolkit: "Match ^/a(.*) Rewrite /b$1", read word by word. */
#include "toolkit_rules.h"
#include "base/number.h"
#include "build.h"
#include "config/regex.h"

#define LOOPS_MOST 20u

struct reader {
    struct build *build;
    const struct tree_node *node;
    const struct option_row *row;
    struct slice rest;
    struct toolkit_rule *rule;
};

/* ---- faults ---- */

/* An empty part has no place: then the end of the value is meant. */
static struct slice part_or_end(const struct reader *reader, struct slice part)
{
    return part.len > 0 ? part : slice_skip(reader->node->value, reader->node->value.len - 1);
}

#define FAULT(reader, part, ...)                                                                   \
    build_fault((reader)->build, DIAG_ERROR, (reader)->node, part_or_end((reader), (part)),        \
                __VA_ARGS__)

static void hint_grammar(const struct reader *reader, struct diag *diag)
{
    diag_hint(reader->build->diags, diag, "write: %s %s", reader->row->name, reader->row->grammar);
}

static bool refuse_missing(const struct reader *reader, const char *what)
{
    hint_grammar(reader, FAULT(reader, SLICE(""), "'%s' without %s", reader->row->name, what));
    return false;
}

static bool take_word(struct reader *reader, const char *what, struct slice *ret)
{
    return word_next(&reader->rest, ret) || refuse_missing(reader, what);
}

/* ---- patterns ---- */

static struct slice inside(struct slice whole, size_t at)
{
    return at < whole.len ? slice_first(slice_skip(whole, at), 1) : whole;
}

static bool check_pattern(const struct reader *reader, struct slice pattern)
{
    struct build *build = reader->build;
    struct parse_fault fault;
    struct parse_fault doubt = { 0 };
    struct slice pcre;
    struct regex *regex = regex_compile(pattern, reader->rule->any_case, &fault);

    if (!regex) {
        diag_hint(build->diags,
                  FAULT(reader, inside(pattern, fault.at), "the pattern '%.*s' cannot be read",
                        SLICE_ARGS(pattern)),
                  "%s", fault.why);
        return false;
    }
    regex_free(regex);
    (void)regex_translate(pattern, build->arena, &pcre, &fault, &doubt);
    if (doubt.why)
        diag_hint(build->diags,
                  build_fault(build, DIAG_WARNING, reader->node, inside(pattern, doubt.at),
                              "the pattern '%.*s' may mean something else than it seems",
                              SLICE_ARGS(pattern)),
                  "%s", doubt.why);
    return true;
}

static struct slice take_negation(struct reader *reader, struct slice word)
{
    reader->rule->negated = slice_starts(word, SLICE("!"));
    return slice_skip(word, reader->rule->negated);
}

static bool keep_pattern(struct reader *reader, struct slice pattern)
{
    if (pattern.len == 0)
        return refuse_missing(reader, "a pattern");
    reader->rule->pattern = pattern;
    return check_pattern(reader, pattern);
}

/* Of a Header it may stand in quotes, blanks included. */
static bool take_quoted(struct reader *reader, struct slice *ret)
{
    struct slice open = slice_trim(reader->rest);
    size_t end;

    reader->rest = take_negation(reader, open);
    if (!slice_starts(reader->rest, SLICE("\"")) && !slice_starts(reader->rest, SLICE("'")))
        return take_word(reader, "a pattern", ret);
    end = slice_find(slice_skip(reader->rest, 1), reader->rest.at[0]);
    if (end == SLICE_NONE) {
        diag_hint(reader->build->diags, FAULT(reader, reader->rest, "a quote that is not closed"),
                  "the pattern ends with the quote that it begins with");
        return false;
    }
    *ret = slice_of(reader->rest.at + 1, end);
    reader->rest = slice_skip(reader->rest, end + 2);
    return true;
}

/* ---- tests ---- */

static bool read_match(struct reader *reader)
{
    struct slice word;

    reader->rule->any_case = slice_equal_cstr(slice_cstr(reader->row->name), "MatchCI");
    return take_word(reader, "a pattern", &word) &&
           keep_pattern(reader, take_negation(reader, word));
}

static bool read_header(struct reader *reader)
{
    struct slice pattern;

    reader->rule->any_case = true;
    return take_word(reader, "the name of a field", &reader->rule->name) &&
           take_quoted(reader, &pattern) && keep_pattern(reader, pattern);
}

static bool read_method(struct reader *reader)
{
    struct slice word;

    if (!take_word(reader, "a method", &word))
        return false;
    reader->rule->name = take_negation(reader, word);
    return reader->rule->name.len > 0 || refuse_missing(reader, "a method");
}

static bool read_file(struct reader *reader)
{
    static const char *const kinds[] = { "exists", "isfile", "isdir", "notfound" };
    struct slice word;

    if (!take_word(reader, "what is asked", &word))
        return false;
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!slice_equal_nocase(word, slice_cstr(kinds[i])))
            continue;
        reader->rule->file = (enum toolkit_file)i;
        return true;
    }
    hint_grammar(reader, FAULT(reader, word, "RequestURI cannot ask for '%.*s'", SLICE_ARGS(word)));
    return false;
}

static bool read_connections(struct reader *reader)
{
    struct slice word;

    return take_word(reader, "a number", &word) &&
           count_parse(reader->build, reader->node, reader->row, word, &reader->rule->connections);
}

static bool read_nothing(struct reader *reader)
{
    (void)reader;
    return true;
}

static const struct {
    const char *name;
    enum toolkit_test test;
    bool (*read)(struct reader *reader);
} tests[] = {
    { "Match", TEST_URL, read_match },
    { "MatchCI", TEST_URL, read_match },
    { "Header", TEST_HEADER, read_header },
    { "Method", TEST_METHOD, read_method },
    { "RequestURI", TEST_FILE, read_file },
    { "TotalConnections", TEST_CONNECTIONS, read_connections },
    { "UseTLS", TEST_TLS, read_nothing },
    { "Do", TEST_ALWAYS, read_nothing },
};

static bool read_test(struct reader *reader)
{
    for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        if (!slice_equal_cstr(slice_cstr(reader->row->name), tests[i].name))
            continue;
        reader->rule->test = tests[i].test;
        return tests[i].read(reader);
    }
    return false;
}

/* ---- actions ---- */

static bool read_argument(struct reader *reader, const char *what)
{
    struct toolkit_rule *rule = reader->rule;

    if (!take_word(reader, what, &rule->argument))
        return false;
    rule->argument_place = tree_place(reader->node, rule->argument);
    return true;
}

static bool read_id(struct reader *reader)
{
    return read_argument(reader, "an id");
}

static bool read_skip(struct reader *reader)
{
    struct slice word;

    if (!take_word(reader, "a number of rules", &word))
        return false;
    if (!number_parse(word, UINT32_MAX, &reader->rule->skip) || reader->rule->skip == 0) {
        diag_hint(reader->build->diags,
                  FAULT(reader, word, "Skip needs a number of rules, not '%.*s'", SLICE_ARGS(word)),
                  "Skip 1 leaves out the next rule");
        return false;
    }
    reader->rule->argument_place = tree_place(reader->node, word);
    return true;
}

static bool read_use(struct reader *reader)
{
    if (!read_argument(reader, "a URL"))
        return false;
    if (slice_starts(reader->rule->argument, SLICE("/")))
        return true;
    diag_hint(reader->build->diags,
              FAULT(reader, reader->rule->argument, "Use needs a URL of this host, not '%.*s'",
                    SLICE_ARGS(reader->rule->argument)),
              "it begins with '/'; for another host there is Redirect");
    return false;
}

static bool is_redirect_status(uint64_t status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static bool read_redirect(struct reader *reader)
{
    struct slice before = reader->rest;
    struct slice word;
    uint64_t status;

    reader->rule->status = 301;
    if (!take_word(reader, "a URL", &word))
        return false;
    if (!number_parse(word, 9999, &status)) {
        reader->rest = before;
        return read_argument(reader, "a URL");
    }
    if (!is_redirect_status(status)) {
        diag_hint(reader->build->diags,
                  FAULT(reader, word, "'%.*s' is no status of a redirect", SLICE_ARGS(word)),
                  "301 and 308 are permanent, 302 and 307 are not, 303 makes a GET of it");
        return false;
    }
    reader->rule->status = (int)status;
    return read_argument(reader, "a URL");
}

static bool refuse_rewrite_test(struct reader *reader)
{
    if (reader->rule->test == TEST_URL)
        return false;
    diag_hint(reader->build->diags,
              FAULT(reader, slice_trim(reader->rest),
                    "'%s' has no pattern for a Rewrite to work on", reader->row->name),
              "Use replaces the whole URL; or Call a toolkit with a Match");
    return true;
}

static bool read_rewrite(struct reader *reader)
{
    struct toolkit_rule *rule = reader->rule;
    struct slice before;
    struct slice word;

    rule->loops = 1;
    rule->then = THEN_EXIT;
    if (refuse_rewrite_test(reader) || !read_argument(reader, "a new URL"))
        return false;
    before = reader->rest;
    if (word_next(&reader->rest, &word) && !number_parse(word, UINT64_MAX, &rule->loops))
        reader->rest = before;
    if (rule->loops < 1 || rule->loops > LOOPS_MOST) {
        diag_hint(reader->build->diags,
                  FAULT(reader, word, "a Rewrite is repeated 1 to %u times, not '%.*s'", LOOPS_MOST,
                        SLICE_ARGS(word)),
                  "the number says how often the pattern is looked for again in the result");
        return false;
    }
    before = reader->rest;
    if (!word_next(&reader->rest, &word))
        return true;
    if (slice_equal_nocase(word, SLICE("Continue")))
        rule->then = THEN_CONTINUE;
    else if (slice_equal_nocase(word, SLICE("Return")))
        rule->then = THEN_RETURN;
    else
        reader->rest = before; /* the end will be missed there */
    return true;
}

static bool read_ban(struct reader *reader)
{
    struct slice word;

    if (!take_word(reader, "a time", &word))
        return false;
    if (ban_time_parse(word, &reader->rule->ban_ms))
        return true;
    diag_hint(reader->build->diags,
              FAULT(reader, word, "Ban needs a time up to 3650 days, not '%.*s'", SLICE_ARGS(word)),
              "seconds, or a number with m, h or d: Ban 10m");
    return false;
}

static const struct {
    const char *name;
    enum toolkit_action action;
    bool (*read)(struct reader *reader);
} actions[] = {
    { "Ban", ACTION_BAN, read_ban },
    { "Call", ACTION_CALL, read_id },
    { "DenyAccess", ACTION_DENY_ACCESS, read_nothing },
    { "Exit", ACTION_EXIT, read_nothing },
    { "Goto", ACTION_GOTO, read_id },
    { "NotFound", ACTION_NOT_FOUND, read_nothing },
    { "OmitRequestLog", ACTION_OMIT_REQUEST_LOG, read_nothing },
    { "Redirect", ACTION_REDIRECT, read_redirect },
    { "Return", ACTION_RETURN, read_nothing },
    { "Rewrite", ACTION_REWRITE, read_rewrite },
    { "Skip", ACTION_SKIP, read_skip },
    { "Use", ACTION_USE, read_use },
    { "UseFastCGI", ACTION_USE_FASTCGI, read_id },
};

#define ACTION_COUNT (sizeof(actions) / sizeof(actions[0]))

static bool refuse_action(struct reader *reader, struct slice word)
{
    const char *names[ACTION_COUNT];
    struct diag *diag = FAULT(reader, word, "'%.*s' is nothing a rule can do", SLICE_ARGS(word));
    const char *nearest;

    for (size_t i = 0; i < ACTION_COUNT; i++)
        names[i] = actions[i].name;
    nearest = diag_nearest(word, names, ACTION_COUNT);
    if (nearest)
        diag_hint(reader->build->diags, diag, "did you mean '%s'?", nearest);
    else
        hint_grammar(reader, diag);
    return false;
}

static bool read_action(struct reader *reader)
{
    struct slice word;

    if (!take_word(reader, "what is to be done", &word))
        return false;
    for (size_t i = 0; i < ACTION_COUNT; i++) {
        if (!slice_equal_nocase(word, slice_cstr(actions[i].name)))
            continue;
        reader->rule->action = actions[i].action;
        return actions[i].read(reader);
    }
    return refuse_action(reader, word);
}

static bool read_end(struct reader *reader)
{
    struct slice rest = slice_trim(reader->rest);

    if (rest.len == 0)
        return true;
    hint_grammar(reader,
                 FAULT(reader, rest, "'%.*s' is more than a rule can hold", SLICE_ARGS(rest)));
    return false;
}

void toolkit_rule_set(struct build *build, void *record, const struct tree_node *node,
                      const struct option_row *row)
{
    struct toolkit_conf *toolkit = record;
    struct toolkit_rule *rule = arena_new(build->arena, struct toolkit_rule);
    struct reader reader = {
        .build = build, .node = node, .row = row, .rest = node->value, .rule = rule
    };

    rule->place = node->name_place;
    rule->text = arena_printf(build->arena, "%s %.*s", row->name, SLICE_ARGS(node->value));
    if (!read_test(&reader) || !read_action(&reader) || !read_end(&reader))
        return;
    if (toolkit->last_rule)
        toolkit->last_rule->next = rule;
    else
        toolkit->rules = rule;
    toolkit->last_rule = rule;
    toolkit->rule_count++;
}
