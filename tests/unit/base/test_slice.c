#include "base/slice.h"

#include "slice_assert.h"
#include "suite.h"

#include <stdlib.h>

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static const struct {
    const char *a;
    const char *b;
    bool equal;
    bool nocase;
    int order;
} pairs[] = {
    { "", "", true, true, 0 },
    { NULL, "", true, true, 0 },
    { "a", NULL, false, false, 1 },
    { "abc", "abc", true, true, 0 },
    { "abc", "abd", false, false, -1 },
    { "abc", "ab", false, false, 1 },
    { "Content-Length", "content-length", false, true, -1 },
    { "CONTENT-LENGTH", "content-lengtH", false, true, -1 },
    { "transfer-encodinG", "Transfer-EncodinG", false, true, 1 },
    { "abcdefgh1", "ABCDEFGH2", false, false, 1 },
    { "@bcdefgh", "`bcdefgh", false, false, -1 },
    { "[bcdefgh", "{bcdefgh", false, false, -1 },
    { "\x7f", "\xff", false, false, -1 },
    { "\xc4"
      "1234567",
      "\xe4"
      "1234567",
      false, false, -1 },
};

START_TEST(comparisons_look_at_bytes_and_ascii_letters)
{
    struct slice a = slice_cstr(pairs[_i].a);
    struct slice b = slice_cstr(pairs[_i].b);

    ck_assert(slice_equal(a, b) == pairs[_i].equal);
    ck_assert(slice_equal_secret(a, b) == pairs[_i].equal);
    ck_assert(slice_equal_nocase(a, b) == pairs[_i].nocase);
    ck_assert(slice_equal_nocase(b, a) == pairs[_i].nocase);
    ck_assert_int_eq(sign(slice_compare(a, b)), pairs[_i].order);
    ck_assert_int_eq(sign(slice_compare(b, a)), -pairs[_i].order);
    ck_assert((slice_compare_nocase(a, b) == 0) == pairs[_i].nocase);
    ck_assert_int_eq(sign(slice_compare_nocase(a, b)), -sign(slice_compare_nocase(b, a)));
    if (pairs[_i].b)
        ck_assert(slice_equal_cstr(a, pairs[_i].b) == pairs[_i].equal);
}
END_TEST

START_TEST(case_is_ignored_for_ascii_letters_only)
{
    /* Each byte at each place of texts that are less than a word, some words, and between. */
    for (int c = 0; c < 256; c++) {
        for (int d = 0; d < 256; d++) {
            const bool same = ascii_lower((char)c) == ascii_lower((char)d);

            for (size_t len = 1; len <= 18; len++) {
                char a[] = "axcxexgxixkxmxoxqx";
                char b[] = "AXCXEXGXIXKXMXOXQX";
                const size_t place = (size_t)(c + d) % len;

                a[place] = (char)c;
                b[place] = (char)d;
                ck_assert(slice_equal_nocase(slice_of(a, len), slice_of(b, len)) == same);
            }
        }
    }
}
END_TEST

static const struct {
    const char *whole;
    const char *with;
    bool starts;
    bool starts_nocase;
    bool ends;
    bool ends_nocase;
} affixes[] = {
    { "", "", true, true, true, true },
    { NULL, "", true, true, true, true },
    { "a", NULL, true, true, true, true },
    { "", "a", false, false, false, false },
    { "index.html", "index", true, true, false, false },
    { "index.html", "INDEX", false, true, false, false },
    { "index.html", ".html", false, false, true, true },
    { "index.html", ".HTML", false, false, false, true },
    { "index", "index.html", false, false, false, false },
    { "same", "same", true, true, true, true },
};

START_TEST(beginnings_and_ends_are_seen)
{
    struct slice whole = slice_cstr(affixes[_i].whole);
    struct slice with = slice_cstr(affixes[_i].with);

    ck_assert(slice_starts(whole, with) == affixes[_i].starts);
    ck_assert(slice_starts_nocase(whole, with) == affixes[_i].starts_nocase);
    ck_assert(slice_ends(whole, with) == affixes[_i].ends);
    ck_assert(slice_ends_nocase(whole, with) == affixes[_i].ends_nocase);
}
END_TEST

START_TEST(skip_and_first_stop_at_the_end)
{
    struct slice text = SLICE("abc");
    struct slice nothing = { NULL, 0 };

    assert_slice(slice_skip(text, 0), "abc");
    assert_slice(slice_skip(text, 2), "c");
    assert_slice(slice_skip(text, 3), "");
    assert_slice(slice_skip(text, 4), "");
    assert_slice(slice_skip(text, SLICE_NONE), "");
    assert_slice(slice_first(text, 0), "");
    assert_slice(slice_first(text, 2), "ab");
    assert_slice(slice_first(text, SLICE_NONE), "abc");
    assert_slice(slice_skip(nothing, 7), "");
    assert_slice(slice_first(nothing, 7), "");
}
END_TEST

static const struct {
    const char *text;
    const char *trimmed;
    const char *space_trimmed;
} trims[] = {
    { "", "", "" },
    { NULL, "", "" },
    { "a", "a", "a" },
    { " \t a b\t ", "a b", "a b" },
    { " \t ", "", "" },
    { "\r\n a \r\n", "\r\n a \r\n", "a" },
    { " \r\n\t", "\r\n", "" },
    { "\va\f", "\va\f", "\va\f" },
};

