#include "config/read_block.h"

#include "config/text_source.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A text, the tree it becomes, and the first diagnostic that it brings. */
struct reading_case {
    const char *text;
    const char *tree; /* "Key=value;Section{Key=value;}" */
    const char *says; /* "level line:column+span message", NULL: nothing at all */
};

static void dump_children(const struct tree_node *parent, FILE *out)
{
    for (const struct tree_node *node = parent->first_child; node; node = node->next) {
        fprintf(out, "%.*s", SLICE_ARGS(node->name));
        if (node->is_section) {
            fputc('{', out);
            dump_children(node, out);
            fputs("}", out);
        } else {
            fprintf(out, "=%.*s;", SLICE_ARGS(node->value));
        }
    }
}

static char *first_diag(const struct diags *diags)
{
    static const char *const levels[] = { "note", "warning", "error" };
    const struct diag *diag = diags->first;
    char *text = NULL;

    if (!diag)
        return NULL;
    ck_assert_int_gt(asprintf(&text, "%s %u:%u+%u %.*s", levels[diag->level], diag->place.line,
                              diag->place.column, diag->place.span, SLICE_ARGS(diag->message)),
                     0);
    return text;
}

struct read {
    struct arena arena;
    struct diags diags;
    struct text_source source;
    struct tree tree;
};

static void read_files(struct read *read, const struct text_file *files, size_t count)
{
    struct source_text main = { .name = files[0].path, .text = slice_cstr(files[0].text) };

    *read = (struct read){ 0 };
    arena_init(&read->arena);
    diags_init(&read->diags, &read->arena);
    text_source_init(&read->source, files, count);
    read_block(&main, &read->source.source, &read->arena, &read->diags, &read->tree);
}

static void expect(const struct read *read, const char *tree, const char *says)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    dump_children(&read->tree.root, out);
    fclose(out);
    ck_assert_str_eq(text, tree);
    free(text);

    char *said = first_diag(&read->diags);
    if (says)
        ck_assert_msg(said && strcmp(said, says) == 0, "says '%s', not '%s'", said ? said : "-",
                      says);
    else
        ck_assert_msg(!said, "says '%s'", said);
    free(said);
}

