#ifndef NET_TLS_H
#define NET_TLS_H

/*
 * TLS 1.2 and 1.3 (RFC 5246, RFC 8446) on a connected socket, by OpenSSL: a transport like the
 * socket itself, whose handshake happens within its first reads.
 *
 * What a client is offered is a tls_context: certificates with their keys, versions, the key of
 * session tickets. It never changes once it is made, is counted, and is used by all threads at
 * once. Which one a client gets is chosen by the name it asks for (SNI, RFC 6066 3).
 */
#include "base/client_certificate.h"
#include "base/slice.h"
#include "net/transport.h"

#include <stdbool.h>

struct tls_context;

/* A certificate with its chain, and its key, both PEM. */
struct tls_identity {
    struct slice certificates; /* the server's own first; what else lies between is skipped */
    struct slice key;          /* may be the same text */
    struct slice staple; /* what its authority has said of it (an answer of OCSP, DER), shown to
                            clients while it counts; empty: nothing */
};

struct tls_options {
    const struct tls_identity
        *identities; /* at most one for each kind of key (RSA, ECDSA, Ed25519) */
    unsigned identity_count;
    int least_version;          /* 12 or 13 */
    bool in_kernel;             /* records that go out are enciphered by the kernel: it can */
    struct slice ticket_secret; /* of all who understand each other's session tickets, which are
                                   drawn from it and the time; empty: sessions are not resumed */
    struct slice session_id; /* sessions of one are good for all with the same; at most 32 bytes are
                                used */
};

#define TLS_WHY_MOST 256

/* Whether it can be used; if not, a sentence in `why`. */
bool tls_identity_check(const struct tls_identity *identity, char *why);

/* Of the server's own certificate: days until it expires (below 0: it has), and whether it holds
 * for the name of a host. */
int64_t tls_identity_days_left(const struct tls_identity *identity);
bool tls_identity_covers(const struct tls_identity *identity, struct slice name);

/*
 * Whether clients can follow its chain: each certificate is signed by the next one in the text, and
 * the last one by somebody whom this machine knows, or by itself. If not, a sentence in `why`.
 */
bool tls_identity_is_whole(const struct tls_identity *identity, char *why);

/* Whether its staple may be shown now, and until when; if not, a sentence in `why`. */
bool tls_identity_staple(const struct tls_identity *identity, int64_t *ret_until_s, char *why);

/* Clients may believe it only with an answer of its authority stapled to it (RFC 7633). */
bool tls_identity_must_staple(const struct tls_identity *identity);

/* The kernel can encipher records on their way out (kTLS). Who asks as root may load its module by
 * that. */
bool tls_kernel_is_there(void);

/* NULL with a sentence in `why` (TLS_WHY_MOST bytes). Copies what it needs. One user. */
struct tls_context *tls_context_new(const struct tls_options *options, char *why);
struct tls_context *tls_context_hold(struct tls_context *context);
void tls_context_drop(struct tls_context *context); /* NULL: nothing */

/*
 * Who vouches for clients: where one is chosen, a client without a certificate that leads to it is
 * refused in the handshake. Never changes, is counted, used by all threads.
 */
struct tls_authority;

struct tls_authority_options {
    struct slice certificates; /* PEM: those of the authorities, and what lies between */
    struct slice revoked;      /* PEM: their lists of revoked certificates; empty: none are known */
    struct slice id; /* the same for the same authorities and lists, at most 32 bytes: a session
                        that began under another one is not resumed */
};

/* NULL with a sentence in `why` (TLS_WHY_MOST bytes). Copies what it needs. One user. */
struct tls_authority *tls_authority_new(const struct tls_authority_options *options, char *why);
void tls_authority_drop(struct tls_authority *authority); /* NULL: nothing */

/* Days until the first of these lists runs out (below 0: it has, and every client is refused). */
int64_t tls_revoked_days_left(struct slice revoked);

/* Whose certificate a client sees. */
struct tls_chooser {
    /* The context for `name` (as the client wrote it; empty: it named none), borrowed; NULL: the
     * handshake is refused. *ret_authority is NULL before: anybody may come; else borrowed. Called
     * by the thread of the connection. */
    struct tls_context *(*choose)(const struct tls_chooser *chooser, struct slice name,
                                  struct tls_authority **ret_authority);
    /* A client of `fd` was refused for its certificate; NULL: nobody wants to know. */
    void (*refused)(const struct tls_chooser *chooser, int fd, const char *why);
    /* An authority wants to see that `name` is ours (TLS-ALPN-01, RFC 8737): a context for this
     * handshake alone, which takes it over; NULL: the handshake is refused. NULL: nobody proves
     * anything. */
    struct tls_context *(*prove)(const struct tls_chooser *chooser, struct slice name);
    bool offers_h2; /* besides HTTP/1.1, and before it (RFC 7301) */
};

/*
 * Takes the descriptor. `chooser` is borrowed and must outlive the transport. `first` is what
 * begins the handshake: its versions and its session tickets count for all names behind it.
 */
struct transport *tls_transport(struct loop *loop, int fd, struct tls_context *first,
                                const struct tls_chooser *chooser);

/* What was agreed on, in words ("TLSv1.3", "TLS_AES_256_GCM_SHA384"): constants. NULL for other
 * transports and before the handshake is over. */
const char *tls_version_of(struct transport *transport);
const char *tls_cipher_of(struct transport *transport);

/* What an authority vouches for; lives as long as the transport. NULL where no authority was
 * chosen, for other transports and before the handshake is over. */
const struct client_certificate *tls_peer_of(struct transport *transport);

/* The client asked for HTTP/2 and got it. False for other transports and before the handshake is
 * over. */
bool tls_is_for_h2(struct transport *transport);

#endif
