#ifndef NET_TLS_REMOTE_H
#define NET_TLS_REMOTE_H

/*
 * TLS 1.2 and 1.3 towards a server that the house itself asks. Whom it believes is a tls_trust: the
 * certificates of authorities. A tls_remote is one server by its name: chain and name of its
 * certificate are verified, and the last session with it is resumed (RFC 8446 2.2). Both are used
 * by all threads at once. A tls_line is one connection to it, on a socket that its owner watches.
 */
#include "base/slice.h"
#include "net/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

struct io;
struct tls_trust;
struct tls_remote;
struct tls_line;

/* From PEM texts; what is no certificate in them is skipped. NULL with a sentence in `why`
 * (TLS_WHY_MOST bytes). One user. */
struct tls_trust *tls_trust_new(struct slice certificates, char *why);
struct tls_trust *tls_trust_hold(struct tls_trust *trust);
void tls_trust_drop(struct tls_trust *trust); /* NULL: nothing */
unsigned tls_trust_count(const struct tls_trust *trust);

/* It was made from this text. */
bool tls_trust_is_from(const struct tls_trust *trust, struct slice certificates);

/*
 * `name`: a host name, which is told to the server (SNI), or an IP address, which is not (RFC 6066
 * 3). `verifies`: false takes whatever certificate. Holds the trust; must outlive its lines.
 */
struct tls_remote *tls_remote_new(struct tls_trust *trust, struct slice name, bool verifies);
void tls_remote_free(struct tls_remote *remote); /* NULL: nothing */

/* A connection whose handshake is still to come; `io` is of its socket, and borrowed. */
struct tls_line *tls_line_open(struct tls_remote *remote, struct io *io);

/* Another descriptor of the same socket counts from now on, in this thread. */
void tls_line_move(struct tls_line *line, struct io *io);

/* 0: the handshake is over; -EAGAIN: not yet; another negative errno: it has failed. */
int tls_line_shake(struct tls_line *line);

/* Why it has failed, and what to do; lives as long as the line. */
const char *tls_line_why(const struct tls_line *line);

/* As those of a transport (net/transport.h). A stream that ends without saying so was cut: that is
 * an error, no end. */
ssize_t tls_line_read(struct tls_line *line, char *data, size_t room);
ssize_t tls_line_write(struct tls_line *line, const struct iovec *parts, int count);

void tls_line_finish(struct tls_line *line);

/* Tells the server, unless it has gone. The socket stays open. NULL: nothing. */
void tls_line_close(struct tls_line *line);

#endif
