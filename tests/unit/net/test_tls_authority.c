/* Certificates of clients. */
#include "net/tls.h"

#include "net/tls_ends.h"
#include "suite.h"

#include <errno.h>
#include <string.h>

static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

static struct tls_authority *make_authority(const struct made *made, const char *id)
{
    const struct tls_authority_options options = {
        .certificates = slice_cstr(made->certificate),
        .id = slice_cstr(id),
    };

    return tls_authority_new(&options, why);
}

static void drop_authority(void)
{
    tls_authority_drop(authority);
    authority = NULL;
    refusal = NULL;
}

START_TEST(a_client_is_known_by_its_certificate)
{
    struct made ann = make_ecdsa("Ann,\nB");

    begin("second.test");
    authority = make_authority(&ann, "one");
    SSL_set_max_proto_version(client, versions[_i]);
    show(client, &ann);
    ck_assert_ptr_null(tls_peer_of(here));
    ck_assert_int_eq(shake_hands(), 0);
    say("question");
    expect_here("question");
    const struct client_certificate *peer = tls_peer_of(here);
    ck_assert(slice_equal_cstr(peer->subject, "CN=Ann\\,\\0AB"));
    ck_assert(slice_equal(peer->issuer, peer->subject));
    ck_assert(slice_equal_cstr(peer->serial, "01"));
    ck_assert_uint_eq(peer->fingerprint.len, 64);
    ck_assert(slice_equal_cstr(peer->authority, "one"));
    ck_assert_ptr_eq(tls_peer_of(here), peer);
    ck_assert_ptr_null(refusal);
    end();
    drop_authority();
}
END_TEST

START_TEST(nobody_is_known_where_no_certificate_is_wanted)
{
    struct made ann = make_ecdsa("Ann");

    begin("first.test");
    authority = make_authority(&ann, "one");
    show(client, &ann);
    ck_assert_int_eq(shake_hands(), 0);
    ck_assert_ptr_null(tls_peer_of(here));
    end();
    drop_authority();
}
END_TEST

static ssize_t greet_with(const struct made *shown, int version)
{
    ssize_t r;

    SSL_set_max_proto_version(client, version);
    if (shown)
        show(client, shown);
    r = shake_hands();
    for (char byte; r == 0 && here->io.readable && (r = transport_read(here, &byte, 1)) == -EAGAIN;)
        r = 0;
    return r;
}

START_TEST(who_has_none_or_another_is_refused)
{
    struct made ann = make_ecdsa("Ann");
    struct made bob = make_ecdsa("Bob");

    begin("second.test");
    authority = make_authority(&ann, "one");
    ck_assert_int_eq(greet_with(NULL, versions[_i]), -EPROTO);
    ck_assert_str_eq(refusal, "it showed none");
    ck_assert_ptr_null(tls_peer_of(here));
    disconnect();
    connect_client("second.test");
    ck_assert_int_eq(greet_with(&bob, versions[_i]), -EPROTO);
    ck_assert_ptr_nonnull(strstr(refusal, "self-signed certificate"));
    end();
    drop_authority();
}
END_TEST

/* The name of who resumes is that of who began; not for another authority, nor by a session of a
 * host that wants no certificate. */
START_TEST(a_resumed_session_keeps_its_certificate_and_no_other_host_takes_it)
{
    struct made ann = make_ecdsa("Ann");
    static const struct {
        const char *name;
        const char *id; /* of the authority of second.test by then */
        bool resumed;
        const char *subject;
    } next[] = {
        { "second.test", "one", true, "CN=Ann" },
        { "second.test", "other", false, "CN=Ann" },
        { "first.test", "one", false, NULL },
    };

    for (size_t i = 0; i < 3; i++) {
        begin("second.test");
        authority = make_authority(&ann, "one");
        ck_assert_int_eq(greet_with(&ann, versions[_i]), 0);
        answer("x"); /* brings the ticket of version 1.3 along */
        expect_there("x");
        disconnect();
        drop_authority();
        authority = make_authority(&ann, next[i].id);

        connect_client(next[i].name);
        ck_assert_int_eq(greet_with(&ann, versions[_i]), 0);
        ck_assert_int_eq(SSL_session_reused(client), next[i].resumed);
        const struct client_certificate *peer = tls_peer_of(here);
        ck_assert_int_eq(peer != NULL, next[i].subject != NULL);
        ck_assert(!peer || slice_equal_cstr(peer->subject, next[i].subject));
        end();
        drop_authority();
    }
}
END_TEST

START_TEST(a_session_without_a_certificate_is_none_for_a_host_that_wants_one)
{
    struct made ann = make_ecdsa("Ann");

    begin("first.test");
    authority = make_authority(&ann, "one");
    ck_assert_int_eq(greet_with(NULL, versions[_i]), 0);
    answer("x");
    expect_there("x");
    disconnect();
    connect_client("second.test");
    ck_assert_int_eq(greet_with(NULL, versions[_i]), -EPROTO);
    ck_assert_str_eq(refusal, "it showed none");
    end();
    drop_authority();
}
END_TEST

START_TEST(faults_of_authorities_are_told)
{
    struct made ann = make_ecdsa("Ann");
    struct tls_authority_options options = { .certificates = slice_cstr(ann.key) };

    ck_assert_ptr_null(tls_authority_new(&options, why));
    ck_assert_str_eq(why, "its certificates cannot be used: there are none in it");
    options.certificates = slice_cstr(ann.certificate);
    options.revoked = slice_cstr(ann.certificate);
    ck_assert_ptr_null(tls_authority_new(&options, why));
    ck_assert_str_eq(why, "its list of revoked certificates cannot be used: there is none in it");
    options.revoked = SLICE("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n");
    ck_assert_ptr_null(tls_authority_new(&options, why));
    ck_assert_ptr_nonnull(strstr(why, "its list of revoked certificates cannot be used: "));
}
END_TEST

SUITE("tls_authority", LOOP(a_client_is_known_by_its_certificate, versions),
      TEST(nobody_is_known_where_no_certificate_is_wanted),
      LOOP(who_has_none_or_another_is_refused, versions),
      LOOP(a_resumed_session_keeps_its_certificate_and_no_other_host_takes_it, versions),
      LOOP(a_session_without_a_certificate_is_none_for_a_host_that_wants_one, versions),
      TEST(faults_of_authorities_are_told))
