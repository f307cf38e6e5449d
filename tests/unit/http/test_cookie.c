#include "http/cookie.h"

#include "suite.h"

#define NOW_S 1700000000

static struct arena arena;

static struct slice describe(struct fields *fields)
{
    struct cookie_walk walk = { .fields = fields };
    struct slice name;
    struct slice value;
    struct slice all = SLICE("");

    while (cookie_walk_next(&walk, &name, &value))
        all = arena_printf(&arena, "%.*s[%.*s=%.*s]", SLICE_ARGS(all), SLICE_ARGS(name),
                           SLICE_ARGS(value));
    return all;
}

static const struct {
    const char *field;
    const char *pairs;
} walks[] = {
    { "a=1", "[a=1]" },
    { "a=1; b=2", "[a=1][b=2]" },
    { "a=1;b=2;", "[a=1][b=2]" },
    { " a = 1 ;\tb=x y", "[a=1][b=x y]" },
    { "a=1=2", "[a=1=2]" },
    { "a=\"1\"", "[a=\"1\"]" },
    { "a; =2; ; b=", "[b=]" },
    { "", "" },
    { ";;;", "" },
};

START_TEST(a_field_is_walked_pair_by_pair)
{
    struct fields fields = { 0 };

    arena_init(&arena);
    fields_add_id(&fields, &arena, FIELD_COOKIE, slice_cstr(walks[_i].field));
    ck_assert(slice_equal(describe(&fields), slice_cstr(walks[_i].pairs)));
    arena_done(&arena);
}
END_TEST

START_TEST(all_fields_are_walked_and_nothing_else)
{
    struct fields fields = { 0 };

    arena_init(&arena);
    fields_add_id(&fields, &arena, FIELD_HOST, SLICE("no=1"));
    fields_add_id(&fields, &arena, FIELD_COOKIE, SLICE("a=1"));
    fields_add_id(&fields, &arena, FIELD_COOKIE, SLICE(""));
    fields_add_id(&fields, &arena, FIELD_RANGE, SLICE("no=2"));
    fields_add_id(&fields, &arena, FIELD_COOKIE, SLICE("b=2; a=3"));
    ck_assert(slice_equal(describe(&fields), SLICE("[a=1][b=2][a=3]")));
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *before;
    const char *after;
} removals[] = {
    { "X=1", "" },
    { "X=1; b=2", "b=2" },
    { "a=1; X=1; b=2", "a=1; b=2" },
    { "a=1; X=1", "a=1" },
    { "X=1;X=2; X = 3", "" },
    { "a=1;b=2 ;  c", "a=1;b=2 ;  c" },
    { "a=1;  X=1;b=\"2\" ;c;;", "a=1;b=\"2\" ;c;;" },
    { "XX=1; x=2; aX=3", "XX=1; x=2; aX=3" },
    { "a=1 ;X=1", "a=1 " },
    { "X=1; a=1 ", "a=1 " },
    { "a=X=1", "a=X=1" },
    { "", "" },
};

START_TEST(one_cookie_is_taken_out_and_the_rest_stays_byte_for_byte)
{
    struct slice before = slice_cstr(removals[_i].before);

    arena_init(&arena);
    ck_assert(
        slice_equal(cookie_without(before, SLICE("X"), &arena), slice_cstr(removals[_i].after)));
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *field;
    const char *name; /* NULL: none */
    const char *value;
    bool ends;
} sets[] = {
    { "PHPSESSID=abc; path=/", "PHPSESSID", "abc", false },
    { "s=abc", "s", "abc", false },
    { "s=abc; Max-Age=60", "s", "abc", false },
    { "s=abc; max-age=0", "s", "abc", true },
    { "s=abc; Max-Age=-5", "s", "abc", true },
    { "s=abc; Max-Age=00", "s", "abc", true },
    { "s=abc; Max-Age=soon", "s", "abc", false },
    { "s=abc; Max-Age=", "s", "abc", false },
    { "s=abc; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "s", "abc", true },
    { "s=abc; expires=Thu, 01-Jan-1970 00:00:01 GMT", "s", "abc", true },
    { "s=abc; expires=Thu, 01-Jan-2099 00:00:01 GMT", "s", "abc", false },
    { "s=abc; expires=never", "s", "abc", false },
    { "s=abc; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "s", "abc", false },
    { "s=abc; Expires=Thu, 01 Jan 2099 00:00:00 GMT; Max-Age=0", "s", "abc", true },
    { "s=deleted", "s", "deleted", true },
    { "s=; path=/", "s", "", true },
    { "s=\"a b\"; HttpOnly", "s", "\"a b\"", false },
    { "s", NULL, NULL, false },
    { "=abc; path=/", NULL, NULL, false },
    { "", NULL, NULL, false },
};

START_TEST(a_cookie_is_given_or_taken_away)
{
    struct set_cookie cookie;

    ck_assert_int_eq(set_cookie_parse(slice_cstr(sets[_i].field), NOW_S, &cookie),
                     sets[_i].name != NULL);
    if (!sets[_i].name)
        return;
    ck_assert(slice_equal(cookie.name, slice_cstr(sets[_i].name)));
    ck_assert(slice_equal(cookie.value, slice_cstr(sets[_i].value)));
    ck_assert_int_eq(cookie.ends, sets[_i].ends);
}
END_TEST

SUITE("cookie", LOOP(a_field_is_walked_pair_by_pair, walks),
      TEST(all_fields_are_walked_and_nothing_else),
      LOOP(one_cookie_is_taken_out_and_the_rest_stays_byte_for_byte, removals),
      LOOP(a_cookie_is_given_or_taken_away, sets))
