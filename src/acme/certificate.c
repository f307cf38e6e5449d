/* Certificates as they come: nothing is kept that a server could not use. */
#include "acme_private.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <time.h>

static X509 *first_certificate(struct slice pem)
{
    BIO *bio = BIO_new_mem_buf(pem.len > 0 ? pem.at : "", (int)pem.len);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    ERR_clear_error();
    BIO_free(bio);
    return certificate;
}

static bool read_time(const ASN1_TIME *from, int64_t *ret)
{
    struct tm broken;

    if (ASN1_TIME_to_tm(from, &broken) != 1)
        return false;
    *ret = (int64_t)timegm(&broken);
    return true;
}

static bool read_validity(const X509 *certificate, struct validity *ret)
{
    struct validity validity;

    if (!read_time(X509_get0_notBefore(certificate), &validity.from_unix_s) ||
        !read_time(X509_get0_notAfter(certificate), &validity.until_unix_s) ||
        validity.from_unix_s > validity.until_unix_s)
        return false;
    *ret = validity;
    return true;
}

bool certificate_validity(struct slice pem, struct validity *ret)
{
    X509 *certificate = first_certificate(pem);
    const bool good = certificate && read_validity(certificate, ret);

    X509_free(certificate);
    return good;
}

int64_t certificate_renewal(const struct validity *validity)
{
    return validity->until_unix_s - (validity->until_unix_s - validity->from_unix_s) / 3;
}

static bool covers_all(X509 *certificate, struct slice names)
{
    struct slice name;

    while (slice_next(&names, ' ', &name))
        if (X509_check_host(certificate, name.at, name.len, 0, NULL) != 1)
            return false;
    return true;
}

static bool has_key(X509 *certificate, struct slice key_pem)
{
    EVP_PKEY *key = key_from_pem(key_pem);
    const bool fits = key && X509_check_private_key(certificate, key) == 1;

    EVP_PKEY_free(key);
    return fits;
}

static const char *fault_of(X509 *certificate, struct slice key_pem, struct slice names,
                            int64_t now_unix_s)
{
    struct validity validity;

    if (!has_key(certificate, key_pem))
        return "the certificate is not for its key";
    if (!covers_all(certificate, names))
        return "the certificate is not for all its names";
    if (!read_validity(certificate, &validity))
        return "the certificate does not say how long it holds";
    if (validity.until_unix_s <= now_unix_s)
        return "the certificate has expired";
    return NULL;
}

const char *certificate_fault(struct slice pem, struct slice key_pem, struct slice names,
                              int64_t now_unix_s)
{
    X509 *certificate = first_certificate(pem);
    const char *fault = certificate ? fault_of(certificate, key_pem, names, now_unix_s)
                                    : "there is no certificate in it";

    ERR_clear_error();
    X509_free(certificate);
    return fault;
}