static const struct reading_case cases[] = {
    /* forms of a line */
    { "", "", NULL },
    { "\n\n  \n\t\n", "", NULL },
    { "K = V\n", "K=V;", NULL },
    { "K=V", "K=V;", NULL },
    { "K= V", "K=V;", NULL },
    { "K =V", "K=V;", NULL },
    { "K V", "K=V;", NULL },
    { "K    V W", "K=V W;", NULL },
    { "K =    V", "K=V;", NULL },
    { "  K = V  \t", "K=V;", NULL },
    { "\tK = V", "K=V;", NULL },
    { "K =\tV", "K=V;", NULL },
    { "K = a = b", "K=a = b;", NULL },
    { "Setenv A = B", "Setenv=A = B;", NULL },
    { "K = V\r\nL = W\r\n", "K=V;L=W;", NULL },
    { "K = V\nL = W", "K=V;L=W;", NULL },
    { "K = \"quoted\"", "K=\"quoted\";", "warning 1:5+8 the quotes are part of the value" },
    { "K = \"a\", b", "K=\"a\", b;", NULL },
    { "K = \"", "K=\";", NULL },
    { "K\t=\tV", "K=V;", "note 1:1+1 a tab before '=' is read, but Hiawatha wants spaces there" },
    { "K \t= V", "K=V;", "note 1:1+1 a tab before '=' is read, but Hiawatha wants spaces there" },
    { "\xef\xbb\xbfK = V", "K=V;", NULL },

    /* faults of a line */
    { "K == V", "", "error 1:4+1 one '=' is enough" },
    { "K = = V", "", "error 1:5+1 one '=' is enough" },
    { "K =", "", "error 1:1+1 'K' has no value" },
    { "K = # V", "", "error 1:1+1 'K' has no value" },
    { "Key", "", "error 1:1+3 'Key' has no value" },
    { "  Key\nL = W", "L=W;", "error 1:3+3 'Key' has no value" },
    { "= V", "", "error 1:1+3 a name is missing before '='" },
    { "K = a\x01"
      "b",
      "", "error 1:6+1 a control byte (0x01) inside the line" },
    { "K = a\rb", "", "error 1:6+1 a control byte (0x0d) inside the line" },
    { "K = a\x7f", "", "error 1:6+1 a control byte (0x7f) inside the line" },
    { "K = V # \x01 in a comment", "K=V;", NULL },
    { "K = \xc3\xa4", "K=\xc3\xa4;", NULL },

    /* comments */
    { "# K = V", "", NULL },
    { "   # K = V", "", NULL },
    { "#K", "", NULL },
    { "K = V # comment", "K=V;", NULL },
    { "K = V\t# comment", "K=V;", NULL },
    { "K = a#b", "K=a#b;", NULL },
    { "K = V #", "K=V;", NULL },
    { "S { # comment\nK = V\n} # comment\n", "S{K=V;}", NULL },

    /* continued lines */
    { "K = a \\\nb", "K=ab;", NULL },
    { "K = a, \\\n  b", "K=a,  b;", NULL },
    { "K = a, \\\r\n  b\r\n", "K=a,  b;", NULL },
    { "K = a \\\n  b \\\n  c", "K=a  b  c;", NULL },
    { "K = a\\\nL = b", "K=a\\;L=b;", NULL },
    { "K \\\n= V", "K=V;", NULL },
    { "K = a \\ \nL = b", "K=a \\;L=b;", "warning 1:7+1 this backslash is part of the value" },
    { "K = a \\", "K=a \\;", "warning 1:7+1 this backslash is part of the value" },
    { "K = a \\\n", "K=a;", NULL },
    { "K = a \\\n#b", "K=a#b;", NULL },
    { "# comment \\\nK = V\nL = W", "L=W;", "warning 1:1+9 the comment goes on in the next line" },

    /* sections */
    { "S {\n}", "S{}", NULL },
    { "S{\nK = V\n}", "S{K=V;}", NULL },
    { "S {\nK = V\n}\nL = W", "S{K=V;}L=W;", NULL },
    { "S\n{\nK = V\n}", "S{K=V;}",
      "note 2:1+1 '{' on a line of its own is read, but Hiawatha wants it behind the name" },
    { "S\n\n# comment\n  {\n}", "S{}",
      "note 4:3+1 '{' on a line of its own is read, but Hiawatha wants it behind the name" },
    { "{\nK = V\n}", "K=V;", "error 1:1+1 '{' without the name of a section" },
    { "}", "", "error 1:1+1 '}' closes nothing: no section is open" },
    { "S {\n}\n}", "S{}", "error 3:1+1 '}' closes nothing: no section is open" },
    { "S {\nK = V", "S{K=V;}", "error 1:1+1 'S' is never closed" },
    { "S {\n} K = V", "S{}", "error 2:2+6 '}' stands alone on its line" },
    { "VirtualHost { K = V }", "", "error 1:13+9 a section does not fit on one line" },
    { "VirtualHost shop {\nK = V\n}", "VirtualHost{K=V;}",
      "error 1:1+16 'VirtualHost shop' is no section name, but the line ends in '{'" },
    { "Match ^/a{\nK = V\n}", "",
      "error 1:1+9 'Match ^/a' is no section name, but the line ends in '{'" },
    { "A {\n  B {\n    K = V\n  }\n  L = W\n}\nM = X", "A{L=W;}B{K=V;}M=X;",
      "error 2:3+1 'B' begins inside 'A' of line 1: sections do not nest" },
    { "A {\nK = V\nB {\nL = W\n}\nM = X", "A{K=V;}B{L=W;}M=X;",
      "error 3:1+1 'B' begins inside 'A' of line 1: sections do not nest" },
    { "VirtualHost\nK = V", "K=V;", "error 1:1+11 'VirtualHost' has no value" },

    /* variables */
    { "set D = /data\nK = D/x", "K=/data/x;", NULL },
    { "SET D = /data\nK = D", "K=/data;", NULL },
    { "Set D=/data\nK = D", "K=/data;", NULL },
    { "set = D = /data\nK = D", "K=/data;", NULL },
    { "K = D\nset D = 1", "K=D;", NULL },
    { "set D = 1\nset D = 2\nK = D", "K=2;", NULL },
    { "set D = 1\nK = d", "K=d;", NULL },
    { "set D = 1\nD = D", "D=1;", NULL },
    { "set D = 1\nD {\nK = D\n}", "D{K=1;}", NULL },
    { "set A = 1\nset B = A\nK = B", "K=1;", NULL },
    { "set B = A\nset A = 1\nK = B", "K=A;", NULL },
    { "set A = A.A\nK = A", "K=A.A;", NULL },
    { "set A = x\nK = A A A", "K=x x x;", NULL },
    { "set D = /data\nK = /var/Dlog", "K=/var//datalog;",
      "warning 2:10+1 the variable 'D' is replaced in the middle of a word" },
    { "set D = /data\nK = logD", "K=log/data;",
      "warning 2:8+1 the variable 'D' is replaced in the middle of a word" },
    { "set D = 1\nK = ${D}x", "K=1x;", NULL },
    { "set D = 1\nset DD = 2\nK = ${D}${DD}", "K=12;", NULL },
    { "set DD = 2\nset D = 1\nK = ${DD}", "K=2;", NULL },
    { "K = ${X}", "K=${X};", "warning 1:5+4 no variable 'X' is set before this line" },
    { "K = ${X", "K=${X;", NULL },
    { "K = $(X)", "K=$(X);", NULL },
    { "K = CONFIG_DIR/x", "K=/etc/longhouse/x;", NULL },
    { "K = ${CONFIG_DIR}x", "K=/etc/longhousex;", NULL },
    { "set CONFIG_DIR = /x\nK = CONFIG_DIR", "K=/x;", NULL },
    { "S {\nset D = 1\n}\nK = D", "S{}K=1;", NULL },
    { "set D", "", "error 1:5+1 'set' wants a name, '=' and a value" },
    { "set D =", "", "error 1:5+3 'set' wants a name, '=' and a value" },
    { "set", "", "error 1:1+3 'set' has no value" },
    { "set a b = 1\nK = a b", "K=1;", NULL },

    /* Include */
    { "Include nowhere", "", "error 1:9+7 cannot include 'nowhere': No such file or directory" },
    { "Include", "", "error 1:1+7 'Include' has no value" },
    { "S {\nInclude x\n}", "S{}", "error 2:1+7 Include stands outside sections only" },
};

