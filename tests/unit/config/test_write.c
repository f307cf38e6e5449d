#include "config/write.h"

#include "config/load.h"
#include "config/read_block.h"
#include "config/read_yaml.h"
#include "config/text_source.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading and writing ---- */

struct desk {
    struct arena arena;
    struct diags diags;
    struct text_source source;
};

static void desk_init(struct desk *desk)
{
    *desk = (struct desk){ 0 };
    arena_init(&desk->arena);
    diags_init(&desk->diags, &desk->arena);
    text_source_init(&desk->source, NULL, 0);
}

static void read_text(struct desk *desk, enum write_form form, const char *bytes, struct tree *ret)
{
    const struct source_text text = { .name = "text", .text = slice_cstr(bytes) };

    if (form == WRITE_BLOCK)
        read_block(&text, &desk->source.source, &desk->arena, &desk->diags, ret);
    else
        ck_assert(read_yaml(&text, &desk->source.source, &desk->arena, &desk->diags, ret));
}

/* The text, in the arena. */
static const char *write_text(struct desk *desk, const struct tree *tree, enum write_form form,
                              bool good)
{
    char *bytes = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&bytes, &len);

    ck_assert_int_eq(write_tree(tree, form, &desk->diags, out), good);
    fclose(out);
    const char *text = arena_cstr(&desk->arena, slice_of(bytes, len));
    free(bytes);
    return text;
}

/* ---- what is written ---- */

static const struct {
    const char *block; /* read, and what it is written as when `again` is NULL */
    const char *again;
    const char *yaml;
} texts[] = {
    { "", NULL, "{}\n" },
    { "K = V\n", NULL, "K: V\n" },
    { "K V\n# comment\n\nL = W X # more\n", "K = V\nL = W X\n", "K: V\nL: W X\n" },
    { "K = a\nK = b\nL = c\n", NULL, "K:\n  - a\n  - b\nL: c\n" },
    { "K = a\nL = c\nk = b\n", NULL, "- K: a\n- L: c\n- k: b\n" },
    { "K = a\n\nBinding {\n    Port = 80\n}\n\nL = b\n", NULL,
      "K: a\nBinding:\n  - Port: 80\nL: b\n" },
    { "A {\nK = V\nL = W\n}\nB {\n}\nA {\nK = X\n}\n",
      "\nA {\n    K = V\n    L = W\n}\n\nB {\n}\n\nA {\n    K = X\n}\n",
      "A:\n  - K: V\n    L: W\n  - K: X\nB:\n  - {}\n" },
    { "\nT {\n    M = a\n    H = b\n    M = c\n}\n", NULL,
      "T:\n  - - M: a\n    - H: b\n    - M: c\n" },
    { "K = x\nL = y\nK = z\n\nA {\n    M = v\n}\n\nA {\n    M = w\n    M = x\n}\n", NULL,
      "- K: x\n- L: y\n- K: z\n- A:\n    - M: v\n    - M:\n        - w\n        - x\n" },
    { "set X = y\nK = X${X}X\n", "K = yyy\n", "K: yyy\n" },
    /* scalars */
    { "K = *.a, b\n", NULL, "K: \"*.a, b\"\n" },
    { "K = a: b\n", NULL, "K: \"a: b\"\n" },
    { "K = a:b\n", NULL, "K: a:b\n" },
    { "K = a:\n", NULL, "K: \"a:\"\n" },
    { "K = a#b\n", NULL, "K: \"a#b\"\n" },
    { "K = a  b\n", NULL, "K: \"a  b\"\n" },
    { "K = -\n", NULL, "K: \"-\"\n" },
    { "K = \\d \"q\"\tt\n", NULL, "K: \"\\\\d \\\"q\\\"\\u0009t\"\n" },
    { "K = \xc3\xa4\n", NULL, "K: \"\xc3\xa4\"\n" },
    { "K = a\xe2\x80\xa8"
      "b\n",
      NULL, "K: \"a\\u2028b\"\n" },
    { "K = \xf0\x9f\x8f\xa0\n", NULL, "K: \"\xf0\x9f\x8f\xa0\"\n" },
};

START_TEST(each_form_is_written_as_people_would)
{
    const char *again = texts[_i].again ? texts[_i].again : texts[_i].block;
    struct desk desk;
    struct tree tree;
    struct tree back;

    desk_init(&desk);
    read_text(&desk, WRITE_BLOCK, texts[_i].block, &tree);
    ck_assert_str_eq(write_text(&desk, &tree, WRITE_BLOCK, true), again);
    ck_assert_str_eq(write_text(&desk, &tree, WRITE_YAML, true), texts[_i].yaml);
    read_text(&desk, WRITE_YAML, texts[_i].yaml, &back);
    ck_assert_str_eq(write_text(&desk, &back, WRITE_YAML, true), texts[_i].yaml);
    ck_assert_uint_eq(desk.diags.errors, 0);
    arena_done(&desk.arena);
}
END_TEST

