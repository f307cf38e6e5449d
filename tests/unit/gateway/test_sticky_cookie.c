#include "gateway/sticky_cookie.h"

#include "suite.h"

#include <string.h>

#define SECTION SLICE("APP")
#define TARGET  SLICE("127.0.0.1:9001")

static const struct slice key = SLICE_INIT("0123456789abcdef");

static struct slice text_of(const char *text)
{
    return slice_of(text, STICKY_COOKIE_LEN);
}

static void write_one(char text[STICKY_COOKIE_LEN + 1])
{
    const struct sticky_secret secret = sticky_secret_of(key);
    const struct sticky_cookie cookie = { sticky_cookie_name(&secret, TARGET), 1700000000 };

    sticky_cookie_write(&secret, SECTION, &cookie, text);
}

START_TEST(what_is_written_can_be_read_wherever_the_key_is)
{
    const struct sticky_secret elsewhere = sticky_secret_of(key);
    char text[STICKY_COOKIE_LEN + 1];
    struct sticky_cookie cookie;

    write_one(text);
    ck_assert_uint_eq(strlen(text), STICKY_COOKIE_LEN);
    ck_assert(sticky_cookie_read(&elsewhere, SECTION, text_of(text), &cookie));
    ck_assert_uint_eq(cookie.target, sticky_cookie_name(&elsewhere, TARGET));
    ck_assert_uint_eq(cookie.until_s, 1700000000);
}
END_TEST

/* It must not change with a version: browsers keep it over an upgrade. */
START_TEST(it_looks_as_it_always_did)
{
    char text[STICKY_COOKIE_LEN + 1];

    write_one(text);
    ck_assert_str_eq(text, "75cdb0a6d64dea23006553f100ecf79c2eee77058c");
}
END_TEST

START_TEST(neither_name_nor_seal_tell_the_key_or_the_target)
{
    const struct sticky_secret secret = sticky_secret_of(key);
    const struct sticky_secret other = sticky_secret_of(SLICE("0123456789abcdeg"));

    ck_assert_uint_ne(sticky_cookie_name(&secret, TARGET), sticky_cookie_name(&other, TARGET));
    ck_assert_uint_ne(sticky_cookie_name(&secret, TARGET),
                      sticky_cookie_name(&secret, SLICE("127.0.0.1:9002")));
    ck_assert_uint_ne(secret.names.a, secret.seal.a);
    ck_assert_uint_ne(secret.names.a, secret.names.b);
    ck_assert_uint_ne(secret.sessions.a, secret.seal.a);
}
END_TEST

START_TEST(with_any_other_byte_it_is_not_ours)
{
    const struct sticky_secret secret = sticky_secret_of(key);
    char text[STICKY_COOKIE_LEN + 1];
    struct sticky_cookie cookie;

    write_one(text);
    for (unsigned i = 0; i < STICKY_COOKIE_LEN; i++) {
        for (unsigned c = 0; c < 256; c++) {
            const char right = text[i];

            text[i] = (char)c;
            ck_assert_int_eq(sticky_cookie_read(&secret, SECTION, text_of(text), &cookie),
                             text[i] == right);
            text[i] = right;
        }
    }
}
END_TEST

START_TEST(it_is_of_no_use_elsewhere)
{
    const struct sticky_secret secret = sticky_secret_of(key);
    const struct sticky_secret other = sticky_secret_of(SLICE("0123456789abcdeg"));
    char text[STICKY_COOKIE_LEN + 1];
    struct sticky_cookie cookie;

    write_one(text);
    ck_assert(!sticky_cookie_read(&other, SECTION, text_of(text), &cookie));
    ck_assert(!sticky_cookie_read(&secret, SLICE("APQ"), text_of(text), &cookie));
    ck_assert(!sticky_cookie_read(&secret, SLICE(""), text_of(text), &cookie));
    ck_assert(
        !sticky_cookie_read(&secret, SECTION, slice_of(text, STICKY_COOKIE_LEN - 1), &cookie));
    ck_assert(
        !sticky_cookie_read(&secret, SECTION, slice_of(text, STICKY_COOKIE_LEN + 1), &cookie));
    ck_assert(!sticky_cookie_read(&secret, SECTION, SLICE(""), &cookie));
}
END_TEST

SUITE("sticky_cookie", TEST(what_is_written_can_be_read_wherever_the_key_is),
      TEST(it_looks_as_it_always_did), TEST(neither_name_nor_seal_tell_the_key_or_the_target),
      TEST(with_any_other_byte_it_is_not_ours), TEST(it_is_of_no_use_elsewhere))
