#include "config/read_yaml.h"

#include "config/load.h"
#include "config/text_source.h"
#include "slice_assert.h"
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

static void dump(const struct tree_node *parent, FILE *out)
{
    for (const struct tree_node *node = parent->first_child; node; node = node->next) {
        fprintf(out, "%.*s", SLICE_ARGS(node->name));
        if (node->is_section) {
            fputc('{', out);
            dump(node, out);
            fputc('}', out);
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

    if (diag)
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
    bool good;
    char *dumped;
};

static void read_files(struct read *read, const struct text_file *files, size_t count)
{
    const struct source_text main = { .name = files[0].path, .text = slice_cstr(files[0].text) };
    size_t len = 0;

    *read = (struct read){ 0 };
    arena_init(&read->arena);
    diags_init(&read->diags, &read->arena);
    text_source_init(&read->source, files, count);
    read->good = read_yaml(&main, &read->source.source, &read->arena, &read->diags, &read->tree);
    FILE *out = open_memstream(&read->dumped, &len);
    dump(&read->tree.root, out);
    fclose(out);
}

static void expect(struct read *read, const char *tree, const char *says)
{
    char *said = first_diag(&read->diags);

    ck_assert_str_eq(read->dumped, tree);
    if (says)
        ck_assert_msg(said && strcmp(said, says) == 0, "says '%s', not '%s'", said ? said : "-",
                      says);
    else
        ck_assert_msg(!said, "says '%s'", said);
    free(said);
    free(read->dumped);
    arena_done(&read->arena);
}

static const struct reading_case cases[] = {
    /* options */
    { "", "", NULL },
    { "# nothing\n", "", NULL },
    { "---\n...\n", "", NULL },
    { "K: V\n", "K=V;", NULL },
    { "K: V", "K=V;", NULL },
    { "\xef\xbb\xbfK: V", "K=V;", NULL },
    { "%YAML 1.1\n---\nK: V\n", "K=V;", NULL },
    { "K: V # comment\nL: 'W'\nM: \"X # y\"\r\n", "K=V;L=W;M=X # y;", NULL },
    { "K: \"a\\tb \\u00e4 \\x41\"", "K=a\tb \xc3\xa4 A;", NULL },
    { "K: a\n  b", "K=a b;", NULL },
    { "K: >-\n  a\n  b\n", "K=a b;", NULL },
    { "K: '  a '", "K=a;", NULL },
    { "K: 10\nL: yes\nM: 1.5\nN: null\nO: ~\n", "K=10;L=yes;M=1.5;N=null;O=~;", NULL },
    { "{K: V, L: [a, b]}", "K=V;L=a;L=b;", NULL },
    { "K:\n  - a\n  - b, c\n", "K=a;K=b, c;", NULL },
    { "K: []", "", NULL },
    { "- K: a\n- L: b\n- K: c\n  M: d\n", "K=a;L=b;K=c;M=d;", NULL },

    /* sections */
    { "Binding:\n  Port: 80\n", "Binding{Port=80;}", NULL },
    { "Binding:\n  - Port: 80\n  - Port: 81\n", "Binding{Port=80;}Binding{Port=81;}", NULL },
    { "Binding:\n- Port: 80\nK: V", "Binding{Port=80;}K=V;", NULL },
    { "Binding:\n", "Binding{}", NULL },
    { "Binding: {}", "Binding{}", NULL },
    { "UrlToolkit:\n  - - Match: a\n    - Header: b\n    - Match: c\n  - Match: d\n",
      "UrlToolkit{Match=a;Header=b;Match=c;}UrlToolkit{Match=d;}", NULL },

    /* anchors */
    { "K: &a V\nL: *a\n", "K=V;L=V;", NULL },
    { "K: &a V\nL: &a W\nM: *a\n", "K=V;L=W;M=W;", NULL },
    { "x-a: &a\n  L: 1\n  M: 2\nBinding:\n  <<: *a\n  M: 3\n", "Binding{L=1;M=3;}", NULL },
    { "x-a: &a {L: 1}\nx-b: &b {L: 2, M: 3}\nBinding:\n  <<: [*a, *b]\n", "Binding{L=1;L=2;M=3;}",
      NULL },
    { "x-a: &a {L: 1}\nx-b: &b {<<: *a, M: 3}\nBinding:\n  K: 0\n  <<: *b\n",
      "Binding{K=0;L=1;M=3;}", NULL },

    /* faults */
    { "K:", "", "error 1:1+1 'K' has no value" },
    { "  K: ''", "", "error 1:3+1 'K' has no value" },
    { "K: |\n  a\n  b\n", "", "error 1:4+1 'K' has a value of several lines" },
    { "K: \"a\\x01b\"", "", "error 1:4+8 'K' has a control byte in its value" },
    { "K: V\nL: W\nk: X", "K=V;L=W;", "error 3:1+1 'k' is given twice here" },
    { "K: !!str V", "", "error 1:4+1 tags are not read" },
    { "K: !x [a]", "", "error 1:4+1 tags are not read" },
    { "!x {K: V}", "", "error 1:1+1 tags are not read" },
    { "K: *a", "", "error 1:4+1 this alias has no anchor" },
    { "K: &a [*a]", "", "error 1:8+1 this alias stands for what it is a part of" },
    { "K: V\n---\nL: W\n", "", "error 2:1+1 a second document begins here" },
    { "K: [[[[[[[[[[[[[[[[a]]]]]]]]]]]]]]]]", "",
      "error 1:19+1 this is nested too deep (at most 16 levels)" },
    { "K: {L: M}", "K{L=M;}", NULL }, /* no such section: said when all is read */
    { "K: [[L: M], {}]", "K{L=M;}K{}", NULL },
    { "K: [a, [b]]", "K=a;", "error 1:8+1 'K' wants a text, or a list of texts" },
    { "[K]: V", "", "error 1:1+1 the name of an option or section is a text" },
    { "'': V", "", "error 1:1+2 the name of an option or section is a text" },
    { "text", "", "error 1:1+4 here stand NAME: VALUE pairs" },
    { "- a\n- K: V\n", "K=V;", "error 1:3+1 here stand NAME: VALUE pairs" },
    { "Binding: 80", "", "error 1:10+2 'Binding' is a section, not an option" },
    { "VirtualHost:\n  Binding:\n    Port: 80\n", "VirtualHost{}",
      "error 2:3+7 'Binding' begins inside 'VirtualHost': sections do not nest" },
    { "set: {A: b}", "", "error 1:1+3 there is no 'set' in YAML" },
    { "Binding:\n  <<: a\n", "Binding{}", "error 2:7+1 '<<' wants a map, as an alias: *NAME" },
    { "Binding:\n  <<: [a]\n", "Binding{}", "error 2:8+1 '<<' wants a map" },
    { "K: V\n  L: W\n", "",
      "error 2:4+1 this is no YAML: mapping values are not allowed in this context" },
    { "K: \"a\n", "", "error 2:1+1 this is no YAML: found unexpected end of stream" },
    { "\xc3\xa4: [\xc3\xa4, \xc3\xa4 \xc3\xa4]: x\n", "",
      "error 1:16+1 this is no YAML: mapping values are not allowed in this context" },
    { "K:a:\n\"b\"\r", "", "error 2:4+1 this is no YAML: could not find expected ':'" },
    { "K: a\x01", "", "error 1:5+1 this is no YAML: control characters are not allowed" },
    { "K: \xff", "", "error 1:4+1 this is no YAML: invalid leading UTF-8 octet" },
    { "\tK: a", "", "error 1:1+1 this is no YAML: found character that cannot start any token" },
};

START_TEST(a_text_becomes_its_tree)
{
    const struct text_file file = { "longhouse.yaml", cases[_i].text };
    struct read read;

    read_files(&read, &file, 1);
    expect(&read, cases[_i].tree, cases[_i].says);
}
END_TEST

/* ---- places ---- */

static const struct {
    const char *text;
    unsigned line;
    unsigned column; /* of the second word of the value */
} places[] = {
    { "K: one two", 1, 8 },
    { "# \xc3\xa4\n\xc3\xa4\xc3\xa4: one two\n", 2, 11 },
    { "K: \"one two\"", 1, 9 },
    { "K: ' one two'", 1, 10 },
    { "\r\nK: [one two]", 2, 9 },
    { "K: \"one\\x20two\"", 1, 4 }, /* the whole, where bytes are not as written */
};

START_TEST(parts_of_values_have_their_places)
{
    const struct text_file file = { "longhouse.yaml", places[_i].text };
    struct read read;

    read_files(&read, &file, 1);
    const struct tree_node *node = read.tree.root.first_child;
    struct diag_place place = tree_place(node, slice_skip(node->value, 4));
    ck_assert_uint_eq(place.line, places[_i].line);
    ck_assert_uint_eq(place.column, places[_i].column);
    free(read.dumped);
    arena_done(&read.arena);
}
END_TEST

/* ---- Include ---- */

START_TEST(texts_of_both_forms_include_each_other)
{
    static const struct text_file files[] = {
        { "longhouse.yaml", "A: 1\nInclude: [b.conf, sites]\nZ: 9\n" },
        { "b.conf", "set X = 2\nB = X\nInclude c.yaml\nD = X\n" },
        { "c.yaml", "C: X\n" },
        { "sites/a.yml", "VirtualHost:\n  K: V\n" },
        { "sites/b.conf", "VirtualHost {\nK = W\n}\n" },
    };
    struct read read;

    read_files(&read, files, 5);
    ck_assert_uint_eq(read.diags.errors, 0);
    read.diags.first = NULL; /* a note about the Include in an included file */
    expect(&read, "A=1;B=2;C=X;D=2;VirtualHost{K=V;}VirtualHost{K=W;}Z=9;", NULL);
}
END_TEST

START_TEST(a_text_does_not_include_itself)
{
    static const struct text_file files[] = {
        { "longhouse.yaml", "Include: a.conf\nK: V\n" },
        { "a.conf", "Include longhouse.yaml\n" },
    };
    struct read read;

    read_files(&read, files, 2);
    ck_assert_uint_eq(read.diags.errors, 1);
    ck_assert_str_eq(read.dumped, "K=V;");
    free(read.dumped);
    arena_done(&read.arena);
}
END_TEST

static const struct reading_case includes[] = {
    { "Include: none", "", "error 1:10+4 cannot include 'none': No such file or directory" },
    { "Include: {a: b}", "", "error 1:10+1 Include wants the path of a file or folder" },
    { "Include: [[a]]", "", "error 1:11+1 Include wants the path of a file or folder" },
    { "Include: ", "", "error 1:9+1 Include wants the path of a file or folder" },
    { "Binding:\n  Include: a\n", "Binding{}", "error 2:3+7 Include stands outside sections only" },
};

START_TEST(what_cannot_be_included_is_said)
{
    const struct text_file file = { "longhouse.yaml", includes[_i].text };
    struct read read;

    read_files(&read, &file, 1);
    expect(&read, includes[_i].tree, includes[_i].says);
}
END_TEST

/* ---- aliases that multiply ---- */

START_TEST(aliases_do_not_grow_without_bound)
{
    struct text_file file = { "longhouse.yaml", NULL };
    size_t len = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &len);
    struct read read;

    fputs("x-k: &k [a", out);
    for (int i = 1; i < 1000; i++)
        fputs(", a", out);
    fputs("]\nx-s: &s\n  K: *k\nVirtualHost: [*s", out);
    for (int i = 1; i < 1000; i++)
        fputs(", *s", out);
    fputs("]\n", out);
    fclose(out);
    file.text = text;

    read_files(&read, &file, 1);
    ck_assert_uint_eq(read.diags.errors, 1);
    assert_slice(read.diags.first->message, "the aliases make more than 100000 options");
    free(read.dumped);
    free(text);
    arena_done(&read.arena);
}
END_TEST

START_TEST(maps_are_taken_over_through_so_many_maps_only)
{
    struct text_file file = { "longhouse.yaml", NULL };
    size_t len = 0;
    char *text = NULL;
    FILE *out = open_memstream(&text, &len);
    struct read read;

    fputs("x-0: &a0 {K: V}\n", out);
    for (int i = 1; i < 20; i++)
        fprintf(out, "x-%d: &a%d {<<: *a%d}\n", i, i, i - 1);
    fputs("Binding: {<<: *a19}\n", out);
    fclose(out);
    file.text = text;

    read_files(&read, &file, 1);
    ck_assert_uint_eq(read.diags.errors, 1);
    assert_slice(read.diags.first->message, "'<<' leads through too many maps (at most 16)");
    free(read.dumped);
    free(text);
    arena_done(&read.arena);
}
END_TEST

/* ---- whose form is it? ---- */

static const struct {
    const char *name;
    const char *text;
    bool yaml;
} forms[] = {
    { "a.yaml", "", true },          { "a.YML", "", true },
    { "a.conf", "", false },         { "a.conf", "# a: b\n\nK: V", true },
    { "a.conf", "---\n", true },     { "a.conf", "%YAML 1.1\n", true },
    { "a.conf", "- K: V", true },    { "a.conf", "K:\n  - V", true },
    { "a.conf", "K = a: b", false }, { "a.conf", "K:V", false },
    { "a.conf", "K a: b", false },   { "a.conf", "-- K: V", false },
    { "a.conf", ": V", false },      { "a.conf", "- a", false },
};

START_TEST(name_or_first_line_tell_the_form)
{
    const struct source_text text = { .name = forms[_i].name, .text = slice_cstr(forms[_i].text) };

    ck_assert_int_eq(yaml_recognise(&text), forms[_i].yaml);
}
END_TEST

/* ---- the whole way ---- */

START_TEST(a_configuration_in_yaml_is_loaded)
{
    const struct text_file file = { "longhouse.yaml", "Hostname: [a.example, b.example]\n"
                                                      "WebsiteRoot: /srv\n"
                                                      "Binding:\n"
                                                      "  Port: 8080\n"
                                                      "  Interface: '::1'\n" };
    struct loaded loaded;

    loaded_files(&loaded, &file, 1);
    ck_assert_ptr_nonnull(loaded.conf);
    assert_slice(loaded.conf->hosts->hostnames->next->text, "b.example");
    ck_assert_uint_eq(loaded.conf->bindings->port, 8080);
    loaded_done(&loaded);
}
END_TEST

START_TEST(faults_of_options_have_their_places)
{
    const struct text_file file = { "longhouse.yaml",
                                    "Hostname: a\nWebsiteRoot: /srv\nTimeForCGI: \"0\"\n"
                                    "Binding:\n  - Prot: 80\n" };
    struct loaded loaded;

    loaded_files(&loaded, &file, 1);
    char *report = loaded_report(&loaded);
    ck_assert_str_eq(
        report, "longhouse.yaml:3:14: error: 'TimeForCGI' must be between 1 s and 3600 s, not '0'\n"
                "    3 | TimeForCGI: \"0\"\n"
                "      |              ^\n"
                "longhouse.yaml:5:5: error: unknown option 'Prot' in this Binding\n"
                "    5 |   - Prot: 80\n"
                "      |     ^~~~\n"
                "      = did you mean 'Port'?\n"
                "longhouse.yaml:5:5: error: this Binding has no Port\n"
                "    5 |   - Prot: 80\n"
                "      |     ^\n"
                "      = add: Port = number\n");
    free(report);
    loaded_done(&loaded);
}
END_TEST

SUITE("read_yaml", LOOP(a_text_becomes_its_tree, cases),
      LOOP(parts_of_values_have_their_places, places), TEST(texts_of_both_forms_include_each_other),
      TEST(a_text_does_not_include_itself), LOOP(what_cannot_be_included_is_said, includes),
      TEST(aliases_do_not_grow_without_bound), TEST(maps_are_taken_over_through_so_many_maps_only),
      LOOP(name_or_first_line_tell_the_form, forms), TEST(a_configuration_in_yaml_is_loaded),
      TEST(faults_of_options_have_their_places))
