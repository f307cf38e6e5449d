#include "base/text.h"

#include "slice_assert.h"
#include "suite.h"

#include <stdlib.h>
#include <time.h>

START_TEST(pieces_follow_each_other)
{
    char room[200];
    struct text text = text_on(room, sizeof(room));

    text_add(&text, SLICE("a"));
    text_add(&text, slice_of(NULL, 0));
    text_add_cstr(&text, "bc");
    text_add_char(&text, ' ');
    text_add_u64(&text, 0);
    text_add_char(&text, ' ');
    text_add_u64(&text, UINT64_MAX);
    text_add_char(&text, ' ');
    text_add_2digits(&text, 7);
    text_add_2digits(&text, 42);
    text_printf(&text, " %s=%d", "n", -5);
    assert_slice(text_slice(&text), "abc 0 18446744073709551615 0742 n=-5");
    ck_assert(!text.cut);
    ck_assert_str_eq(text_cstr(&text), "abc 0 18446744073709551615 0742 n=-5");
}
END_TEST

static const struct {
    uint64_t number;
    unsigned digits;
    const char *expect;
} hexes[] = {
    { 0, 0, "0" },
    { 0, 2, "00" },
    { 0xab, 0, "ab" },
    { 0xab, 4, "00ab" },
    { 0x12345, 4, "12345" },
    { UINT64_MAX, 1, "ffffffffffffffff" },
    { 1, 20, "00000000000000000001" },
};

START_TEST(hexadecimal_has_the_least_width)
{
    char room[64];
    struct text text = text_on(room, sizeof(room));

    text_add_hex(&text, hexes[_i].number, hexes[_i].digits);
    assert_slice(text_slice(&text), hexes[_i].expect);
}
END_TEST

enum how { PLAIN, CSTR, CHARS, NUMBER, HEX, PRINTF, JSON, HTML, ESCAPED };

static const enum how hows[] = { PLAIN, CSTR, CHARS, NUMBER, HEX, PRINTF, JSON, HTML, ESCAPED };

static void add(struct text *text, enum how how)
{
    switch (how) {
    case PLAIN:
        text_add(text, SLICE("plain text"));
        break;
    case CSTR:
        text_add_cstr(text, "plain text");
        break;
    case CHARS:
        text_add_char(text, 'a');
        text_add_char(text, 'b');
        break;
    case NUMBER:
        text_add_u64(text, 1234567890);
        break;
    case HEX:
        text_add_hex(text, 0xabcdef, 8);
        break;
    case PRINTF:
        text_printf(text, "%s %d", "printed", 4711);
        break;
    case JSON:
        text_add_json(text, SLICE("a\"\x01\xc3\xa4\xff"));
        break;
    case HTML:
        text_add_html(text, SLICE("a<b>&'\""));
        break;
    case ESCAPED:
        text_add_escaped(text, SLICE("a\"b\\\n\xff"));
        break;
    }
}

START_TEST(what_does_not_fit_is_left_out_and_said)
{
    char whole_room[100];
    struct text whole = text_on(whole_room, sizeof(whole_room));

    add(&whole, hows[_i]);
    ck_assert(!whole.cut);
    for (size_t room = 0; room < whole.len; room++) {
        char *bytes = malloc(room + 1); /* an exact room: the sanitizer sees each byte too many */
        struct text text = text_on(bytes, room);

        bytes[room] = '#';
        add(&text, hows[_i]);
        ck_assert(text.cut);
        ck_assert_uint_le(text.len, room);
        assert_slices(text_slice(&text), slice_first(text_slice(&whole), text.len));

        size_t len = text.len;
        text_add_char(&text, 'x'); /* nothing is added behind a gap */
        text_printf(&text, "%s", "x");
        text_add(&text, SLICE("x"));
        ck_assert_uint_eq(text.len, len);
        ck_assert_int_eq(bytes[room], '#');
        free(bytes);
    }
}
END_TEST

START_TEST(a_full_text_gives_its_last_byte_to_the_nul)
{
    char room[4];
    struct text text = text_on(room, sizeof(room));

    text_add(&text, SLICE("abcd"));
    ck_assert(!text.cut);
    ck_assert_str_eq(text_cstr(&text), "abc");
    ck_assert(text.cut);
    ck_assert_str_eq(text_cstr(&text), "abc");
}
END_TEST

