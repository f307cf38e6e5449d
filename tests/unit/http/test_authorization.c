#include "http/authorization.h"

#include "slice_assert.h"
#include "suite.h"

static struct arena arena;

static bool parse(const char *value, struct authorization *ret)
{
    const char *why = NULL;

    arena_init(&arena);
    const bool good = authorization_parse(slice_cstr(value), &arena, ret, &why);
    ck_assert_msg(good == (why == NULL), "'%s': %s", value, why ? why : "no reason");
    return good;
}

static const struct {
    const char *value;
    const char *user;
    const char *password;
} basics[] = {
    { "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame" }, /* RFC 7617 2 */
    { "Basic dGVzdDoxMjPCow==", "test", "123\xc2\xa3" },                /* RFC 7617 2.1 */
    { "basic  QWxhZGRpbjpvcGVuIHNlc2FtZQ== ", "Aladdin", "open sesame" },
    { "BASIC am9lOmE6Yg==", "joe", "a:b" },
    { "Basic am9lOg==", "joe", "" },
    { "Basic Og==", "", "" },
};

START_TEST(basic_gives_user_and_password)
{
    struct authorization got;

    ck_assert(parse(basics[_i].value, &got));
    ck_assert_int_eq(got.scheme, AUTH_BASIC);
    assert_slice(got.user, basics[_i].user);
    assert_slice(got.password, basics[_i].password);
    arena_done(&arena);
}
END_TEST

/* RFC 7616 3.9.1 */
#define DIGEST_TAIL                                                                                \
    "realm=\"http-auth@example.org\", uri=\"/dir/index.html\", algorithm=SHA-256, "                \
    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "                        \
    "cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "                          \
    "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\", "              \
    "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""

START_TEST(digest_gives_its_parameters)
{
    struct authorization got;

    ck_assert(parse("Digest username=\"Mufasa\", " DIGEST_TAIL, &got));
    ck_assert_int_eq(got.scheme, AUTH_DIGEST);
    assert_slice(got.user, "Mufasa");
    assert_slice(got.realm, "http-auth@example.org");
    assert_slice(got.uri, "/dir/index.html");
    assert_slice(got.algorithm, "SHA-256");
    assert_slice(got.nonce, "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v");
    assert_slice(got.nc_text, "00000001");
    ck_assert_uint_eq(got.nc, 1);
    assert_slice(got.cnonce, "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
    assert_slice(got.response, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    arena_done(&arena);
}
END_TEST

#define REST                                                                                       \
    "realm=r,nonce=n,uri=\"/a?b=1,2&c=\\\"x\\\"\",nc=0000000F,cnonce=c,qop=\"auth\",response=d"

static const struct {
    const char *value;
    const char *user;
} digests[] = {
    { "Digest username=joe," REST, "joe" },
    { "DIGEST , USERNAME = \"j\\\"o\\\\e\" ,," REST ",", "j\"o\\e" },
    { "Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, " REST, "J\xc3\xa4s\xc3\xb8n Doe" },
    { "Digest username*=utf-8'en'joe, userhash=false," REST, "joe" },
    { "Digest username=\"a,b=c\", unknown=\"1,2\", " REST, "a,b=c" },
};

START_TEST(digest_is_read_as_clients_write_it)
{
    struct authorization got;

    ck_assert(parse(digests[_i].value, &got));
    assert_slice(got.user, digests[_i].user);
    assert_slice(got.uri, "/a?b=1,2&c=\"x\"");
    ck_assert_uint_eq(got.nc, 15);
    assert_slice(got.algorithm, "");
    arena_done(&arena);
}
END_TEST

static const char *const refused[] = {
    "Basic",
    "Basic !!!",
    "Basic am9l",         /* joe, no colon */
    "Basic am9lOmEAYg==", /* joe:a NUL b */
    "Basic agpvOmE=",     /* j LF o:a */
    "Digest",
    "Digest username",
    "Digest username=\"joe",
    "Digest username=\"joe\\",
    "Digest username=\"joe\"x," REST,
    "Digest username=," REST,
    "Digest =joe," REST,
    "Digest username=joe,username=ann," REST,
    "Digest username=joe,username*=UTF-8''joe," REST,
    "Digest username*=ISO-8859-1''joe," REST,
    "Digest username*=UTF-8'joe," REST,
    "Digest username*=UTF-8''%zz," REST,
    "Digest username*=UTF-8''a%00b," REST,
    "Digest " REST,
    "Digest username=joe,userhash=true," REST,
    "Digest username=joe,realm=r,nonce=n,uri=u,response=d", /* RFC 2069 */
    "Digest username=joe,realm=r,nonce=n,uri=u,nc=00000001,cnonce=c,qop=auth-int,response=d",
    "Digest username=joe,realm=r,nonce=n,uri=u,nc=1,cnonce=c,qop=auth,response=d",
    "Digest username=joe,realm=r,nonce=n,uri=u,nc=0000000g,cnonce=c,qop=auth,response=d",
    "Digest username=joe,realm=r,nonce=n,uri=u,nc=00000001,qop=auth,response=d",
};

START_TEST(what_cannot_be_read_names_nobody)
{
    struct authorization got = { .scheme = AUTH_OTHER };

    ck_assert(!parse(refused[_i], &got));
    ck_assert_int_eq(got.scheme, AUTH_OTHER);
    arena_done(&arena);
}
END_TEST

START_TEST(other_schemes_are_none_of_ours)
{
    struct authorization got;

    ck_assert(parse("Bearer abc", &got));
    ck_assert_int_eq(got.scheme, AUTH_OTHER);
    ck_assert(parse("", &got));
    ck_assert_int_eq(got.scheme, AUTH_NONE);
    arena_done(&arena);
}
END_TEST

SUITE("authorization", LOOP(basic_gives_user_and_password, basics),
      TEST(digest_gives_its_parameters), LOOP(digest_is_read_as_clients_write_it, digests),
      LOOP(what_cannot_be_read_names_nobody, refused), TEST(other_schemes_are_none_of_ours))
