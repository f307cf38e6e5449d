#include "config/regex.h"

#include "slice_assert.h"
#include "suite.h"

#include <regex.h>
#include <stdio.h>

/* ---- beside the C library: the same matches, the same extent ---- */

static const char *const subjects[] = {
    "",
    "/",
    "/a",
    "/a/b?c=d",
    "/images/x.jpeg",
    "/docs/1",
    "abcd",
    "aaaa",
    "ab",
    "abab",
    "/index.php",
    "/index.php?x=1&y=2",
    "a.b",
    "a{b",
    "a)b",
    "a\\b",
    "foo bar",
    "/a%20b",
    "3d",
    "dd",
    "]",
    "^",
    "a-z",
    "/css/site.css",
    "/jpegs",
    "/xyz/1/2/3",
    "Mozilla/5.0 (X11)",
    "a+b",
    "a$b",
};

static const char *const patterns[] = {
    "^/",
    ".*",
    "a",
    "^/([^?]*)(\\?(.*))?$",
    "^/(css|js)(/|$)",
    /* the longest alternative counts, wherever it stands */
    "/(doc|docs)",
    "/(img|images)",
    "\\.(jp|jpeg|jpg)",
    "(a|ab)(c|bcd)?",
    "(a*)(ab)*",
    "(a?)(ab)?",
    "x*",
    "a|ab|abc|abcd",
    "(ab|abab)",
    "/jp(e|eg)",
    /* repetitions of repetitions, which are neither lazy nor possessive */
    "a*?",
    "a+?",
    "a.*?b",
    "(a|b)*+",
    "a{2}",
    "a{1,2}",
    "a{2,}",
    "a{,2}",
    "(ab){2}",
    "a{2}{2}",
    /* escapes */
    "\\.php",
    "a\\{b",
    "a\\\\b",
    "\\d",
    "\\ba",
    "\\<foo\\>",
    "\\w+",
    "foo\\sbar",
    "a\\+b",
    "a\\$b",
    "\\Wb",
    /* brackets: a backslash is one */
    "[.]",
    "[]]",
    "[^]]",
    "[\\.]",
    "[a\\]",
    "[[:alpha:]]+",
    "[^[:digit:]/]+",
    "[a-c]+",
    "[+--]",
    "[[.-.]]",
    "[[=a=]]b",
    "[a-]",
    "[-a]",
    "[a^]",
    "[$]",
    "[|(]",
    /* what stands for itself */
    "a)b",
    "}",
    "]",
    "-",
    "%20",
    "#",
    "a^b",
    "()",
    "(|a)",
    "a||b",
    "(^|/)a",
    "(b$|c)",
    "X11",
};

#define SUBJECT_COUNT (sizeof(subjects) / sizeof(subjects[0]))

static void compare(const char *pattern, const regex_t *libc, const struct regex *ours,
                    const char *subject, bool wants_groups)
{
    struct slice groups[REGEX_GROUPS];
    struct regex_scratch scratch = { 0 };
    regmatch_t theirs;
    struct slice text = slice_cstr(subject);
    enum regex_word word = regex_match(ours, text, &scratch, wants_groups ? groups : NULL);
    int expect = regexec(libc, subject, 1, &theirs, 0);

    ck_assert_msg(word == (expect == 0 ? REGEX_FITS : REGEX_MISSES), "'%s' on '%s': %d", pattern,
                  subject, word);
    if (expect == 0 && wants_groups)
        ck_assert_msg(groups[0].at == subject + theirs.rm_so &&
                          groups[0].len == (size_t)(theirs.rm_eo - theirs.rm_so),
                      "'%s' on '%s' takes '%.*s'", pattern, subject, SLICE_ARGS(groups[0]));
    regex_scratch_done(&scratch);
}

START_TEST(a_pattern_fits_what_it_fits_in_the_c_library)
{
    struct parse_fault fault = { 0 };
    struct regex *ours = regex_compile(slice_cstr(patterns[_i]), false, &fault);
    regex_t libc;

    ck_assert_msg(ours != NULL, "'%s': %s", patterns[_i], fault.why);
    ck_assert_int_eq(regcomp(&libc, patterns[_i], REG_EXTENDED), 0);
    for (size_t i = 0; i < SUBJECT_COUNT; i++) {
        compare(patterns[_i], &libc, ours, subjects[i], true);
        compare(patterns[_i], &libc, ours, subjects[i], false);
    }
    regfree(&libc);
    regex_free(ours);
}
END_TEST

