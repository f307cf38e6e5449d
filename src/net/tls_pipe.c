/*
 * What both sides of TLS share: bytes between OpenSSL and a socket.
 *
 * OpenSSL works on a BIO of our own, between it and the socket, that never says "later" when it is
 * written to: what the kernel does not take is kept and sent when there is room. So one record is
 * all that ever waits here, no write has to be repeated with the same bytes, and the direction that
 * the protocol needs (a read may have to write) is of no concern to the owner: while something
 * waits to be sent, the pipe calls its socket readable, and the owner's next read, at the edge
 * that made room, sends it.
 *
 * Where the kernel enciphers what goes out, data take the way of a plain socket, and only what
 * OpenSSL itself has to say comes by here.
 */
#include "tcp_private.h"
#include "tls_private.h"

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

/* ---- between OpenSSL and the socket ---- */

bool tls_pipe_has_waiting(const struct tls_pipe *pipe)
{
    return pipe->waiting_begin < pipe->waiting_end;
}

bool tls_pipe_lags(const struct tls_pipe *pipe)
{
    return tls_pipe_has_waiting(pipe) || (pipe->in_kernel && tls_kernel_lags(pipe));
}

static void forget_waiting(struct tls_pipe *pipe)
{
    free(pipe->waiting);
    pipe->waiting = NULL;
    pipe->waiting_begin = pipe->waiting_end = pipe->waiting_room = 0;
}

static void keep_waiting(struct tls_pipe *pipe, const char *bytes, size_t len)
{
    if (pipe->waiting_end + len > pipe->waiting_room) {
        size_t room = pipe->waiting_end + len;
        char *more = realloc(pipe->waiting, room);

        if (!more)
            abort(); /* true exhaustion ends the process */
        pipe->waiting = more;
        pipe->waiting_room = room;
    }
    memcpy(pipe->waiting + pipe->waiting_end, bytes, len);
    pipe->waiting_end += len;
}

/* Bytes that the kernel took, 0 when it has no room; after an error it takes none ever again. */
static size_t push(struct tls_pipe *pipe, unsigned char type, const char *bytes, size_t len)
{
    const int flags = MSG_NOSIGNAL | (pipe->more ? MSG_MORE : 0);
    ssize_t put;

    do
        put = type ? tls_kernel_send(pipe->io->fd, type, bytes, len)
                   : send(pipe->io->fd, bytes, len, flags);
    while (put < 0 && errno == EINTR);

    if (put < 0 && errno != EAGAIN)
        pipe->error = -errno;
    if (put < (ssize_t)len)
        pipe->io->writable = false;
    return put > 0 ? (size_t)put : 0;
}

/* No more will be written. A socket whose kernel enciphers may still have to send a record, which
 * a shutdown would cut: the peer has been told the end, and has to go by that. */
static void shut(const struct tls_pipe *pipe)
{
    if (!pipe->in_kernel)
        (void)shutdown(pipe->io->fd, SHUT_WR);
}

/* True: nothing waits any more. */
static bool flush(struct tls_pipe *pipe)
{
    if (!tls_pipe_has_waiting(pipe))
        return true;
    if (pipe->error == 0 && pipe->io->writable)
        pipe->waiting_begin += push(pipe, pipe->waiting_type, pipe->waiting + pipe->waiting_begin,
                                    pipe->waiting_end - pipe->waiting_begin);
    if (tls_pipe_has_waiting(pipe) && pipe->error == 0)
        return false;
    forget_waiting(pipe);
    if (pipe->finishing && pipe->error == 0)
        shut(pipe);
    return true;
}

static int bio_write(BIO *bio, const char *bytes, int len)
{
    struct tls_pipe *pipe = BIO_get_data(bio);
    size_t put = 0;

    if (pipe->error < 0)
        return -1;
    /* Only an alert behind tickets that the peer does not take: the end goes unsaid. */
    if (tls_pipe_has_waiting(pipe) && pipe->record_type != pipe->waiting_type)
        return len;
    if (!tls_pipe_has_waiting(pipe) && pipe->io->writable)
        put = push(pipe, pipe->record_type, bytes, (size_t)len);
    if (pipe->error < 0)
        return -1;
    if (put < (size_t)len) {
        keep_waiting(pipe, bytes + put, (size_t)len - put);
        pipe->waiting_type = pipe->record_type;
    }
    return len;
}

