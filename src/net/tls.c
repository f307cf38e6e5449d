/*
 * TLS as transport.
 *
 * OpenSSL works on a BIO of our own, between it and the socket, that never says "later" when it is
 * written to: what the kernel does not take is kept and sent when there is room. So one record is
 * all that ever waits here, no write has to be repeated with the same bytes, and the direction that
 * the protocol needs (a read may have to write) is of no concern to the owner: while something
 * waits to be sent, the transport calls itself readable, and the owner's next read, at the edge
 * that made room, sends it.
 */
#include "tls_private.h"

#include "base/container.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECORD_MOST ((size_t)16384)   /* of plain text (RFC 8446 5.1) */
#define WRITE_MOST  (4 * RECORD_MOST) /* in one call: then others have their turn */

/* The text of the records that a call makes, before it is enciphered. */
static _Thread_local char plain[RECORD_MOST];

static struct tls *self_of(struct transport *transport)
{
    return container_of(transport, struct tls, transport);
}

/* ---- between OpenSSL and the socket ---- */

static bool has_waiting(const struct tls *tls)
{
    return tls->waiting_begin < tls->waiting_end;
}

static void forget_waiting(struct tls *tls)
{
    free(tls->waiting);
    tls->waiting = NULL;
    tls->waiting_begin = tls->waiting_end = tls->waiting_room = 0;
}

static void keep_waiting(struct tls *tls, const char *bytes, size_t len)
{
    if (tls->waiting_end + len > tls->waiting_room) {
        size_t room = tls->waiting_end + len;
        char *more = realloc(tls->waiting, room);

        if (!more)
            abort(); /* true exhaustion ends the process */
        tls->waiting = more;
        tls->waiting_room = room;
    }
    memcpy(tls->waiting + tls->waiting_end, bytes, len);
    tls->waiting_end += len;
}

/* Bytes that the kernel took, 0 when it has no room; after an error it takes none ever again. */
static size_t push(struct tls *tls, const char *bytes, size_t len)
{
    const int flags = MSG_NOSIGNAL | (tls->more ? MSG_MORE : 0);
    ssize_t put;

    do
        put = send(tls->transport.io.fd, bytes, len, flags);
    while (put < 0 && errno == EINTR);

    if (put < 0 && errno != EAGAIN)
        tls->error = -errno;
    if (put < (ssize_t)len)
        tls->transport.io.writable = false;
    return put > 0 ? (size_t)put : 0;
}

/* True: nothing waits any more. */
static bool flush(struct tls *tls)
{
    if (!has_waiting(tls))
        return true;
    if (tls->error == 0 && tls->transport.io.writable)
        tls->waiting_begin +=
            push(tls, tls->waiting + tls->waiting_begin, tls->waiting_end - tls->waiting_begin);
    if (has_waiting(tls) && tls->error == 0)
        return false;
    forget_waiting(tls);
    if (tls->finishing && tls->error == 0)
        (void)shutdown(tls->transport.io.fd, SHUT_WR);
    return true;
}

static int bio_write(BIO *bio, const char *bytes, int len)
{
    struct tls *tls = BIO_get_data(bio);
    size_t put = 0;

    if (tls->error < 0)
        return -1;
    if (!has_waiting(tls) && tls->transport.io.writable)
        put = push(tls, bytes, (size_t)len);
    if (tls->error < 0)
        return -1;
    if (put < (size_t)len)
        keep_waiting(tls, bytes + put, (size_t)len - put);
    return len;
}

static int bio_read(BIO *bio, char *bytes, int room)
{
    struct tls *tls = BIO_get_data(bio);
    const struct io *io = &tls->transport.io;
    ssize_t got;

    BIO_clear_retry_flags(bio);
    do
        got = recv(io->fd, bytes, (size_t)room, 0);
    while (got < 0 && errno == EINTR);

    if (got < 0 && errno == EAGAIN) {
        tls->drained = true;
        BIO_set_retry_read(bio);
    } else if (got < 0) {
        tls->error = -errno;
    } else if (got == 0) {
        tls->ended = true;
    }
    /* Less than asked for: empty now, and new bytes make a new edge; see net/tcp.c. */
    if (got > 0)
        tls->drained = got < room && !io->read_closed && !io->hung_up;
    return (int)got;
}

