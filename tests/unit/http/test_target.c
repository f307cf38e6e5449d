#include "http/target.h"
#include "suite.h"

#define BYTES(literal) literal, sizeof(literal) - 1

/* ---- paths ---- */

static const struct {
    const char *raw;
    const char *path;
} paths[] = {
    { "/", "/" },
    { "/index.html", "/index.html" },
    { "/a/b/c", "/a/b/c" },
    { "/a/b/", "/a/b/" },
    { "//", "/" },
    { "///a//b///", "/a/b/" },
    { "/.", "/" },
    { "/./", "/" },
    { "/a/.", "/a/" },
    { "/a/./b", "/a/b" },
    { "/a/..", "/" },
    { "/a/../", "/" },
    { "/a/b/..", "/a/" },
    { "/a/b/../c", "/a/c" },
    { "/a/b/../../c", "/c" },
    { "/a//../b", "/b" },
    { "/a/.../b", "/a/.../b" },
    { "/.hidden", "/.hidden" },
    { "/..hidden", "/..hidden" },
    { "/a..", "/a.." },
    { "/a.", "/a." },
    { "/%61%62", "/ab" },
    { "/%2e/a", "/a" },
    { "/a/%2E%2e/b", "/b" },
    { "/a%20b", "/a b" },
    { "/%25", "/%" },
    { "/%2541", "/%41" },
    { "/%3f%23", "/?#" },
    { "/a\\..\\b", "/a\\..\\b" },
    { "/%5c", "/\\" },
    { "/+", "/+" },
    { "/\xc3\xa4", "/\xc3\xa4" },
    { "/%C3%A4%ff", "/\xc3\xa4\xff" },
    { "/a;b=c,d/e@f:g!$&'()*", "/a;b=c,d/e@f:g!$&'()*" },
    { "/[a]{b}|c^`\"<>", "/[a]{b}|c^`\"<>" },
};

START_TEST(a_path_has_one_normal_form)
{
    struct arena arena = { 0 };
    struct target target;
    struct parse_fault fault;
    struct slice again;

    ck_assert_int_eq(target_parse(slice_cstr(paths[_i].raw), false, false, &arena, &target, &fault),
                     PARSE_DONE);
    ck_assert_int_eq(target.form, TARGET_ORIGIN);
    ck_assert_str_eq(target.path.at, paths[_i].path);
    ck_assert_uint_eq(target.path.len, strlen(paths[_i].path));
    ck_assert(slice_equal_cstr(target.raw, paths[_i].raw));
    ck_assert(slice_equal_cstr(target.raw_path, paths[_i].raw));
    ck_assert(!target.has_query);

    ck_assert_int_eq(target_normalise(target.raw_path, &arena, &again, &fault), PARSE_DONE);
    ck_assert(slice_equal(again, target.path));
    if (!slice_has(target.path, '%')) {
        ck_assert_int_eq(target_normalise(target.path, &arena, &again, &fault), PARSE_DONE);
        ck_assert(slice_equal(again, target.path));
        ck_assert_int_eq(again.at[again.len], '\0');
    }
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *bytes;
    size_t len;
    size_t at;
    const char *why;
} refused[] = {
    { BYTES(""), 0, "empty target" },
    { BYTES("/.."), 0, "'..' leads above the root" },
    { BYTES("/../etc/passwd"), 0, "'..' leads above the root" },
    { BYTES("/a/../../b"), 0, "'..' leads above the root" },
    { BYTES("/%2e%2e/a"), 0, "'..' leads above the root" },
    { BYTES("//.."), 0, "'..' leads above the root" },
    { BYTES("/a%"), 2, "'%' without two hexadecimal digits" },
    { BYTES("/a%4"), 2, "'%' without two hexadecimal digits" },
    { BYTES("/a%4g"), 2, "'%' without two hexadecimal digits" },
    { BYTES("/a%g4"), 2, "'%' without two hexadecimal digits" },
    { BYTES("/a%%41"), 2, "'%' without two hexadecimal digits" },
    { BYTES("/a%00"), 2, "NUL in path" },
    { BYTES("/a%0d%0aB"), 2, "control byte in path" },
    { BYTES("/%7f"), 1, "control byte in path" },
    { BYTES("/a%2fb"), 2, "encoded slash in path" },
    { BYTES("/a%2Fb"), 2, "encoded slash in path" },
    { BYTES("/a b"), 2, "byte that does not belong in a target" },
    { BYTES("/a\tb"), 2, "byte that does not belong in a target" },
    { BYTES("/a\0b"), 2, "byte that does not belong in a target" },
    { BYTES("/a\rb"), 2, "byte that does not belong in a target" },
    { BYTES("/a\x7f"), 2, "byte that does not belong in a target" },
    { BYTES("/a#b"), 2, "byte that does not belong in a target" },
    { BYTES("/a?b#c"), 4, "byte that does not belong in a target" },
    { BYTES("/a?b c"), 4, "byte that does not belong in a target" },
    { BYTES("*"), 0, "target '*' is only for OPTIONS" },
    { BYTES("a/b"), 0, "target is neither a path nor an http URL" },
    { BYTES("http:/a"), 0, "target is neither a path nor an http URL" },
    { BYTES("ftp://a/"), 0, "target is neither a path nor an http URL" },
    { BYTES("http://"), 7, "target without host" },
    { BYTES("http:///a"), 7, "target without host" },
    { BYTES("https://?a"), 8, "target without host" },
    { BYTES("http://u:p@a/"), 10, "user information in target" },
    { BYTES("http://a b/"), 8, "byte that does not belong in a target" },
    { BYTES("http://a/%zz"), 9, "'%' without two hexadecimal digits" },
    { BYTES("http://a/ "), 9, "byte that does not belong in a target" },
    { BYTES("a:80"), 0, "target is neither a path nor an http URL" },
};

