#include "net/tls.h"

#include "net/tls_ends.h"
#include "suite.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <string.h>
#include <time.h>

#define HOUR 3600

/* ---- an authority ---- */

static X509 *certificate_of(const struct made *made)
{
    BIO *bio = BIO_new_mem_buf(made->certificate, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return certificate;
}

static EVP_PKEY *key_of(const struct made *made)
{
    BIO *bio = BIO_new_mem_buf(made->key, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return key;
}

struct saying {
    const struct made *about; /* signed by itself, so its own issuer */
    const struct made *by;
    const EVP_MD *digest; /* the name of the certificate is made with; NULL: the usual one */
    int status;
    int from_s; /* from now */
    int until_s;
    unsigned char der[4096];
    int len;
};

static struct slice say_so(struct saying *saying)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    X509 *about = certificate_of(saying->about);
    X509 *by = certificate_of(saying->by);
    EVP_PKEY *key = key_of(saying->by);
    OCSP_CERTID *id = OCSP_cert_to_id(saying->digest, about, about);
    const time_t now = time(NULL);
    ASN1_TIME *from = ASN1_TIME_set(NULL, now + saying->from_s);
    ASN1_TIME *until = ASN1_TIME_set(NULL, now + saying->until_s);
    unsigned char *at = saying->der;

    OCSP_basic_add1_status(basic, id, saying->status, OCSP_REVOKED_STATUS_KEYCOMPROMISE, from, from,
                           until);
    ck_assert_int_eq(OCSP_basic_sign(basic, by, key, EVP_sha256(), NULL, 0), 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    ck_assert_int_lt(i2d_OCSP_RESPONSE(response, NULL), (int)sizeof(saying->der));
    saying->len = i2d_OCSP_RESPONSE(response, &at);

    OCSP_RESPONSE_free(response);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    X509_free(about);
    X509_free(by);
    EVP_PKEY_free(key);
    return slice_of((const char *)saying->der, (size_t)saying->len);
}

static struct tls_identity identity_of(const struct made *made, struct slice staple)
{
    return (struct tls_identity){
        .certificates = slice_cstr(made->certificate),
        .key = slice_cstr(made->key),
        .staple = staple,
    };
}

/* ---- what can be shown ---- */

START_TEST(what_is_good_may_be_shown_until_it_runs_out)
{
    struct made one = make_ecdsa("first.test");
    const EVP_MD *const digests[] = { NULL, EVP_sha256() };

    for (unsigned i = 0; i < 2; i++) {
        struct saying good = { .about = &one, .by = &one, .digest = digests[i], .until_s = HOUR };
        const struct tls_identity identity = identity_of(&one, say_so(&good));
        int64_t until_s = 0;

        ck_assert_msg(tls_identity_staple(&identity, &until_s, why), "%s", why);
        ck_assert_int_ge(until_s, time(NULL) + HOUR - 60);
        ck_assert_int_le(until_s, time(NULL) + HOUR);
    }
}
END_TEST

START_TEST(what_is_not_good_is_not_shown)
{
    struct made one = make_ecdsa("first.test");
    struct made two = make_ecdsa("second.test");
    struct {
        struct saying saying;
        const char *why;
    } cases[] = {
        { { .about = &one, .by = &one, .status = V_OCSP_CERTSTATUS_REVOKED, .until_s = HOUR },
          "it says that the certificate is revoked" },
        { { .about = &one, .by = &one, .status = V_OCSP_CERTSTATUS_UNKNOWN, .until_s = HOUR },
          "it says that the certificate is unknown" },
        { { .about = &one, .by = &one, .from_s = -2 * HOUR, .until_s = -HOUR }, "it has run out" },
        { { .about = &one, .by = &one, .from_s = HOUR, .until_s = 2 * HOUR },
          "it is of a time to come: is the clock of this machine right?" },
        { { .about = &two, .by = &one, .until_s = HOUR }, "it is about another certificate" },
        { { .about = &one, .by = &two, .until_s = HOUR },
          "its signature is not one of the issuer's" },
    };
    int64_t until_s;

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct tls_identity identity = identity_of(&one, say_so(&cases[i].saying));

        ck_assert(!tls_identity_staple(&identity, &until_s, why));
        ck_assert_ptr_nonnull(strstr(why, cases[i].why));
    }
}
END_TEST

START_TEST(what_is_no_answer_is_told)
{
    struct made one = make_ecdsa("first.test");
    static const char later[] = { 0x30, 3, 0x0a, 1, 3 }; /* tryLater */
    const struct tls_identity nonsense = identity_of(&one, SLICE("nonsense"));
    const struct tls_identity none = identity_of(&one, slice_of(later, sizeof(later)));
    const struct tls_identity nobody = { .certificates = SLICE("nonsense") };
    int64_t until_s;

    ck_assert(!tls_identity_staple(&nonsense, &until_s, why));
    ck_assert_str_eq(why, "it is no answer of OCSP (DER)");
    ck_assert(!tls_identity_staple(&none, &until_s, why));
    ck_assert_str_eq(why, "the authority did not answer, but said: trylater");
    ck_assert(!tls_identity_staple(&nobody, &until_s, why));
    ck_assert_str_eq(why, "the certificate of the issuer is not behind that of the site");
}
END_TEST

/* ---- showing it ---- */

static struct tls_context *context_with(const struct tls_identity *identities, unsigned count)
{
    const struct tls_options options = {
        .identities = identities,
        .identity_count = count,
        .least_version = 12,
    };

    return tls_context_new(&options, why);
}

/* What the client is shown when it asks for first.test. */
static struct slice shown(const char *signatures)
{
    const unsigned char *der = NULL;

    connect_client("first.test");
    SSL_set_tlsext_status_type(client, TLSEXT_STATUSTYPE_ocsp);
    if (signatures)
        SSL_set1_sigalgs_list(client, signatures);
    ck_assert_int_eq(shake_hands(), 0);
    const long len = SSL_get_tlsext_status_ocsp_resp(client, &der);
    return len > 0 ? slice_of((const char *)der, (size_t)len) : SLICE("");
}

START_TEST(clients_that_ask_are_shown_it)
{
    struct made one = make_ecdsa("first.test");
    struct saying good = { .about = &one, .by = &one, .until_s = HOUR };
    struct saying old = { .about = &one, .by = &one, .from_s = -HOUR, .until_s = -1 };
    struct tls_identity identity = identity_of(&one, say_so(&good));

    first = context_with(&identity, 1);
    ck_assert(slice_equal(shown(NULL), identity.staple));
    disconnect();
    tls_context_drop(first);

    identity.staple = say_so(&old);
    first = context_with(&identity, 1);
    ck_assert_uint_eq(shown(NULL).len, 0);
    end();
}
END_TEST

START_TEST(each_certificate_has_its_own)
{
    struct made rsa = make_identity("first.test", EVP_RSA_gen(2048));
    struct made ecdsa = make_ecdsa("first.test");
    struct saying about_rsa = { .about = &rsa, .by = &rsa, .until_s = HOUR };
    struct saying about_ecdsa = { .about = &ecdsa, .by = &ecdsa, .until_s = HOUR };
    const struct tls_identity identities[] = {
        identity_of(&rsa, say_so(&about_rsa)),
        identity_of(&ecdsa, say_so(&about_ecdsa)),
    };

    first = context_with(identities, 2);
    ck_assert(slice_equal(shown("RSA-PSS+SHA256"), identities[0].staple));
    disconnect();
    ck_assert(slice_equal(shown("ECDSA+SHA256"), identities[1].staple));
    end();
}
END_TEST

SUITE("tls staple", TEST(what_is_good_may_be_shown_until_it_runs_out),
      TEST(what_is_not_good_is_not_shown), TEST(what_is_no_answer_is_told),
      TEST(clients_that_ask_are_shown_it), TEST(each_certificate_has_its_own))