static const struct {
    enum write_form form; /* that is written; the other one is read */
    const char *text;
    const char *why;
} faults[] = {
    { WRITE_BLOCK, "K: ' #a'",
      "'K' cannot be written in this form: its value has a '#' where a comment begins" },
    { WRITE_BLOCK, "K: 'a #b'",
      "'K' cannot be written in this form: its value has a '#' where a comment begins" },
    { WRITE_BLOCK, "K: '=a'", "'K' cannot be written in this form: its value begins with '='" },
    { WRITE_BLOCK, "K: 'a{'", "'K' cannot be written in this form: its value ends in '{'" },
    { WRITE_BLOCK, "K: 'a \\'",
      "'K' cannot be written in this form: its value ends as a line that goes on" },
    { WRITE_BLOCK, "K: '\\'",
      "'K' cannot be written in this form: its value ends as a line that goes on" },
    { WRITE_BLOCK, "K: 'xCONFIG_DIR'",
      "'K' cannot be written in this form: its value has CONFIG_DIR in it, which is a variable" },
    { WRITE_BLOCK, "'a b': c", "'a b' cannot be written in this form: its name is no word" },
    { WRITE_YAML, "K = \xff\n", "'K' cannot be written in this form: its value is no UTF-8" },
    { WRITE_YAML, "K = a\nK = \xff\n",
      "'K' cannot be written in this form: its value is no UTF-8" },
    { WRITE_YAML, "K: = a\n", "'K:' cannot be written in this form: its name is no word" },
};

START_TEST(what_a_form_cannot_hold_is_said)
{
    struct desk desk;
    struct tree tree;

    desk_init(&desk);
    read_text(&desk, faults[_i].form == WRITE_BLOCK ? WRITE_YAML : WRITE_BLOCK, faults[_i].text,
              &tree);
    ck_assert_uint_eq(desk.diags.errors, 0);
    write_text(&desk, &tree, faults[_i].form, false);
    ck_assert_uint_eq(desk.diags.errors, 1);
    assert_slice(desk.diags.first->message, faults[_i].why);
    ck_assert_uint_ge(desk.diags.first->place.line, 1);
    arena_done(&desk.arena);
}
END_TEST

/* ---- remarks ---- */

START_TEST(what_has_no_equal_becomes_a_remark)
{
    struct desk desk;
    struct tree tree;

    desk_init(&desk);
    read_text(&desk, WRITE_BLOCK,
              "hostname = a\nUseGZfile = yes\nNoSuchOption = 1\nCustomHeader = A: b\n"
              "FCGIserver {\nFCGIserverId = x\nNothing = 2\n}\n",
              &tree);
    write_annotate(&tree, &desk.arena);
    const char *text = write_text(&desk, &tree, WRITE_BLOCK, true);
    ck_assert_ptr_nonnull(strstr(text, "Hostname = a\n# UseGZfile = yes: "));
    ck_assert_ptr_nonnull(strstr(text, "\n# NoSuchOption = 1: unknown here\n"
                                       "CustomHeaderClient = A: b\n\nFCGIserver {\n"
                                       "    FastCGIid = x\n    # Nothing = 2: unknown here\n}\n"));
    text = write_text(&desk, &tree, WRITE_YAML, true);
    ck_assert_ptr_nonnull(strstr(text, "\n# NoSuchOption = 1: unknown here\n"));
    ck_assert_ptr_nonnull(strstr(text, "FCGIserver:\n  - FastCGIid: x\n    # Nothing = 2: "));
    read_text(&desk, WRITE_YAML, text, &tree);
    ck_assert_uint_eq(desk.diags.errors, 0);
    arena_done(&desk.arena);
}
END_TEST

/* ---- there and back ---- */

static uint64_t random_state;

static unsigned draw(unsigned below)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(random_state >> 33) % below;
}

static struct slice draw_name(void)
{
    static const char *const names[] = { "Hostname", "Setenv", "K",    "a-b_c.1",
                                         "yes",      "null",   "Match" };

    return slice_cstr(names[draw(sizeof(names) / sizeof(names[0]))]);
}

static struct slice draw_section(void)
{
    static const char *const names[] = { "VirtualHost", "Binding", "UrlToolkit" };

    return slice_cstr(names[draw(sizeof(names) / sizeof(names[0]))]);
}

