#include "base/sum.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdlib.h>

/* Made once, for as long as the process lives. */
static struct {
    pthread_once_t once;
    OSSL_LIB_CTX *library;
    EVP_MD *kinds[2];
    EVP_MAC_CTX *hmac; /* without a key: each one begins as a copy */
} own = { .once = PTHREAD_ONCE_INIT };

/* What fails in here is memory. */
static void need(bool good)
{
    if (!good)
        abort();
}

static EVP_MAC_CTX *hmac_new(OSSL_LIB_CTX *library)
{
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *kind = EVP_MAC_fetch(library, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(kind);

    need(context && EVP_MAC_CTX_set_params(context, params) == 1);
    EVP_MAC_free(kind); /* the context has it */
    return context;
}

static void prepare(void)
{
    own.library = OSSL_LIB_CTX_new();
    need(own.library && OSSL_PROVIDER_load(own.library, "default"));
    own.kinds[SUM_MD5] = EVP_MD_fetch(own.library, "MD5", NULL);
    own.kinds[SUM_SHA256] = EVP_MD_fetch(own.library, "SHA256", NULL);
    need(own.kinds[SUM_MD5] && own.kinds[SUM_SHA256]);
    own.hmac = hmac_new(own.library);
}

void sum_begin(struct sum *sum, enum sum_kind kind)
{
    pthread_once(&own.once, prepare);
    sum->context = EVP_MD_CTX_new();
    need(sum->context && EVP_DigestInit_ex2(sum->context, own.kinds[kind], NULL) == 1);
}

void sum_add(struct sum *sum, struct slice data)
{
    need(EVP_DigestUpdate(sum->context, data.at, data.len) == 1);
}

void sum_end(struct sum *sum, unsigned char *ret)
{
    need(EVP_DigestFinal_ex(sum->context, ret, NULL) == 1);
    sum_drop(sum);
}

void sum_drop(struct sum *sum)
{
    EVP_MD_CTX_free(sum->context);
    sum->context = NULL;
}

void sum_of(enum sum_kind kind, const struct slice *parts, unsigned count, unsigned char *ret)
{
    struct sum sum;

    sum_begin(&sum, kind);
    for (unsigned i = 0; i < count; i++)
        sum_add(&sum, parts[i]);
    sum_end(&sum, ret);
}

void sha256_of(struct slice text, unsigned char ret[SHA256_LEN])
{
    sum_of(SUM_SHA256, &text, 1, ret);
}

void hmac_sha256(struct slice key, const struct slice *parts, unsigned count,
                 unsigned char ret[SHA256_LEN])
{
    size_t len;

    pthread_once(&own.once, prepare);
    EVP_MAC_CTX *context = EVP_MAC_CTX_dup(own.hmac);
    need(context && EVP_MAC_init(context, (const unsigned char *)key.at, key.len, NULL) == 1);
    for (unsigned i = 0; i < count; i++)
        need(EVP_MAC_update(context, (const unsigned char *)parts[i].at, parts[i].len) == 1);
    need(EVP_MAC_final(context, ret, &len, SHA256_LEN) == 1);
    EVP_MAC_CTX_free(context);
}
