/* What an authority has said of a certificate (OCSP, RFC 6960), to be shown in handshakes. */
#include "tls_private.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CLOCKS_DIFFER_S 300 /* its clock may be ahead of ours by so much */

/* ---- what it is about ---- */

/* The one that signed `own`: behind it in the text, or itself. */
static X509 *issuer_of(X509 *own, const STACK_OF(X509) * all)
{
    for (int i = 0; i < sk_X509_num(all); i++)
        if (X509_check_issued(sk_X509_value(all, i), own) == X509_V_OK)
            return sk_X509_value(all, i);
    return NULL;
}

static bool is_about(const OCSP_SINGLERESP *single, X509 *own, X509 *issuer)
{
    OCSP_CERTID *said = (OCSP_CERTID *)OCSP_SINGLERESP_get0_id(single);
    ASN1_OBJECT *digest = NULL;

    if (OCSP_id_get0_info(NULL, &digest, NULL, NULL, said) != 1)
        return false;
    OCSP_CERTID *wanted = OCSP_cert_to_id(EVP_get_digestbyobj(digest), own, issuer);
    const bool same = wanted && OCSP_id_cmp(wanted, said) == 0;

    OCSP_CERTID_free(wanted);
    return same;
}

static OCSP_SINGLERESP *find_single(OCSP_BASICRESP *basic, X509 *own, X509 *issuer)
{
    for (int i = 0; i < OCSP_resp_count(basic); i++)
        if (is_about(OCSP_resp_get0(basic, i), own, issuer))
            return OCSP_resp_get0(basic, i);
    return NULL;
}

/* Signed by the issuer, or by one whom it has charged with that. */
static bool is_signed(OCSP_BASICRESP *basic, X509 *issuer)
{
    STACK_OF(X509) *known = sk_X509_new_null();
    X509_STORE *store = X509_STORE_new();

    sk_X509_push(known, issuer);
    X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
    const bool good = X509_STORE_add_cert(store, issuer) == 1 &&
                      OCSP_basic_verify(basic, known, store, OCSP_TRUSTOTHER) == 1;

    X509_STORE_free(store);
    sk_X509_free(known);
    return good;
}

/* ---- what it says ---- */

static int64_t seconds_of(const ASN1_GENERALIZEDTIME *time)
{
    struct tm parts;

    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static bool judge(OCSP_SINGLERESP *single, int64_t *ret_until_s, char *why)
{
    ASN1_GENERALIZEDTIME *from = NULL;
    ASN1_GENERALIZEDTIME *until = NULL;
    const int status = OCSP_single_get0_status(single, NULL, NULL, &from, &until);

    if (status != V_OCSP_CERTSTATUS_GOOD) {
        snprintf(why, TLS_WHY_MOST, "it says that the certificate is %s",
                 OCSP_cert_status_str(status));
        return false;
    }
    if (!from || seconds_of(from) > (int64_t)time(NULL) + CLOCKS_DIFFER_S) {
        snprintf(why, TLS_WHY_MOST, "it is of a time to come: is the clock of this machine right?");
        return false;
    }
    *ret_until_s = until ? seconds_of(until) : INT64_MAX;
    if (*ret_until_s > (int64_t)time(NULL))
        return true;
    snprintf(why, TLS_WHY_MOST, "it has run out");
    return false;
}

static bool judge_basic(OCSP_BASICRESP *basic, X509 *own, X509 *issuer, int64_t *ret_until_s,
                        char *why)
{
    OCSP_SINGLERESP *single = find_single(basic, own, issuer);

    if (!single) {
        snprintf(why, TLS_WHY_MOST, "it is about another certificate");
        return false;
    }
    if (!is_signed(basic, issuer)) {
        snprintf(why, TLS_WHY_MOST, "its signature is not one of the issuer's: %s", tls_reason());
        return false;
    }
    return judge(single, ret_until_s, why);
}

static bool judge_text(struct slice staple, X509 *own, X509 *issuer, int64_t *ret_until_s,
                       char *why)
{
    const unsigned char *at = (const unsigned char *)staple.at;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)staple.len);
    OCSP_BASICRESP *basic = NULL;
    bool good = false;

    if (!response)
        snprintf(why, TLS_WHY_MOST, "it is no answer of OCSP (DER)");
    else if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        snprintf(why, TLS_WHY_MOST, "the authority did not answer, but said: %s",
                 OCSP_response_status_str(OCSP_response_status(response)));
    else if (!(basic = OCSP_response_get1_basic(response)))
        snprintf(why, TLS_WHY_MOST, "it is of a kind that nobody knows");
    else
        good = judge_basic(basic, own, issuer, ret_until_s, why);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    return good;
}

bool tls_identity_staple(const struct tls_identity *identity, int64_t *ret_until_s, char *why)
{
    STACK_OF(X509) *all = tls_all_certificates(identity);
    X509 *own = sk_X509_value(all, 0);
    X509 *issuer = own ? issuer_of(own, all) : NULL;
    bool good = false;

    if (issuer)
        good = judge_text(identity->staple, own, issuer, ret_until_s, why);
    else
        snprintf(why, TLS_WHY_MOST, "the certificate of the issuer is not behind that of the site");
    ERR_clear_error();
    sk_X509_pop_free(all, X509_free);
    return good;
}

/* ---- showing it ---- */

struct tls_staple {
    struct tls_staple *next;
    X509 *own; /* borrowed from the context: whose it is */
    int64_t until_s;
    size_t len;
    unsigned char der[];
};

static int on_status(SSL *ssl, void *unused)
{
    const struct tls_staple *staple =
        tls_context_staples(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    unsigned char *copy;

    (void)unused;
    while (staple && staple->own != SSL_get_certificate(ssl))
        staple = staple->next;
    if (!staple || staple->until_s <= (int64_t)time(NULL))
        return SSL_TLSEXT_ERR_NOACK;
    copy = OPENSSL_memdup(staple->der, staple->len);
    if (!copy)
        return SSL_TLSEXT_ERR_NOACK;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)staple->len);
    return SSL_TLSEXT_ERR_OK;
}

void tls_staple_take(struct tls_staple **list, SSL_CTX *ssl, const struct tls_identity *identity)
{
    char why[TLS_WHY_MOST];
    int64_t until_s = 0;

    if (identity->staple.len == 0 || !tls_identity_staple(identity, &until_s, why))
        return;
    struct tls_staple *staple = malloc(sizeof(*staple) + identity->staple.len);

    if (!staple)
        abort();
    staple->next = *list;
    staple->own = SSL_CTX_get0_certificate(ssl);
    staple->until_s = until_s;
    staple->len = identity->staple.len;
    memcpy(staple->der, identity->staple.at, identity->staple.len);
    *list = staple;
    SSL_CTX_set_tlsext_status_cb(ssl, on_status);
}

void tls_staples_free(struct tls_staple *list)
{
    while (list) {
        struct tls_staple *next = list->next;

        free(list);
        list = next;
    }
}
