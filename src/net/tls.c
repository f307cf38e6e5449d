/* TLS as transport: the side of the server. */
#include "tls_private.h"

#include "base/container.h"

#include <stdlib.h>
#include <sys/socket.h>

static struct tls *self_of(struct transport *transport)
{
    return container_of(transport, struct tls, transport);
}

static ssize_t tls_read(struct transport *transport, char *data, size_t room)
{
    return tls_pipe_read(&self_of(transport)->pipe, data, room);
}

static ssize_t tls_write(struct transport *transport, const struct iovec *parts, int count,
                         bool more)
{
    return tls_pipe_write(&self_of(transport)->pipe, parts, count, more);
}

static ssize_t tls_send_file(struct transport *transport, int fd, uint64_t offset, size_t len)
{
    return tls_pipe_send_file(&self_of(transport)->pipe, fd, offset, len);
}

static bool tls_lags(struct transport *transport)
{
    return tls_pipe_lags(&self_of(transport)->pipe);
}

/* ---- the end ---- */

static void tls_finish(struct transport *transport)
{
    tls_pipe_finish(&self_of(transport)->pipe);
}

static void tls_abort(struct transport *transport)
{
    const struct linger none = { .l_onoff = 1, .l_linger = 0 };
    struct tls *tls = self_of(transport);

    tls->pipe.said_end = true; /* a cut answer must not look like a whole one */
    (void)setsockopt(transport->io.fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

static void tls_close(struct transport *transport)
{
    struct tls *tls = self_of(transport);

    if (!transport->io.hung_up && !tls->pipe.ended)
        tls_pipe_say_end(&tls->pipe);
    io_close_last(transport->loop, &transport->io);
    tls_pipe_done(&tls->pipe);
    tls_context_drop(tls->proof);
    tls_peer_free(tls->peer);
    tls_authority_drop(tls->authority);
    free(tls);
}

/* The client was refused for its certificate. */
static void tell_complaint(struct tls_pipe *pipe)
{
    const struct tls *tls = container_of(pipe, struct tls, pipe);
    const char *complaint = tls_authority_complaint(tls);

    if (complaint && tls->chooser->refused)
        tls->chooser->refused(tls->chooser, pipe->io->fd, complaint);
}

static const struct transport_ops tls_ops = {
    .read = tls_read,
    .write = tls_write,
    .send_file = tls_send_file,
    .lags = tls_lags,
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
    tls->pipe.failed = tell_complaint;
    tls_pipe_open(&tls->pipe, tls_context_ssl(first), &tls->transport.io);
    SSL_set_app_data(tls->pipe.ssl, tls);
    SSL_set_accept_state(tls->pipe.ssl);
    return &tls->transport;
}

/* ---- what was agreed on ---- */

/* NULL: nothing is. It is looked up once: neither can change, since nobody may negotiate anew. */
static struct tls *agreed(struct transport *transport)
{
    if (transport->ops != &tls_ops)
        return NULL;

    struct tls *tls = self_of(transport);
    const SSL *ssl = tls->pipe.ssl;
    if (tls->version)
        return tls;
    if (!SSL_is_init_finished(ssl))
        return NULL;
    tls->version = SSL_get_version(ssl);
    tls->cipher = SSL_get_cipher_name(ssl);
    return tls;
}

const char *tls_version_of(struct transport *transport)
{
    const struct tls *tls = agreed(transport);

    return tls ? tls->version : NULL;
}

const char *tls_cipher_of(struct transport *transport)
{
    const struct tls *tls = agreed(transport);

    return tls ? tls->cipher : NULL;
}

const struct client_certificate *tls_peer_of(struct transport *transport)
{
    struct tls *tls = agreed(transport);

    if (!tls)
        return NULL;
    if (tls->authority && !tls->peer)
        tls->peer = tls_peer_new(tls->pipe.ssl, tls->authority);
    return tls->peer;
}

bool tls_is_for_h2(struct transport *transport)
{
    const struct tls *tls = agreed(transport);
    const unsigned char *name = NULL;
    unsigned len = 0;

    if (tls)
        SSL_get0_alpn_selected(tls->pipe.ssl, &name, &len);
    return slice_equal(slice_of(name, len), SLICE("h2"));
}