/* A value that both forms can hold: words without blanks at the ends. */
static struct slice draw_value(struct arena *arena)
{
    static const char *const pieces[] = {
        "a",
        "yes",
        "0",
        "-",
        ":",
        ": ",
        "\"",
        "'",
        "\\",
        "\\x",
        "*",
        "&",
        "!",
        "|",
        ">",
        "%",
        "@",
        "`",
        "?",
        "? ",
        "- ",
        ", ",
        "[",
        "]",
        "}",
        "{a",
        "~",
        "<<",
        "$",
        "${",
        "\t",
        "  ",
        "#",
        "\xc3\xa4",
        "\xe2\x82\xac",
        "\xf0\x9f\x8f\xa0",
        "\xc2\x85",
        "\xef\xbb\xbf",
        "/",
        "=x",
        ".",
    };
    struct slice value = SLICE("");

    for (unsigned count = 1 + draw(6); count > 0; count--) {
        const struct slice parts[] = {
            value, slice_cstr(pieces[draw(sizeof(pieces) / sizeof(pieces[0]))])
        };

        value = arena_join(arena, parts, 2);
    }
    const struct slice framed[] = { SLICE("x"), value, SLICE("y") };
    value = draw(2) ? arena_join(arena, framed, 3) : slice_trim_space(value);
    for (size_t i = 0; i < value.len; i++)
        if (value.at[i] == '#' && (i == 0 || value.at[i - 1] == ' ' || value.at[i - 1] == '\t'))
            return SLICE("plain");
    if (value.len == 0 || value.at[0] == '=' || slice_ends(value, SLICE("{")) ||
        slice_ends(value, SLICE(" \\")) || slice_ends(value, SLICE("\\")))
        return SLICE("plain");
    return value;
}

static void draw_options(struct arena *arena, struct tree_node *parent)
{
    for (unsigned count = draw(6); count > 0; count--)
        tree_add(arena, parent, draw_name())->value = draw_value(arena);
}

static void draw_tree(struct arena *arena, struct tree *tree)
{
    tree_init(tree);
    for (unsigned count = draw(6); count > 0; count--) {
        draw_options(arena, &tree->root);
        if (draw(2)) {
            struct tree_node *section = tree_add(arena, &tree->root, draw_section());

            section->is_section = true;
            draw_options(arena, section);
        }
    }
}

static const struct tree_node *skip_to(const struct tree_node *node, bool section,
                                       struct slice name)
{
    while (node && (node->is_section != section || (section && !slice_equal(node->name, name))))
        node = node->next;
    return node;
}

static void same_options(const struct tree_node *a, const struct tree_node *b)
{
    const struct tree_node *left = skip_to(a->first_child, false, SLICE(""));
    const struct tree_node *right = skip_to(b->first_child, false, SLICE(""));

    while (left && right) {
        assert_slices(left->name, right->name);
        assert_slices(left->value, right->value);
        left = skip_to(left->next, false, SLICE(""));
        right = skip_to(right->next, false, SLICE(""));
    }
    ck_assert_ptr_null(left);
    ck_assert_ptr_null(right);
}

/* The options in their order, and the sections of each kind in theirs. */
static void same_trees(const struct tree *a, const struct tree *b)
{
    static const char *const kinds[] = { "VirtualHost", "Binding", "UrlToolkit" };

    same_options(&a->root, &b->root);
    for (size_t i = 0; i < 3; i++) {
        struct slice kind = slice_cstr(kinds[i]);
        const struct tree_node *left = skip_to(a->root.first_child, true, kind);
        const struct tree_node *right = skip_to(b->root.first_child, true, kind);

        while (left && right) {
            same_options(left, right);
            left = skip_to(left->next, true, kind);
            right = skip_to(right->next, true, kind);
        }
        ck_assert_ptr_null(left);
        ck_assert_ptr_null(right);
    }
}

static const uint64_t seeds[] = { 1, 2, 3, 5, 8, 13, 21, 34 };

START_TEST(nothing_is_lost_from_form_to_form)
{
    random_state = seeds[_i];
    for (int round = 0; round < 40; round++) {
        struct desk desk;
        struct tree tree;
        struct tree from_block;
        struct tree from_yaml;
        struct tree back;

        desk_init(&desk);
        draw_tree(&desk.arena, &tree);
        read_text(&desk, WRITE_BLOCK, write_text(&desk, &tree, WRITE_BLOCK, true), &from_block);
        same_trees(&tree, &from_block);
        read_text(&desk, WRITE_YAML, write_text(&desk, &from_block, WRITE_YAML, true), &from_yaml);
        same_trees(&tree, &from_yaml);
        read_text(&desk, WRITE_BLOCK, write_text(&desk, &from_yaml, WRITE_BLOCK, true), &back);
        same_trees(&tree, &back);
        ck_assert_uint_eq(desk.diags.errors, 0);
        arena_done(&desk.arena);
    }
}
END_TEST

SUITE("write", LOOP(each_form_is_written_as_people_would, texts),
      LOOP(what_a_form_cannot_hold_is_said, faults), TEST(what_has_no_equal_becomes_a_remark),
      LOOP(nothing_is_lost_from_form_to_form, seeds))
