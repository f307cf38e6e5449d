#include "site/disguise.h"

#include "slice_assert.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    const char *plain;
    const char *sql; /* NULL: the same */
} cases[] = {
    { "", "", NULL },
    { "a+b%20c", "a b c", NULL },
    { "%3cscript", "<script", NULL },
    { "%253Cscript", "<script", NULL },
    { "%25253cscript", "<script", NULL },
    { "100%", "100%", NULL },
    { "100%zz", "100%zz", NULL },
    { "100%25", "100%", NULL },
    { "100%2525", "100%", NULL },
    { "100%25zz", "100%zz", NULL },
    { "\\u003cscript\\u0027", "<script'", NULL },
    { "\\u00e4\\u1234\\n", "\\u00e4\\u1234\\n", NULL },
    { "a\\u003", "a\\u003", NULL },
    { "a  b\tc", "a  b\tc", "a b c" },
    { "a/**/b", "a/**/b", "a b" },
    { "a %2f* x *%2F b", "a /* x */ b", "a b" },
    { "a/*b", "a/*b", "a/*b" },
    { "a/*b/*c*/d", "a/*b/*c*/d", "a d" },
    { "x=1&y=2%263", "x=1&y=2&3", "x=1\ny=2&3" },
    { "a%0a%00b", NULL, "a b" },
};

START_TEST(spellings_are_undone)
{
    const struct slice text = slice_cstr(cases[_i].text);
    char *room = malloc(text.len + 1);

    if (cases[_i].plain)
        assert_slice(disguise_undo(text, room), cases[_i].plain);
    const char *sql = cases[_i].sql ? cases[_i].sql : cases[_i].plain;
    assert_slice(disguise_undo_sql(text, room), sql);
    memcpy(room, text.at, text.len); /* in its own memory */
    assert_slice(disguise_undo_sql(slice_of(room, text.len), room), sql);
    free(room);
}
END_TEST

static const struct {
    const char *text;
    const char *tamed; /* NULL: nothing is found */
} scripts[] = {
    { "<script>", "_script>" },
    { "a=<ScRiPt src", "a=_ScRiPt src" },
    { "%3cscript%3e", "%5fscript%3e" },
    { "%3C%73cr%69pt", "%5f%73cr%69pt" },
    { "%253cscript", "%255fscript" },
    { "\\u003cscript", "\\u005fscript" },
    { "<<script", "<_script" },
    { "%3c%3cscript", "%3c%5fscript" },
    { "<scrip", NULL },
    { "< script", NULL },
    { "script>", NULL },
    { "%3", NULL },
    { "", NULL },
};

START_TEST(scripts_are_found_and_tamed)
{
    char text[64];
    struct slice at;

    strcpy(text, scripts[_i].text);
    const bool found = disguise_find_script(slice_cstr(text), &at);
    ck_assert_int_eq(found, scripts[_i].tamed != NULL);
    if (!found)
        return;
    disguise_tame(at);
    ck_assert_str_eq(text, scripts[_i].tamed);
    ck_assert(!disguise_find_script(slice_cstr(text), &at));
}
END_TEST

SUITE("disguise", LOOP(spellings_are_undone, cases), LOOP(scripts_are_found_and_tamed, scripts))
