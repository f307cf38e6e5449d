/* What TLS clients are offered: certificates, versions, session tickets. */
#include "server_name.h"
#include "tls_private.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A ticket's key changes so often; tickets of the time before are still taken. */
#define TICKET_EPOCH_S 28800

struct tls_context {
    _Atomic unsigned users;
    SSL_CTX *ssl;
    struct tls_staple *staples; /* owned */
    unsigned char ticket_key[32];
};

SSL_CTX *tls_context_ssl(const struct tls_context *context)
{
    return context->ssl;
}

const struct tls_staple *tls_context_staples(const struct tls_context *context)
{
    return context->staples;
}

struct tls_context *tls_context_hold(struct tls_context *context)
{
    atomic_fetch_add_explicit(&context->users, 1, memory_order_relaxed);
    return context;
}

void tls_context_drop(struct tls_context *context)
{
    if (!context || atomic_fetch_sub_explicit(&context->users, 1, memory_order_acq_rel) != 1)
        return;
    SSL_CTX_free(context->ssl); /* connections hold what they need of it */
    tls_staples_free(context->staples);
    OPENSSL_cleanse(context->ticket_key, sizeof(context->ticket_key));
    free(context);
}

/* ---- session tickets ---- */

struct ticket_secrets {
    unsigned char name[32]; /* 16 of them tell one epoch's tickets from another's */
    unsigned char cipher_key[32];
    unsigned char mac_key[32];
};

/*
 * All is drawn from the one key and the time, so that every thread, every server with the same key
 * and the server after a restart understand each other's tickets.
 */
static bool derive(const struct tls_context *context, int64_t epoch, struct ticket_secrets *ret)
{
    unsigned char *const parts[] = { ret->name, ret->cipher_key, ret->mac_key };

    for (int i = 0; i < 3; i++) {
        char label[48];
        int len = snprintf(label, sizeof(label), "tls ticket %d %lld", i, (long long)epoch);

        if (!HMAC(EVP_sha256(), context->ticket_key, sizeof(context->ticket_key),
                  (const unsigned char *)label, (size_t)len, parts[i], NULL))
            return false;
    }
    return true;
}

static bool set_mac(EVP_MAC_CTX *mac, struct ticket_secrets *secrets)
{
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, secrets->mac_key,
                                          sizeof(secrets->mac_key)),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_MAC_CTX_set_params(mac, parameters) == 1;
}

#define TICKET_NAME_BYTES 16
#define TICKET_IV_BYTES   16

static bool seal_ticket(const struct ticket_secrets *secrets, unsigned char *name,
                        unsigned char *iv, EVP_CIPHER_CTX *cipher)
{
    if (RAND_bytes(iv, TICKET_IV_BYTES) != 1)
        return false;
    memcpy(name, secrets->name, TICKET_NAME_BYTES);
    return EVP_EncryptInit_ex2(cipher, EVP_aes_256_cbc(), secrets->cipher_key, iv, NULL) == 1;
}

/* 1: a good ticket, 2: one to be replaced, 0: none of ours (a full handshake follows). */
static int open_ticket(const struct tls_context *context, int64_t epoch, const unsigned char *name,
                       const unsigned char *iv, EVP_CIPHER_CTX *cipher,
                       struct ticket_secrets *secrets)
{
    for (int age = 0; age < 2; age++) {
        if (!derive(context, epoch - age, secrets))
            return -1;
        if (memcmp(name, secrets->name, TICKET_NAME_BYTES) != 0)
            continue;
        if (EVP_DecryptInit_ex2(cipher, EVP_aes_256_cbc(), secrets->cipher_key, iv, NULL) != 1)
            return -1;
        return 1 + age;
    }
    return 0;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
                     EVP_MAC_CTX *mac, int seals)
{
    /* Of the context in effect: that of the name that was asked for. */
    const struct tls_context *context = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const int64_t epoch = (int64_t)time(NULL) / TICKET_EPOCH_S;
    struct ticket_secrets secrets;
    int r;

    if (seals)
        r = derive(context, epoch, &secrets) && seal_ticket(&secrets, name, iv, cipher) ? 1 : -1;
    else
        r = open_ticket(context, epoch, name, iv, cipher, &secrets);
    if (r > 0 && !set_mac(mac, &secrets))
        r = -1;
    OPENSSL_cleanse(&secrets, sizeof(secrets));
    return r;
}