/* ---- groups ---- */

static const struct {
    const char *pattern;
    const char *subject;
    const char *groups; /* "$0,$1,..." up to the last one that took part; '-': took none */
} grouped[] = {
    { "^/([^?]*)(\\?(.*))?$", "/a?z=1", "/a?z=1,a,?z=1,z=1" },
    { "^/([^?]*)(\\?(.*))?$", "/a", "/a,a" },
    { "(x)|(y)", "y", "y,-,y" },
    { "/(doc|docs)(/|$)", "/docs/1", "/docs/,docs,/" },
    { "/(doc|docs)", "/docs/1", "/docs,docs" },
    { "(a|ab)(c|bcd)?", "abcd", "abcd,a,bcd" },
    { "(a)(b)(c)(d)(e)(f)(g)(h)(i)(j)", "abcdefghij", "abcdefghij,a,b,c,d,e,f,g,h,i" },
    { "/x(.*)", "/x", "/x," },
};

START_TEST(groups_are_what_they_took)
{
    struct slice groups[REGEX_GROUPS];
    struct regex_scratch scratch = { 0 };
    struct parse_fault fault;
    struct regex *regex = regex_compile(slice_cstr(grouped[_i].pattern), false, &fault);
    char text[256] = "";
    size_t last = 0;

    ck_assert_int_eq(regex_match(regex, slice_cstr(grouped[_i].subject), &scratch, groups),
                     REGEX_FITS);
    for (size_t i = 0; i < REGEX_GROUPS; i++)
        if (groups[i].at)
            last = i;
    for (size_t i = 0; i <= last; i++)
        sprintf(text + strlen(text), "%s%.*s", i > 0 ? "," : "",
                groups[i].at ? (int)groups[i].len : 1, groups[i].at ? groups[i].at : "-");
    ck_assert_str_eq(text, grouped[_i].groups);
    regex_scratch_done(&scratch);
    regex_free(regex);
}
END_TEST

START_TEST(case_matters_unless_it_does_not)
{
    struct parse_fault fault;
    struct regex_scratch scratch = { 0 };
    struct regex *exact = regex_compile(SLICE("^/[a-c]x"), false, &fault);
    struct regex *any = regex_compile(SLICE("^/[a-c]x"), true, &fault);

    ck_assert_int_eq(regex_match(exact, SLICE("/AX"), &scratch, NULL), REGEX_MISSES);
    ck_assert_int_eq(regex_match(any, SLICE("/AX"), &scratch, NULL), REGEX_FITS);
    ck_assert_int_eq(regex_match(any, (struct slice){ 0 }, &scratch, NULL), REGEX_MISSES);
    regex_scratch_done(&scratch);
    regex_free(exact);
    regex_free(any);
}
END_TEST

/* ---- never a hang ---- */

static const char *const slow[] = { "^(a+)+$", "^(a|aa)+$", "^(a*)*$", "(a+a+)+$" };

START_TEST(a_pattern_that_takes_too_long_gives_up)
{
    char subject[4000];
    struct regex_scratch scratch = { 0 };
    struct slice groups[REGEX_GROUPS];
    struct parse_fault fault;
    struct regex *regex = regex_compile(slice_cstr(slow[_i]), false, &fault);

    memset(subject, 'a', sizeof(subject));
    subject[sizeof(subject) - 1] = '!';
    ck_assert_int_eq(regex_match(regex, slice_of(subject, sizeof(subject)), &scratch, groups),
                     REGEX_GIVES_UP);
    regex_scratch_done(&scratch);
    regex_free(regex);
}
END_TEST

START_TEST(a_plain_pattern_takes_a_long_url)
{
    static char subject[60000];
    struct regex_scratch scratch = { 0 };
    struct slice groups[REGEX_GROUPS];
    struct parse_fault fault;
    struct regex *regex = regex_compile(SLICE("^/([^?]*)(\\?(.*))?$"), false, &fault);

    memset(subject, 'a', sizeof(subject));
    subject[0] = '/';
    ck_assert_int_eq(regex_match(regex, slice_of(subject, sizeof(subject)), &scratch, groups),
                     REGEX_FITS);
    ck_assert_uint_eq(groups[1].len, sizeof(subject) - 1);
    regex_scratch_done(&scratch);
    regex_free(regex);
}
END_TEST

/* ---- what is none ---- */

