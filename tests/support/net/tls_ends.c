#include "tls_ends.h"

#include "os/fd.h"

#include <check.h>
#include <errno.h>
#include <openssl/pem.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

/* ---- certificates ---- */

void text_of(BIO *bio, char *room, size_t size)
{
    int len = BIO_read(bio, room, (int)size - 1);

    ck_assert_int_gt(len, 0);
    room[len] = '\0';
    BIO_free(bio);
}

struct made make_identity_until(const char *name, EVP_PKEY *key, long left_s)
{
    X509 *certificate = X509_new();
    struct made made;

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate), left_s);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    ck_assert_int_gt(X509_sign(certificate, key, EVP_sha256()), 0);

    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    text_of(bio, made.certificate, sizeof(made.certificate));
    bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    text_of(bio, made.key, sizeof(made.key));
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

struct made make_identity(const char *name, EVP_PKEY *key)
{
    return make_identity_until(name, key, 3600);
}

struct made make_ecdsa(const char *name)
{
    return make_identity(name, EVP_EC_gen("P-256"));
}

/* Signed by itself: who is named by RequiredCA vouches for its own as well. */
void show(SSL *ssl, const struct made *made)
{
    BIO *certificate = BIO_new_mem_buf(made->certificate, -1);
    BIO *key = BIO_new_mem_buf(made->key, -1);
    X509 *own = PEM_read_bio_X509(certificate, NULL, NULL, NULL);
    EVP_PKEY *own_key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

    ck_assert_int_eq(SSL_use_certificate(ssl, own), 1);
    ck_assert_int_eq(SSL_use_PrivateKey(ssl, own_key), 1);
    X509_free(own);
    EVP_PKEY_free(own_key);
    BIO_free(certificate);
    BIO_free(key);
}

char why[TLS_WHY_MOST];

struct tls_context *make_context(const struct made *made, int least_version)
{
    const struct tls_identity identity = { .certificates = slice_cstr(made->certificate),
                                           .key = slice_cstr(made->key) };
    const struct tls_options options = {
        .identities = &identity,
        .identity_count = 1,
        .least_version = least_version,
        .ticket_secret = SLICE("known to all servers of the house"),
        .session_id = SLICE("test"),
    };

    return tls_context_new(&options, why);
}

/* ---- the two ends ---- */

struct loop loop;
struct transport *here;
struct tls_context *first;
struct tls_context *second;
int there;
SSL_CTX *client_context;
SSL *client;
static BIO *to_client;   /* what came from the server */
static BIO *from_client; /* what is to go there */
size_t step_most;        /* bytes that move at once */
SSL_SESSION *session;

static void on_wake(struct task *task)
{
    (void)task;
}
static struct task task = { .run = on_wake };

struct tls_authority *authority; /* of second.test */
const char *refusal;

static struct tls_context *choose(const struct tls_chooser *self, struct slice name,
                                  struct tls_authority **ret_authority)
{
    (void)self;
    if (slice_equal(name, SLICE("nobody.test")))
        return NULL;
    if (!slice_equal(name, SLICE("second.test")))
        return first;
    *ret_authority = authority;
    return second;
}

static void note_refusal(const struct tls_chooser *self, int fd, const char *what)
{
    (void)self;
    ck_assert_int_ge(fd, 0);
    refusal = what;
}
struct tls_chooser chooser = { .choose = choose, .refused = note_refusal };

static int keep_session(SSL *ssl, SSL_SESSION *news)
{
    (void)ssl;
    SSL_SESSION_free(session);
    session = news;
    return 1;
}

void connect_client(const char *name)
{
    struct driver *driver;
    int ends[2];

    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(driver_epoll_new(&driver), 0);
    loop_init(&loop, driver);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    there = ends[1];
    here = tls_transport(&loop, ends[0], first, &chooser);
    transport_attach(here, &task);

    client_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_session_cache_mode(client_context,
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(client_context, keep_session);
    client = SSL_new(client_context);
    to_client = BIO_new(BIO_s_mem());
    from_client = BIO_new(BIO_s_mem());
    SSL_set_bio(client, to_client, from_client);
    SSL_set_tlsext_host_name(client, name);
    SSL_set_connect_state(client);
    if (session)
        SSL_set_session(client, session);
    step_most = SIZE_MAX;
}

void begin(const char *name)
{
    static struct made one;
    static struct made two;

    one = make_ecdsa("first.test");
    two = make_ecdsa("second.test");
    first = make_context(&one, 12);
    second = make_context(&two, 12);
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_nonnull(second);
    connect_client(name);
}

void disconnect(void)
{
    SSL_shutdown(client); /* a session that was cut is not used again */
    transport_close(here);
    fd_close(&there);
    SSL_free(client);
    SSL_CTX_free(client_context);
    loop_done(&loop);
}

void end(void)
{
    disconnect();
    SSL_SESSION_free(session);
    session = NULL;
    tls_context_drop(first);
    tls_context_drop(second);
}

/* Moves bytes between the client's memory and the socket, once each way; false: none moved. */
bool carry(void)
{
    char bytes[4096];
    size_t most = step_most < sizeof(bytes) ? step_most : sizeof(bytes);
    int out = BIO_read(from_client, bytes, (int)most);
    bool moved = false;

    if (out > 0) {
        ck_assert_int_eq(send(there, bytes, (size_t)out, MSG_NOSIGNAL), out);
        moved = true;
    }
    ssize_t in = recv(there, bytes, most, 0);
    if (in > 0) {
        ck_assert_int_eq(BIO_write(to_client, bytes, (int)in), (int)in);
        moved = true;
    }
    transport_wait(here);
    loop_turn(&loop, 0);
    return moved;
}

/* The handshake, as the server sees it: reads that bring nothing. 0, or what the read said. */
ssize_t shake_hands(void)
{
    char byte;

    for (int i = 0; i < 20000; i++) {
        int r = SSL_do_handshake(client);
        ssize_t got = here->io.readable ? transport_read(here, &byte, 1) : -EAGAIN;

        if (got != -EAGAIN)
            return got;
        if (r == 1 && tls_version_of(here) && !carry())
            return 0;
        carry();
    }
    ck_abort_msg("no end of the handshake");
}

void say(const char *text)
{
    ck_assert_int_eq(SSL_write(client, text, (int)strlen(text)), (int)strlen(text));
    while (carry())
        ;
}

void expect_here(const char *text)
{
    char bytes[256];
    size_t len = 0;

    while (len < strlen(text)) {
        ssize_t got = transport_read(here, bytes + len, sizeof(bytes) - len);
        if (got == -EAGAIN)
            ck_assert(carry());
        else
            ck_assert_int_gt(got, 0);
        len += got > 0 ? (size_t)got : 0;
    }
    ck_assert_uint_eq(len, strlen(text));
    ck_assert_mem_eq(bytes, text, len);
}

void expect_there(const char *text)
{
    char bytes[256];

    while (carry())
        ;
    ck_assert_int_eq(SSL_read(client, bytes, sizeof(bytes)), (int)strlen(text));
    ck_assert_mem_eq(bytes, text, strlen(text));
}

void answer(const char *text)
{
    const struct iovec part = { (void *)text, strlen(text) };

    ck_assert_int_eq(transport_write(here, &part, 1, false), (ssize_t)strlen(text));
}

const char *peer_name(void)
{
    static char name[64];
    X509 *certificate = SSL_get1_peer_certificate(client);

    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof(name));
    X509_free(certificate);
    return name;
}
