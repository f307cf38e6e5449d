#include "base/diag.h"

#include "suite.h"

#include <stdio.h>

static struct arena arena;
static struct diags diags;

static char *print(bool colours)
{
    char *printed = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&printed, &len);

    diags_print(&diags, out, colours);
    fclose(out);
    return printed;
}

static void expect(bool colours, const char *expected)
{
    char *printed = print(colours);

    ck_assert_str_eq(printed, expected);
    free(printed);
    arena_done(&arena);
}

static struct diag_place place(const char *file, unsigned line, unsigned column, unsigned span,
                               const char *text)
{
    return (struct diag_place){
        .file = file, .line = line, .column = column, .span = span, .text = slice_cstr(text)
    };
}

START_TEST(a_fault_is_shown_with_its_line_and_a_cure)
{
    struct diag_place at = place("longhouse.conf", 21, 5, 10, "    ExecuteCGl = yes");

    diags_init(&diags, &arena);
    struct diag *diag = diag_add(&diags, DIAG_ERROR, &at, "unknown option '%s' in VirtualHost '%s'",
                                 "ExecuteCGl", "shop");
    diag_hint(&diags, diag, "did you mean '%s'?", "ExecuteCGI");
    ck_assert_uint_eq(diags.errors, 1);
    expect(false, "longhouse.conf:21:5: error: unknown option 'ExecuteCGl' in VirtualHost 'shop'\n"
                  "   21 |     ExecuteCGl = yes\n"
                  "      |     ^~~~~~~~~~\n"
                  "      = did you mean 'ExecuteCGI'?\n");
}
END_TEST

static const struct {
    struct diag_place place;
    const char *printed;
} places[] = {
    { { 0 }, "warning: w\n" },
    { { .file = "f" }, "f: warning: w\n" },
    { { .file = "f", .line = 3 }, "f:3: warning: w\n" },
    { { .file = "f", .line = 3, .text = SLICE_INIT("a b") }, "f:3: warning: w\n    3 | a b\n" },
    { { .file = "f", .line = 3, .column = 1, .text = SLICE_INIT("a b") },
      "f:3:1: warning: w\n    3 | a b\n      | ^\n" },
    { { .file = "f", .line = 3, .column = 3, .span = 9, .text = SLICE_INIT("a bc") },
      "f:3:3: warning: w\n    3 | a bc\n      |   ^~\n" },
    { { .file = "f", .line = 3, .column = 4, .text = SLICE_INIT("a b") },
      "f:3:4: warning: w\n    3 | a b\n      |    ^\n" },
    { { .file = "f", .line = 3, .column = 900, .span = 5, .text = SLICE_INIT("a b") },
      "f:3:900: warning: w\n    3 | a b\n      |    ^\n" },
    { { .file = "f", .line = 3, .column = 3, .span = 2, .text = SLICE_INIT("\t\tab") },
      "f:3:3: warning: w\n    3 | \t\tab\n      | \t\t^~\n" },
    { { .file = "f",
        .line = 3,
        .column = 5,
        .span = 3,
        .text = SLICE_INIT("a\t\xc3\xa4\xc3\xb6x") },
      "f:3:5: warning: w\n    3 | a\t\xc3\xa4\xc3\xb6x\n      |  \t ^~\n" },
    { { .file = "f",
        .line = 3,
        .column = 4,
        .text = SLICE_INIT("a\x1b\xff"
                           "b") },
      "f:3:4: warning: w\n    3 | a??b\n      |    ^\n" },
    { { .file = "f", .line = 1234567, .column = 2, .text = SLICE_INIT("ab") },
      "f:1234567:2: warning: w\n1234567 | ab\n        |  ^\n" },
};

START_TEST(a_place_is_shown_as_far_as_it_is_known)
{
    diags_init(&diags, &arena);
    diag_add(&diags, DIAG_WARNING, &places[_i].place, "w");
    ck_assert_uint_eq(diags.warnings, 1);
    expect(false, places[_i].printed);
}
END_TEST

START_TEST(a_fault_without_a_place_is_allowed)
{
    diags_init(&diags, &arena);
    diag_add(&diags, DIAG_NOTE, NULL, "n");
    ck_assert_uint_eq(diags.notes, 1);
    expect(false, "note: n\n");
}
END_TEST

