/* Certificates of clients: who vouches for them, and what is in them. */
#include "tls_private.h"

#include "base/text.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sslerr.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_authority {
    _Atomic unsigned users;
    X509_STORE *store;
    STACK_OF(X509_NAME) * names; /* what clients are told, to choose among theirs */
    unsigned char id[TLS_ID_MOST];
    size_t id_len;
};

/* ---- what is known ---- */

/* Whatever is PEM in it: certificates and lists. Their numbers, or -1. */
static int take_texts(struct tls_authority *authority, struct slice text, int *ret_lists)
{
    BIO *bio = tls_text_bio(text);
    STACK_OF(X509_INFO) *all = PEM_X509_INFO_read_bio(bio, NULL, NULL, NULL);
    int certificates = 0;
    bool good = true;

    *ret_lists = 0;
    for (int i = 0; i < sk_X509_INFO_num(all); i++) {
        const X509_INFO *info = sk_X509_INFO_value(all, i);

        if (info->x509) {
            certificates++;
            good = good && X509_STORE_add_cert(authority->store, info->x509) == 1 &&
                   sk_X509_NAME_push(authority->names,
                                     X509_NAME_dup(X509_get_subject_name(info->x509))) > 0;
        }
        if (info->crl) {
            (*ret_lists)++;
            good = good && X509_STORE_add_crl(authority->store, info->crl) == 1;
        }
    }
    sk_X509_INFO_pop_free(all, X509_INFO_free);
    BIO_free(bio);
    return all && good ? certificates : -1;
}

static bool set_up(struct tls_authority *authority, const struct tls_authority_options *options,
                   char *why)
{
    int lists = 0;
    int certificates = take_texts(authority, options->certificates, &lists);

    if (certificates <= 0) {
        snprintf(why, TLS_WHY_MOST, "its certificates cannot be used: %s",
                 certificates == 0 ? "there are none in it" : tls_reason());
        return false;
    }
    /* Who is named is trusted, whoever signed it. */
    X509_STORE_set_flags(authority->store, X509_V_FLAG_PARTIAL_CHAIN);
    if (options->revoked.len == 0)
        return true;
    if (take_texts(authority, options->revoked, &lists) < 0 || lists == 0) {
        snprintf(why, TLS_WHY_MOST, "its list of revoked certificates cannot be used: %s",
                 lists == 0 ? "there is none in it" : tls_reason());
        return false;
    }
    X509_STORE_set_flags(authority->store, X509_V_FLAG_CRL_CHECK);
    return true;
}

struct tls_authority *tls_authority_new(const struct tls_authority_options *options, char *why)
{
    struct tls_authority *authority = calloc(1, sizeof(*authority));

    if (!authority || !(authority->store = X509_STORE_new()) ||
        !(authority->names = sk_X509_NAME_new_null()))
        abort();
    authority->users = 1;
    authority->id_len = options->id.len < TLS_ID_MOST ? options->id.len : TLS_ID_MOST;
    if (authority->id_len > 0)
        memcpy(authority->id, options->id.at, authority->id_len);
    ERR_clear_error();
    bool good = set_up(authority, options, why);
    ERR_clear_error();
    if (good)
        return authority;
    tls_authority_drop(authority);
    return NULL;
}

int64_t tls_revoked_days_left(struct slice revoked)
{
    BIO *bio = tls_text_bio(revoked);
    int64_t least = INT64_MAX;
    X509_CRL *list;

    while ((list = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL)) != NULL) {
        const ASN1_TIME *end = X509_CRL_get0_nextUpdate(list); /* NULL: it never does */
        int days = 0;
        int seconds = 0;

        if (end && ASN1_TIME_diff(&days, &seconds, NULL, end) == 1) {
            const int64_t left = days == 0 && seconds < 0 ? -1 : days;
            least = left < least ? left : least;
        }
        X509_CRL_free(list);
    }
    ERR_clear_error(); /* the end of the text was one */
    BIO_free(bio);
    return least;
}

static struct tls_authority *hold(struct tls_authority *authority)
{
    if (authority)
        atomic_fetch_add_explicit(&authority->users, 1, memory_order_relaxed);
    return authority;
}

void tls_authority_drop(struct tls_authority *authority)
{
    if (!authority || atomic_fetch_sub_explicit(&authority->users, 1, memory_order_acq_rel) != 1)
        return;
    X509_STORE_free(authority->store);
    sk_X509_NAME_pop_free(authority->names, X509_NAME_free);
    free(authority);
}

/* ---- in the handshake ---- */

static void ask_for_certificate(SSL *ssl, const struct tls_authority *authority)
{
    STACK_OF(X509_NAME) *names = SSL_dup_CA_list(authority->names);

    if (!names || SSL_set1_verify_cert_store(ssl, authority->store) != 1 ||
        SSL_set_session_id_context(ssl, authority->id, (unsigned)authority->id_len) != 1)
        abort();
    SSL_set_client_CA_list(ssl, names);
    SSL_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

void tls_settle(struct tls *tls, struct tls_authority *authority)
{
    tls->settled = true;
    tls->authority = hold(authority);
    if (authority)
        ask_for_certificate(tls->pipe.ssl, authority);
}

const char *tls_authority_complaint(const struct tls *tls)
{
    if (!tls->authority)
        return NULL;
    switch (ERR_GET_REASON(ERR_peek_last_error())) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return "it showed none";
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return X509_verify_cert_error_string(SSL_get_verify_result(tls->pipe.ssl));
    default:
        return NULL;
    }
}

/* ---- what is in it ---- */

static struct slice text_of(BIO *bio)
{
    char *text = NULL;
    long len = BIO_get_mem_data(bio, &text);
    char *copy = malloc((size_t)len + 1);

    if (!copy)
        abort();
    memcpy(copy, text, (size_t)len);
    BIO_free(bio);
    return slice_of(copy, (size_t)len);
}

static BIO *empty_text(void)
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (!bio)
        abort();
    return bio;
}

/* What is no ASCII or could be taken for the end of a part is escaped: one line, whoever wrote it.
 */
static struct slice name_text(const X509_NAME *name)
{
    BIO *bio = empty_text();

    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
    return text_of(bio);
}

static struct slice hex_text(const unsigned char *bytes, size_t len, const char *between)
{
    BIO *bio = empty_text();

    for (size_t i = 0; i < len; i++)
        BIO_printf(bio, "%s%02X", i > 0 ? between : "", bytes[i]);
    return text_of(bio);
}

static struct slice fingerprint_text(const X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    X509_digest(certificate, EVP_sha256(), digest, &len);
    return hex_text(digest, len, "");
}

struct client_certificate *tls_peer_new(SSL *ssl, const struct tls_authority *authority)
{
    const X509 *certificate = SSL_get0_peer_certificate(ssl);
    struct client_certificate *peer = certificate ? malloc(sizeof(*peer)) : NULL;

    if (!certificate)
        return NULL;
    if (!peer)
        abort();
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    *peer = (struct client_certificate){
        .subject = name_text(X509_get_subject_name(certificate)),
        .issuer = name_text(X509_get_issuer_name(certificate)),
        .serial = hex_text(ASN1_STRING_get0_data(serial), (size_t)ASN1_STRING_length(serial), ":"),
        .fingerprint = fingerprint_text(certificate),
        .authority = slice_of((const char *)authority->id, authority->id_len),
    };
    return peer;
}

void tls_peer_free(struct client_certificate *peer)
{
    if (!peer)
        return;
    free((char *)peer->subject.at);
    free((char *)peer->issuer.at);
    free((char *)peer->serial.at);
    free((char *)peer->fingerprint.at);
    free(peer);
}
