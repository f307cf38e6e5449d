#include "gateway/backend.h"
#include "handler/two_programs.h"
#include "net/self_signed.h"
#include "net/tls_remote.h"
#include "suite.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <string.h>

/* A backend that is asked by TLS, and its own end of that in memory. */
static struct two_programs *two;
static struct visitor *v;
static struct arena arena;
static struct tls_trust *trust;
static SSL_CTX *context;
static SSL *server;

static void take_identity(struct slice pem)
{
    BIO *bio = BIO_new_mem_buf(pem.at, (int)pem.len);
    X509 *own = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO *again = BIO_new_mem_buf(pem.at, (int)pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(again, NULL, NULL, NULL);

    ck_assert_int_eq(SSL_CTX_use_certificate(context, own), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(context, key), 1);
    X509_free(own);
    EVP_PKEY_free(key);
    BIO_free(bio);
    BIO_free(again);
}

/* The certificate of the backend is for backend.test; `name` is what the house asks for. */
static void begin(const char *name)
{
    char why[TLS_WHY_MOST];

    two = two_programs_open_http();
    v = two->v;
    arena_init(&arena);
    const struct slice pem = self_signed_pem(SLICE("backend.test"), &arena);
    trust = tls_trust_new(pem, why);
    ck_assert_ptr_nonnull(trust);
    two->groups[0]->targets[0].remote = tls_remote_new(trust, slice_cstr(name), true);

    context = SSL_CTX_new(TLS_server_method());
    take_identity(pem);
    server = SSL_new(context);
    SSL_set_bio(server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(server);
}

static void end(void)
{
    SSL_free(server);
    SSL_CTX_free(context);
    two_programs_close(two);
    tls_trust_drop(trust);
    arena_done(&arena);
}

static struct fastcgi_fake *ask(void)
{
    visitor_ask(v, "GET", "/a.php", VISITOR_NO_BODY, NULL);
    return two_programs_accept(two, 0);
}

/* What came goes to the backend's end, and what that has to say goes out. */
static void carry(struct fastcgi_fake *fake)
{
    char bytes[16384];
    int len;

    BIO_write(SSL_get_rbio(server), fake->pending, (int)fake->pending_len);
    fake->pending_len = 0;
    SSL_do_handshake(server);
    while ((len = BIO_read(SSL_get_wbio(server), bytes, sizeof(bytes))) > 0)
        fastcgi_fake_say_raw(fake, bytes, (size_t)len);
    visitor_settle(v);
    fastcgi_fake_read(fake, SIZE_MAX);
}

START_TEST(a_request_follows_the_handshake)
{
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    char heard[512] = "";

    begin("backend.test");
    struct fastcgi_fake *fake = ask();
    ck_assert(!raw_has_heard(fake, SLICE("GET ")));
    carry(fake);
    carry(fake);
    ck_assert(SSL_is_init_finished(server));
    ck_assert_int_gt(SSL_read(server, heard, sizeof(heard) - 1), 0);
    ck_assert_ptr_nonnull(strstr(heard, "GET /a.php HTTP/1.1\r\n"));
    SSL_write(server, answer, (int)strlen(answer));
    carry(fake);
    ck_assert_int_eq(v->status, 200);
    two_programs_check_body(two, "hello");
    end();
}
END_TEST

START_TEST(a_handshake_that_does_not_end_is_given_up)
{
    begin("backend.test");
    ask();
    visitor_pass(v, 900);
    ck_assert_int_eq(v->status, 0);
    visitor_pass(v, 200);
    ck_assert_int_eq(v->status, 502);
    ck_assert(visitor_log_has(v, "the TLS handshake was not over within ConnectTimeout"));
    end();
}
END_TEST

START_TEST(who_speaks_no_tls_is_told_nothing)
{
    begin("backend.test");
    struct fastcgi_fake *fake = ask();
    raw_say(two, fake, "HTTP/1.1 400 Bad Request\r\n\r\n");
    ck_assert_int_eq(v->status, 502);
    ck_assert(!raw_has_heard(fake, SLICE("GET ")));
    end();
}
END_TEST

START_TEST(another_name_is_not_believed)
{
    begin("other.test");
    struct fastcgi_fake *fake = ask();
    carry(fake);
    carry(fake);
    ck_assert_int_eq(v->status, 502);
    ck_assert(visitor_log_has(v, "does not cover 'other.test'"));
    end();
}
END_TEST

SUITE("https_backend", TEST(a_request_follows_the_handshake),
      TEST(a_handshake_that_does_not_end_is_given_up), TEST(who_speaks_no_tls_is_told_nothing),
      TEST(another_name_is_not_believed))