START_TEST(a_bad_target_is_refused_with_its_place)
{
    struct arena arena = { 0 };
    struct target target = { .raw = SLICE_INIT("untouched") };
    struct parse_fault fault;
    struct slice raw = { refused[_i].bytes, refused[_i].len };

    ck_assert_int_eq(target_parse(raw, false, false, &arena, &target, &fault), PARSE_BAD);
    ck_assert_str_eq(fault.why, refused[_i].why);
    ck_assert_uint_eq(fault.at, refused[_i].at);
    ck_assert(slice_equal_cstr(target.raw, "untouched"));
    ck_assert_int_eq(target_parse(raw, false, false, &arena, &target, NULL), PARSE_BAD);
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *place;
    const char *expect; /* NULL: above the root */
} places[] = {
    { "/", "/" },
    { "/a/b.txt", "/a/b.txt" },
    { "//a///b/", "/a/b/" },
    { "/a/../b/./c", "/b/c" },
    { "/a%2f%zz b", "/a%2f%zz b" },
    { "/a/..", "/" },
    { "/..", NULL },
    { "/a/../../etc", NULL },
};

START_TEST(a_place_has_one_form)
{
    struct arena arena = { 0 };
    struct slice place;

    ck_assert_int_eq(target_resolve(slice_cstr(places[_i].place), &arena, &place),
                     places[_i].expect != NULL);
    if (places[_i].expect)
        ck_assert(slice_equal_cstr(place, places[_i].expect));
    arena_done(&arena);
}
END_TEST

START_TEST(only_a_path_can_be_normalised)
{
    struct arena arena = { 0 };
    struct slice path = SLICE("untouched");
    struct parse_fault fault;

    ck_assert_int_eq(target_normalise(SLICE(""), &arena, &path, &fault), PARSE_BAD);
    ck_assert_int_eq(target_normalise(SLICE("a"), &arena, &path, &fault), PARSE_BAD);
    ck_assert_int_eq(target_normalise(SLICE("/a\n"), &arena, &path, &fault), PARSE_BAD);
    ck_assert(slice_equal_cstr(path, "untouched"));
    arena_done(&arena);
}
END_TEST

/* ---- forms ---- */

