#include "net/tls_remote.h"

#include "loop/io.h"
#include "net/tls_ends.h"
#include "os/fd.h"
#include "suite.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a server of OpenSSL's own at the other end of a socket pair ---- */

static SSL_CTX *server_context;
static SSL *server;
static int server_fd;
static struct io io;
static struct tls_trust *trust;
static struct tls_remote *remote;
static struct tls_line *line;

static void open_server(const struct made *made)
{
    BIO *certificate = BIO_new_mem_buf(made->certificate, -1);
    BIO *key = BIO_new_mem_buf(made->key, -1);
    X509 *own = PEM_read_bio_X509(certificate, NULL, NULL, NULL);
    EVP_PKEY *own_key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

    signal(SIGPIPE, SIG_IGN);
    server_context = SSL_CTX_new(TLS_server_method());
    ck_assert_int_eq(SSL_CTX_use_certificate(server_context, own), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(server_context, own_key), 1);
    X509_free(own);
    EVP_PKEY_free(own_key);
    BIO_free(certificate);
    BIO_free(key);
}

static void connect_line(void)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    io_init(&io, ends[0], NULL);
    line = tls_line_open(remote, &io);
    server_fd = ends[1];
    server = SSL_new(server_context);
    ck_assert_int_eq(SSL_set_fd(server, server_fd), 1);
    SSL_set_accept_state(server);
}

static void believe(const struct made *made, const char *name, bool verifies)
{
    trust = tls_trust_new(slice_cstr(made->certificate), why);
    ck_assert_ptr_nonnull(trust);
    remote = tls_remote_new(trust, slice_cstr(name), verifies);
}

/* 0, or what the handshake said. */
static int shake(void)
{
    for (int i = 0; i < 100; i++) {
        const int r = tls_line_shake(line);

        if (r != -EAGAIN)
            return r;
        (void)SSL_do_handshake(server);
    }
    ck_abort_msg("no end of the handshake");
}

/* And the server knows that it is over. */
static void shake_whole(void)
{
    ck_assert_int_eq(shake(), 0);
    ck_assert_int_eq(SSL_do_handshake(server), 1);
}

static void disconnect_line(void)
{
    tls_line_close(line);
    SSL_free(server);
    fd_close(&io.fd);
    fd_close(&server_fd);
}

static void close_all(void)
{
    disconnect_line();
    tls_remote_free(remote);
    tls_trust_drop(trust);
    SSL_CTX_free(server_context);
}

/* A server with `shown`, which is asked by `name`, where `believed` is believed. */
static void begin_line(const struct made *shown, const struct made *believed, const char *name)
{
    open_server(shown);
    believe(believed, name, true);
    connect_line();
}

static void expect_bytes(const char *text)
{
    char bytes[64];

    ck_assert_int_eq(tls_line_read(line, bytes, sizeof(bytes)), (ssize_t)strlen(text));
    ck_assert_mem_eq(bytes, text, strlen(text));
}

static void expect_refusal(const char *words)
{
    ck_assert_int_lt(shake(), 0);
    ck_assert_ptr_nonnull(strstr(tls_line_why(line), words));
    close_all();
}

/* ---- tests ---- */

START_TEST(words_go_both_ways_with_who_is_believed)
{
    const struct made own = make_ecdsa("app.test");
    const struct iovec parts[] = { { (void *)"ques", 4 }, { (void *)"tion", 4 } };
    char bytes[16];

    begin_line(&own, &own, "app.test");
    shake_whole();
    ck_assert_str_eq(SSL_get_servername(server, TLSEXT_NAMETYPE_host_name), "app.test");
    ck_assert_int_eq(tls_line_write(line, parts, 2), 8);
    ck_assert_int_eq(SSL_read(server, bytes, sizeof(bytes)), 8);
    ck_assert_mem_eq(bytes, "question", 8);
    ck_assert_int_eq(SSL_write(server, "answer", 6), 6);
    expect_bytes("answer");
    ck_assert(!io.readable);
    close_all();
}
END_TEST

START_TEST(another_name_is_refused)
{
    const struct made own = make_ecdsa("app.test");

    begin_line(&own, &own, "other.test");
    expect_refusal("does not cover 'other.test'; ask it by a name that is in it");
}
END_TEST

START_TEST(an_address_must_be_in_the_certificate_and_is_not_told)
{
    const struct made own = make_ecdsa("app.test");

    begin_line(&own, &own, "127.0.0.1");
    expect_refusal("does not cover '127.0.0.1'");
    open_server(&own);
    believe(&own, "127.0.0.1", false);
    connect_line();
    shake_whole();
    ck_assert_ptr_null(SSL_get_servername(server, TLSEXT_NAMETYPE_host_name));
    close_all();
}
END_TEST

START_TEST(an_unknown_issuer_is_refused)
{
    const struct made own = make_ecdsa("app.test");
    const struct made other = make_ecdsa("app.test");

    begin_line(&own, &other, "app.test");
    expect_refusal("name that authority in CAcertificates");
}
END_TEST

START_TEST(an_expired_certificate_is_refused)
{
    const struct made own = make_identity_until("app.test", EVP_EC_gen("P-256"), -60);

    begin_line(&own, &own, "app.test");
    expect_refusal("its certificate has expired");
}
END_TEST

