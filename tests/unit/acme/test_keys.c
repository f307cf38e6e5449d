#include "acme_private.h"

#include "suite.h"

#include <openssl/x509v3.h>

/* Of RFC 7515 appendix A.3: its coordinates, as a PEM of the private key. */
static const char known_pem[] = "-----BEGIN EC PRIVATE KEY-----\n"
                                "MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49\n"
                                "AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b\n"
                                "focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n"
                                "-----END EC PRIVATE KEY-----\n";

static const struct {
    struct slice bytes;
    const char *text;
} coded[] = {
    { SLICE_INIT(""), "" },
    { SLICE_INIT("\xff"), "_w" },
    { SLICE_INIT("\xfb\xff\xfe"), "-__-" },
    { SLICE_INIT("{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}"),
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" }, /* RFC 7515 3.3 */
};

START_TEST(bytes_are_written_without_padding)
{
    struct arena arena = { 0 };

    ck_assert(slice_equal_cstr(base64url(&arena, coded[_i].bytes), coded[_i].text));
    arena_done(&arena);
}
END_TEST

START_TEST(the_public_key_is_that_of_the_rfc)
{
    struct arena arena = { 0 };
    EVP_PKEY *key = key_from_pem(slice_cstr(known_pem));

    ck_assert_ptr_nonnull(key);
    ck_assert(slice_equal_cstr(key_jwk(key, &arena),
                               "{\"crv\":\"P-256\",\"kty\":\"EC\","
                               "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                               "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"));
    ck_assert(slice_equal_cstr(key_thumbprint(key, &arena),
                               "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"));
    EVP_PKEY_free(key);
    arena_done(&arena);
}
END_TEST

START_TEST(a_key_comes_back_from_its_text)
{
    struct arena arena = { 0 };
    EVP_PKEY *key = key_new();
    EVP_PKEY *back = key_from_pem(key_pem(key, &arena));

    ck_assert_ptr_nonnull(back);
    ck_assert_int_eq(EVP_PKEY_eq(key, back), 1);
    EVP_PKEY_free(back);
    EVP_PKEY_free(key);
    arena_done(&arena);
}
END_TEST

START_TEST(another_kind_of_key_is_none)
{
    struct arena arena = { 0 };
    EVP_PKEY *other = EVP_EC_gen("P-384");

    ck_assert_ptr_null(key_from_pem(key_pem(other, &arena)));
    ck_assert_ptr_null(key_from_pem(SLICE("")));
    ck_assert_ptr_null(key_from_pem(SLICE("-----BEGIN PRIVATE KEY-----\nAAAA\n")));
    EVP_PKEY_free(other);
    arena_done(&arena);
}
END_TEST

START_TEST(the_head_has_the_key_until_there_is_an_account)
{
    struct arena arena = { 0 };
    EVP_PKEY *key = key_from_pem(slice_cstr(known_pem));
    struct jws jws = { .key = key, .nonce = SLICE("n\"1"), .url = SLICE("https://ca/x") };
    const struct slice head =
        base64url(&arena, arena_printf(&arena,
                                       "{\"alg\":\"ES256\",\"jwk\":%s,\"nonce\":\"n\\\"1\","
                                       "\"url\":\"https://ca/x\"}",
                                       key_jwk(key, &arena).at));
    const struct slice start = arena_printf(
        &arena, "{\"protected\":\"%.*s\",\"payload\":\"\",\"signature\":\"", SLICE_ARGS(head));

    const struct slice text = jws_text(&jws, &arena);
    ck_assert(slice_starts(text, start));
    ck_assert_uint_eq(text.len, start.len + 86 + 2); /* 64 bytes, and the end */
    jws.account = SLICE("https://ca/account");
    ck_assert(!slice_starts(jws_text(&jws, &arena), start));
    EVP_PKEY_free(key);
    arena_done(&arena);
}
END_TEST

START_TEST(a_request_has_all_names_and_is_signed)
{
    struct arena arena = { 0 };
    EVP_PKEY *key = key_new();
    const struct slice der = csr_der(key, SLICE("a.test b.test"), &arena);
    const unsigned char *at = (const unsigned char *)der.at;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.len);

    ck_assert_ptr_nonnull(request);
    ck_assert_int_eq(X509_REQ_verify(request, key), 1);
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(request);
    GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
    ck_assert_int_eq(sk_GENERAL_NAME_num(names), 2);
    const ASN1_STRING *second = sk_GENERAL_NAME_value(names, 1)->d.dNSName;
    ck_assert(slice_equal_cstr(
        slice_of(ASN1_STRING_get0_data(second), (size_t)ASN1_STRING_length(second)), "b.test"));
    GENERAL_NAMES_free(names);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    X509_REQ_free(request);
    EVP_PKEY_free(key);
    arena_done(&arena);
}
END_TEST

SUITE("keys", LOOP(bytes_are_written_without_padding, coded),
      TEST(the_public_key_is_that_of_the_rfc), TEST(a_key_comes_back_from_its_text),
      TEST(another_kind_of_key_is_none), TEST(the_head_has_the_key_until_there_is_an_account),
      TEST(a_request_has_all_names_and_is_signed))
