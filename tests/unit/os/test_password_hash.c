#include "os/password_hash.h"

#include "suite.h"

#include <errno.h>
#include <string.h>

/* Each made by another program from the word "secret". */
static const struct {
    const char *hash;
    enum password_form form;
} hashes[] = {
    { "$y$j8T$abcdefghijklmnop$ol8QxODD63p/R5UQEnFjwCLuB8cRU5t9wiAf82F1HI8", PASSWORD_FORM_GOOD },
    { "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW", PASSWORD_FORM_GOOD },
    { "$6$rounds=1000$saltsalt$LAV5VE5Y7w1d73x1mFNspYWUpazfmwv2SoepNXNKJ/otop/Zok96Hr8Q13LEv0DRY/"
      "x8v0/crpIjl8NJSAqXV/",
      PASSWORD_FORM_GOOD },
    { "$5$rounds=1000$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQhiIvoSWX2", PASSWORD_FORM_GOOD },
    { "$1$saltsalt$9xy1btjgzLYfb7hivXtC//", PASSWORD_FORM_OLD },
    { "abNANd1rDfiNc", PASSWORD_FORM_OLD },
};

/* Made by htpasswd -m. */
static const struct {
    const char *hash;
    const char *password;
} apaches[] = {
    { "$apr1$MbI30tX.$wBjEoQz0GfXi6YuMkqdAO0", "secret" },
    { "$apr1$saltsalt$OEnK0QmmvoDzFw9W2yFYT/", "a" },
    { "$apr1$eTCvTd4Y$b9QR.djIbNMlHRtlC0Oe8/", "" },
    { "$apr1$PsqVxlnP$CbRGcngoJ8ysmAP6ayfdx0",
      "a somewhat longer password \xc3\xa4 that needs more than sixteen bytes" },
};

START_TEST(apaches_hashes_fit_as_well)
{
    struct password_hasher *hasher = password_hasher_new();
    struct slice hash = slice_cstr(apaches[_i].hash);
    struct slice password = slice_cstr(apaches[_i].password);

    ck_assert_int_eq(password_hash_form(hash), PASSWORD_FORM_OLD);
    ck_assert(password_hash_fits(hasher, hash, password));
    ck_assert(!password_hash_fits(hasher, hash, SLICE("Secret")));
    ck_assert(!password_hash_fits(hasher, slice_first(hash, hash.len - 1), password));
    password_hasher_free(hasher);
}
END_TEST

START_TEST(a_hash_fits_its_password_and_no_other)
{
    struct password_hasher *hasher = password_hasher_new();
    struct slice hash = slice_cstr(hashes[_i].hash);

    ck_assert_int_eq(password_hash_form(hash), hashes[_i].form);
    ck_assert(password_hash_fits(hasher, hash, SLICE("secret")));
    ck_assert(!password_hash_fits(hasher, hash, SLICE("Secret")));
    ck_assert(!password_hash_fits(hasher, hash, SLICE("secre")));
    ck_assert(!password_hash_fits(hasher, hash, SLICE("")));
    ck_assert(!password_hash_fits(hasher, hash, SLICE("secret\0x")));
    password_hasher_free(hasher);
}
END_TEST

static const struct {
    const char *hash;
    enum password_form form;
} others[] = {
    { "", PASSWORD_FORM_UNKNOWN },
    { "secret", PASSWORD_FORM_UNKNOWN },
    { "thirteen-char", PASSWORD_FORM_UNKNOWN },
    { "$9$what$isthis", PASSWORD_FORM_UNKNOWN },
    { "$6$", PASSWORD_FORM_UNKNOWN },
    { "$", PASSWORD_FORM_UNKNOWN },
    { "$$", PASSWORD_FORM_UNKNOWN },
    { "{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", PASSWORD_FORM_UNKNOWN },
    { "*", PASSWORD_FORM_LOCKED },
    { "!$6$a$b", PASSWORD_FORM_LOCKED },
};

START_TEST(what_is_no_hash_fits_nothing)
{
    struct password_hasher *hasher = password_hasher_new();
    struct slice hash = slice_cstr(others[_i].hash);

    ck_assert_int_eq(password_hash_form(hash), others[_i].form);
    ck_assert(!password_hash_fits(hasher, hash, hash));
    ck_assert(!password_hash_fits(hasher, hash, SLICE("")));
    password_hasher_free(hasher);
}
END_TEST

START_TEST(a_new_hash_is_yescrypt_and_always_another)
{
    struct password_hasher *hasher = password_hasher_new();
    char one[PASSWORD_HASH_MOST];
    char two[PASSWORD_HASH_MOST];

    ck_assert_int_eq(password_hash_make(hasher, SLICE("p\xc3\xa4ss word"), one), 0);
    ck_assert_int_eq(password_hash_make(hasher, SLICE("p\xc3\xa4ss word"), two), 0);
    ck_assert_int_eq(strncmp(one, "$y$", 3), 0);
    ck_assert_str_ne(one, two);
    ck_assert(password_hash_fits(hasher, slice_cstr(one), SLICE("p\xc3\xa4ss word")));
    password_hasher_free(hasher);
}
END_TEST

START_TEST(what_no_hash_can_hold_is_refused)
{
    struct password_hasher *hasher = password_hasher_new();
    char out[PASSWORD_HASH_MOST];
    char many[PASSWORD_MOST];

    memset(many, 'a', sizeof(many));
    ck_assert_int_eq(password_hash_make(hasher, slice_of(many, PASSWORD_MOST), out), -EINVAL);
    ck_assert_int_eq(password_hash_make(hasher, SLICE("a\0b"), out), -EINVAL);
    ck_assert_int_eq(password_hash_make(hasher, slice_of(many, PASSWORD_MOST - 1), out), 0);
    ck_assert(password_hash_fits(hasher, slice_cstr(out), slice_of(many, PASSWORD_MOST - 1)));
    ck_assert(!password_hash_fits(hasher, slice_cstr(out), slice_of(many, PASSWORD_MOST)));
    password_hasher_free(hasher);
}
END_TEST

SUITE("password hash", LOOP(apaches_hashes_fit_as_well, apaches),
      LOOP(a_hash_fits_its_password_and_no_other, hashes),
      LOOP(what_is_no_hash_fits_nothing, others), TEST(a_new_hash_is_yescrypt_and_always_another),
      TEST(what_no_hash_can_hold_is_refused))
