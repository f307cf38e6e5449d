/* TLS as transport's other side: servers that the house asks. */
#include "net/tls_remote.h"

#include "base/container.h"
#include "base/sum.h"
#include "loop/io.h"
#include "tls_private.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sslerr.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MOST 256u /* bytes of a host name, its end included */

struct tls_trust {
    _Atomic unsigned users;
    SSL_CTX *context;
    unsigned count; /* of certificates */
    unsigned char id[SHA256_LEN];
};

struct tls_remote {
    struct tls_trust *trust; /* held */
    char name[NAME_MOST];
    bool verifies;
    pthread_mutex_t lock; /* guards `session` */
    SSL_SESSION *session; /* owned: the last one; NULL: none */
};

struct tls_line {
    struct tls_pipe pipe;
    struct tls_remote *remote; /* borrowed */
    char why[TLS_WHY_MOST + NAME_MOST];
};

static void *zeroed(size_t size)
{
    void *memory = calloc(1, size);

    if (!memory)
        abort();
    return memory;
}

/* ---- sessions ---- */

static void swap_session(struct tls_remote *remote, SSL_SESSION *session)
{
    pthread_mutex_lock(&remote->lock);
    SSL_SESSION *former = remote->session;
    remote->session = session;
    pthread_mutex_unlock(&remote->lock);
    SSL_SESSION_free(former);
}

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    const struct tls_line *line = SSL_get_app_data(ssl);

    swap_session(line->remote, session);
    return 1; /* it is ours now */
}

/* A copy: connections of several threads may begin with the same. */
static void resume(struct tls_line *line)
{
    struct tls_remote *remote = line->remote;

    pthread_mutex_lock(&remote->lock);
    SSL_SESSION *copy = remote->session ? SSL_SESSION_dup(remote->session) : NULL;
    pthread_mutex_unlock(&remote->lock);
    if (copy && SSL_SESSION_is_resumable(copy))
        (void)SSL_set_session(line->pipe.ssl, copy); /* else the handshake is a whole one */
    SSL_SESSION_free(copy);
}

/* ---- whom to believe ---- */

static bool take_certificates(struct tls_trust *trust, struct slice text, char *why)
{
    X509_STORE *store = SSL_CTX_get_cert_store(trust->context);
    BIO *bio = tls_text_bio(text);
    bool good = true;
    X509 *next;

    while (good && (next = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL) {
        good = X509_STORE_add_cert(store, next) == 1;
        trust->count++;
        X509_free(next);
    }
    good = good && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    BIO_free(bio);
    if (good && trust->count > 0)
        return true;
    snprintf(why, TLS_WHY_MOST, "%s",
             good ? "there is no certificate in it (-----BEGIN CERTIFICATE-----)" : tls_reason());
    return false;
}

static bool set_up(struct tls_trust *trust, struct slice certificates, char *why)
{
    SSL_CTX *context = trust->context;

    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(context, TLS_CIPHERS_OF_1_2) != 1 ||
        SSL_CTX_set1_groups_list(context, TLS_GROUPS) != 1 ||
        SSL_CTX_set_alpn_protos(context, (const unsigned char *)"\x08http/1.1", 9) != 0) {
        snprintf(why, TLS_WHY_MOST, "OpenSSL refuses the settings: %s", tls_reason());
        return false;
    }
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context, 1); /* head and record in one read */
    SSL_CTX_set_session_cache_mode(context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(context, on_session);
    /* Who is named is trusted, whoever signed it. */
    X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_PARTIAL_CHAIN);
    return take_certificates(trust, certificates, why);
}

struct tls_trust *tls_trust_new(struct slice certificates, char *why)
{
    struct tls_trust *trust = zeroed(sizeof(*trust));

    tls_prepare();
    trust->users = 1;
    trust->context = SSL_CTX_new(TLS_client_method());
    if (!trust->context)
        abort();
    sha256_of(certificates, trust->id);
    ERR_clear_error();
    const bool good = set_up(trust, certificates, why);
    ERR_clear_error(); /* the end of the text was one */
    if (good)
        return trust;
    tls_trust_drop(trust);
    return NULL;
}

struct tls_trust *tls_trust_hold(struct tls_trust *trust)
{
    atomic_fetch_add_explicit(&trust->users, 1, memory_order_relaxed);
    return trust;
}