static void offer_tickets(struct tls_context *context, const struct tls_options *options)
{
    SSL_CTX *ssl = context->ssl;
    size_t id_len = options->session_id.len;

    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF); /* clients keep it, we do not */
    if (options->ticket_secret.len == 0) {
        SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(ssl, 0);
        return;
    }
    if (!HMAC(EVP_sha256(), options->ticket_secret.at, (int)options->ticket_secret.len,
              (const unsigned char *)"tls tickets", 11, context->ticket_key, NULL))
        abort();
    if (id_len > SSL_MAX_SSL_SESSION_ID_LENGTH)
        id_len = SSL_MAX_SSL_SESSION_ID_LENGTH;
    SSL_CTX_set_session_id_context(ssl, (const unsigned char *)options->session_id.at,
                                   (unsigned)id_len);
    SSL_CTX_set_timeout(ssl, TICKET_EPOCH_S);
    SSL_CTX_set_num_tickets(ssl, 1);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, on_ticket);
}

/* ---- certificates ---- */

/* An enciphered key cannot be asked for here: there is nobody to type. */
static int no_password(char *buffer, int room, int writes, void *user)
{
    (void)buffer;
    (void)room;
    (void)writes;
    *(bool *)user = true;
    return -1;
}

/* The server's own certificate and the chain behind it. */
static bool take_certificates(SSL_CTX *ssl, struct slice text, char *why)
{
    BIO *bio = tls_text_bio(text);
    X509 *own = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
    bool good = own && SSL_CTX_use_certificate(ssl, own) == 1;
    X509 *next;

    if (!own)
        snprintf(why, TLS_WHY_MOST, "there is no certificate in it (-----BEGIN CERTIFICATE-----)");
    else if (!good)
        snprintf(why, TLS_WHY_MOST, "its certificate cannot be used: %s", tls_reason());
    while (good && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        good = SSL_CTX_add1_chain_cert(ssl, next) == 1;
        if (!good)
            snprintf(why, TLS_WHY_MOST, "its chain cannot be used: %s", tls_reason());
        X509_free(next);
    }
    ERR_clear_error(); /* the end of the text was one */
    X509_free(own);
    BIO_free(bio);
    return good;
}

static bool take_key(SSL_CTX *ssl, struct slice text, char *why)
{
    bool wants_password = false;
    BIO *bio = tls_text_bio(text);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, &wants_password);
    X509 *own = SSL_CTX_get0_certificate(ssl); /* the one that was just taken */
    bool fits = key && own && X509_check_private_key(own, key) == 1;
    bool good = fits && SSL_CTX_use_PrivateKey(ssl, key) == 1;

    if (wants_password)
        snprintf(why, TLS_WHY_MOST,
                 "its key is protected by a password, and nobody is there to type it (take it off: "
                 "openssl pkey -in FILE -out FILE)");
    else if (!key)
        snprintf(why, TLS_WHY_MOST, "there is no private key in it");
    else if (!fits)
        snprintf(why, TLS_WHY_MOST, "the key is not that of the certificate");
    else if (!good)
        snprintf(why, TLS_WHY_MOST, "its key cannot be used: %s", tls_reason());
    ERR_clear_error();
    EVP_PKEY_free(key);
    BIO_free(bio);
    return good;
}

static bool take_identities(struct tls_context *context, const struct tls_options *options,
                            char *why)
{
    for (unsigned i = 0; i < options->identity_count; i++) {
        if (!take_certificates(context->ssl, options->identities[i].certificates, why) ||
            !take_key(context->ssl, options->identities[i].key, why))
            return false;
        tls_staple_take(&context->staples, context->ssl, &options->identities[i]);
    }
    return true;
}

/* ---- proofs for authorities (RFC 8737) ---- */

static const unsigned char proof_protocol[] = "\x0a"
                                              "acme-tls/1";

/* It offers this protocol and no other (3). */
static bool asks_for_proof(SSL *ssl)
{
    const unsigned char *offered = NULL;
    size_t len = 0;

    return SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation,
                                     &offered, &len) == 1 &&
           len == 2 + sizeof(proof_protocol) - 1 && offered[0] == 0 &&
           offered[1] == sizeof(proof_protocol) - 1 &&
           memcmp(offered + 2, proof_protocol, sizeof(proof_protocol) - 1) == 0;
}