START_TEST(a_text_becomes_its_tree)
{
    const struct text_file file = { "longhouse.conf", cases[_i].text };
    struct read read;

    read_files(&read, &file, 1);
    expect(&read, cases[_i].tree, cases[_i].says);
    arena_done(&read.arena);
}
END_TEST

START_TEST(a_nul_byte_ends_the_reading)
{
    struct read read = { 0 };
    static const char bytes[] = "K = V\nL = \0W\nM = X\n";
    struct source_text main = { .name = "longhouse.conf", .text = SLICE_INIT(bytes) };

    arena_init(&read.arena);
    diags_init(&read.diags, &read.arena);
    text_source_init(&read.source, NULL, 0);
    read_block(&main, &read.source.source, &read.arena, &read.diags, &read.tree);
    expect(&read, "K=V;", "error 2:5+1 a NUL byte: this is not a text file");
    arena_done(&read.arena);
}
END_TEST

/* ---- several files ---- */

static const struct including_case {
    struct text_file files[5];
    const char *tree;
    const char *says;
    const char *says_in; /* the file of the diagnostic */
} including_cases[] = {
    { { { "longhouse.conf", "A = 1\nInclude x.conf\nB = 2" }, { "x.conf", "K = V" } },
      "A=1;K=V;B=2;",
      NULL,
      NULL },
    { { { "longhouse.conf", "Include conf.d" }, { "conf.d/a", "A = 1" }, { "conf.d/b", "B = 2" } },
      "A=1;B=2;",
      NULL,
      NULL },
    { { { "longhouse.conf", "set D = x\nInclude D.conf\nK = E" }, { "x.conf", "set E = D" } },
      "K=x;",
      NULL,
      NULL },
    { { { "longhouse.conf", "Include = x" }, { "x", "K = V" } },
      "K=V;",
      "note 1:1+7 Include is written without '=' (Hiawatha would take it as part of the path)",
      "longhouse.conf" },
    { { { "longhouse.conf", "Include a" }, { "a", "Include b" }, { "b", "K = V" } },
      "K=V;",
      "note 1:1+7 Include inside an included file is read, but not by Hiawatha",
      "a" },
    { { { "longhouse.conf", "Include a\nK = V" }, { "a", "S {\n" } },
      "S{}K=V;",
      "error 1:1+1 'S' is never closed",
      "a" },
    { { { "longhouse.conf", "Include a\nK = V" }, { "a", "Key" } },
      "K=V;",
      "error 1:1+3 'Key' has no value",
      "a" },
    { { { "longhouse.conf", "S\nInclude a\n" }, { "a", "{\nK = V\n}" } },
      "K=V;",
      "error 1:1+1 'S' has no value",
      "longhouse.conf" },
    { { { "longhouse.conf", "Include longhouse.conf\nK = V" } },
      "K=V;",
      "error 1:9+14 longhouse.conf would include itself",
      "longhouse.conf" },
    { { { "longhouse.conf", "Include a\nK = V" }, { "a", "Include b" }, { "b", "Include a" } },
      "K=V;",
      "note 1:1+7 Include inside an included file is read, but not by Hiawatha",
      "a" },
};

