#include "net/self_signed.h"

#include "base/sum.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

enum {
    SERIAL_BITS = 127, /* 16 octets at most (RFC 5280 4.1.2.2 allows 20) */
    SINCE_SECONDS = -3600,
    UNTIL_SECONDS = 90 * 86400,
};

static bool set_serial(X509 *certificate)
{
    BIGNUM *number = BN_new();
    bool good = number && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;

    BN_free(number);
    return good;
}

/* An issuer has a name (RFC 5280 4.1.2.4); the host's own may be too long for this place. */
static bool set_issuer(X509 *certificate)
{
    static const unsigned char text[] = "self-signed";
    X509_NAME *name = X509_NAME_new();
    bool good =
        name &&
        X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_ASC, text, -1, -1, 0) == 1 &&
        X509_set_subject_name(certificate, name) == 1 &&
        X509_set_issuer_name(certificate, name) == 1;

    X509_NAME_free(name);
    return good;
}

static bool set_host(X509 *certificate, struct slice host)
{
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();
    bool good = names && name && text && ASN1_STRING_set(text, host.at, (int)host.len) == 1 &&
                sk_GENERAL_NAME_push(names, name) > 0;

    if (good) {
        GENERAL_NAME_set0_value(name, GEN_DNS, text);
        good = X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1;
    } else {
        GENERAL_NAME_free(name);
        ASN1_IA5STRING_free(text);
    }
    GENERAL_NAMES_free(names);
    return good;
}

/* acmeIdentifier, critical: an OCTET STRING with the sum (RFC 8737 3). */
static bool set_answer(X509 *certificate, struct slice answer)
{
    unsigned char value[2 + SHA256_LEN] = { V_ASN1_OCTET_STRING, SHA256_LEN };
    ASN1_OBJECT *kind = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
    ASN1_OCTET_STRING *content = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension = NULL;

    sha256_of(answer, value + 2);
    if (kind && content && ASN1_OCTET_STRING_set(content, value, sizeof(value)) == 1)
        extension = X509_EXTENSION_create_by_OBJ(NULL, kind, 1, content);
    const bool good = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(content);
    ASN1_OBJECT_free(kind);
    return good;
}

static bool fill(X509 *certificate, EVP_PKEY *key, struct slice name, struct slice answer)
{
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           set_issuer(certificate) && set_host(certificate, name) &&
           (answer.len == 0 || set_answer(certificate, answer)) &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), SINCE_SECONDS) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), UNTIL_SECONDS) &&
           X509_set_pubkey(certificate, key) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* `answer`: empty for a host's own. */
static struct slice make(struct slice name, struct slice answer, struct arena *arena)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    struct slice pem = { 0 };

    if (key && certificate && bio && fill(certificate, key, name, answer) &&
        PEM_write_bio_X509(bio, certificate) == 1 &&
        PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
        char *at = NULL;
        const long len = BIO_get_mem_data(bio, &at);

        pem = arena_copy(arena, slice_of(at, (size_t)len));
    }
    BIO_free(bio);
    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return pem;
}

struct slice self_signed_pem(struct slice name, struct arena *arena)
{
    return make(name, SLICE(""), arena);
}

struct slice self_signed_proof(struct slice name, struct slice answer, struct arena *arena)
{
    return make(name, answer, arena);
}
