/* PEM texts, and OpenSSL's words about what is wrong with them. */
#include "tls_private.h"

#include <openssl/err.h>
#include <openssl/pem.h>

const char *tls_reason(void)
{
    const char *text = ERR_reason_error_string(ERR_peek_last_error());

    return text ? text : "unknown";
}

BIO *tls_text_bio(struct slice text)
{
    return BIO_new_mem_buf(text.len > 0 ? text.at : "", (int)text.len);
}

STACK_OF(X509) * tls_all_certificates(struct slice certificates)
{
    BIO *bio = tls_text_bio(certificates);
    STACK_OF(X509) *all = sk_X509_new_null();
    X509 *next;

    while ((next = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL)
        sk_X509_push(all, next);
    ERR_clear_error(); /* the end of the text was one */
    BIO_free(bio);
    return all;
}