/* The context is of this handshake: no session of it is good for another. */
static int show_proof(struct tls *tls, struct slice name, int *alert)
{
    const struct tls_chooser *chooser = tls->chooser;

    tls->proof = chooser->prove ? chooser->prove(chooser, name) : NULL;
    if (!tls->proof) {
        *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
        return SSL_CLIENT_HELLO_ERROR;
    }
    SSL_set_options(tls->pipe.ssl, SSL_OP_NO_TICKET);
    SSL_set_num_tickets(tls->pipe.ssl, 0);
    SSL_set_SSL_CTX(tls->pipe.ssl, tls->proof->ssl);
    tls_settle(tls, NULL);
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* ---- names ---- */

/* Whose the handshake is, before a session is looked for: one that began for another host is not
 * resumed where it would bring along a certificate that this host does not take. */
static int on_hello(SSL *ssl, int *alert, void *unused)
{
    struct tls *tls = SSL_get_app_data(ssl);
    const unsigned char *names = NULL;
    size_t len = 0;
    struct tls_authority *authority = NULL;

    (void)unused;
    if (tls->settled) /* a second hello on our request (RFC 8446 4.1.4) is for the same host */
        return SSL_CLIENT_HELLO_SUCCESS;
    (void)SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &names, &len);
    const struct slice name = server_name_first(slice_of(names, len));
    if (asks_for_proof(ssl))
        return show_proof(tls, name, alert);
    const struct tls_context *chosen = tls->chooser->choose(tls->chooser, name, &authority);
    if (!chosen) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_CLIENT_HELLO_ERROR;
    }
    SSL_set_SSL_CTX(ssl, chosen->ssl);
    tls_settle(tls, authority);
    return SSL_CLIENT_HELLO_SUCCESS;
}

/* ---- protocols (RFC 7301) ---- */

static int on_protocols(SSL *ssl, const unsigned char **ret, unsigned char *ret_len,
                        const unsigned char *offered, unsigned offered_len, void *unused)
{
    static const unsigned char ours[] = "\x02h2\x08http/1.1";
    const struct tls *tls = SSL_get_app_data(ssl);
    const unsigned skip = tls->chooser->offers_h2 ? 0 : 3;

    (void)unused;
    if (tls->proof) {
        *ret = proof_protocol + 1;
        *ret_len = proof_protocol[0];
        return SSL_TLSEXT_ERR_OK;
    }
    if (SSL_select_next_proto((unsigned char **)ret, ret_len, ours + skip, sizeof(ours) - 1 - skip,
                              offered, offered_len) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK; /* a client of something else: HTTP/1 is tried all the same */
    return SSL_TLSEXT_ERR_OK;
}

/* ---- all of it ---- */

static bool set_up(struct tls_context *context, const struct tls_options *options, char *why)
{
    SSL_CTX *ssl = context->ssl;
    const int least = options->least_version >= 13 ? TLS1_3_VERSION : TLS1_2_VERSION;

    if (SSL_CTX_set_min_proto_version(ssl, least) != 1 ||
        SSL_CTX_set_cipher_list(ssl, TLS_CIPHERS_OF_1_2) != 1 ||
        SSL_CTX_set1_groups_list(ssl, TLS_GROUPS) != 1) {
        snprintf(why, TLS_WHY_MOST, "OpenSSL refuses the settings: %s", tls_reason());
        return false;
    }
    SSL_CTX_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                 SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (options->in_kernel)
        SSL_CTX_set_options(ssl, SSL_OP_ENABLE_KTLS);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ssl, 1); /* head and record in one read */
    SSL_CTX_set_app_data(ssl, context);
    SSL_CTX_set_client_hello_cb(ssl, on_hello, NULL);
    SSL_CTX_set_alpn_select_cb(ssl, on_protocols, NULL);
    offer_tickets(context, options);
    return take_identities(context, options, why);
}

struct tls_context *tls_context_new(const struct tls_options *options, char *why)
{
    struct tls_context *context = calloc(1, sizeof(*context));

    tls_prepare();
    if (!context || !(context->ssl = SSL_CTX_new(TLS_server_method())))
        abort();
    context->users = 1;
    ERR_clear_error();
    if (set_up(context, options, why))
        return context;
    tls_context_drop(context);
    return NULL;
}
