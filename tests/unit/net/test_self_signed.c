#include "net/self_signed.h"

#include "net/tls.h"
#include "suite.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static struct tls_identity made_for(struct slice name, struct arena *arena)
{
    const struct slice pem = self_signed_pem(name, arena);

    ck_assert_uint_gt(pem.len, 0);
    return (struct tls_identity){ .certificates = pem, .key = pem };
}

START_TEST(it_can_be_shown_for_its_host_and_no_other)
{
    struct arena arena;

    arena_init(&arena);
    const struct tls_identity made = made_for(SLICE("www.example.org"), &arena);
    char why[TLS_WHY_MOST] = "";

    ck_assert_msg(tls_identity_check(&made, why), "%s", why);
    ck_assert_msg(tls_identity_is_whole(&made, why), "%s", why);
    ck_assert(tls_identity_covers(&made, SLICE("www.example.org")));
    ck_assert(!tls_identity_covers(&made, SLICE("example.org")));
    ck_assert(!tls_identity_must_staple(&made));
    arena_done(&arena);
}
END_TEST

START_TEST(it_holds_for_ninety_days)
{
    struct arena arena;

    arena_init(&arena);
    const struct tls_identity made = made_for(SLICE("a.example"), &arena);
    const int64_t days = tls_identity_days_left(&made);

    ck_assert_int_ge(days, 89);
    ck_assert_int_le(days, 90);
    arena_done(&arena);
}
END_TEST

START_TEST(a_name_longer_than_a_common_name_is_covered)
{
    struct arena arena;

    arena_init(&arena);
    const struct slice name = SLICE("a-host-with-a-name-of-many-letters.and-one-more-label-of-many"
                                    ".letters-that-goes-on.example.org");
    const struct tls_identity made = made_for(name, &arena);

    ck_assert(tls_identity_covers(&made, name));
    arena_done(&arena);
}
END_TEST

START_TEST(each_has_a_key_of_its_own)
{
    struct arena arena;

    arena_init(&arena);
    const struct tls_identity one = made_for(SLICE("a.example"), &arena);
    const struct tls_identity two = made_for(SLICE("a.example"), &arena);
    const struct tls_identity mixed = { .certificates = one.certificates, .key = two.key };
    char why[TLS_WHY_MOST] = "";

    ck_assert(!tls_identity_check(&mixed, why));
    ck_assert_str_ne(why, "");
    arena_done(&arena);
}
END_TEST

/* The bytes of RFC 8737 3: the OID, critical, an OCTET STRING in an OCTET STRING. */
START_TEST(a_proof_holds_the_sum_of_its_answer)
{
    static const unsigned char sum_of_abc[] = { 0xba, 0x78, 0x16, 0xbf };
    struct arena arena = { 0 };
    const struct slice pem = self_signed_proof(SLICE("a.example"), SLICE("abc"), &arena);
    BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    ASN1_OBJECT *kind = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);

    ck_assert_ptr_nonnull(certificate);
    X509_EXTENSION *extension =
        X509_get_ext(certificate, X509_get_ext_by_OBJ(certificate, kind, -1));
    ck_assert_int_eq(X509_EXTENSION_get_critical(extension), 1);
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(extension);
    ck_assert_int_eq(ASN1_STRING_length(value), 34);
    const unsigned char *bytes = ASN1_STRING_get0_data(value);
    ck_assert_int_eq(bytes[0], 4);
    ck_assert_int_eq(bytes[1], 32);
    ck_assert_mem_eq(bytes + 2, sum_of_abc, sizeof(sum_of_abc));
    ASN1_OBJECT_free(kind);
    X509_free(certificate);
    BIO_free(bio);
    arena_done(&arena);
}
END_TEST

SUITE("net/self_signed", TEST(it_can_be_shown_for_its_host_and_no_other),
      TEST(it_holds_for_ninety_days), TEST(a_name_longer_than_a_common_name_is_covered),
      TEST(each_has_a_key_of_its_own), TEST(a_proof_holds_the_sum_of_its_answer))
