#include "site/pattern.h"

#include "slice_assert.h"
#include "suite.h"

#include <string.h>

static const struct {
    const char *pattern;
    const char *name;
    bool matches;
} cases[] = {
    /* thttpd's own */
    { "**.cgi", "a.cgi", true },
    { "**.cgi", "x/y/a.cgi", true },
    { "**.cgi", ".cgi", true },
    { "**.cgi", "a.cgi/extra", false },
    { "**.cgi", "a.CGI", false },
    { "*.cgi", "a.cgi", true },
    { "*.cgi", "x/a.cgi", false },
    { "/cgi-bin/*", "cgi-bin/a", true },
    { "/cgi-bin/*", "cgi-bin/x/a", false },
    { "/cgi-bin/*", "v.host/cgi-bin/a", false },
    { "/*/cgi-bin/*", "www.a.com/cgi-bin/x", true },
    { "/*/cgi-bin/*", "cgi-bin/x", false },
    { "/cgi-bin/*|/jef/**", "cgi-bin/x", true },
    { "/cgi-bin/*|/jef/**", "jef/a/b", true },
    { "/cgi-bin/*|/jef/**", "joe/a", false },
    { "**.cgi|**.pl", "a/b.pl", true },
    { "**.cgi|**.pl", "b.plx", false },
    { "a?b", "aXb", true },
    { "a?b", "a/b", true },
    { "a?b", "ab", false },
    { "cgi-bin/?*", "cgi-bin/x", true },
    { "cgi-bin/?*", "cgi-bin/", false },

    /* literals and ends */
    { "", "", false },
    { "", "a", false },
    { "a", "a", true },
    { "a", "aa", false },
    { "a", "", false },
    { "/a", "a", true },
    { "//a", "a", false },
    { "//a", "/a", true },
    { "[ab]", "a", false },
    { "[ab]", "[ab]", true },
    { "\\*", "\\x", true },
    { "a|", "", false },
    { "a||b", "", true },
    { "|b", "", true },
    { "a|b|c", "c", true },

    /* stars */
    { "*", "", true },
    { "*", "abc", true },
    { "*", "a/b", false },
    { "**", "", true },
    { "**", "a/b/", true },
    { "***", "a/b", true },
    { "****", "a/b", true },
    { "**/*", "a/b/c", true },
    { "**/*", "a", false },
    { "*/**", "a/b/c", true },
    { "*/**", "a", false },
    { "a**b*c", "a/x/b/c", false },
    { "a**b*c", "a/x/bxc", true },
    { "a**b*c", "ab/bc", true },
    { "*a*b", "xxaxxab", true },
    { "*a*b", "xxaxx/ab", false },
    { "**a*b", "b/a/a/ab", true },
    { "**a*b", "b/a/a/a/b", false },
    { "?*?", "ab", true },
    { "?*?", "a", false },
    { "**?", "/", true },
};

START_TEST(a_pattern_matches_as_thttpd_says)
{
    bool matches = pattern_match(slice_cstr(cases[_i].pattern), slice_cstr(cases[_i].name));

    ck_assert_msg(matches == cases[_i].matches, "'%s' and '%s'", cases[_i].pattern, cases[_i].name);
}
END_TEST

/* Going back and forth would take longer than the world lasts. */
START_TEST(no_name_makes_it_slow)
{
    char pattern[PATTERN_MOST];
    char name[8000];

    for (size_t i = 0; i + 1 < sizeof(pattern); i += 2)
        memcpy(pattern + i, i % 4 ? "*a" : "**", 2);
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = 'b';
    ck_assert(!pattern_match(slice_of(pattern, sizeof(pattern)), slice_of(name, sizeof(name))));
}
END_TEST

static const struct {
    const char *pattern;
    const char *extensions;
} stood_for[] = {
    { "**.cgi|**.pl", "cgi pl " },
    { "/cgi-bin/*", "" },
    { "**.cgi", "cgi " },
    { "x/y.tar.gz|z", "gz " },
    { "**.c?i|**.p*", "" },
    { "a.b/c", "" },
    { "||.|**.|/a.sh|**.py", "sh py " },
    { "", "" },
};

START_TEST(alternatives_stand_for_extensions)
{
    struct slice rest = slice_cstr(stood_for[_i].pattern);
    struct slice extension;
    char found[64] = "";

    while (pattern_next_extension(&rest, &extension)) {
        strncat(found, extension.at, extension.len);
        strcat(found, " ");
    }
    ck_assert_str_eq(found, stood_for[_i].extensions);
}
END_TEST

SUITE("site/pattern", LOOP(a_pattern_matches_as_thttpd_says, cases), TEST(no_name_makes_it_slow),
      LOOP(alternatives_stand_for_extensions, stood_for))
