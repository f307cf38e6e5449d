#include "net/proxy_line.h"

#include "slice_assert.h"
#include "suite.h"

#include <string.h>

#define BYTES(text) text, sizeof(text) - 1
#define SIGNATURE   "\r\n\r\n\0\r\nQUIT\n"
#define TCP4        "\x21\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\1\x12\x67\0\x50"
#define TCP6_ENDS                                                                                  \
    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"                                                       \
    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2"                                                       \
    "\x12\x67\0\x50"
#define MAPPED_ENDS                                                                                \
    "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1"                                                       \
    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2"                                                       \
    "\x12\x67\0\x50"

static const struct {
    const char *bytes;
    size_t len;
    enum parse expect;
    const char *client; /* NULL: none is told */
    bool secure;
    const char *why;
} cases[] = {
    /* version 1 */
    { BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\r\n"), PARSE_DONE, "192.0.2.1:4711", 0, 0 },
    { BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 4711 80\r\n"), PARSE_DONE, "[2001:db8::1]:4711", 0,
      0 },
    { BYTES("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), PARSE_DONE, "192.0.2.1:1", 0, 0 },
    { BYTES("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n"), PARSE_DONE,
      "255.255.255.255:65535", 0, 0 },
    { BYTES("PROXY UNKNOWN\r\n"), PARSE_DONE, NULL, 0, 0 },
    { BYTES("PROXY UNKNOWN whatever this is 1 2 3\r\n"), PARSE_DONE, NULL, 0, 0 },
    { BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 4711 80"), PARSE_MORE, NULL, 0, 0 },
    { BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\r"), PARSE_MORE, NULL, 0, 0 },
    { BYTES("P"), PARSE_MORE, NULL, 0, 0 },
    { BYTES(""), PARSE_MORE, NULL, 0, 0 },
    { BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 4711 80\n"), PARSE_BAD, NULL, 0,
      "the line does not end with CR LF" },
    { BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 4711\r\n"), PARSE_BAD, NULL, 0,
      "wanted two addresses of the family and two ports" },
    { BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 4711 80 \r\n"), PARSE_BAD, NULL, 0,
      "wanted two addresses of the family and two ports" },
    { BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 4711 80 9\r\n"), PARSE_BAD, NULL, 0,
      "wanted two addresses of the family and two ports" },
    { BYTES("PROXY TCP4  192.0.2.1 198.51.100.1 4711 80\r\n"), PARSE_BAD, NULL, 0,
      "wanted two addresses of the family and two ports" },
    { BYTES("PROXY TCP4 192.0.2.1 198.51.100.1 65536 80\r\n"), PARSE_BAD, NULL, 0,
      "wanted two addresses of the family and two ports" },
    { BYTES("PROXY TCP4 2001:db8::1 2001:db8::2 4711 80\r\n"), PARSE_BAD, NULL, 0,
      "wanted two addresses of the family and two ports" },
    { BYTES("PROXY TCP6 192.0.2.1 198.51.100.1 4711 80\r\n"), PARSE_BAD, NULL, 0,
      "wanted two addresses of the family and two ports" },
    { BYTES("PROXY TCP6 [2001:db8::1] [2001:db8::2] 4711 80\r\n"), PARSE_BAD, NULL, 0,
      "wanted two addresses of the family and two ports" },
    { BYTES("PROXY TCP4\r\n"), PARSE_BAD, NULL, 0,
      "wanted two addresses of the family and two ports" },
    { BYTES("PROXY UDP4 192.0.2.1 198.51.100.1 4711 80\r\n"), PARSE_BAD, NULL, 0,
      "the family is not TCP4, TCP6 or UNKNOWN" },
    { BYTES("PROXY \r\n"), PARSE_BAD, NULL, 0, "the family is not TCP4, TCP6 or UNKNOWN" },
    { BYTES("PROXY \n"), PARSE_BAD, NULL, 0, "the line does not end with CR LF" },
    { BYTES("PROXY TCP4 ---------------------------------------------------------------------------"
            "----------------------------"),
      PARSE_BAD, NULL, 0, "the line is longer than 107 bytes" },
    { BYTES("GET / HTTP/1.1\r\n"), PARSE_BAD, NULL, 0, "no PROXY line" },
    { BYTES("PROXYTCP4"), PARSE_BAD, NULL, 0, "no PROXY line" },
    { BYTES("proxy "), PARSE_BAD, NULL, 0, "no PROXY line" },

    /* version 2 */
    { BYTES(SIGNATURE TCP4), PARSE_DONE, "192.0.2.1:4711", 0, 0 },
    { BYTES(SIGNATURE "\x21\x21\0\x24" TCP6_ENDS), PARSE_DONE, "[2001:db8::1]:4711", 0, 0 },
    { BYTES(SIGNATURE "\x21\x21\0\x24" MAPPED_ENDS), PARSE_DONE, "192.0.2.1:4711", 0, 0 },
    { BYTES(SIGNATURE "\x20\x00\0\x00"), PARSE_DONE, NULL, 0, 0 },
    { BYTES(SIGNATURE "\x20\x11\0\x0c\xc0\0\2\1\xc6\x33\x64\1\x12\x67\0\x50"), PARSE_DONE, NULL, 0,
      0 },
    { BYTES(SIGNATURE "\x20\x99\0\x03xyz"), PARSE_DONE, NULL, 0, 0 },
    { BYTES(SIGNATURE "\x21\x00\0\x04what"), PARSE_DONE, NULL, 0, 0 },
    { BYTES(SIGNATURE "\x21\x12\0\x0c\xc0\0\2\1\xc6\x33\x64\1\x12\x67\0\x50"), PARSE_DONE, NULL, 0,
      0 },
    { BYTES(SIGNATURE "\x21\x31\0\x02xy"), PARSE_BAD, NULL, 0,
      "too short for the addresses of its family" },
    { BYTES(SIGNATURE "\x21\x11\0\x0b\xc0\0\2\1\xc6\x33\x64\1\x12\x67\0"), PARSE_BAD, NULL, 0,
      "too short for the addresses of its family" },
    { BYTES(SIGNATURE "\x21\x21\0\x0c\xc0\0\2\1\xc6\x33\x64\1\x12\x67\0\x50"), PARSE_BAD, NULL, 0,
      "too short for the addresses of its family" },
    { BYTES(SIGNATURE "\x21\x41\0\x00"), PARSE_BAD, NULL, 0,
      "unknown address family or transport" },
    { BYTES(SIGNATURE "\x11\x11\0\x00"), PARSE_BAD, NULL, 0,
      "the version is not 2, or the command is unknown" },
    { BYTES(SIGNATURE "\x22\x11\0\x00"), PARSE_BAD, NULL, 0,
      "the version is not 2, or the command is unknown" },
    { BYTES(SIGNATURE "\x21\x11\x20\x00"), PARSE_BAD, NULL, 0, "it is longer than 8192 bytes" },
    { BYTES(SIGNATURE "\x21\x11\0\x0c\xc0\0\2"), PARSE_MORE, NULL, 0, 0 },
    { BYTES(SIGNATURE), PARSE_MORE, NULL, 0, 0 },
    { BYTES("\r\n\r\n"), PARSE_MORE, NULL, 0, 0 },
    { BYTES("\r\n\r\nGET"), PARSE_BAD, NULL, 0, "no PROXY line" },

    /* extras: TLS and others */
    { BYTES(SIGNATURE "\x21\x11\0\x14\xc0\0\2\1\xc6\x33\x64\1\x12\x67\0\x50\x20\0\5\1\0\0\0\0"),
      PARSE_DONE, "192.0.2.1:4711", true, 0 },
    { BYTES(SIGNATURE "\x21\x11\0\x14\xc0\0\2\1\xc6\x33\x64\1\x12\x67\0\x50\x20\0\5\2\0\0\0\0"),
      PARSE_DONE, "192.0.2.1:4711", false, 0 },
    { BYTES(SIGNATURE "\x21\x11\0\x12\xc0\0\2\1\xc6\x33\x64\1\x12\x67\0\x50\4\0\0\x20\0\0"),
      PARSE_DONE, "192.0.2.1:4711", false, 0 },
    { BYTES(SIGNATURE "\x21\x11\0\x0f\xc0\0\2\1\xc6\x33\x64\1\x12\x67\0\x50\x20\0\5"), PARSE_BAD,
      NULL, 0, "an extra is longer than what is there" },
    { BYTES(SIGNATURE "\x21\x11\0\x0d\xc0\0\2\1\xc6\x33\x64\1\x12\x67\0\x50\x20"), PARSE_BAD, NULL,
      0, "an extra is longer than what is there" },
};

START_TEST(a_line_is_read_as_the_protocol_says)
{
    struct slice in = slice_of(cases[_i].bytes, cases[_i].len);
    struct proxy_line line;
    struct parse_fault fault;
    char text[ADDRESS_TEXT_MOST];
    size_t used = 0;

    ck_assert_int_eq(proxy_line_parse(in, &line, &used, &fault), cases[_i].expect);
    if (cases[_i].expect == PARSE_BAD)
        ck_assert_str_eq(fault.why, cases[_i].why);
    if (cases[_i].expect != PARSE_DONE)
        return;
    ck_assert_uint_eq(used, in.len);
    ck_assert_int_eq(line.told, cases[_i].client != NULL);
    ck_assert_int_eq(line.secure, cases[_i].secure);
    if (line.told)
        ck_assert_str_eq(address_text_port(&line.client, text), cases[_i].client);
}
END_TEST

START_TEST(what_is_there_of_it_decides_nothing_too_early)
{
    struct slice in = slice_of(cases[_i].bytes, cases[_i].len);
    struct proxy_line line;
    struct parse_fault fault;
    size_t used;

    if (cases[_i].expect != PARSE_DONE)
        return;
    for (size_t len = 0; len < in.len; len++)
        ck_assert_int_eq(proxy_line_parse(slice_first(in, len), &line, &used, &fault), PARSE_MORE);
}
END_TEST

START_TEST(what_follows_belongs_to_the_request)
{
    struct proxy_line line;
    size_t used;

    ck_assert_int_eq(
        proxy_line_parse(SLICE("PROXY UNKNOWN\r\nGET / HTTP/1.1\r\n"), &line, &used, NULL),
        PARSE_DONE);
    ck_assert_uint_eq(used, 15);
    ck_assert_int_eq(proxy_line_parse(SLICE(SIGNATURE "\x20\0\0\0\r\nGET"), &line, &used, NULL),
                     PARSE_DONE);
    ck_assert_uint_eq(used, 16);
}
END_TEST

SUITE("net/proxy_line", LOOP(a_line_is_read_as_the_protocol_says, cases),
      LOOP(what_is_there_of_it_decides_nothing_too_early, cases),
      TEST(what_follows_belongs_to_the_request))