static const struct {
    struct slice in;
    const char *json;
} jsons[] = {
    { SLICE_INIT(""), "\"\"" },
    { { NULL, 0 }, "\"\"" },
    { SLICE_INIT("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"" },
    { SLICE_INIT("\n\r\t\0\x1f\x7f"), "\"\\n\\r\\t\\u0000\\u001f\\u007f\"" },
    { SLICE_INIT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x8f\xa0"),
      "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x8f\xa0\"" },
    { SLICE_INIT("a\xff"), "\"a\xef\xbf\xbd\"" },
    { SLICE_INIT("\xc3"), "\"\xef\xbf\xbd\"" },
    { SLICE_INIT("\x80z"), "\"\xef\xbf\xbdz\"" },
    { SLICE_INIT("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },                 /* overlong */
    { SLICE_INIT("\xe0\x80\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* overlong */
    { SLICE_INIT("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" }, /* a surrogate */
    { SLICE_INIT("\xf4\x90\x80\x80x"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdx\"" },
    { SLICE_INIT("\xf0\x8f\xbf\xbf"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
    { SLICE_INIT("\xf0\x9f\x8f\""), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\\\"\"" },
};

START_TEST(json_strings_are_always_well_formed)
{
    char room[100];
    struct text text = text_on(room, sizeof(room));

    text_add_json(&text, jsons[_i].in);
    assert_slice(text_slice(&text), jsons[_i].json);
}
END_TEST

START_TEST(time_is_local)
{
    char room[100];
    struct text text = text_on(room, sizeof(room));

    setenv("TZ", "LOC-1", 1);
    tzset();
    text_add_local_time(&text, 1795867507);
    assert_slice(text_slice(&text), "2026-11-28 13:05:07");
    text = text_on(room, sizeof(room));
    text_add_local_time(&text, INT64_MAX);
    assert_slice(text_slice(&text), "?");
    text = text_on(room, 18);
    text_add_local_time(&text, 0);
    assert_slice(text_slice(&text), "");
    ck_assert(text.cut);
}
END_TEST

START_TEST(html_has_its_entities)
{
    char room[100];
    struct text text = text_on(room, sizeof(room));

    text_add_html(&text, SLICE("<a href=\"x\">'&'</a>"));
    assert_slice(text_slice(&text), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
}
END_TEST

START_TEST(client_text_cannot_end_a_line_or_close_a_quote)
{
    char room[200];
    struct text text = text_on(room, sizeof(room));

    text_add_escaped(&text, slice_of("GET /\n\r\0\x1b[31m\"\\\x7f\x80\xff ~", 20));
    assert_slice(text_slice(&text), "GET /\\x0a\\x0d\\x00\\x1b[31m\\\"\\\\\\x7f\\x80\\xff ~");
    for (int c = 0; c < 256; c++) {
        char byte = (char)c;

        text = text_on(room, sizeof(room));
        text_add_escaped(&text, slice_of(&byte, 1));
        for (size_t i = 0; i < text.len; i++)
            ck_assert(room[i] >= 0x20 && room[i] < 0x7f);
    }
}
END_TEST

/* They are looked at eight at a time. */
START_TEST(a_byte_is_escaped_wherever_it_stands)
{
    for (int c = 0; c < 256; c++) {
        const char byte = (char)c;
        char alone_room[8];
        struct text alone = text_on(alone_room, sizeof(alone_room));

        text_add_escaped(&alone, slice_of(&byte, 1));
        for (size_t at = 0; at < 20; at++) {
            char line[20];
            char expected_room[32];
            char room[32];
            struct text expected = text_on(expected_room, sizeof(expected_room));
            struct text text = text_on(room, sizeof(room));

            memset(line, '#', sizeof(line)); /* differs from '"' in one bit */
            line[at] = byte;
            text_add(&expected, slice_of(line, at));
            text_add(&expected, text_slice(&alone));
            text_add(&expected, slice_of(line + at + 1, sizeof(line) - at - 1));
            text_add_escaped(&text, slice_of(line, sizeof(line)));
            assert_slices(text_slice(&text), text_slice(&expected));
        }
    }
}
END_TEST

SUITE("base: text", TEST(pieces_follow_each_other), LOOP(hexadecimal_has_the_least_width, hexes),
      LOOP(what_does_not_fit_is_left_out_and_said, hows),
      TEST(a_full_text_gives_its_last_byte_to_the_nul),
      LOOP(json_strings_are_always_well_formed, jsons), TEST(time_is_local),
      TEST(html_has_its_entities), TEST(client_text_cannot_end_a_line_or_close_a_quote),
      TEST(a_byte_is_escaped_wherever_it_stands))