static long bio_control(BIO *bio, int what, long number, void *data)
{
    const struct tls *tls = BIO_get_data(bio);

    (void)number;
    (void)data;
    switch (what) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return tls->ended;
    default:
        return 0;
    }
}

static BIO_METHOD *socket_method; /* made with the first context; reachable to the end */

void tls_prepare(void)
{
    if (socket_method)
        return;
    socket_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "longhouse socket");
    if (!socket_method)
        abort();
    BIO_meth_set_read(socket_method, bio_read);
    BIO_meth_set_write(socket_method, bio_write);
    BIO_meth_set_ctrl(socket_method, bio_control);
}

/* ---- reading ---- */

/* What a call that moved nothing means. */
static ssize_t judge(struct tls *tls, int r)
{
    int kind = SSL_get_error(tls->ssl, r);
    const char *complaint = kind == SSL_ERROR_SSL ? tls_authority_complaint(tls) : NULL;

    ERR_clear_error();
    if (complaint && tls->chooser->refused)
        tls->chooser->refused(tls->chooser, tls->transport.io.fd, complaint);
    if (tls->error < 0)
        return tls->error;
    switch (kind) {
    case SSL_ERROR_WANT_READ:
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        break;
    }
    if (tls->ended) /* without a close_notify: the messages of HTTP tell where they end */
        return 0;
    tls->error = -EPROTO;
    return -EPROTO;
}

static bool is_drained(const struct tls *tls)
{
    return tls->drained && !SSL_has_pending(tls->ssl);
}

static ssize_t tls_read(struct transport *transport, char *data, size_t room)
{
    struct tls *tls = self_of(transport);
    size_t got = 0;
    ssize_t r;

    flush(tls);
    if (tls->error < 0)
        return tls->error;
    ERR_clear_error();
    tls->more = false;
    int done = SSL_read_ex(tls->ssl, data, room, &got);
    r = done == 1 ? (ssize_t)got : judge(tls, done);
    if (r == -EAGAIN || (r > 0 && is_drained(tls)))
        transport->io.readable = has_waiting(tls);
    return r;
}

/* ---- writing ---- */

/* The plain text of one record into `plain`: bytes taken from the front of the parts. */
static size_t gather(const struct iovec *parts, int count, size_t skip)
{
    size_t len = 0;

    for (int i = 0; i < count && len < RECORD_MOST; i++) {
        size_t part = parts[i].iov_len;

        if (skip >= part) {
            skip -= part;
            continue;
        }
        part -= skip;
        if (part > RECORD_MOST - len)
            part = RECORD_MOST - len;
        memcpy(plain + len, (const char *)parts[i].iov_base + skip, part);
        skip = 0;
        len += part;
    }
    return len;
}

/* One record: its length, or negative errno. There is room: nothing waits. */
static ssize_t write_record(struct tls *tls, const char *bytes, size_t len)
{
    size_t put = 0;

    ERR_clear_error();
    int done = SSL_write_ex(tls->ssl, bytes, len, &put);
    if (done == 1)
        return (ssize_t)put;

    ssize_t r = judge(tls, done);
    if (r == -EAGAIN) /* it wants to read, so the handshake is not over: nothing can be said yet */
        r = -ENOTCONN;
    return r == 0 ? -EPIPE : r;
}

/* -EAGAIN: no room for a record; 0: there is. */
static ssize_t begin_write(struct tls *tls, bool more)
{
    tls->more = more;
    if (!flush(tls) || (tls->error == 0 && !tls->transport.io.writable))
        return -EAGAIN;
    return tls->error;
}

/* After a write: what waits makes the transport readable, for its owner to come back. */
static ssize_t end_write(struct tls *tls, size_t put, ssize_t r)
{
    if (has_waiting(tls))
        tls->transport.io.readable = true;
    return put > 0 ? (ssize_t)put : r;
}

static ssize_t tls_write(struct transport *transport, const struct iovec *parts, int count,
                         bool more)
{
    struct tls *tls = self_of(transport);
    ssize_t r = begin_write(tls, more);
    size_t put = 0;
    size_t len;

    while (r >= 0 && put < WRITE_MOST && !has_waiting(tls) &&
           (len = gather(parts, count, put)) > 0) {
        r = write_record(tls, plain, len);
        if (r > 0)
            put += (size_t)r;
    }
    return end_write(tls, put, r);
}

