/* What an authority has said of a certificate (OCSP, RFC 6960), shown in handshakes. */
#include "net/staple.h"
#include "tls_private.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

_Static_assert(STAPLE_WHY_MOST <= TLS_WHY_MOST, "reasons are passed on");

bool tls_identity_staple(const struct tls_identity *identity, int64_t *ret_until_s, char *why)
{
    struct staple_times times;

    if (staple_judge(identity->certificates, identity->staple, &times, why) != STAPLE_GOOD)
        return false;
    *ret_until_s = times.until_unix_s;
    return true;
}

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