void tls_trust_drop(struct tls_trust *trust)
{
    if (!trust || atomic_fetch_sub_explicit(&trust->users, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(trust->context);
    free(trust);
}

unsigned tls_trust_count(const struct tls_trust *trust)
{
    return trust->count;
}

bool tls_trust_is_from(const struct tls_trust *trust, struct slice certificates)
{
    unsigned char id[SHA256_LEN];

    sha256_of(certificates, id);
    return memcmp(id, trust->id, sizeof(id)) == 0;
}

/* ---- one server ---- */

struct tls_remote *tls_remote_new(struct tls_trust *trust, struct slice name, bool verifies)
{
    struct tls_remote *remote = zeroed(sizeof(*remote));

    remote->trust = tls_trust_hold(trust);
    remote->verifies = verifies;
    snprintf(remote->name, sizeof(remote->name), "%.*s", SLICE_ARGS(name));
    pthread_mutex_init(&remote->lock, NULL);
    return remote;
}

void tls_remote_free(struct tls_remote *remote)
{
    if (!remote)
        return;
    SSL_SESSION_free(remote->session);
    pthread_mutex_destroy(&remote->lock);
    tls_trust_drop(remote->trust);
    free(remote);
}

/* ---- why a handshake failed ---- */

static void say_unverified(struct tls_line *line, long verdict)
{
    const char *name = line->remote->name;

    switch (verdict) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        snprintf(line->why, sizeof(line->why), "its certificate has expired; renew it there");
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        snprintf(line->why, sizeof(line->why),
                 "its certificate is not valid yet; are the clocks right, here and there?");
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        snprintf(line->why, sizeof(line->why),
                 "its certificate does not cover '%s'; ask it by a name that is in it", name);
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        snprintf(line->why, sizeof(line->why),
                 "the issuer of its certificate is unknown (%s); name that authority in "
                 "CAcertificates, or let it send its whole chain",
                 X509_verify_cert_error_string(verdict));
        break;
    default:
        snprintf(line->why, sizeof(line->why), "its certificate is refused: %s",
                 X509_verify_cert_error_string(verdict));
        break;
    }
}

/* Later failures are those of a stream, and told by errno. */
static void on_failed(struct tls_pipe *pipe)
{
    struct tls_line *line = container_of(pipe, struct tls_line, pipe);
    const int reason = ERR_GET_REASON(ERR_peek_last_error());

    if (SSL_is_init_finished(pipe->ssl))
        return;
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
        say_unverified(line, SSL_get_verify_result(pipe->ssl));
    else if (reason == SSL_R_WRONG_VERSION_NUMBER)
        snprintf(line->why, sizeof(line->why),
                 "what it says is no TLS; does it speak http:// at that port?");
    else if (!pipe->ended)
        snprintf(line->why, sizeof(line->why), "the TLS handshake failed: %s", tls_reason());
}

const char *tls_line_why(const struct tls_line *line)
{
    return line->why[0] ? line->why
                        : "it closed in the middle of the TLS handshake; does it speak TLS at that "
                          "port?";
}

/* ---- one connection ---- */

/* RFC 9110 4.3.4 */
static void expect_name(const struct tls_line *line)
{
    const struct tls_remote *remote = line->remote;
    SSL *ssl = line->pipe.ssl;
    X509_VERIFY_PARAM *expected = SSL_get0_param(ssl);

    if (X509_VERIFY_PARAM_set1_ip_asc(expected, remote->name) != 1) {
        X509_VERIFY_PARAM_set_hostflags(expected, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (X509_VERIFY_PARAM_set1_host(expected, remote->name, 0) != 1 ||
            SSL_set_tlsext_host_name(ssl, remote->name) != 1)
            abort();
    }
    SSL_set_verify(ssl, remote->verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
}

struct tls_line *tls_line_open(struct tls_remote *remote, struct io *io)
{
    struct tls_line *line = zeroed(sizeof(*line));

    line->remote = remote;
    line->pipe.failed = on_failed;
    line->pipe.wants_end = true;
    tls_pipe_open(&line->pipe, remote->trust->context, io);
    SSL_set_app_data(line->pipe.ssl, line);
    SSL_set_connect_state(line->pipe.ssl);
    expect_name(line);
    resume(line);
    ERR_clear_error(); /* a name is no address: that was one */
    return line;
}

void tls_line_move(struct tls_line *line, struct io *io)
{
    line->pipe.io = io;
}

int tls_line_shake(struct tls_line *line)
{
    return tls_pipe_shake(&line->pipe);
}

ssize_t tls_line_read(struct tls_line *line, char *data, size_t room)
{
    return tls_pipe_read(&line->pipe, data, room);
}

ssize_t tls_line_write(struct tls_line *line, const struct iovec *parts, int count)
{
    return tls_pipe_write(&line->pipe, parts, count, false);
}

void tls_line_finish(struct tls_line *line)
{
    tls_pipe_finish(&line->pipe);
}

void tls_line_close(struct tls_line *line)
{
    if (!line)
        return;
    if (!line->pipe.ended)
        tls_pipe_say_end(&line->pipe);
    tls_pipe_done(&line->pipe);
    free(line);
}
