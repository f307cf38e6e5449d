/* Options about the compression of answers. */
#include "config/text_source.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define SITE "Hostname = a\nWebsiteRoot = /srv\nBinding {\nPort = 80\n}\n"

static const char *const names[] = {
    [CONF_CODING_GZIP] = "gzip", [CONF_CODING_BR] = "br", [CONF_CODING_ZSTD] = "zstd"
};

static const struct {
    const char *text;
    const char *codings;
} codings[] = {
    { "", "zstd br gzip " },
    { "Compress = yes\n", "zstd br gzip " },
    { "Compress = No\n", "" },
    { "Compress = gzip\n", "gzip " },
    { "Compress = GZIP , br\n", "gzip br " },
    { "Compress = br, br, zstd, br\n", "br zstd " },
};

START_TEST(codings_stand_in_their_order)
{
    struct loaded loaded;
    char text[200];
    char said[64] = "";

    snprintf(text, sizeof(text), SITE "%s", codings[_i].text);
    loaded_text(&loaded, text);
    ck_assert_ptr_nonnull(loaded.conf);
    const struct conf_compress *compress = &loaded.conf->hosts->folder.compress;

    for (unsigned i = 0; i < compress->count; i++)
        snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s ",
                 names[compress->codings[i]]);
    ck_assert_str_eq(said, codings[_i].codings);
    loaded_done(&loaded);
}
END_TEST

START_TEST(a_directory_has_its_own)
{
    struct loaded loaded;

    loaded_text(&loaded, SITE "UseDirectory = d\nDirectory {\nDirectoryID = d\nPath = /d\n"
                              "Compress = no\n}\n");
    ck_assert_ptr_nonnull(loaded.conf);
    ck_assert_uint_eq(loaded.conf->hosts->folder.compress.count, 3);
    ck_assert_ptr_nonnull(loaded.conf->hosts->directories[0]->given);
    ck_assert_uint_eq(loaded.conf->hosts->directories[0]->folder.compress.count, 0);
    loaded_done(&loaded);
}
END_TEST

START_TEST(types_take_the_place_of_the_usual_ones)
{
    struct loaded loaded;

    loaded_text(&loaded, SITE "CompressTypes = text/*, *+xml\nCompressTypes = font/ttf\n");
    ck_assert_ptr_nonnull(loaded.conf);
    const struct conf_word *word = loaded.conf->hosts->compress_types;

    ck_assert(word && slice_equal_cstr(word->text, "text/*"));
    ck_assert(word->next && slice_equal_cstr(word->next->text, "*+xml"));
    ck_assert(word->next->next && slice_equal_cstr(word->next->next->text, "font/ttf"));
    ck_assert_ptr_null(word->next->next->next);
    loaded_done(&loaded);
}
END_TEST

static const struct {
    const char *text;
    const char *says;
} faults[] = {
    { "Compress = deflate\n", "6:12+7 'Compress' is yes, no or a list of zstd, br and gzip, "
                              "not 'deflate' = for example: Compress = br, gzip" },
    { "Compress = gzip, yes\n", "6:18+3 'Compress' is yes, no or a list of zstd, br and "
                                "gzip, not 'yes' = for example: Compress = br, gzip" },
    { "CompressTypes = text\n", "6:17+4 'CompressTypes' wants types of answers, not 'text' = "
                                "for example: CompressTypes = text/*, application/json, *+xml" },
    { "CompressTypes = text/css, a/b/c\n",
      "6:27+5 'CompressTypes' wants types of answers, not 'a/b/c' = for example: "
      "CompressTypes = text/*, application/json, *+xml" },
    { "CompressTypes = *+\n", "6:17+2 'CompressTypes' wants types of answers, not '*+' = for "
                              "example: CompressTypes = text/*, application/json, *+xml" },
    { "CompressTypes = text/html; charset=utf-8\n",
      "6:17+24 'CompressTypes' wants types of answers, not 'text/html; charset=utf-8' = for "
      "example: CompressTypes = text/*, application/json, *+xml" },
};

START_TEST(each_fault_is_named_at_its_place)
{
    struct loaded loaded;
    char text[200];
    char said[512] = "";

    snprintf(text, sizeof(text), SITE "%s", faults[_i].text);
    loaded_text(&loaded, text);
    const struct diag *diag = loaded.diags.first;
    if (diag)
        snprintf(said, sizeof(said), "%u:%u+%u %.*s = %.*s", diag->place.line, diag->place.column,
                 diag->place.span, SLICE_ARGS(diag->message), SLICE_ARGS(diag->hint));
    ck_assert_str_eq(said, faults[_i].says);
    ck_assert_ptr_null(loaded.conf);
    loaded_done(&loaded);
}
END_TEST

SUITE("compress", LOOP(codings_stand_in_their_order, codings), TEST(a_directory_has_its_own),
      TEST(types_take_the_place_of_the_usual_ones), LOOP(each_fault_is_named_at_its_place, faults))