START_TEST(what_is_not_to_be_verified_is_taken)
{
    const struct made own = make_identity_until("app.test", EVP_EC_gen("P-256"), -60);
    const struct made other = make_ecdsa("other.test");

    open_server(&own);
    believe(&other, "third.test", false);
    connect_line();
    shake_whole();
    close_all();
}
END_TEST

START_TEST(plain_http_is_told_as_such)
{
    const struct made own = make_ecdsa("app.test");

    begin_line(&own, &own, "app.test");
    ck_assert_int_eq(tls_line_shake(line), -EAGAIN);
    ck_assert_int_eq(send(server_fd, "HTTP/1.1 400 Bad\r\n\r\n", 20, MSG_NOSIGNAL), 20);
    ck_assert_int_eq(tls_line_shake(line), -EPROTO);
    ck_assert_ptr_nonnull(strstr(tls_line_why(line), "does it speak http:// at that port?"));
    close_all();
}
END_TEST

START_TEST(an_end_within_the_handshake_is_a_failure)
{
    const struct made own = make_ecdsa("app.test");

    begin_line(&own, &own, "app.test");
    ck_assert_int_eq(tls_line_shake(line), -EAGAIN);
    ck_assert_int_eq(shutdown(server_fd, SHUT_WR), 0);
    expect_refusal("it closed in the middle of the TLS handshake");
}
END_TEST

START_TEST(an_end_is_one_only_if_it_is_said)
{
    const struct made own = make_ecdsa("app.test");
    char byte;

    begin_line(&own, &own, "app.test");
    shake_whole();
    SSL_shutdown(server);
    ck_assert_int_eq(shutdown(server_fd, SHUT_WR), 0);
    ck_assert_int_eq(tls_line_read(line, &byte, 1), 0);
    disconnect_line();

    connect_line();
    shake_whole();
    ck_assert_int_eq(SSL_write(server, "cut", 3), 3);
    ck_assert_int_eq(shutdown(server_fd, SHUT_WR), 0);
    expect_bytes("cut");
    ck_assert_int_eq(tls_line_read(line, &byte, 1), -ECONNRESET);
    close_all();
}
END_TEST

static void resume_with(int version)
{
    const struct made own = make_ecdsa("app.test");

    begin_line(&own, &own, "app.test");
    for (int i = 0; i < 3; i++) {
        SSL_set_max_proto_version(server, version);
        shake_whole();
        ck_assert_int_eq(SSL_session_reused(server), i > 0);
        ck_assert_int_eq(SSL_write(server, "x", 1), 1);
        expect_bytes("x"); /* the ticket of version 1.3 comes along */
        disconnect_line();
        connect_line();
    }
    close_all();
}

START_TEST(sessions_are_resumed)
{
    resume_with(TLS1_3_VERSION);
    resume_with(TLS1_2_VERSION);
}
END_TEST

START_TEST(old_versions_are_refused)
{
    const struct made own = make_ecdsa("app.test");

    begin_line(&own, &own, "app.test");
    SSL_set_security_level(server, 0);
    SSL_set_min_proto_version(server, 0);
    SSL_set_max_proto_version(server, TLS1_1_VERSION);
    expect_refusal("the TLS handshake failed");
}
END_TEST

/* It is another thread's from now on: see place_line.c. */
START_TEST(a_line_goes_on_on_another_descriptor)
{
    const struct made own = make_ecdsa("app.test");
    struct io other;

    begin_line(&own, &own, "app.test");
    shake_whole();
    io_init(&other, dup(io.fd), NULL);
    tls_line_move(line, &other);
    fd_close(&io.fd);
    ck_assert_int_eq(SSL_write(server, "answer", 6), 6);
    expect_bytes("answer");
    ck_assert(!other.readable);
    io.fd = other.fd;
    close_all();
}
END_TEST

START_TEST(a_trust_is_known_by_its_text)
{
    const struct made one = make_ecdsa("one.test");
    const struct made two = make_ecdsa("two.test");
    char both[2 * sizeof(one.certificate) + 8];

    snprintf(both, sizeof(both), "%s\nwords\n%s", one.certificate, two.certificate);
    struct tls_trust *made = tls_trust_new(slice_cstr(both), why);
    ck_assert_uint_eq(tls_trust_count(made), 2);
    ck_assert(tls_trust_is_from(made, slice_cstr(both)));
    ck_assert(!tls_trust_is_from(made, slice_cstr(one.certificate)));
    tls_trust_drop(made);
    ck_assert_ptr_null(tls_trust_new(SLICE("words"), why));
    ck_assert_str_eq(why, "there is no certificate in it (-----BEGIN CERTIFICATE-----)");
    ck_assert_ptr_null(
        tls_trust_new(SLICE("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n"), why));
}
END_TEST

SUITE("tls_remote", TEST(words_go_both_ways_with_who_is_believed), TEST(another_name_is_refused),
      TEST(an_address_must_be_in_the_certificate_and_is_not_told),
      TEST(an_unknown_issuer_is_refused), TEST(an_expired_certificate_is_refused),
      TEST(what_is_not_to_be_verified_is_taken), TEST(plain_http_is_told_as_such),
      TEST(an_end_within_the_handshake_is_a_failure), TEST(an_end_is_one_only_if_it_is_said),
      TEST(sessions_are_resumed), TEST(old_versions_are_refused),
      TEST(a_line_goes_on_on_another_descriptor), TEST(a_trust_is_known_by_its_text))
