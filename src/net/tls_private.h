#ifndef NET_TLS_PRIVATE_H
#define NET_TLS_PRIVATE_H

/* What tls.c (a connection) and tls_context.c (what it is offered) share. */
#include "net/tls.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#define TLS_ID_MOST SSL_MAX_SID_CTX_LENGTH

struct tls {
    struct transport transport;
    SSL *ssl;                          /* owned */
    const struct tls_chooser *chooser; /* borrowed */
    bool settled;                      /* it is known whose the handshake is */
    struct tls_authority *authority;   /* held; NULL: anybody may come */
    struct tls_context
        *proof; /* owned; NULL: it is no handshake of an authority that looks at a name */
    struct client_certificate *peer; /* owned; NULL: not asked for yet */
    char *waiting;                   /* enciphered, not yet taken by the kernel: [begin, end) */
    size_t waiting_begin;
    size_t waiting_end;
    size_t waiting_room;
    int error;      /* negative errno, for good; 0: none */
    bool more;      /* further bytes follow at once */
    bool drained;   /* the socket had no more when it was last read */
    bool ended;     /* the peer's bytes have ended */
    bool said_end;  /* close_notify is out, or must not be said */
    bool finishing; /* the socket is to be shut when nothing waits any more */
};

/* Before the first connection, by one thread. */
void tls_prepare(void);

SSL_CTX *tls_context_ssl(const struct tls_context *context);

/* What authorities have said of the certificates of a context. */
struct tls_staple;
const struct tls_staple *tls_context_staples(const struct tls_context *context);

/* Puts that of the certificate which `ssl` has just taken in front of the list, if it can be shown.
 */
void tls_staple_take(struct tls_staple **list, SSL_CTX *ssl, const struct tls_identity *identity);
void tls_staples_free(struct tls_staple *list);

/* All in the text, the server's own first; the caller frees them. */
STACK_OF(X509) * tls_all_certificates(const struct tls_identity *identity);

/* The handshake goes on for clients of this authority only; NULL: for anybody. */
void tls_settle(struct tls *tls, struct tls_authority *authority);

/* Why the handshake has failed, if it was for the client's certificate; else NULL. The errors of
 * OpenSSL are still there. */
const char *tls_authority_complaint(const struct tls *tls);

/* malloc'd; NULL: there is no certificate. */
struct client_certificate *tls_peer_new(SSL *ssl, const struct tls_authority *authority);
void tls_peer_free(struct client_certificate *peer); /* NULL: nothing */

/* Borrows the text. */
BIO *tls_text_bio(struct slice text);

/* OpenSSL's own words for the last error. */
const char *tls_reason(void);

#endif