static const struct {
    const char *pattern;
    size_t at;
    const char *why;
} faults[] = {
    { "a(b", 1, "a '(' without its ')'" },
    { "a((b)", 1, "a '(' without its ')'" },
    { "[a", 0, "a '[' without its ']'" },
    { "x[]", 1, "a '[' without its ']'" },
    { "*a", 0, "nothing stands before it that could be repeated" },
    { "a|*", 2, "nothing stands before it that could be repeated" },
    { "^*", 1, "nothing stands before it that could be repeated" },
    { "(?i)a", 1, "these patterns have no (?...) groups; MatchCI ignores the case" },
    { "a\\", 1, "a backslash at the end; write \\\\ for the character itself" },
    { "(a)\\1", 3, "a pattern cannot refer to its own groups; write what is to repeat" },
    { "a{b}", 1, "'{' begins a repetition like {2} or {1,3}; write \\{ for the character itself" },
    { "a{", 1, "'{' begins a repetition like {2} or {1,3}; write \\{ for the character itself" },
    { "a{,}", 1, "'{' begins a repetition like {2} or {1,3}; write \\{ for the character itself" },
    { "a{3,2}", 1, "a repetition is at most 255, the smaller number first" },
    { "a{256}", 1, "a repetition is at most 255, the smaller number first" },
    { "a{99999999999}", 1,
      "'{' begins a repetition like {2} or {1,3}; write \\{ for the character "
      "itself" },
    { "[[:word:]]", 1,
      "no such class; there are alpha, digit, alnum, upper, lower, space, blank, "
      "punct, print, graph, cntrl and xdigit" },
    { "[[:alpha]", 1, "a '[' with its ':', '.' or '=' that is not closed" },
    { "[[.ab.]]", 1, "only single characters may stand in [. .] and [= =]" },
    { "[z-a]", 1, "a range that ends before it begins" },
    { "[a-[:digit:]]", 1, "a class cannot end a range" },
    { "[[:digit:]-a]", 1, "a class cannot begin a range" },
    { "((((a{255}){255}){255}){255}){255}", 0, "the pattern is too long, or nested too deeply" },
};

START_TEST(a_bad_pattern_is_told_with_its_place)
{
    struct parse_fault fault = { 0 };

    ck_assert_ptr_null(regex_compile(slice_cstr(faults[_i].pattern), false, &fault));
    ck_assert_str_eq(fault.why, faults[_i].why);
    ck_assert_uint_eq(fault.at, faults[_i].at);
}
END_TEST

static const struct {
    const char *pattern;
    size_t at; /* SLICE_NONE: it is plain */
} doubts[] = {
    { "^/\\d+", 2 },          { "[\\w]", 1 },        { ".*?x", 2 },        { "a+?", 2 },
    { "\\.php", SLICE_NONE }, { "\\w", SLICE_NONE }, { "a?", SLICE_NONE }, { "[.]\\?", SLICE_NONE },
};

START_TEST(what_seems_to_mean_something_else_is_doubted)
{
    struct arena arena = { 0 };
    struct parse_fault fault;
    struct parse_fault doubt;
    struct slice pcre;

    ck_assert_int_eq(regex_translate(slice_cstr(doubts[_i].pattern), &arena, &pcre, &fault, &doubt),
                     PARSE_DONE);
    ck_assert_int_eq(doubt.why != NULL, doubts[_i].at != SLICE_NONE);
    if (doubt.why)
        ck_assert_uint_eq(doubt.at, doubts[_i].at);
    arena_done(&arena);
}
END_TEST

START_TEST(a_pattern_has_a_greatest_length)
{
    static char text[REGEX_MOST + 1];
    struct parse_fault fault;

    memset(text, 'a', sizeof(text));
    ck_assert_ptr_null(regex_compile(slice_of(text, sizeof(text)), false, &fault));
    struct regex *regex = regex_compile(slice_of(text, REGEX_MOST), false, &fault);
    ck_assert_ptr_nonnull(regex);
    regex_free(regex);
}
END_TEST

SUITE("regex", LOOP(a_pattern_fits_what_it_fits_in_the_c_library, patterns),
      LOOP(groups_are_what_they_took, grouped), TEST(case_matters_unless_it_does_not),
      LOOP(a_pattern_that_takes_too_long_gives_up, slow), TEST(a_plain_pattern_takes_a_long_url),
      LOOP(a_bad_pattern_is_told_with_its_place, faults),
      LOOP(what_seems_to_mean_something_else_is_doubted, doubts),
      TEST(a_pattern_has_a_greatest_length))
