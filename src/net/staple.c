#include "net/staple.h"

#include "tls_private.h"

#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define CLOCKS_DIFFER_S 300 /* its clock may be ahead of ours by so much */

static const char no_issuer[] = "the certificate of the issuer is not behind that of the site";

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

static enum staple_verdict judge(OCSP_SINGLERESP *single, struct staple_times *ret, char *why)
{
    ASN1_GENERALIZEDTIME *from = NULL;
    ASN1_GENERALIZEDTIME *until = NULL;
    const int status = OCSP_single_get0_status(single, NULL, NULL, &from, &until);

    if (status != V_OCSP_CERTSTATUS_GOOD) {
        snprintf(why, STAPLE_WHY_MOST, "it says that the certificate is %s",
                 OCSP_cert_status_str(status));
        return status == V_OCSP_CERTSTATUS_REVOKED ? STAPLE_REVOKED : STAPLE_UNUSABLE;
    }
    if (!from || seconds_of(from) > (int64_t)time(NULL) + CLOCKS_DIFFER_S) {
        snprintf(why, STAPLE_WHY_MOST,
                 "it is of a time to come: is the clock of this machine right?");
        return STAPLE_UNUSABLE;
    }
    const int64_t until_s = until ? seconds_of(until) : INT64_MAX;
    if (until_s <= (int64_t)time(NULL)) {
        snprintf(why, STAPLE_WHY_MOST, "it has run out");
        return STAPLE_UNUSABLE;
    }
    *ret = (struct staple_times){ .from_unix_s = seconds_of(from), .until_unix_s = until_s };
    return STAPLE_GOOD;
}

static enum staple_verdict judge_basic(OCSP_BASICRESP *basic, X509 *own, X509 *issuer,
                                       struct staple_times *ret, char *why)
{
    OCSP_SINGLERESP *single = find_single(basic, own, issuer);

    if (!single) {
        snprintf(why, STAPLE_WHY_MOST, "it is about another certificate");
        return STAPLE_UNUSABLE;
    }
    if (!is_signed(basic, issuer)) {
        snprintf(why, STAPLE_WHY_MOST, "its signature is not one of the issuer's: %s",
                 tls_reason());
        return STAPLE_UNUSABLE;
    }
    return judge(single, ret, why);
}

static enum staple_verdict judge_text(struct slice answer, X509 *own, X509 *issuer,
                                      struct staple_times *ret, char *why)
{
    const unsigned char *at = (const unsigned char *)answer.at;
    OCSP_RESPONSE *response = d2i_OCSP_RESPONSE(NULL, &at, (long)answer.len);
    OCSP_BASICRESP *basic = NULL;
    enum staple_verdict verdict = STAPLE_UNUSABLE;

    if (!response)
        snprintf(why, STAPLE_WHY_MOST, "it is no answer of OCSP (DER)");
    else if (OCSP_response_status(response) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        snprintf(why, STAPLE_WHY_MOST, "the authority did not answer, but said: %s",
                 OCSP_response_status_str(OCSP_response_status(response)));
    else if (!(basic = OCSP_response_get1_basic(response)))
        snprintf(why, STAPLE_WHY_MOST, "it is of a kind that nobody knows");
    else
        verdict = judge_basic(basic, own, issuer, ret, why);
    OCSP_BASICRESP_free(basic);
    OCSP_RESPONSE_free(response);
    return verdict;
}

enum staple_verdict staple_judge(struct slice certificates, struct slice answer,
                                 struct staple_times *ret, char *why)
{
    STACK_OF(X509) *all = tls_all_certificates(certificates);
    X509 *own = sk_X509_value(all, 0);
    X509 *issuer = own ? issuer_of(own, all) : NULL;
    enum staple_verdict verdict = STAPLE_UNUSABLE;

    if (issuer)
        verdict = judge_text(answer, own, issuer, ret, why);
    else
        snprintf(why, STAPLE_WHY_MOST, "%s", no_issuer);
    ERR_clear_error();
    sk_X509_pop_free(all, X509_free);
    return verdict;
}

/* ---- asking ---- */

/* The first by http, in the order of the certificate (RFC 5280 4.2.2.1); empty: none. */
static struct slice responder_of(X509 *own, struct arena *arena)
{
    STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(own);
    struct slice found = { 0 };

    for (int i = 0; i < sk_OPENSSL_STRING_num(urls) && found.len == 0; i++) {
        const struct slice url = slice_cstr(sk_OPENSSL_STRING_value(urls, i));

        if (slice_starts_nocase(url, SLICE("http://")))
            found = arena_copy(arena, url);
    }
    X509_email_free(urls);
    return found;
}

/* With names by SHA-1, which every responder knows (RFC 5019 2.1.1). */
static struct slice request_of(X509 *own, X509 *issuer, struct arena *arena)
{
    OCSP_REQUEST *request = OCSP_REQUEST_new();
    struct slice der = { 0 };
    unsigned char *bytes = NULL;

    if (!request || !OCSP_request_add0_id(request, OCSP_cert_to_id(NULL, own, issuer)))
        abort();
    const int len = i2d_OCSP_REQUEST(request, &bytes);
    if (len > 0)
        der = arena_copy(arena, slice_of((const char *)bytes, (size_t)len));
    OPENSSL_free(bytes);
    OCSP_REQUEST_free(request);
    return der;
}

static const char *ask_about(X509 *own, const STACK_OF(X509) * all, struct arena *arena,
                             struct staple_question *ret)
{
    X509 *issuer = issuer_of(own, all);

    ret->url = responder_of(own, arena);
    if (ret->url.len == 0)
        return "it names no responder of OCSP (http://), so there is nothing to be stapled";
    if (!issuer)
        return no_issuer;
    ret->der = request_of(own, issuer, arena);
    return NULL;
}

const char *staple_ask(struct slice certificates, struct arena *arena, struct staple_question *ret)
{
    STACK_OF(X509) *all = tls_all_certificates(certificates);
    X509 *own = sk_X509_value(all, 0);
    const char *why = own ? ask_about(own, all, arena, ret) : "there is no certificate in it";

    ERR_clear_error();
    sk_X509_pop_free(all, X509_free);
    return why;
}