START_TEST(faults_stand_by_file_then_line_then_as_they_were_found)
{
    static const struct {
        const char *file;
        unsigned line;
        const char *message;
    } found[] = {
        { "main", 9, "1" }, { "included", 2, "2" }, { "main", 3, "3" },     { "main", 9, "4" },
        { "main", 0, "5" }, { "included", 1, "6" }, { "included", 2, "7" }, { "main", 9, "8" },
    };
    char other_main[] = "main"; /* files are the same by name, not by address */

    diags_init(&diags, &arena);
    for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
        const char *file = i == 2 ? other_main : found[i].file;
        struct diag_place at = place(file, found[i].line, 0, 0, "");

        diag_add(&diags, DIAG_ERROR, &at, "%s", found[i].message);
    }
    expect(false, "main: error: 5\nmain:3: error: 3\nmain:9: error: 1\nmain:9: error: 4\n"
                  "main:9: error: 8\nincluded:1: error: 6\nincluded:2: error: 2\n"
                  "included:2: error: 7\n");
}
END_TEST

START_TEST(colours_mark_the_parts)
{
    struct diag_place at = place("f", 1, 2, 2, "abc");

    diags_init(&diags, &arena);
    diag_add(&diags, DIAG_ERROR, &at, "e");
    diag_add(&diags, DIAG_WARNING, NULL, "w");
    diag_add(&diags, DIAG_NOTE, NULL, "n");
    expect(true, "\033[1mf:1:2: \033[0m\033[1;31merror: \033[0me\n"
                 "    1 | abc\n      |  \033[1;32m^~\033[0m\n"
                 "\033[1;35mwarning: \033[0mw\n"
                 "\033[1;36mnote: \033[0mn\n");
}
END_TEST

START_TEST(nothing_is_printed_when_all_is_well)
{
    diags_init(&diags, &arena);
    expect(true, "");
}
END_TEST

START_TEST(a_message_cannot_drive_the_terminal)
{
    diags_init(&diags, &arena);
    struct diag *diag = diag_add(&diags, DIAG_ERROR, NULL, "bad value '%s'", "\x1b[2J\xc2\x9b");
    diag_hint(&diags, diag, "not '%s'", "\x1b");
    expect(false, "error: bad value '?[2J?'\n      = not '?'\n");
}
END_TEST

static const char *const options[] = { "ExecuteCGI", "TimeForCGI", "Hostname", "WebsiteRoot",
                                       "StartFile",  "UseFastCGI", "set",      "Port" };

static const struct {
    const char *word;
    const char *nearest;
} words[] = {
    { "ExecuteCGl", "ExecuteCGI" },
    { "executecgi", "ExecuteCGI" },
    { "ExceuteCGI", "ExecuteCGI" },
    { "HostName", "Hostname" },
    { "Hostnmae", "Hostname" },
    { "Hostnames", "Hostname" },
    { "WebRoot", NULL },
    { "WebsiteRot", "WebsiteRoot" },
    { "FastCGI", "UseFastCGI" },
    { "UseFastCGl", "UseFastCGI" },
    { "sets", "set" },
    { "st", "set" },
    { "xyz", NULL },
    { "", NULL },
    { "prot", "Port" },
    { "Completely", NULL },
};

START_TEST(the_nearest_word_is_found_when_one_is_near)
{
    const char *nearest =
        diag_nearest(slice_cstr(words[_i].word), options, sizeof(options) / sizeof(options[0]));

    if (words[_i].nearest)
        ck_assert_pstr_eq(nearest, words[_i].nearest);
    else
        ck_assert_ptr_null(nearest);
}
END_TEST

START_TEST(a_word_of_any_length_is_answered)
{
    char word[1000];

    memset(word, 'a', sizeof(word));
    for (size_t len = 0; len < sizeof(word); len += 7)
        ck_assert_ptr_null(diag_nearest(slice_of(word, len), options, 8));
    ck_assert_ptr_null(diag_nearest(SLICE("a"), NULL, 0));
}
END_TEST

SUITE("base: diag", TEST(a_fault_is_shown_with_its_line_and_a_cure),
      LOOP(a_place_is_shown_as_far_as_it_is_known, places),
      TEST(a_fault_without_a_place_is_allowed),
      TEST(faults_stand_by_file_then_line_then_as_they_were_found), TEST(colours_mark_the_parts),
      TEST(nothing_is_printed_when_all_is_well), TEST(a_message_cannot_drive_the_terminal),
      LOOP(the_nearest_word_is_found_when_one_is_near, words),
      TEST(a_word_of_any_length_is_answered))
