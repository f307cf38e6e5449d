#include "config/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

/* About ten milliseconds of work at most; the memory is that of one match. */
#define STEPS_MOST      200000u
#define MEMORY_KIB_MOST 8192u
#define DFA_STATES      4096

struct regex {
    pcre2_code *code;
    bool may_be_longer; /* another match may be longer than the first one found */
};

static bool has_choices(struct slice pcre)
{
    static const char choices[] = "|*+?{";

    for (const char *c = choices; *c; c++)
        if (slice_has(pcre, *c))
            return true;
    return false;
}

/* The translation is valid but for sizes: the place in it means nothing to anybody. */
static pcre2_code *compile(struct slice pcre, bool any_case, struct parse_fault *reterr)
{
    const uint32_t options =
        PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_UTF | (any_case ? PCRE2_CASELESS : 0u);
    PCRE2_SIZE at;
    int error;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pcre.at, pcre.len, options, &error, &at, NULL);

    if (!code)
        parse_bad(reterr, 0, "the pattern is too long, or nested too deeply");
    return code;
}

struct regex *regex_compile(struct slice posix, bool any_case, struct parse_fault *reterr)
{
    struct arena arena = { 0 };
    struct parse_fault doubt;
    struct slice pcre;
    struct regex *regex = NULL;

    if (regex_translate(posix, &arena, &pcre, reterr, &doubt) == PARSE_DONE) {
        pcre2_code *code = compile(pcre, any_case, reterr);

        regex = code ? calloc(1, sizeof(*regex)) : NULL;
        if (code && !regex)
            abort();
        if (regex)
            *regex = (struct regex){ .code = code, .may_be_longer = has_choices(pcre) };
    }
    arena_done(&arena);
    return regex;
}

void regex_free(struct regex *regex)
{
    if (!regex)
        return;
    pcre2_code_free(regex->code);
    free(regex);
}

/* ---- matching ---- */

static void prepare(struct regex_scratch *scratch)
{
    if (scratch->block)
        return;
    scratch->block = pcre2_match_data_create(REGEX_GROUPS, NULL);
    scratch->limits = pcre2_match_context_create(NULL);
    if (!scratch->block || !scratch->limits)
        abort();
    pcre2_set_match_limit(scratch->limits, STEPS_MOST);
    pcre2_set_depth_limit(scratch->limits, STEPS_MOST);
    pcre2_set_heap_limit(scratch->limits, MEMORY_KIB_MOST);
}

void regex_scratch_done(struct regex_scratch *scratch)
{
    pcre2_match_data_free(scratch->block);
    pcre2_match_context_free(scratch->limits);
    *scratch = (struct regex_scratch){ 0 };
}

/* Where the longest of the matches that begin at `from` ends; SLICE_NONE: that cannot be told. */
static size_t longest_end(const struct regex *regex, struct slice subject, size_t from,
                          struct regex_scratch *scratch)
{
    int states[DFA_STATES];
    int r = pcre2_dfa_match(regex->code, (PCRE2_SPTR)subject.at, subject.len, from, PCRE2_ANCHORED,
                            scratch->block, scratch->limits, states, DFA_STATES);

    /* 0: there are more matches than room; the longest is the first of them. */
    return r < 0 ? SLICE_NONE : pcre2_get_ovector_pointer(scratch->block)[1];
}

static int match_once(const struct regex *regex, struct slice subject, size_t from,
                      uint32_t options, struct regex_scratch *scratch)
{
    return pcre2_match(regex->code, (PCRE2_SPTR)subject.at, subject.len, from, options,
                       scratch->block, scratch->limits);
}

/* POSIX: of the matches that begin first, the longest. PCRE2 takes the first alternative. */
static int match_longest(const struct regex *regex, struct slice subject,
                         struct regex_scratch *scratch)
{
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(scratch->block);
    size_t from = ends[0];
    size_t end = ends[1];
    size_t longest = longest_end(regex, subject, from, scratch);

    if (longest == SLICE_NONE)
        return PCRE2_ERROR_MATCHLIMIT;
    if (longest > end) {
        const uint32_t options =
            PCRE2_ANCHORED | PCRE2_ENDANCHORED | (longest < subject.len ? PCRE2_NOTEOL : 0u);
        int r = match_once(regex, slice_first(subject, longest), from, options, scratch);

        if (r != PCRE2_ERROR_NOMATCH) /* it would, if the match looks at what follows: "\>" */
            return r;
    }
    return match_once(regex, subject, from, PCRE2_ANCHORED, scratch);
}

static void take_groups(const struct regex_scratch *scratch, struct slice subject, int count,
                        struct slice *groups)
{
    const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(scratch->block);

    for (size_t i = 0; i < REGEX_GROUPS; i++) {
        bool is_set = (count == 0 || i < (size_t)count) && ends[2 * i] != PCRE2_UNSET;

        groups[i] = is_set ? slice_of(subject.at + ends[2 * i], ends[2 * i + 1] - ends[2 * i])
                           : (struct slice){ 0 };
    }
}

enum regex_word regex_match(const struct regex *regex, struct slice subject,
                            struct regex_scratch *scratch, struct slice *groups)
{
    prepare(scratch);
    if (!subject.at)
        subject = SLICE("");

    int r = match_once(regex, subject, 0, 0, scratch);
    if (r >= 0 && groups && regex->may_be_longer &&
        pcre2_get_ovector_pointer(scratch->block)[1] < subject.len)
        r = match_longest(regex, subject, scratch);
    if (r == PCRE2_ERROR_NOMATCH)
        return REGEX_MISSES;
    if (r < 0)
        return REGEX_GIVES_UP;
    if (groups)
        take_groups(scratch, subject, r, groups);
    return REGEX_FITS;
}
