#ifndef TESTS_TLS_ENDS_H
#define TESTS_TLS_ENDS_H

/*
 * Both ends of a TLS connection in one thread: ours, and a client of OpenSSL's own at the other end
 * of a socket pair. Certificates are made on the spot. One connection at a time.
 */
#include "loop/loop.h"
#include "net/tls.h"

#include <openssl/ssl.h>

struct made {
    char certificate[4096]; /* PEM, signed by itself */
    char key[4096];
};

struct made make_identity(const char *name, EVP_PKEY *key); /* takes the key */
struct made make_identity_until(const char *name, EVP_PKEY *key, long left_s);
struct made make_ecdsa(const char *name);
void text_of(BIO *bio, char *room, size_t size); /* takes the bio; NUL terminated */
struct tls_context *make_context(const struct made *made, int least_version);

/* The certificate that a client shows when it is asked. */
void show(SSL *ssl, const struct made *made);

extern char why[TLS_WHY_MOST];
extern struct loop loop;
extern struct transport *here;
extern struct tls_context *first;       /* for all names but these: */
extern struct tls_context *second;      /* for second.test; nobody.test is refused */
extern struct tls_authority *authority; /* of the clients of second.test; NULL: none */
extern const char *refusal;             /* of a client for its certificate; NULL: none */
extern struct tls_chooser chooser;
extern int there; /* the client's end of the pair */
extern SSL_CTX *client_context;
extern SSL *client;
extern SSL_SESSION
    *session;            /* that the client was given last; it is used for the next connection */
extern size_t step_most; /* bytes that move at once */

/* A client that asks for `name`, with fresh contexts, or with those that are there. */
void begin(const char *name);
void connect_client(const char *name);
void disconnect(void);
void end(void); /* and drops the contexts and the session */

/* Moves bytes between the client's memory and the socket, once each way; false: none moved. */
bool carry(void);

/* The handshake, as the server sees it: reads that bring nothing. 0, or what the read said. */
ssize_t shake_hands(void);

void say(const char *text); /* the client, and all of it arrives */
void expect_here(const char *text);
void answer(const char *text);
void expect_there(const char *text);
const char *peer_name(void); /* of the certificate that the client sees */

#endif
