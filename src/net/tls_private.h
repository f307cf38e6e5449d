#ifndef NET_TLS_PRIVATE_H
#define NET_TLS_PRIVATE_H

/* What the files about TLS share. */
#include "net/tls.h"

#include <openssl/ssl.h>
#include <openssl/x509.h>

#define TLS_ID_MOST SSL_MAX_SID_CTX_LENGTH

/* Forward secrecy and authenticated encryption only (RFC 9325 4.2); TLS 1.3 has no others. */
#define TLS_CIPHERS_OF_1_2 "ECDHE+AESGCM:ECDHE+CHACHA20"
#define TLS_GROUPS         "X25519:P-256:P-384"

/* What both sides share: see tls_pipe.c. Embedded; zeroed before it is opened. */
struct tls_pipe {
    SSL *ssl;                              /* owned */
    struct io *io;                         /* borrowed: of the socket */
    void (*failed)(struct tls_pipe *pipe); /* the protocol did, and OpenSSL's errors are still
                                              there; NULL: nobody wants to know */
    bool wants_end;                        /* bytes that end without a close_notify were cut (RFC
                                              8446 6.1); false: what they say tells where it ends */
    char *waiting;                         /* records, not yet taken by the kernel: [begin, end) */
    size_t waiting_begin;
    size_t waiting_end;
    size_t waiting_room;
    unsigned char waiting_type; /* as record_type */
    unsigned char record_type;  /* in_kernel: what OpenSSL writes next; 0: the peer's data */
    bool in_kernel;             /* what goes out is enciphered there; see tls_kernel.c */
    int error;                  /* negative errno, for good; 0: none */
    bool more;                  /* further bytes follow at once */
    bool drained;               /* the socket had no more when it was last read */
    bool ended;                 /* the peer's bytes have ended */
    bool said_end;              /* close_notify is out, or must not be said */
    bool finishing;             /* the socket is to be shut when nothing waits any more */
};

void tls_pipe_open(struct tls_pipe *pipe, SSL_CTX *context, struct io *io);

/* 0: the handshake is over; -EAGAIN: not yet; another negative errno: it has failed. Reads and
 * writes do it by themselves. */
int tls_pipe_shake(struct tls_pipe *pipe);

/* As those of a transport. */
ssize_t tls_pipe_read(struct tls_pipe *pipe, char *data, size_t room);
ssize_t tls_pipe_write(struct tls_pipe *pipe, const struct iovec *parts, int count, bool more);
ssize_t tls_pipe_send_file(struct tls_pipe *pipe, int fd, uint64_t offset, size_t len);

/* Something is to be sent still: the next read does it when there is room. */
bool tls_pipe_has_waiting(const struct tls_pipe *pipe);

/* The same, or the kernel has taken it and not yet sent it: a close now would lose it. */
bool tls_pipe_lags(const struct tls_pipe *pipe);

/* Says that nothing more will come, once (RFC 8446 6.1). */
void tls_pipe_say_end(struct tls_pipe *pipe);

/* The same, and shuts the socket when nothing waits any more. */
void tls_pipe_finish(struct tls_pipe *pipe);

void tls_pipe_done(struct tls_pipe *pipe);

/* What OpenSSL says to a BIO of a socket (its own numbers, named in openssl/bio.h). */
#define TLS_KERNEL_SET_KEYS   72 /* number: 0: of what comes in, else of what goes out */
#define TLS_KERNEL_SET_TYPE   74
#define TLS_KERNEL_CLEAR_TYPE 75

/* With the keys that OpenSSL hands over; false: it goes on enciphering itself. */
bool tls_kernel_begin(struct tls_pipe *pipe, void *keys);

/* A record that holds no data of the peer (RFC 8446 5.1); as sendmsg(2). */
ssize_t tls_kernel_send(int fd, unsigned char type, const char *bytes, size_t len);

/* Some of what was written may still wait for room, with nobody but the kernel; then the socket's
 * next edge is awaited. */
bool tls_kernel_lags(const struct tls_pipe *pipe);

/* The side of the server. */
struct tls {
    struct transport transport;
    struct tls_pipe pipe;
    const struct tls_chooser *chooser; /* borrowed */
    bool settled;                      /* it is known whose the handshake is */
    struct tls_authority *authority;   /* held; NULL: anybody may come */
    struct tls_context
        *proof;          /* owned; NULL: it is no handshake of an authority that looks at a name */
    const char *version; /* constants, once they are agreed on and somebody has asked */
    const char *cipher;
    struct client_certificate *peer; /* owned; NULL: not asked for yet */
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
STACK_OF(X509) * tls_all_certificates(struct slice certificates);

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
