/* Keys, and what is signed by them: JWS with ES256 (RFC 7515, RFC 7518 3.4), JWK (RFC 7517). */
#include "acme_private.h"

#include "base/encode.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdlib.h>

#define COORDINATE_BYTES 32

struct slice base64url(struct arena *arena, struct slice bytes)
{
    const size_t room = BASE64_LEN(bytes.len) + 1;
    struct text text = text_on(arena_bytes(arena, room), room);

    base64_encode(&text, bytes);
    while (text.len > 0 && text.at[text.len - 1] == '=')
        text.len--;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '+')
            text.at[i] = '-';
        else if (text.at[i] == '/')
            text.at[i] = '_';
    }
    return text_slice(&text);
}

struct slice json_quoted(struct arena *arena, struct slice value)
{
    const size_t room = 6 * value.len + 3;
    struct text text = text_on(arena_bytes(arena, room), room);

    text_add_json(&text, value);
    return text_slice(&text);
}

/* ---- keys ---- */

EVP_PKEY *key_new(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    if (!key)
        abort();
    return key;
}

static bool is_ours(const EVP_PKEY *key)
{
    char group[32];
    size_t len;

    return EVP_PKEY_is_a(key, "EC") &&
           EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group),
                                          &len) == 1 &&
           slice_equal_cstr(slice_of(group, len), "prime256v1");
}

static int no_password(char *buffer, int room, int writes, void *user)
{
    (void)buffer;
    (void)room;
    (void)writes;
    (void)user;
    return -1;
}

EVP_PKEY *key_from_pem(struct slice pem)
{
    BIO *bio = BIO_new_mem_buf(pem.len > 0 ? pem.at : "", (int)pem.len);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);

    if (key && !is_ours(key)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    ERR_clear_error();
    BIO_free(bio);
    return key;
}

struct slice key_pem(EVP_PKEY *key, struct arena *arena)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *at;

    if (!bio || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) != 1)
        abort();
    const long len = BIO_get_mem_data(bio, &at);
    struct slice pem = arena_copy(arena, slice_of(at, (size_t)len));
    BIO_free(bio);
    return pem;
}

/* ---- the public key ---- */

static struct slice coordinate(EVP_PKEY *key, const char *name, struct arena *arena)
{
    unsigned char bytes[COORDINATE_BYTES];
    BIGNUM *number = NULL;

    if (EVP_PKEY_get_bn_param(key, name, &number) != 1 ||
        BN_bn2binpad(number, bytes, sizeof(bytes)) != (int)sizeof(bytes))
        abort();
    BN_free(number);
    return base64url(arena, slice_of(bytes, sizeof(bytes)));
}

struct slice key_jwk(EVP_PKEY *key, struct arena *arena)
{
    const struct slice x = coordinate(key, OSSL_PKEY_PARAM_EC_PUB_X, arena);
    const struct slice y = coordinate(key, OSSL_PKEY_PARAM_EC_PUB_Y, arena);

    return arena_printf(arena, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%.*s\",\"y\":\"%.*s\"}",
                        SLICE_ARGS(x), SLICE_ARGS(y));
}

struct slice key_thumbprint(EVP_PKEY *key, struct arena *arena)
{
    const struct slice jwk = key_jwk(key, arena);
    unsigned char digest[SHA256_DIGEST_LENGTH];

    SHA256((const unsigned char *)jwk.at, jwk.len, digest);
    return base64url(arena, slice_of(digest, sizeof(digest)));
}

/* ---- signatures ---- */

/* Two numbers of fixed width instead of OpenSSL's DER. */
static struct slice sign(EVP_PKEY *key, struct slice what, struct arena *arena)
{
    unsigned char der[128];
    unsigned char bytes[2 * COORDINATE_BYTES];
    const unsigned char *at = der;
    size_t len = sizeof(der);
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (!context || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(context, der, &len, (const unsigned char *)what.at, what.len) != 1)
        abort();
    EVP_MD_CTX_free(context);
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &at, (long)len);
    if (!signature || BN_bn2binpad(ECDSA_SIG_get0_r(signature), bytes, COORDINATE_BYTES) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), bytes + COORDINATE_BYTES, COORDINATE_BYTES) < 0)
        abort();
    ECDSA_SIG_free(signature);
    return base64url(arena, slice_of(bytes, sizeof(bytes)));
}

struct slice jws_text(const struct jws *jws, struct arena *arena)
{
    const bool by_account = jws->account.len > 0;
    const struct slice who =
        by_account ? json_quoted(arena, jws->account) : key_jwk(jws->key, arena);
    const struct slice nonce = json_quoted(arena, jws->nonce);
    const struct slice url = json_quoted(arena, jws->url);
    const struct slice head = base64url(
        arena, arena_printf(arena, "{\"alg\":\"ES256\",\"%s\":%.*s,\"nonce\":%.*s,\"url\":%.*s}",
                            by_account ? "kid" : "jwk", SLICE_ARGS(who), SLICE_ARGS(nonce),
                            SLICE_ARGS(url)));
    const struct slice payload = base64url(arena, jws->payload);
    const struct slice signature = sign(
        jws->key, arena_printf(arena, "%.*s.%.*s", SLICE_ARGS(head), SLICE_ARGS(payload)), arena);

    return arena_printf(arena,
                        "{\"protected\":\"%.*s\",\"payload\":\"%.*s\",\"signature\":\"%.*s\"}",
                        SLICE_ARGS(head), SLICE_ARGS(payload), SLICE_ARGS(signature));
}
