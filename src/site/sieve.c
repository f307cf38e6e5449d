#include "site/sieve.h"

#include "base/table.h"
#include "site/disguise.h"

#include <assert.h>

/*
 * Each line is one way to leave the value that a program puts into a query. Texts are looked at as
 * disguise_undo_sql() leaves them: one blank between words, a line's end between values of a form.
 * Words alone are no sign, people write them: a quote, a bracket or a number must go with them.
 */
static const char *const sql_patterns[] = {
    /* ' or 1=1, ") and a like ' */
    "['\"][ )]*(or|and|xor|\\|\\||&&)[ (]+['\"]?[a-z0-9_.]+['\"]?[ )]*(=|<|>|like |in ?\\(|between "
    ")",
    /* ' or 'a'='a, ' or true */
    "['\"][ )]*(or|and|xor|\\|\\||&&)[ (]+(true|false|not |null|['\"][^'\"\n]*['\"] ?[=<>])",
    /* 1 or 1=1 */
    "[0-9)] (or|and|xor) ['\"(]?[0-9]+['\")]? ?[=<>] ?['\"(]?[0-9]",
    /* union select */
    "[0-9'\")] ?union( all| distinct)?[ (]+select[ (]",
    /* '; drop table, 1; update x set */
    "[0-9'\")] ?; ?(drop (table|database|schema)|delete from|insert into|truncate table|alter "
    "(table|user)|create (table|user)|update [a-z0-9_.`]+ set|exec(ute)?[ (]|declare @|shutdown)",
    /* '--, ')#, with nothing behind it */
    "['\"][ )]*(--[ -]*|#|;[ ]*--[ ]?|;)[ ]*(\n|$)",
    /* 1 and sleep(5), ' || pg_sleep(5) */
    "['\"0-9)] ?(or|and|xor|\\|\\||&&|,|;|\\+|-) ?(\\(select "
    ".*)?(sleep|benchmark|pg_sleep|load_file|"
    "extractvalue|updatexml) ?\\(",
    "waitfor delay ?['\"]",
    "into (outfile|dumpfile) ?['\"]",
    "from (information_schema|pg_catalog|mysql|sys|master)\\.[a-z]|from (sysobjects|sqlite_master)",
    "xp_(cmdshell|regread|dirtree)",
};

#define SQL_PATTERNS (sizeof(sql_patterns) / sizeof(sql_patterns[0]))

struct deny {
    struct slice pattern;
    const struct regex *regex; /* borrowed from the table */
};

struct sieve {
    struct regex *sql[SQL_PATTERNS]; /* NULL: no host looks for it */
    struct deny **hosts;             /* by vhost_conf.index; ends with one without regex */
    struct table patterns;           /* DenyBody -> struct regex *: many hosts have the same */
};

/* ---- compiled ---- */

static struct regex *compile(struct slice pattern)
{
    struct parse_fault fault;
    struct regex *regex = regex_compile(pattern, true, &fault);

    assert(regex); /* ours are good, and the configuration was checked */
    return regex;
}

static const struct regex *pattern_of(struct sieve *sieve, struct slice pattern)
{
    struct regex *regex = table_find(&sieve->patterns, pattern);

    if (!regex) {
        regex = compile(pattern);
        table_put(&sieve->patterns, pattern, regex);
    }
    return regex;
}

static struct deny *denies_of(struct sieve *sieve, const struct vhost_conf *host,
                              struct arena *arena)
{
    const struct deny_body_conf *one;
    unsigned count = 0;

    for (one = host->screen.deny_body; one; one = one->next)
        count++;
    struct deny *denies = arena_array(arena, struct deny, count + 1);
    for (one = host->screen.deny_body, count = 0; one; one = one->next)
        denies[count++] =
            (struct deny){ .pattern = one->pattern, .regex = pattern_of(sieve, one->pattern) };
    return denies;
}

struct sieve *sieve_build(const struct server_conf *conf, struct arena *arena)
{
    struct sieve *sieve = arena_new(arena, struct sieve);

    sieve->hosts = arena_array(arena, struct deny *, conf->host_count);
    for (const struct vhost_conf *host = conf->hosts; host; host = host->next) {
        if (host->screen.deny_body)
            sieve->hosts[host->index] = denies_of(sieve, host, arena);
        for (size_t i = 0; host->screen.sqli && i < SQL_PATTERNS; i++)
            if (!sieve->sql[i])
                sieve->sql[i] = compile(slice_cstr(sql_patterns[i]));
    }
    return sieve;
}

void sieve_done(struct sieve *sieve)
{
    const struct table_entry *entry;
    size_t place = 0;

    while ((entry = table_next(&sieve->patterns, &place)))
        regex_free(entry->value);
    table_done(&sieve->patterns);
    for (size_t i = 0; i < SQL_PATTERNS; i++)
        regex_free(sieve->sql[i]);
}