static const struct {
    const char *raw;
    bool is_connect;
    bool is_options;
    enum target_form form;
    const char *authority;
    const char *raw_path;
    const char *path;
    const char *query; /* NULL: none */
} forms[] = {
    { "/a?", false, false, TARGET_ORIGIN, "", "/a", "/a", "" },
    { "/a?b=c?d", false, false, TARGET_ORIGIN, "", "/a", "/a", "b=c?d" },
    { "/?q=100%&x[]=..//", false, false, TARGET_ORIGIN, "", "/", "/", "q=100%&x[]=..//" },
    { "/%61?%61", false, false, TARGET_ORIGIN, "", "/%61", "/a", "%61" },
    { "/", false, true, TARGET_ORIGIN, "", "/", "/", NULL },
    { "http://a.org", false, false, TARGET_ABSOLUTE, "a.org", "/", "/", NULL },
    { "http://a.org?x", false, false, TARGET_ABSOLUTE, "a.org", "/", "/", "x" },
    { "HTTPS://a.org:443/b/../c?x", false, false, TARGET_ABSOLUTE, "a.org:443", "/b/../c", "/c",
      "x" },
    { "http://[::1]:8080/", false, false, TARGET_ABSOLUTE, "[::1]:8080", "/", "/", NULL },
    { "*", false, true, TARGET_ASTERISK, "", "*", "/", NULL },
    { "a.org:443", true, false, TARGET_AUTHORITY, "a.org:443", "a.org:443", "/", NULL },
    { "[::1]:443", true, false, TARGET_AUTHORITY, "[::1]:443", "[::1]:443", "/", NULL },
};

START_TEST(each_form_is_taken_apart)
{
    struct arena arena = { 0 };
    struct target target;
    struct parse_fault fault;

    ck_assert_int_eq(target_parse(slice_cstr(forms[_i].raw), forms[_i].is_connect,
                                  forms[_i].is_options, &arena, &target, &fault),
                     PARSE_DONE);
    ck_assert_int_eq(target.form, forms[_i].form);
    ck_assert(slice_equal_cstr(target.authority, forms[_i].authority));
    ck_assert(slice_equal_cstr(target.raw_path, forms[_i].raw_path));
    ck_assert_str_eq(target.path.at, forms[_i].path);
    ck_assert_uint_eq(target.path.len, strlen(forms[_i].path));
    ck_assert_int_eq(target.has_query, forms[_i].query != NULL);
    ck_assert(slice_equal(target.query, slice_cstr(forms[_i].query)));
    arena_done(&arena);
}
END_TEST

static const char *const not_connect[] = { "/",       "*",           "a.org",
                                           "a.org:",  ":443",        "http://a/",
                                           "a.org:0", "u@a.org:443", "a.org:443/" };

START_TEST(connect_takes_host_and_port_only)
{
    struct arena arena = { 0 };
    struct target target;
    struct parse_fault fault;

    ck_assert_int_eq(
        target_parse(slice_cstr(not_connect[_i]), true, false, &arena, &target, &fault), PARSE_BAD);
    arena_done(&arena);
}
END_TEST

/* ---- hosts ---- */

static const struct {
    const char *text;
    const char *host;
    unsigned port;
} hosts[] = {
    { "", "", 0 },
    { "example.org", "example.org", 0 },
    { "WWW.Example.ORG", "www.example.org", 0 },
    { "example.org.", "example.org", 0 },
    { "example.org.:80", "example.org", 80 },
    { "example.org:", "example.org", 0 },
    { "example.org:8080", "example.org", 8080 },
    { "example.org:65535", "example.org", 65535 },
    { "a_b-c~d.1", "a_b-c~d.1", 0 },
    { "127.0.0.1:1", "127.0.0.1", 1 },
    { "[::1]", "[::1]", 0 },
    { "[FE80::ABCD]:443", "[fe80::abcd]", 443 },
    { "[::ffff:1.2.3.4]:", "[::ffff:1.2.3.4]", 0 },
};