START_TEST(included_texts_stand_where_the_include_stands)
{
    const struct including_case *it = &including_cases[_i];
    size_t count = 0;
    struct read read;

    while (count < 5 && it->files[count].path)
        count++;
    read_files(&read, it->files, count);
    expect(&read, it->tree, it->says);
    if (it->says_in)
        ck_assert_str_eq(read.diags.first->place.file, it->says_in);
    arena_done(&read.arena);
}
END_TEST

START_TEST(includes_nest_eight_deep_and_no_deeper)
{
    static const struct text_file files[] = {
        { "0", "Include 1" }, { "1", "Include 2" },        { "2", "Include 3" },
        { "3", "Include 4" }, { "4", "Include 5" },        { "5", "Include 6" },
        { "6", "Include 7" }, { "7", "K = V\nInclude 8" }, { "8", "L = W" },
    };
    struct read read;

    read_files(&read, files, sizeof(files) / sizeof(files[0]));
    ck_assert_uint_eq(read.diags.errors, 1);
    expect(&read, "K=V;",
           "note 1:1+7 Include inside an included file is read, but not by Hiawatha");
    arena_done(&read.arena);
}
END_TEST

START_TEST(a_value_that_grows_without_end_is_an_error)
{
    struct read read;
    char text[4096] = "set A = 0123456789012345678901234567890123456789\n";

    for (char c = 'B'; c <= 'Z'; c++) {
        char line[64];
        snprintf(line, sizeof(line), "set %c = %c.%c.%c.%c.%c\n", c, c - 1, c - 1, c - 1, c - 1,
                 c - 1);
        strcat(text, line);
    }
    strcat(text, "K = Z\nL = 1\n");
    const struct text_file file = { "longhouse.conf", text };
    read_files(&read, &file, 1);
    ck_assert_uint_eq(read.diags.errors, 1);
    ck_assert_ptr_nonnull(read.tree.root.first_child);
    ck_assert(slice_equal_cstr(read.tree.root.first_child->name, "L"));
    arena_done(&read.arena);
}
END_TEST

/* ---- places inside values ---- */

static const struct placing_case {
    const char *text;
    const char *part; /* of the value of the last node */
    const char *at;   /* line:column+span */
    const char *raw;  /* the value as written */
} placing_cases[] = {
    { "K = one, two", "one", "1:5+3", "one, two" },
    { "K = one, two", "two", "1:10+3", "one, two" },
    { "K = one, \\\n    two, three", "two", "2:5+3", "one,    two, three" },
    { "K = one, \\\n    two, three", "three", "2:10+5", "one,    two, three" },
    { "K = one, \\\n    two, three", "one", "1:5+3", "one,    two, three" },
    { "set D = /data\nK = x, D/y, z", "x", "2:5+1", "x, D/y, z" },
    { "set D = /data\nK = x, D/y, z", "/data/y", "2:8+3", "x, D/y, z" },
    { "set D = /data\nK = x, D/y, z", "z", "2:13+1", "x, D/y, z" },
    { "set D = /data\nK = x, ${D}/y, z", "/data/y", "2:8+6", "x, ${D}/y, z" },
    { "set D = a, b\nK = D, c", "b", "2:5+1", "D, c" },
    { "set E = x\nset D = E/b\nK = D, c", "x/b", "3:5+1", "D, c" },
    { "set D = 1\nK = a, \\\n  D", "1", "3:3+1", "a,  D" },
};

START_TEST(a_part_of_a_value_knows_its_place)
{
    const struct placing_case *it = &placing_cases[_i];
    const struct text_file file = { "longhouse.conf", it->text };
    char at[64];
    struct read read;

    read_files(&read, &file, 1);
    const struct tree_node *node = read.tree.root.last_child;
    size_t offset = slice_find_slice(node->value, slice_cstr(it->part));
    ck_assert_uint_ne(offset, SLICE_NONE);
    struct diag_place place = tree_place(node, slice_of(node->value.at + offset, strlen(it->part)));
    snprintf(at, sizeof(at), "%u:%u+%u", place.line, place.column, place.span);
    ck_assert_str_eq(at, it->at);
    ck_assert(slice_equal_cstr(node->raw_value, it->raw));
    arena_done(&read.arena);
}
END_TEST

SUITE("read_block", LOOP(a_text_becomes_its_tree, cases), TEST(a_nul_byte_ends_the_reading),
      LOOP(included_texts_stand_where_the_include_stands, including_cases),
      TEST(includes_nest_eight_deep_and_no_deeper),
      TEST(a_value_that_grows_without_end_is_an_error),
      LOOP(a_part_of_a_value_knows_its_place, placing_cases))