static int bio_read(BIO *bio, char *bytes, int room)
{
    struct tls_pipe *pipe = BIO_get_data(bio);
    const struct io *io = pipe->io;
    ssize_t got;

    BIO_clear_retry_flags(bio);
    do
        got = recv(io->fd, bytes, (size_t)room, 0);
    while (got < 0 && errno == EINTR);

    if (got < 0 && errno == EAGAIN) {
        pipe->drained = true;
        BIO_set_retry_read(bio);
    } else if (got < 0) {
        pipe->error = -errno;
    } else if (got == 0) {
        pipe->ended = true;
    }
    /* Less than asked for: empty now, and new bytes make a new edge; see net/tcp.c. */
    if (got > 0)
        pipe->drained = got < room && !io->read_closed && !io->hung_up;
    return (int)got;
}

static long bio_control(BIO *bio, int what, long number, void *data)
{
    struct tls_pipe *pipe = BIO_get_data(bio);

    switch (what) {
    case BIO_CTRL_FLUSH:
        return 1;
    case BIO_CTRL_EOF:
        return pipe->ended;
    case TLS_KERNEL_SET_KEYS:
        return number != 0 && tls_kernel_begin(pipe, data);
    case BIO_CTRL_GET_KTLS_SEND:
        return pipe->in_kernel;
    case TLS_KERNEL_SET_TYPE:
        pipe->record_type = (unsigned char)number;
        return 0;
    case TLS_KERNEL_CLEAR_TYPE:
        pipe->record_type = 0;
        return 0;
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

/* ---- handshake and reading ---- */

/* What a call that moved nothing means. */
static ssize_t judge(struct tls_pipe *pipe, int r)
{
    int kind = SSL_get_error(pipe->ssl, r);

    if (kind == SSL_ERROR_SSL && pipe->failed)
        pipe->failed(pipe);
    ERR_clear_error();
    if (pipe->error < 0)
        return pipe->error;
    switch (kind) {
    case SSL_ERROR_WANT_READ:
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    default:
        break;
    }
    if (pipe->ended && !pipe->wants_end) /* without a close_notify */
        return 0;
    pipe->error = pipe->ended ? -ECONNRESET : -EPROTO;
    return pipe->error;
}

static bool is_drained(const struct tls_pipe *pipe)
{
    return pipe->drained && !SSL_has_pending(pipe->ssl);
}

int tls_pipe_shake(struct tls_pipe *pipe)
{
    flush(pipe);
    if (pipe->error < 0)
        return pipe->error;
    ERR_clear_error();
    pipe->more = false;
    const int done = SSL_do_handshake(pipe->ssl);
    if (done == 1)
        return 0;

    const int r = (int)judge(pipe, done);
    if (r == -EAGAIN)
        pipe->io->readable = tls_pipe_has_waiting(pipe);
    return r < 0 ? r : -ECONNRESET;
}

ssize_t tls_pipe_read(struct tls_pipe *pipe, char *data, size_t room)
{
    size_t got = 0;
    ssize_t r;

    flush(pipe);
    if (pipe->error < 0)
        return pipe->error;
    ERR_clear_error();
    pipe->more = false;
    int done = SSL_read_ex(pipe->ssl, data, room, &got);
    r = done == 1 ? (ssize_t)got : judge(pipe, done);
    if (r == -EAGAIN || (r > 0 && is_drained(pipe)))
        pipe->io->readable = tls_pipe_has_waiting(pipe);
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
static ssize_t write_record(struct tls_pipe *pipe, const char *bytes, size_t len)
{
    size_t put = 0;

    ERR_clear_error();
    int done = SSL_write_ex(pipe->ssl, bytes, len, &put);
    if (done == 1)
        return (ssize_t)put;

    ssize_t r = judge(pipe, done);
    if (r == -EAGAIN) /* it wants to read, so the handshake is not over: nothing can be said yet */
        r = -ENOTCONN;
    return r == 0 ? -EPIPE : r;
}

/* The peer must get new keys before anything else (RFC 8446 4.6.3), and nobody can tell them to the
 * kernel. */
static bool is_stuck(const struct tls_pipe *pipe)
{
    return pipe->in_kernel && SSL_get_key_update_type(pipe->ssl) != SSL_KEY_UPDATE_NONE;
}

/* -EAGAIN: no room for a record; 0: there is. */
static ssize_t begin_write(struct tls_pipe *pipe, bool more)
{
    pipe->more = more;
    if (pipe->error == 0 && is_stuck(pipe))
        pipe->error = -EPROTO;
    if (!flush(pipe) || (pipe->error == 0 && !pipe->io->writable))
        return -EAGAIN;
    return pipe->error;
}

/* After a write: what waits makes the socket readable, for its owner to come back. */
static ssize_t end_write(struct tls_pipe *pipe, size_t put, ssize_t r)
{
    if (tls_pipe_has_waiting(pipe))
        pipe->io->readable = true;
    return put > 0 ? (ssize_t)put : r;
}

/* What a write past OpenSSL has said. */
static ssize_t end_plain(struct tls_pipe *pipe, ssize_t r)
{
    if (r < 0 && r != -EAGAIN)
        pipe->error = (int)r;
    return r;
}

static bool is_plain(const struct tls_pipe *pipe)
{
    return pipe->in_kernel && SSL_is_init_finished(pipe->ssl);
}

ssize_t tls_pipe_write(struct tls_pipe *pipe, const struct iovec *parts, int count, bool more)
{
    ssize_t r = begin_write(pipe, more);
    size_t put = 0;
    size_t len;

    if (r >= 0 && is_plain(pipe))
        return end_plain(pipe, tcp_write_parts(pipe->io, parts, count, more));
    while (r >= 0 && put < WRITE_MOST && !tls_pipe_has_waiting(pipe) &&
           (len = gather(parts, count, put)) > 0) {
        r = write_record(pipe, plain, len);
        if (r > 0)
            put += (size_t)r;
    }
    return end_write(pipe, put, r);
}

ssize_t tls_pipe_send_file(struct tls_pipe *pipe, int fd, uint64_t offset, size_t len)
{
    ssize_t r = begin_write(pipe, true);
    size_t put = 0;

    if (r >= 0 && is_plain(pipe))
        return end_plain(pipe, tcp_write_file(pipe->io, fd, offset, len));
    while (r >= 0 && put < WRITE_MOST && put < len && !tls_pipe_has_waiting(pipe)) {
        size_t most = len - put < RECORD_MOST ? len - put : RECORD_MOST;
        ssize_t got = pread(fd, plain, most, (off_t)(offset + put));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) /* 0: it became shorter */
            return end_write(pipe, put, got < 0 ? -errno : 0);
        pipe->more = put + (size_t)got < len;
        r = write_record(pipe, plain, (size_t)got);
        if (r > 0)
            put += (size_t)r;
    }
    return end_write(pipe, put, r);
}

/* ---- the end ---- */

/* Says that nothing more will come, once (RFC 8446 6.1). */
void tls_pipe_say_end(struct tls_pipe *pipe)
{
    if (pipe->error < 0 || pipe->said_end || !SSL_is_init_finished(pipe->ssl))
        return;
    pipe->said_end = true;
    pipe->more = false;
    ERR_clear_error();
    (void)SSL_shutdown(pipe->ssl); /* it does not wait for the peer's */
    ERR_clear_error();
}

void tls_pipe_finish(struct tls_pipe *pipe)
{
    tls_pipe_say_end(pipe);
    if (!tls_pipe_has_waiting(pipe)) {
        shut(pipe);
        return;
    }
    pipe->finishing = true;
    pipe->io->readable = true;
}

/* ---- the face ---- */

void tls_pipe_open(struct tls_pipe *pipe, SSL_CTX *context, struct io *io)
{
    BIO *bio = BIO_new(socket_method);

    pipe->io = io;
    pipe->ssl = SSL_new(context);
    if (!pipe->ssl || !bio)
        abort();
    BIO_set_data(bio, pipe);
    BIO_set_init(bio, 1);
    SSL_set_bio(pipe->ssl, bio, bio);
}

void tls_pipe_done(struct tls_pipe *pipe)
{
    SSL_free(pipe->ssl);
    forget_waiting(pipe);
}