/* ---- texts ---- */

static bool fits(struct sieving *sieving, const struct deny *deny, struct slice text,
                 struct slice plain)
{
    if (regex_match(deny->regex, text, &sieving->scratch, NULL) != REGEX_MISSES)
        return true;
    return !slice_equal(text, plain) &&
           regex_match(deny->regex, plain, &sieving->scratch, NULL) != REGEX_MISSES;
}

bool sieve_denies(struct sieving *sieving, struct slice text, struct slice *ret)
{
    const struct deny *deny = sieving->sieve->hosts[sieving->host->index];

    if (!deny || !deny->regex)
        return false;
    const struct slice plain = disguise_undo(text, sieving->room);
    for (; deny->regex; deny++) {
        if (!fits(sieving, deny, text, plain))
            continue;
        *ret = deny->pattern;
        return true;
    }
    return false;
}

bool sieve_finds_sql(struct sieving *sieving, struct slice text, struct slice *ret)
{
    const struct slice plain = disguise_undo_sql(text, sieving->room);
    struct slice groups[REGEX_GROUPS];

    for (size_t i = 0; i < SQL_PATTERNS; i++) {
        enum regex_word word =
            regex_match(sieving->sieve->sql[i], plain, &sieving->scratch, groups);

        if (word == REGEX_MISSES)
            continue;
        *ret = word == REGEX_FITS ? groups[0] : SLICE("a text that takes too long to look at");
        return true;
    }
    return false;
}

/* ---- where it comes from ---- */

/* The name in "https://name:port/path". */
static struct slice name_of_origin(struct slice origin)
{
    const size_t scheme = slice_find_slice(origin, SLICE("://"));
    struct slice name = scheme == SLICE_NONE ? origin : slice_skip(origin, scheme + 3);
    size_t end = 0;

    while (end < name.len && name.at[end] != '/' && name.at[end] != '?' && name.at[end] != '#')
        end++;
    name = slice_first(name, end);
    const size_t user = slice_find_last(name, '@');
    if (user != SLICE_NONE)
        name = slice_skip(name, user + 1);
    const size_t port = slice_find_last(name, ':');
    if (port != SLICE_NONE && slice_find_last(name, ']') == SLICE_NONE)
        name = slice_first(name, port);
    else if (slice_find_last(name, ']') != SLICE_NONE)
        name = slice_first(name, slice_find_last(name, ']') + 1);
    return name;
}

static bool is_name(struct slice configured, struct slice name)
{
    if (!slice_starts(configured, SLICE("*.")))
        return slice_equal_nocase(configured, name);
    return slice_equal_nocase(slice_skip(configured, 2), name) ||
           slice_ends_nocase(name, slice_skip(configured, 1));
}

static bool is_own(const struct vhost_conf *host, const struct request *request, struct slice name)
{
    if (name.len == 0)
        return false;
    if (slice_equal_nocase(name, request->host))
        return true;
    for (const struct conf_word *word = host->hostnames; word; word = word->next)
        if (is_name(word->text, name))
            return true;
    return false;
}

static bool changes_something(enum method method)
{
    return method != METHOD_GET && method != METHOD_HEAD && method != METHOD_OPTIONS &&
           method != METHOD_TRACE;
}

bool sieve_is_foreign(const struct vhost_conf *host, const struct request *request,
                      struct slice *ret)
{
    static const struct slice names[] = { SLICE_INIT("Origin"), SLICE_INIT("Referer") };
    const struct fields *fields = &request->fields;
    const struct field *site;

    if (!changes_something(request->method))
        return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct field *field = fields_find_name(fields, names[i]);

        if (!field)
            continue;
        *ret = field->value;
        return !is_own(host, request, name_of_origin(field->value));
    }
    site = fields_find_name(fields, SLICE("Sec-Fetch-Site"));
    *ret = SLICE("Sec-Fetch-Site: cross-site");
    return site && slice_equal_nocase(site->value, SLICE("cross-site"));
}

/* ---- types ---- */

bool sieve_reads(struct slice content_type)
{
    static const char *const not_text[] = {
        "image/",
        "audio/",
        "video/",
        "font/",
        "application/octet-stream",
        "application/zip",
        "application/gzip",
        "application/x-tar",
        "application/pdf",
        "application/vnd.ms-",
        "application/vnd.oasis.",
        "application/vnd.openxmlformats-",
    };

    for (size_t i = 0; i < sizeof(not_text) / sizeof(not_text[0]); i++)
        if (slice_starts_nocase(content_type, slice_cstr(not_text[i])))
            return false;
    return true;
}