START_TEST(trimming_takes_blanks_off_both_ends)
{
    assert_slice(slice_trim(slice_cstr(trims[_i].text)), trims[_i].trimmed);
    assert_slice(slice_trim_space(slice_cstr(trims[_i].text)), trims[_i].space_trimmed);
}
END_TEST

START_TEST(bytes_and_texts_are_found)
{
    struct slice text = SLICE("a/b/c\0\xff");
    struct slice nothing = { NULL, 0 };

    ck_assert_uint_eq(slice_find(text, '/'), 1);
    ck_assert_uint_eq(slice_find_last(text, '/'), 3);
    ck_assert_uint_eq(slice_find(text, '\0'), 5);
    ck_assert_uint_eq(slice_find(text, '\xff'), 6);
    ck_assert_uint_eq(slice_find_last(text, '\xff'), 6);
    ck_assert_uint_eq(slice_find(text, 'x'), SLICE_NONE);
    ck_assert_uint_eq(slice_find_last(text, 'x'), SLICE_NONE);
    ck_assert_uint_eq(slice_find(nothing, 'x'), SLICE_NONE);
    ck_assert_uint_eq(slice_find_last(nothing, 'x'), SLICE_NONE);
    ck_assert(slice_has(text, 'c') && !slice_has(text, 'd'));

    ck_assert_uint_eq(slice_find_slice(text, SLICE("/c")), 3);
    ck_assert_uint_eq(slice_find_slice(text, SLICE("\0\xff")), 5);
    ck_assert_uint_eq(slice_find_slice(text, SLICE("/d")), SLICE_NONE);
    ck_assert_uint_eq(slice_find_slice(text, nothing), 0);
    ck_assert_uint_eq(slice_find_slice(nothing, nothing), 0);
    ck_assert_uint_eq(slice_find_slice(nothing, SLICE("a")), SLICE_NONE);
    ck_assert_uint_eq(slice_find_slice(SLICE("ab"), SLICE("abc")), SLICE_NONE);
}
END_TEST

static const struct {
    const char *text;
    bool found;
    const char *head;
    const char *tail;
} cuts[] = {
    { "key=value", true, "key", "value" },
    { "a=b=c", true, "a", "b=c" },
    { "=b", true, "", "b" },
    { "a=", true, "a", "" },
    { "=", true, "", "" },
    { "key", false, "key", "" },
    { "", false, "", "" },
    { NULL, false, "", "" },
};

START_TEST(a_cut_splits_at_the_first_separator)
{
    struct slice text = slice_cstr(cuts[_i].text);
    struct slice head;
    struct slice tail;

    ck_assert(slice_cut(text, '=', &head, &tail) == cuts[_i].found);
    assert_slice(head, cuts[_i].head);
    assert_slice(tail, cuts[_i].tail);

    slice_cut(text, '=', &head, &text); /* the tail may be the argument */
    assert_slice(head, cuts[_i].head);
    assert_slice(text, cuts[_i].tail);
}
END_TEST

static const struct {
    const char *list;
    const char *items[4];
    size_t count;
} lists[] = {
    { "", { NULL }, 0 },
    { NULL, { NULL }, 0 },
    { "a", { "a" }, 1 },
    { " a , b c\t,d", { "a", "b c", "d" }, 3 },
    { "a,,b", { "a", "", "b" }, 3 },
    { ",a", { "", "a" }, 2 },
    { "a,", { "a" }, 1 },
    { ",", { "" }, 1 },
    { " ", { "" }, 1 },
};

START_TEST(a_list_gives_its_items_trimmed)
{
    struct slice rest = slice_cstr(lists[_i].list);
    struct slice item;

    for (size_t i = 0; i < lists[_i].count; i++) {
        ck_assert(slice_next(&rest, ',', &item));
        assert_slice(item, lists[_i].items[i]);
    }
    ck_assert(!slice_next(&rest, ',', &item));
    ck_assert(!slice_next(&rest, ',', &item));
}
END_TEST

START_TEST(a_text_may_be_kept_as_a_string)
{
    char bytes[] = "abcd";
    char *kept = slice_dup(slice_of(bytes, 3));
    char *nothing = slice_dup((struct slice){ 0 });

    bytes[0] = 'x';
    ck_assert_str_eq(kept, "abc");
    ck_assert_str_eq(nothing, "");
    free(kept);
    free(nothing);
}
END_TEST

SUITE("base: slice", LOOP(comparisons_look_at_bytes_and_ascii_letters, pairs),
      TEST(case_is_ignored_for_ascii_letters_only), LOOP(beginnings_and_ends_are_seen, affixes),
      TEST(skip_and_first_stop_at_the_end), LOOP(trimming_takes_blanks_off_both_ends, trims),
      TEST(bytes_and_texts_are_found), LOOP(a_cut_splits_at_the_first_separator, cuts),
      LOOP(a_list_gives_its_items_trimmed, lists), TEST(a_text_may_be_kept_as_a_string))
