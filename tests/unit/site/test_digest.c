#include "site/digest.h"

#include "suite.h"

#include <stdlib.h>

#define REALM SLICE("Private page")

/* RFC 7616 3.9.1: the hashes are those of "Mufasa:http-auth@example.org:Circle of Life". */
static const struct {
    enum digest_algorithm algorithm;
    const char *hash;
    const char *response;
} answers[] = {
    { DIGEST_MD5, "3d78807defe7de2157e2b0b6573a855f", "8ca523f5e9506fed4657c9700eebdbec" },
    { DIGEST_SHA256, "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232",
      "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1" },
};

static struct authorization question(int i)
{
    return (struct authorization){
        .uri = SLICE("/dir/index.html"),
        .nonce = SLICE("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
        .nc_text = SLICE("00000001"),
        .cnonce = SLICE("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
        .response = slice_cstr(answers[i].response),
    };
}

START_TEST(the_response_is_that_of_the_rfc)
{
    struct authorization auth = question(_i);
    struct slice hash = slice_cstr(answers[_i].hash);

    ck_assert(digest_response_fits(&auth, answers[_i].algorithm, hash, SLICE("GET")));
    ck_assert(!digest_response_fits(&auth, answers[_i].algorithm, hash, SLICE("HEAD")));
    auth.nc_text = SLICE("00000002");
    ck_assert(!digest_response_fits(&auth, answers[_i].algorithm, hash, SLICE("GET")));
    auth = question(_i);
    auth.uri = SLICE("/dir/index.htm");
    ck_assert(!digest_response_fits(&auth, answers[_i].algorithm, hash, SLICE("GET")));
    auth = question(_i);
    auth.response = slice_first(auth.response, auth.response.len - 1);
    ck_assert(!digest_response_fits(&auth, answers[_i].algorithm, hash, SLICE("GET")));
    auth.response = SLICE("");
    ck_assert(!digest_response_fits(&auth, answers[_i].algorithm, hash, SLICE("GET")));
}
END_TEST

START_TEST(algorithms_have_names)
{
    enum digest_algorithm got;

    ck_assert(digest_algorithm_find(SLICE(""), &got) && got == DIGEST_MD5);
    ck_assert(digest_algorithm_find(SLICE("md5"), &got) && got == DIGEST_MD5);
    ck_assert(digest_algorithm_find(SLICE("SHA-256"), &got) && got == DIGEST_SHA256);
    ck_assert(!digest_algorithm_find(SLICE("MD5-sess"), &got));
    ck_assert(!digest_algorithm_find(SLICE("SHA-512-256"), &got));
    ck_assert_str_eq(digest_algorithm_name(DIGEST_SHA256), "SHA-256");
}
END_TEST

static struct nonces *nonces;
static char nonce[DIGEST_NONCE_LEN];

static void begin(void)
{
    const unsigned char key[32] = "a key for the test";

    nonces = malloc(sizeof(*nonces));
    ck_assert_ptr_nonnull(nonces);
    nonces_init(nonces, key);
    nonces_give(nonces, REALM, 1000, nonce);
}

static bool take(uint32_t nc, uint64_t now_ms)
{
    return nonces_take(nonces, REALM, slice_of(nonce, sizeof(nonce)), nc, now_ms);
}

START_TEST(each_count_is_taken_once_in_any_order)
{
    begin();
    ck_assert(take(1, 1000));
    ck_assert(!take(1, 1000));
    ck_assert(take(5, 1000));
    ck_assert(take(3, 1000));
    ck_assert(take(4, 1000));
    ck_assert(take(2, 1000));
    for (uint32_t nc = 0; nc <= 5; nc++)
        ck_assert(!take(nc, 1000));
    ck_assert(take(5 + 63, 1000));
    ck_assert(!take(5, 1000));
    ck_assert(take(6, 1000));
    ck_assert(take(5 + 64 + 100, 1000)); /* all before are too far behind now */
    ck_assert(!take(7, 1000));
    ck_assert(!take(68, 1000));
    ck_assert(take(106, 1000));
    ck_assert(!take(105, 1000));
    ck_assert(take(UINT32_MAX, 1000));
    ck_assert(!take(UINT32_MAX, 1000));
    free(nonces);
}
END_TEST

START_TEST(a_nonce_grows_old)
{
    begin();
    ck_assert(take(1, 1000 + DIGEST_NONCE_AGE_MS));
    ck_assert(!take(2, 1001 + DIGEST_NONCE_AGE_MS));
    ck_assert(!take(2, 999)); /* from the future: nobody has it yet */
    ck_assert(take(2, 1000));
    free(nonces);
}
END_TEST

START_TEST(a_nonce_that_was_touched_is_not_ours)
{
    begin();
    for (size_t i = 0; i < sizeof(nonce); i++) {
        const char was = nonce[i];

        nonce[i] = was == '0' ? '1' : '0';
        ck_assert(!take(1, 1000));
        nonce[i] = was;
    }
    ck_assert(!nonces_take(nonces, SLICE("Other"), slice_of(nonce, sizeof(nonce)), 1, 1000));
    ck_assert(!nonces_take(nonces, REALM, slice_of(nonce, sizeof(nonce) - 1), 1, 1000));
    ck_assert(!nonces_take(nonces, REALM, SLICE(""), 1, 1000));
    ck_assert(take(1, 1000));
    free(nonces);
}
END_TEST

START_TEST(another_key_makes_other_nonces)
{
    const unsigned char key[32] = "another key";

    begin();
    nonces_init(nonces, key);
    ck_assert(!take(1, 1000));
    free(nonces);
}
END_TEST

/* Nobody brings back what was used by crowding it out. */
START_TEST(what_was_forgotten_is_stale)
{
    char young[DIGEST_NONCE_LEN];

    begin();
    ck_assert(take(1, 1000));
    for (unsigned i = 0; i < DIGEST_NONCES_MOST; i++)
        nonces_give(nonces, REALM, 1000, young);
    ck_assert(take(2, 1000)); /* those were only given out */
    ck_assert(nonces_take(nonces, REALM, slice_of(young, sizeof(young)), 1, 1000));
    ck_assert(!take(1, 1000));
    ck_assert(!take(3, 1000));
    free(nonces);
}
END_TEST

SUITE("digest", LOOP(the_response_is_that_of_the_rfc, answers), TEST(algorithms_have_names),
      TEST(each_count_is_taken_once_in_any_order), TEST(a_nonce_grows_old),
      TEST(a_nonce_that_was_touched_is_not_ours), TEST(another_key_makes_other_nonces),
      TEST(what_was_forgotten_is_stale))
