#include "site/media.h"

#include "slice_assert.h"
#include "suite.h"

static const struct {
    const char *extension;
    const char *type;
} built_in[] = {
    { "html", "text/html; charset=utf-8" },
    { "HTML", "text/html; charset=utf-8" },
    { "css", "text/css; charset=utf-8" },
    { "mjs", "text/javascript; charset=utf-8" },
    { "json", "application/json; charset=utf-8" },
    { "webmanifest", "application/manifest+json; charset=utf-8" },
    { "svg", "image/svg+xml; charset=utf-8" },
    { "xml", "application/xml; charset=utf-8" },
    { "woff2", "font/woff2" },
    { "avif", "image/avif" },
    { "wasm", "application/wasm" },
    { "mp4", "video/mp4" },
    { "Jpg", "image/jpeg" },
    { "7z", "application/x-7z-compressed" },
    { "", "application/octet-stream" },
    { "nobodyknows", "application/octet-stream" },
    { "an-extension-that-is-longer-than-any-in-a-table", "application/octet-stream" },
};

START_TEST(the_table_knows_common_types)
{
    struct arena arena = { 0 };
    struct media *media = media_build(SLICE(""), &arena);

    assert_slice(media_type(media, slice_cstr(built_in[_i].extension)), built_in[_i].type);
    media_done(media);
    arena_done(&arena);
}
END_TEST

static const char text[] = "# a comment\n"
                           "text/plain\ttxt  log # ends here\r\n"
                           "\n"
                           "image/x-own  .own OWN2\n"
                           "no-type ext\n"
                           "text/html; html\n"
                           "text/latin1;charset=iso-8859-1 lat\n"
                           "image/x-new own\n"
                           "bad\x01/type bad\n"
                           "lonely/type";

static const struct {
    const char *extension;
    const char *type;
} from_file[] = {
    { "txt", "text/plain; charset=utf-8" },
    { "log", "text/plain; charset=utf-8" },
    { "ends", "application/octet-stream" },
    { "own", "image/x-new" },
    { "own2", "image/x-own" },
    { "ext", "application/octet-stream" },
    { "html", "application/octet-stream" },
    { "lat", "text/latin1;charset=iso-8859-1" },
    { "bad", "application/octet-stream" },
    { "css", "application/octet-stream" }, /* the file replaces the table */
};

START_TEST(a_file_replaces_the_table)
{
    struct arena arena = { 0 };
    struct media *media = media_build(slice_cstr(text), &arena);

    assert_slice(media_type(media, slice_cstr(from_file[_i].extension)), from_file[_i].type);
    media_done(media);
    arena_done(&arena);
}
END_TEST

START_TEST(text_is_said_to_be_in_the_character_set_of_the_host)
{
    struct arena arena = { 0 };
    struct media *media = media_build(SLICE(""), &arena);

    assert_slice(media_type_in(media, SLICE("html"), SLICE("iso-8859-1"), &arena),
                 "text/html; charset=iso-8859-1");
    assert_slice(media_type_in(media, SLICE("html"), SLICE("UTF-8"), &arena),
                 "text/html; charset=utf-8");
    assert_slice(media_type_in(media, SLICE("html"), SLICE(""), &arena), "text/html");
    assert_slice(media_type_in(media, SLICE("png"), SLICE("iso-8859-1"), &arena), "image/png");
    media_done(media);
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *type;
    const char *other;
    bool is_kin;
} pairs[] = {
    { "text/css", "text/css; charset=utf-8", true },
    { "TEXT/CSS ;x=y", "text/css", true },
    { "text/css", "text/html", false },
    { "text/css", "", false },
    { "text/javascript; charset=utf-8", "application/javascript", true },
    { "text/javascript", "application/json", false },
    { "image/x-icon", "image/vnd.microsoft.icon", true },
    { "image/png", "text/html", false },
    { "image/svg+xml", "application/xhtml+xml", false },
    { "font/woff2", "application/font-woff2", true },
    { "application/vnd.ms-fontobject", "application/x-font-ttf", true },
    { "text/xml", "application/xml", true },
    { "application/xml", "application/xhtml+xml", false },
    { "audio/ogg", "audio/vorbis", true },
    { "video/mp4", "video/webm", true },
    { "video/mp4", "audio/mp4", false },
};

START_TEST(kin_is_the_same_content_by_another_name)
{
    const struct slice type = slice_cstr(pairs[_i].type);
    const struct slice other = slice_cstr(pairs[_i].other);

    ck_assert_int_eq(media_is_kin(type, other), pairs[_i].is_kin);
    ck_assert_int_eq(media_is_kin(other, type), pairs[_i].is_kin);
}
END_TEST

SUITE("media", LOOP(kin_is_the_same_content_by_another_name, pairs),
      LOOP(the_table_knows_common_types, built_in), LOOP(a_file_replaces_the_table, from_file),
      TEST(text_is_said_to_be_in_the_character_set_of_the_host))
