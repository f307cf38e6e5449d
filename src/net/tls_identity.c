/* What is to be said about a certificate before anybody sees it. */
#include "tls_private.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

bool tls_identity_check(const struct tls_identity *identity, char *why)
{
    const struct tls_options options = {
        .identities = identity,
        .identity_count = 1,
        .least_version = 12,
    };
    struct tls_context *context = tls_context_new(&options, why);

    tls_context_drop(context);
    return context != NULL;
}

static X509 *own_certificate(const struct tls_identity *identity)
{
    BIO *bio = tls_text_bio(identity->certificates);
    X509 *own = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);

    ERR_clear_error();
    BIO_free(bio);
    return own;
}

int64_t tls_identity_days_left(const struct tls_identity *identity)
{
    X509 *own = own_certificate(identity);
    int days = 0;
    int seconds = 0;

    if (!own || ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(own)) != 1)
        days = -1;
    X509_free(own);
    return days == 0 && seconds < 0 ? -1 : days;
}

bool tls_identity_covers(const struct tls_identity *identity, struct slice name)
{
    X509 *own = own_certificate(identity);
    bool covers = own && X509_check_host(own, name.at, name.len, 0, NULL) == 1;

    X509_free(own);
    return covers;
}

bool tls_identity_must_staple(const struct tls_identity *identity)
{
    X509 *own = own_certificate(identity);
    bool must = own && X509_get_ext_by_NID(own, NID_tlsfeature, -1) >= 0;

    X509_free(own);
    return must;
}

/* ---- the chain ---- */

static bool is_signed_by(X509 *certificate, X509 *issuer)
{
    return X509_check_issued(issuer, certificate) == X509_V_OK;
}

/* One of those that the machine trusts has signed it. */
static bool issuer_is_known(X509 *certificate)
{
    X509_STORE *known = X509_STORE_new();
    X509_STORE_CTX *search = X509_STORE_CTX_new();
    X509 *issuer = NULL;

    bool found = X509_STORE_set_default_paths(known) == 1 &&
                 X509_STORE_CTX_init(search, known, certificate, NULL) == 1 &&
                 X509_STORE_CTX_get1_issuer(&issuer, search, certificate) == 1;
    X509_free(issuer);
    X509_STORE_CTX_free(search);
    X509_STORE_free(known);
    ERR_clear_error();
    return found;
}

/* The answer for a chain that is not empty. */
static bool is_whole(const STACK_OF(X509) * all, char *why)
{
    const int last = sk_X509_num(all) - 1;
    X509 *end = sk_X509_value(all, last);

    for (int i = 0; i < last; i++) {
        if (is_signed_by(sk_X509_value(all, i), sk_X509_value(all, i + 1)))
            continue;
        snprintf(why, TLS_WHY_MOST, "certificate %d in it was not signed by the next one", i + 1);
        return false;
    }
    if (is_signed_by(end, end) || issuer_is_known(end))
        return true;

    char issuer[128] = "";
    X509_NAME_oneline(X509_get_issuer_name(end), issuer, sizeof(issuer));
    snprintf(why, TLS_WHY_MOST,
             "its chain ends too early: '%s' is not in it, nor known to this "
             "machine",
             issuer);
    return false;
}

bool tls_identity_is_whole(const struct tls_identity *identity, char *why)
{
    STACK_OF(X509) *all = tls_all_certificates(identity->certificates);
    bool whole = sk_X509_num(all) > 0 && is_whole(all, why);

    if (sk_X509_num(all) == 0)
        snprintf(why, TLS_WHY_MOST, "there is no certificate in it");
    sk_X509_pop_free(all, X509_free);
    return whole;
}
