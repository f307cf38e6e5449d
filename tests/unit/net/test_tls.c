#include "net/tls.h"

#include "net/tls_ends.h"
#include "os/fd.h"
#include "suite.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
    unsigned lags = 0;
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
        lags += transport_lags(here);
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
    ck_assert_uint_gt(lags, 1);
    ck_assert(!transport_lags(here));
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
    const struct tls_identity identity = { .certificates = slice_cstr(one.certificate),
                                           .key = slice_cstr(one.key) };
    const struct tls_identity nonsense = { .certificates = SLICE("nonsense") };

    ck_assert(tls_identity_check(&identity, why));
    ck_assert_int_eq(tls_identity_days_left(&identity), 0); /* an hour */
    ck_assert(tls_identity_covers(&identity, SLICE("first.test")));
    ck_assert(!tls_identity_covers(&identity, SLICE("second.test")));
    ck_assert(tls_identity_is_whole(&identity, why));
    ck_assert(!tls_identity_must_staple(&identity));
    ck_assert(!tls_identity_is_whole(&nonsense, why));
    ck_assert_str_eq(why, "there is no certificate in it");
    ck_assert(!tls_identity_must_staple(&nonsense));
    ck_assert(!tls_identity_check(&nonsense, why));
    ck_assert_int_lt(tls_identity_days_left(&nonsense), 0);
    ck_assert(!tls_identity_covers(&nonsense, SLICE("first.test")));
}
END_TEST

START_TEST(a_chain_is_in_the_order_of_who_signed_whom)
{
    struct made one = make_ecdsa("first.test");
    struct made two = make_ecdsa("second.test");
    char both[sizeof(one.certificate) + sizeof(two.certificate)];

    snprintf(both, sizeof(both), "%s%s", one.certificate, two.certificate);
    const struct tls_identity identity = { .certificates = slice_cstr(both),
                                           .key = slice_cstr(one.key) };
    ck_assert(!tls_identity_is_whole(&identity, why));
    ck_assert_str_eq(why, "certificate 1 in it was not signed by the next one");
}
END_TEST

START_TEST(keys_of_two_kinds_stand_side_by_side)
{
    struct made rsa = make_identity("rsa.test", EVP_RSA_gen(2048));
    struct made ecdsa = make_ecdsa("ecdsa.test");
    const struct tls_identity identities[] = {
        { .certificates = slice_cstr(rsa.certificate), .key = slice_cstr(rsa.key) },
        { .certificates = slice_cstr(ecdsa.certificate), .key = slice_cstr(ecdsa.key) },
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

/* ---- proofs for authorities (RFC 8737) ---- */

static struct tls_context *prove(const struct tls_chooser *self, struct slice name)
{
    const struct made made = make_ecdsa("proof.test");

    (void)self;
    return slice_equal_cstr(name, "first.test") ? make_context(&made, 12) : NULL;
}

static const struct {
    const char *name;
    struct slice asked;
    const char *shown; /* NULL: the handshake is refused */
    const char *got;
} proofs[] = {
    { "first.test", SLICE_INIT("\12acme-tls/1"), "proof.test", "acme-tls/1" },
    { "second.test", SLICE_INIT("\12acme-tls/1"), NULL, NULL },
    { "first.test", SLICE_INIT("\2h2\12acme-tls/1"), "first.test", "h2" },
    { "first.test", SLICE_INIT("\12acme-tls/2"), "first.test", "" },
};

START_TEST(who_asks_for_a_proof_and_nothing_else_sees_it)
{
    const unsigned char *name = NULL;
    unsigned len = 0;

    begin(proofs[_i].name);
    chooser.prove = prove;
    chooser.offers_h2 = true;
    SSL_set_alpn_protos(client, (const unsigned char *)proofs[_i].asked.at,
                        (unsigned)proofs[_i].asked.len);
    ck_assert_int_eq(shake_hands() == 0, proofs[_i].shown != NULL);
    if (proofs[_i].shown) {
        ck_assert_str_eq(peer_name(), proofs[_i].shown);
        SSL_get0_alpn_selected(client, &name, &len);
        ck_assert(slice_equal(slice_of(name, len), slice_cstr(proofs[_i].got)));
    }
    chooser.prove = NULL;
    end();
}
END_TEST

START_TEST(where_nobody_proves_anything_it_is_refused)
{
    begin("first.test");
    SSL_set_alpn_protos(client, (const unsigned char *)proofs[0].asked.at,
                        (unsigned)proofs[0].asked.len);
    ck_assert_int_lt(shake_hands(), 0);
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
      TEST(a_chain_is_in_the_order_of_who_signed_whom), TEST(keys_of_two_kinds_stand_side_by_side),
      LOOP(the_protocol_is_settled_in_the_handshake, protocols),
      LOOP(who_asks_for_a_proof_and_nothing_else_sees_it, proofs),
      TEST(where_nobody_proves_anything_it_is_refused))
