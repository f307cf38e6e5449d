#include "http/field_line.h"
#include "suite.h"

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *bytes;
    size_t len;
    enum line_ends ends;
    const char *name;
    const char *value;
    size_t used;
} good[] = {
    { BYTES("Host: a\r\n"), LINE_CRLF, "Host", "a", 9 },
    { BYTES("Host:a\r\nNext: b\r\n"), LINE_CRLF, "Host", "a", 8 },
    { BYTES("A: \t b c\t \r\n"), LINE_CRLF, "A", "b c", 12 },
    { BYTES("A:\r\n"), LINE_CRLF, "A", "", 4 },
    { BYTES("A:  \t \r\n"), LINE_CRLF, "A", "", 8 },
    { BYTES("A: b: c\r\n"), LINE_CRLF, "A", "b: c", 9 },
    { BYTES("A: \xc3\xa4\xff\r\n"), LINE_CRLF, "A", "\xc3\xa4\xff", 8 },
    { BYTES("\r\nrest"), LINE_CRLF, "", "", 2 },
    { BYTES("\nrest"), LINE_ANY, "", "", 1 },
    { BYTES("\r\nrest"), LINE_ANY, "", "", 2 },
    { BYTES("Status: 200 OK\nA: b\n"), LINE_ANY, "Status", "200 OK", 15 },
    { BYTES("Status: 200 OK\r\nA: b\n"), LINE_ANY, "Status", "200 OK", 16 },
};

START_TEST(a_good_line_gives_name_and_value)
{
    struct slice in = { good[_i].bytes, good[_i].len };
    struct field_line line;
    struct parse_fault fault;
    size_t used = 0;

    ck_assert_int_eq(field_line_parse(in, good[_i].ends, &line, &used, &fault), PARSE_DONE);
    ck_assert(slice_equal_cstr(line.name, good[_i].name));
    ck_assert(slice_equal_cstr(line.value, good[_i].value));
    ck_assert_uint_eq(used, good[_i].used);
}
END_TEST

static const struct {
    const char *bytes;
    size_t len;
    enum line_ends ends;
    size_t at;
    const char *why;
} bad[] = {
    { BYTES("A: b\n"), LINE_CRLF, 4, "bare LF at the end of a line" },
    { BYTES("\n"), LINE_CRLF, 0, "bare LF at the end of a line" },
    { BYTES("A : b\r\n"), LINE_CRLF, 1, "blank in field name" },
    { BYTES("A\t: b\r\n"), LINE_CRLF, 1, "blank in field name" },
    { BYTES(" A: b\r\n"), LINE_CRLF, 0, "folded field line" },
    { BYTES("\tb\r\n"), LINE_CRLF, 0, "folded field line" },
    { BYTES(" \n"), LINE_ANY, 0, "folded field line" },
    { BYTES("Ab\r\n"), LINE_CRLF, 2, "field line without colon" },
    { BYTES("<html>\n"), LINE_ANY, 0, "field name is no token" },
    { BYTES("A\xc3: b\r\n"), LINE_CRLF, 1, "field name is no token" },
    { BYTES("A\0: b\r\n"), LINE_CRLF, 1, "field name is no token" },
    { BYTES(": b\r\n"), LINE_CRLF, 0, "field line without name" },
    { BYTES("A: b\rc\r\n"), LINE_CRLF, 4, "bare CR in field value" },
    { BYTES("A: b\r\r\n"), LINE_CRLF, 4, "bare CR in field value" },
    { BYTES("A: b\r\r\n"), LINE_ANY, 4, "bare CR in field value" },
    { BYTES("\rA: b\r\n"), LINE_CRLF, 0, "field name is no token" },
    { BYTES("A: b\0c\r\n"), LINE_CRLF, 4, "NUL in field value" },
    { BYTES("A: \x7f\r\n"), LINE_CRLF, 3, "control byte in field value" },
    { BYTES("A: abcdefghijk\x1blm\r\n"), LINE_CRLF, 14, "control byte in field value" },
};

START_TEST(a_bad_line_is_refused_and_can_be_stepped_over)
{
    struct slice in = { bad[_i].bytes, bad[_i].len };
    struct field_line line;
    struct parse_fault fault;
    size_t used = 0;

    ck_assert_int_eq(field_line_parse(in, bad[_i].ends, &line, &used, &fault), PARSE_BAD);
    ck_assert_str_eq(fault.why, bad[_i].why);
    ck_assert_uint_eq(fault.at, bad[_i].at);
    ck_assert_uint_eq(used, bad[_i].len);
}
END_TEST

START_TEST(an_unfinished_line_waits)
{
    struct slice in = SLICE("Host: example.org\r\n");
    struct field_line line;
    struct parse_fault fault;
    size_t used = 99;

    for (size_t len = 0; len < in.len; len++) {
        ck_assert_int_eq(field_line_parse(slice_first(in, len), LINE_ANY, &line, &used, &fault),
                         PARSE_MORE);
        ck_assert_uint_eq(used, 99);
    }
}
END_TEST

START_TEST(nobody_has_to_ask_for_the_reason)
{
    struct field_line line;
    size_t used = 0;

    ck_assert_int_eq(field_line_parse(SLICE("bad\n"), LINE_ANY, &line, &used, NULL), PARSE_BAD);
}
END_TEST

SUITE("field_line", LOOP(a_good_line_gives_name_and_value, good),
      LOOP(a_bad_line_is_refused_and_can_be_stepped_over, bad), TEST(an_unfinished_line_waits),
      TEST(nobody_has_to_ask_for_the_reason))
