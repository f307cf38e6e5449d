/* A client of OpenSSL's own on the other end of a socket pair; certificates are made here. */
#include "net/tls.h"

#include "base/container.h"
#include "loop/loop.h"
#include "os/fd.h"
#include "suite.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- certificates ---- */

struct made {
    char certificate[4096];
    char key[4096];
};

static void text_of(BIO *bio, char *room, size_t size)
{
    int len = BIO_read(bio, room, (int)size - 1);

    ck_assert_int_gt(len, 0);
    room[len] = '\0';
    BIO_free(bio);
}

static struct made make_identity(const char *name, EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    struct made made;

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
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

static struct made make_ecdsa(const char *name)
{
    return make_identity(name, EVP_EC_gen("P-256"));
}

static char why[TLS_WHY_MOST];

static struct tls_context *make_context(const struct made *made, int least_version)
{
    const struct tls_identity identity = { slice_cstr(made->certificate), slice_cstr(made->key) };
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

static struct loop loop;
static struct transport *here;
static struct tls_context *first;
static struct tls_context *second;
static int there;
static SSL_CTX *client_context;
static SSL *client;
static BIO *to_client;   /* what came from the server */
static BIO *from_client; /* what is to go there */
static size_t step_most; /* bytes that move at once */
static SSL_SESSION *session;

static void on_wake(struct task *task)
{
    (void)task;
}
static struct task task = { .run = on_wake };

static struct tls_context *choose(const struct tls_chooser *chooser, struct slice name)
{
    (void)chooser;
    if (slice_equal(name, SLICE("nobody.test")))
        return NULL;
    return slice_equal(name, SLICE("second.test")) ? second : first;
}
static struct tls_chooser chooser = { .choose = choose };

static int keep_session(SSL *ssl, SSL_SESSION *news)
{
    (void)ssl;
    SSL_SESSION_free(session);
    session = news;
    return 1;
}

static void connect_client(const char *name)
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

static void begin(const char *name)
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

static void disconnect(void)
{
    SSL_shutdown(client); /* a session that was cut is not used again */
    transport_close(here);
    fd_close(&there);
    SSL_free(client);
    SSL_CTX_free(client_context);
    loop_done(&loop);
}

static void end(void)
{
    disconnect();
    SSL_SESSION_free(session);
    session = NULL;
    tls_context_drop(first);
    tls_context_drop(second);
}

/* Moves bytes between the client's memory and the socket, once each way; false: none moved. */
static bool carry(void)
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
static ssize_t shake_hands(void)
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

static void say(const char *text)
{
    ck_assert_int_eq(SSL_write(client, text, (int)strlen(text)), (int)strlen(text));
    while (carry())
        ;
}

static void expect_here(const char *text)
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

static void expect_there(const char *text)
{
    char bytes[256];

    while (carry())
        ;
    ck_assert_int_eq(SSL_read(client, bytes, sizeof(bytes)), (int)strlen(text));
    ck_assert_mem_eq(bytes, text, strlen(text));
}

static void answer(const char *text)
{
    const struct iovec part = { (void *)text, strlen(text) };

    ck_assert_int_eq(transport_write(here, &part, 1, false), (ssize_t)strlen(text));
}

static const char *peer_name(void)
{
    static char name[64];
    X509 *certificate = SSL_get1_peer_certificate(client);

    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name,
                              sizeof(name));
    X509_free(certificate);
    return name;
}

/* ---- tests ---- */

START_TEST(words_go_both_ways)
{
    begin("first.test");
    ck_assert_ptr_null(tls_version_of(here));
    ck_assert_int_eq(shake_hands(), 0);
    ck_assert_str_eq(tls_version_of(here), "TLSv1.3");
    ck_assert_ptr_nonnull(tls_cipher_of(here));
    say("question");
    expect_here("question");
    answer("answer");
    expect_there("answer");
    ck_assert_str_eq(peer_name(), "first.test");
    end();
}
END_TEST

START_TEST(bytes_may_come_one_by_one)
{
    begin("first.test");
    step_most = 1;
    ck_assert_int_eq(shake_hands(), 0);
    say("question");
    expect_here("question");
    answer("answer");
    expect_there("answer");
    end();
}
END_TEST

START_TEST(a_read_that_empties_the_socket_needs_no_second)
{
    begin("first.test");
    ck_assert_int_eq(shake_hands(), 0);
    say("question");
    expect_here("question");
    ck_assert(!here->io.readable);
    say("next");
    ck_assert(here->io.readable);
    end();
}
END_TEST

START_TEST(the_name_chooses_the_certificate)
{
    begin("second.test");
    ck_assert_int_eq(shake_hands(), 0);
    ck_assert_str_eq(peer_name(), "second.test");
    end();
}
END_TEST

START_TEST(a_name_of_nobody_is_refused)
{
    begin("nobody.test");
    ck_assert_int_eq(shake_hands(), -EPROTO);
    end();
}
END_TEST

START_TEST(old_versions_are_refused)
{
    begin("first.test");
    SSL_set_security_level(client, 0);
    SSL_set_max_proto_version(client, TLS1_1_VERSION);
    ck_assert_int_eq(shake_hands(), -EPROTO);
    end();
}
END_TEST

START_TEST(version_1_2_is_spoken)
{
    begin("first.test");
    SSL_set_max_proto_version(client, TLS1_2_VERSION);
    ck_assert_int_eq(shake_hands(), 0);
    ck_assert_str_eq(tls_version_of(here), "TLSv1.2");
    say("question");
    expect_here("question");
    end();
}
END_TEST

START_TEST(plain_http_is_no_handshake)
{
    char byte;

    begin("first.test");
    ck_assert_int_eq(send(there, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 18);
    ck_assert_int_eq(transport_read(here, &byte, 1), -EPROTO);
    end();
}
END_TEST

/* Resumption from one server's ticket at another one with the same key. */
static void resume(int version)
{
    begin("first.test");
    SSL_set_max_proto_version(client, version);
    ck_assert_int_eq(shake_hands(), 0);
    ck_assert(!SSL_session_reused(client));
    answer("x"); /* brings the ticket of version 1.3 along */
    expect_there("x");
    disconnect();
    tls_context_drop(first);
    struct made other = make_ecdsa("first.test");
    first = make_context(&other, 12);

    connect_client("first.test");
    SSL_set_max_proto_version(client, version);
    ck_assert_int_eq(shake_hands(), 0);
    ck_assert(SSL_session_reused(client));
    end();
}

START_TEST(sessions_are_resumed)
{
    resume(TLS1_3_VERSION);
    resume(TLS1_2_VERSION);
}
END_TEST

/* More than all buffers hold: writes pause, and nothing is lost or doubled. */
static void pour(bool from_file)
{
    enum { LEN = 3 << 20 };
    static char sent[LEN];
    static char got[LEN];
    size_t put = 0;
    size_t taken = 0;
    unsigned pauses = 0;
    int file = -1;

    for (size_t i = 0; i < LEN; i++)
        sent[i] = (char)(i * 31 + i / 4096);
    begin("first.test");
    ck_assert_int_eq(shake_hands(), 0);
    if (from_file)
        ck_assert_int_eq(fd_sealed("file", sent, LEN, &file), 0);
    while (taken < LEN) {
        while (put < LEN) {
            const struct iovec parts[] = { { sent + put, (LEN - put) / 2 },
                                           { sent + put + (LEN - put) / 2,
                                             LEN - put - (LEN - put) / 2 } };
            ssize_t r = from_file ? transport_send_file(here, file, put, LEN - put)
                                  : transport_write(here, parts, 2, false);
            if (r == -EAGAIN)
                break;
            ck_assert_int_gt(r, 0);
            put += (size_t)r;
        }
        pauses += put < LEN;
        if (here->io.readable) { /* what waits goes out by a read */
            char byte;
            ck_assert_int_eq(transport_read(here, &byte, 1), -EAGAIN);
        }
        carry();
        int r = SSL_read(client, got + taken, (int)(LEN - taken));
        taken += r > 0 ? (size_t)r : 0;
    }
    ck_assert_mem_eq(sent, got, LEN);
    ck_assert_uint_gt(pauses, 1);
    fd_close(&file);
    end();
}

START_TEST(what_the_kernel_does_not_take_waits)
{
    pour(false);
}
END_TEST

START_TEST(files_are_sent)
{
    pour(true);
}
END_TEST

START_TEST(a_file_that_became_shorter_ends)
{
    int file;

    begin("first.test");
    ck_assert_int_eq(shake_hands(), 0);
    ck_assert_int_eq(fd_sealed("file", "short", 5, &file), 0);
    ck_assert_int_eq(transport_send_file(here, file, 0, 10), 5);
    ck_assert_int_eq(transport_send_file(here, file, 5, 5), 0);
    fd_close(&file);
    end();
}
END_TEST

static int client_sees(void)
{
    char byte;

    while (carry())
        ;
    return SSL_get_error(client, SSL_read(client, &byte, 1));
}

START_TEST(a_finish_is_said_and_the_socket_is_shut)
{
    char byte;

    begin("first.test");
    ck_assert_int_eq(shake_hands(), 0);
    transport_finish(here);
    ck_assert_int_eq(client_sees(), SSL_ERROR_ZERO_RETURN);
    ck_assert_int_eq(recv(there, &byte, 1, 0), 0);
    end();
}
END_TEST

START_TEST(an_end_of_the_client_is_an_end)
{
    char byte;

    begin("first.test");
    ck_assert_int_eq(shake_hands(), 0);
    SSL_shutdown(client);
    while (carry())
        ;
    ck_assert_int_eq(transport_read(here, &byte, 1), 0);
    end();
}
END_TEST

START_TEST(a_cut_is_no_end)
{
    begin("first.test");
    ck_assert_int_eq(shake_hands(), 0);
    shutdown(there, SHUT_WR);
    char byte;
    ck_assert_int_eq(transport_read(here, &byte, 1), 0); /* the message tells whether it is whole */
    transport_abort(here);
    transport_close(here);
    char bytes[64];
    ck_assert_int_eq(recv(there, bytes, sizeof(bytes), 0), 0); /* no close_notify before it */
    fd_close(&there);
    SSL_free(client);
    SSL_CTX_free(client_context);
    loop_done(&loop);
    SSL_SESSION_free(session);
    session = NULL;
    tls_context_drop(first);
    tls_context_drop(second);
}
END_TEST

START_TEST(faults_of_identities_are_told)
{
    struct made one = make_ecdsa("first.test");
    struct made two = make_ecdsa("second.test");
    struct made mixed = one;

    memcpy(mixed.key, two.key, sizeof(mixed.key));
    ck_assert_ptr_null(make_context(&mixed, 12));
    ck_assert_str_eq(why, "the key is not that of the certificate");
    struct made rsa = make_identity("rsa.test", EVP_RSA_gen(2048));
    memcpy(mixed.key, rsa.key, sizeof(mixed.key));
    ck_assert_ptr_null(make_context(&mixed, 12));
    ck_assert_str_eq(why, "the key is not that of the certificate");
    mixed = one;
    mixed.key[0] = '\0';
    ck_assert_ptr_null(make_context(&mixed, 12));
    ck_assert_str_eq(why, "there is no private key in it");
    mixed = one;
    strcpy(mixed.certificate, "nonsense");
    ck_assert_ptr_null(make_context(&mixed, 12));
    ck_assert_ptr_nonnull(strstr(why, "there is no certificate in it"));

    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    mixed = one;
    PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(), (unsigned char *)"x", 1, NULL, NULL);
    text_of(bio, mixed.key, sizeof(mixed.key));
    EVP_PKEY_free(key);
    ck_assert_ptr_null(make_context(&mixed, 12));
    ck_assert_ptr_nonnull(strstr(why, "protected by a password"));
}
END_TEST

START_TEST(what_a_certificate_is_for)
{
    struct made one = make_ecdsa("first.test");
    const struct tls_identity identity = { slice_cstr(one.certificate), slice_cstr(one.key) };
    const struct tls_identity nonsense = { SLICE("nonsense"), SLICE("") };

    ck_assert(tls_identity_check(&identity, why));
    ck_assert_int_eq(tls_identity_days_left(&identity), 0); /* an hour */
    ck_assert(tls_identity_covers(&identity, SLICE("first.test")));
    ck_assert(!tls_identity_covers(&identity, SLICE("second.test")));
    ck_assert(!tls_identity_check(&nonsense, why));
    ck_assert_int_lt(tls_identity_days_left(&nonsense), 0);
    ck_assert(!tls_identity_covers(&nonsense, SLICE("first.test")));
}
END_TEST

START_TEST(keys_of_two_kinds_stand_side_by_side)
{
    struct made rsa = make_identity("rsa.test", EVP_RSA_gen(2048));
    struct made ecdsa = make_ecdsa("ecdsa.test");
    const struct tls_identity identities[] = {
        { slice_cstr(rsa.certificate), slice_cstr(rsa.key) },
        { slice_cstr(ecdsa.certificate), slice_cstr(ecdsa.key) },
    };
    const struct tls_options options = { .identities = identities,
                                         .identity_count = 2,
                                         .least_version = 12 };

    first = tls_context_new(&options, why);
    ck_assert_ptr_nonnull(first);
    connect_client("first.test");
    SSL_set1_sigalgs_list(client, "rsa_pss_rsae_sha256");
    ck_assert_int_eq(shake_hands(), 0);
    ck_assert_str_eq(peer_name(), "rsa.test");
    disconnect();
    connect_client("first.test");
    ck_assert_int_eq(shake_hands(), 0);
    ck_assert_str_eq(peer_name(), "ecdsa.test");
    second = NULL;
    end();
}
END_TEST

static const struct {
    bool offers_h2;
    struct slice asked; /* as it goes over the wire */
    const char *got;
} protocols[] = {
    { true, SLICE_INIT("\2h2\10http/1.1"), "h2" },
    { true, SLICE_INIT("\10http/1.1\2h2"), "h2" }, /* ours is the choice */
    { true, SLICE_INIT("\10http/1.1"), "http/1.1" },
    { true, SLICE_INIT("\3foo"), "" },
    { true, SLICE_INIT(""), "" },
    { false, SLICE_INIT("\2h2\10http/1.1"), "http/1.1" },
    { false, SLICE_INIT("\2h2"), "" },
};

START_TEST(the_protocol_is_settled_in_the_handshake)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    begin("first.test");
    chooser.offers_h2 = protocols[_i].offers_h2;
    SSL_set_alpn_protos(client, (const unsigned char *)protocols[_i].asked.at,
                        (unsigned)protocols[_i].asked.len);
    ck_assert(!tls_is_for_h2(here));
    ck_assert_int_eq(shake_hands(), 0);
    SSL_get0_alpn_selected(client, &name, &len);
    ck_assert(slice_equal(slice_of(name, len), slice_cstr(protocols[_i].got)));
    ck_assert_int_eq(tls_is_for_h2(here), slice_equal(slice_of(name, len), SLICE("h2")));
    end();
}
END_TEST

SUITE("tls", TEST(words_go_both_ways), TEST(bytes_may_come_one_by_one),
      TEST(a_read_that_empties_the_socket_needs_no_second), TEST(the_name_chooses_the_certificate),
      TEST(a_name_of_nobody_is_refused), TEST(old_versions_are_refused),
      TEST(version_1_2_is_spoken), TEST(plain_http_is_no_handshake), TEST(sessions_are_resumed),
      TEST(what_the_kernel_does_not_take_waits), TEST(files_are_sent),
      TEST(a_file_that_became_shorter_ends), TEST(a_finish_is_said_and_the_socket_is_shut),
      TEST(an_end_of_the_client_is_an_end), TEST(a_cut_is_no_end),
      TEST(faults_of_identities_are_told), TEST(what_a_certificate_is_for),
      TEST(keys_of_two_kinds_stand_side_by_side),
      LOOP(the_protocol_is_settled_in_the_handshake, protocols))