START_TEST(a_host_is_read_in_lower_case)
{
    struct arena arena = { 0 };
    struct parse_fault fault;
    struct slice host;
    unsigned port = 99;

    ck_assert_int_eq(host_parse(slice_cstr(hosts[_i].text), &arena, &host, &port, &fault),
                     PARSE_DONE);
    ck_assert(slice_equal_cstr(host, hosts[_i].host));
    ck_assert_uint_eq(port, hosts[_i].port);
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *bytes;
    size_t len;
    const char *why;
} no_hosts[] = {
    { BYTES("a b"), "byte that does not belong in a host" },
    { BYTES("a/b"), "byte that does not belong in a host" },
    { BYTES("a@b"), "byte that does not belong in a host" },
    { BYTES("a,b"), "byte that does not belong in a host" },
    { BYTES("a\0b"), "byte that does not belong in a host" },
    { BYTES("*.example.org"), "byte that does not belong in a host" },
    { BYTES("a%2eb"), "byte that does not belong in a host" },
    { BYTES("\xc3\xa4"), "byte that does not belong in a host" },
    { BYTES("[::1]x"), "byte that does not belong in a host" },
    { BYTES("[::1].:80"), "byte that does not belong in a host" },
    { BYTES("::1"), "port is not between 1 and 65535" },
    { BYTES("a:b"), "port is not between 1 and 65535" },
    { BYTES("a:0"), "port is not between 1 and 65535" },
    { BYTES("a:65536"), "port is not between 1 and 65535" },
    { BYTES("a:99999999999999999999999"), "port is not between 1 and 65535" },
    { BYTES("a:80:80"), "port is not between 1 and 65535" },
    { BYTES("a:+80"), "port is not between 1 and 65535" },
    { BYTES(":80"), "port without host" },
    { BYTES(":"), "port without host" },
    { BYTES("."), "empty label in host" },
    { BYTES(".a"), "empty label in host" },
    { BYTES("a..b"), "empty label in host" },
    { BYTES("a.."), "empty label in host" },
    { BYTES("["), "'[' without ']' in host" },
    { BYTES("[::1"), "'[' without ']' in host" },
    { BYTES("[]"), "no IPv6 address between '[' and ']'" },
    { BYTES("[1.2.3.4]"), "no IPv6 address between '[' and ']'" },
    { BYTES("[::1\0x]"), "no IPv6 address between '[' and ']'" },
    { BYTES("[fe80::1%25eth0]"), "no IPv6 address between '[' and ']'" },
    { BYTES("[v1.x]"), "no IPv6 address between '[' and ']'" },
    { BYTES("[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]"),
      "no IPv6 address between '[' and ']'" },
};

START_TEST(what_is_no_host_is_refused)
{
    struct arena arena = { 0 };
    struct parse_fault fault;
    struct slice host = SLICE("untouched");
    unsigned port = 99;
    struct slice text = { no_hosts[_i].bytes, no_hosts[_i].len };

    ck_assert_int_eq(host_parse(text, &arena, &host, &port, &fault), PARSE_BAD);
    ck_assert_str_eq(fault.why, no_hosts[_i].why);
    ck_assert(slice_equal_cstr(host, "untouched"));
    ck_assert_uint_eq(port, 99);
    arena_done(&arena);
}
END_TEST

START_TEST(a_host_is_no_longer_than_a_name_can_be)
{
    struct arena arena = { 0 };
    struct parse_fault fault;
    struct slice host;
    unsigned port;
    char text[256];

    memset(text, 'a', sizeof(text));
    ck_assert_int_eq(host_parse(slice_of(text, 255), &arena, &host, &port, &fault), PARSE_DONE);
    ck_assert_int_eq(host_parse(slice_of(text, 256), &arena, &host, &port, &fault), PARSE_BAD);
    arena_done(&arena);
}
END_TEST

SUITE("target", LOOP(a_path_has_one_normal_form, paths),
      LOOP(a_bad_target_is_refused_with_its_place, refused), TEST(only_a_path_can_be_normalised),
      LOOP(a_place_has_one_form, places), LOOP(each_form_is_taken_apart, forms),
      LOOP(connect_takes_host_and_port_only, not_connect),
      LOOP(a_host_is_read_in_lower_case, hosts), LOOP(what_is_no_host_is_refused, no_hosts),
      TEST(a_host_is_no_longer_than_a_name_can_be))