static ssize_t tls_send_file(struct transport *transport, int fd, uint64_t offset, size_t len)
{
    struct tls *tls = self_of(transport);
    ssize_t r = begin_write(tls, true);
    size_t put = 0;

    while (r >= 0 && put < WRITE_MOST && put < len && !has_waiting(tls)) {
        size_t most = len - put < RECORD_MOST ? len - put : RECORD_MOST;
        ssize_t got = pread(fd, plain, most, (off_t)(offset + put));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) /* 0: it became shorter */
            return end_write(tls, put, got < 0 ? -errno : 0);
        tls->more = put + (size_t)got < len;
        r = write_record(tls, plain, (size_t)got);
        if (r > 0)
            put += (size_t)r;
    }
    return end_write(tls, put, r);
}

/* ---- the end ---- */

/* Says that nothing more will come, once (RFC 8446 6.1). */
static void say_end(struct tls *tls)
{
    if (tls->error < 0 || tls->said_end || !SSL_is_init_finished(tls->ssl))
        return;
    tls->said_end = true;
    tls->more = false;
    ERR_clear_error();
    (void)SSL_shutdown(tls->ssl); /* it does not wait for the peer's */
    ERR_clear_error();
}

static void tls_finish(struct transport *transport)
{
    struct tls *tls = self_of(transport);

    say_end(tls);
    if (!has_waiting(tls)) {
        (void)shutdown(transport->io.fd, SHUT_WR);
        return;
    }
    tls->finishing = true;
    transport->io.readable = true;
}

static void tls_abort(struct transport *transport)
{
    const struct linger none = { .l_onoff = 1, .l_linger = 0 };
    struct tls *tls = self_of(transport);

    tls->said_end = true; /* a cut answer must not look like a whole one */
    (void)setsockopt(transport->io.fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

static void tls_close(struct transport *transport)
{
    struct tls *tls = self_of(transport);

    if (!transport->io.hung_up && !tls->ended)
        say_end(tls);
    io_close_last(transport->loop, &transport->io);
    SSL_free(tls->ssl);
    tls_context_drop(tls->proof);
    tls_peer_free(tls->peer);
    tls_authority_drop(tls->authority);
    forget_waiting(tls);
    free(tls);
}

static const struct transport_ops tls_ops = {
    .read = tls_read,
    .write = tls_write,
    .send_file = tls_send_file,
    .finish = tls_finish,
    .abort = tls_abort,
    .close = tls_close,
};

struct transport *tls_transport(struct loop *loop, int fd, struct tls_context *first,
                                const struct tls_chooser *chooser)
{
    struct tls *tls = calloc(1, sizeof(*tls));

    if (!tls)
        abort();
    tls->transport = (struct transport){ .ops = &tls_ops, .loop = loop, .secure = true };
    io_init(&tls->transport.io, fd, NULL);
    tls->chooser = chooser;
    tls->ssl = SSL_new(tls_context_ssl(first));
    BIO *bio = BIO_new(socket_method);
    if (!tls->ssl || !bio)
        abort();
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, tls);
    SSL_set_accept_state(tls->ssl);
    return &tls->transport;
}

/* ---- what was agreed on ---- */

static const SSL *settled_ssl(const struct transport *transport)
{
    if (transport->ops != &tls_ops)
        return NULL;

    const struct tls *tls = container_of(transport, struct tls, transport);
    return SSL_is_init_finished(tls->ssl) ? tls->ssl : NULL;
}

const char *tls_version_of(const struct transport *transport)
{
    const SSL *ssl = settled_ssl(transport);

    return ssl ? SSL_get_version(ssl) : NULL;
}

const char *tls_cipher_of(const struct transport *transport)
{
    const SSL *ssl = settled_ssl(transport);

    return ssl ? SSL_get_cipher_name(ssl) : NULL;
}

const struct client_certificate *tls_peer_of(struct transport *transport)
{
    if (!settled_ssl(transport))
        return NULL;

    struct tls *tls = self_of(transport);
    if (tls->authority && !tls->peer)
        tls->peer = tls_peer_new(tls->ssl, tls->authority);
    return tls->peer;
}

bool tls_is_for_h2(const struct transport *transport)
{
    const SSL *ssl = settled_ssl(transport);
    const unsigned char *name = NULL;
    unsigned len = 0;

    if (ssl)
        SSL_get0_alpn_selected(ssl, &name, &len);
    return slice_equal(slice_of(name, len), SLICE("h2"));
}
