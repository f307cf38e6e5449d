#include "inspector/url.h"

#include "slice_assert.h"
#include "suite.h"

static const struct {
    const char *text;
    bool secure;
    const char *authority;
    const char *host;
    unsigned port;
    const char *target;
} good[] = {
    { "http://a.example/x?y", false, "a.example", "a.example", 0, "/x?y" },
    { "https://A.Example:8443", true, "A.Example:8443", "a.example", 8443, "/" },
    { "HTTP://a/", false, "a", "a", 0, "/" },
    { "a.example/x", false, "a.example", "a.example", 0, "/x" },
    { "a.example", false, "a.example", "a.example", 0, "/" },
    { "localhost:8080/?a=http://b/", false, "localhost:8080", "localhost", 8080, "/?a=http://b/" },
    { "http://a?x=1", false, "a", "a", 0, "/?x=1" },
    { "http://a/x#part", false, "a", "a", 0, "/x" },
    { "http://[::1]:80/x", false, "[::1]:80", "[::1]", 80, "/x" },
    { "http://a/%zz", false, "a", "a", 0, "/%zz" }, /* the house will refuse it */
    { "http://a//x/../y", false, "a", "a", 0, "//x/../y" },
};

START_TEST(a_url_is_taken_apart)
{
    struct arena arena = { 0 };
    struct parse_fault fault;
    struct url url;

    ck_assert_int_eq(url_parse(slice_cstr(good[_i].text), &arena, &url, &fault), PARSE_DONE);
    ck_assert_int_eq(url.secure, good[_i].secure);
    assert_slice(url.authority, good[_i].authority);
    assert_slice(url.host, good[_i].host);
    ck_assert_uint_eq(url.port, good[_i].port);
    assert_slice(url.target, good[_i].target);
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *text;
    const char *why;
} bad[] = {
    { "", "it names no host" },
    { "/x", "it names no host" },
    { "http:///x", "it names no host" },
    { "http://:80/x", "it names no host" },
    { "ftp://a/x", "its scheme is neither http nor https" },
    { "http://me:word@a/", "it carries a user; give one as -H 'Authorization: Basic ...'" },
};

START_TEST(what_is_none_is_told_why)
{
    struct arena arena = { 0 };
    struct parse_fault fault = { 0 };
    struct url url;

    ck_assert_int_eq(url_parse(slice_cstr(bad[_i].text), &arena, &url, &fault), PARSE_BAD);
    ck_assert_ptr_nonnull(fault.why);
    if (_i != 3) /* the words of host_parse() */
        ck_assert_str_eq(fault.why, bad[_i].why);
    arena_done(&arena);
}
END_TEST

START_TEST(a_host_that_is_none_is_refused)
{
    struct arena arena = { 0 };
    struct parse_fault fault = { 0 };
    struct url url;

    ck_assert_int_eq(url_parse(SLICE("http://a b/"), &arena, &url, &fault), PARSE_BAD);
    ck_assert_int_eq(url_parse(SLICE("http://a:99999/"), &arena, &url, &fault), PARSE_BAD);
    ck_assert_int_eq(url_parse(SLICE("http://[::1/"), &arena, &url, &fault), PARSE_BAD);
    arena_done(&arena);
}
END_TEST

SUITE("url", LOOP(a_url_is_taken_apart, good), LOOP(what_is_none_is_told_why, bad),
      TEST(a_host_that_is_none_is_refused))
