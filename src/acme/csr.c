/* What a certificate is asked for by: PKCS #10 (RFC 2986) with the names as subjectAltName. */
#include "acme_private.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

static bool add_name(GENERAL_NAMES *names, struct slice name)
{
    GENERAL_NAME *entry = GENERAL_NAME_new();
    ASN1_IA5STRING *text = ASN1_IA5STRING_new();

    if (!entry || !text || ASN1_STRING_set(text, name.at, (int)name.len) != 1) {
        GENERAL_NAME_free(entry);
        ASN1_IA5STRING_free(text);
        return false;
    }
    GENERAL_NAME_set0_value(entry, GEN_DNS, text);
    if (sk_GENERAL_NAME_push(names, entry) > 0)
        return true;
    GENERAL_NAME_free(entry);
    return false;
}

static bool add_names(X509_REQ *request, struct slice names)
{
    GENERAL_NAMES *all = sk_GENERAL_NAME_new_null();
    STACK_OF(X509_EXTENSION) *extensions = NULL;
    struct slice name;
    bool good = all != NULL;

    while (good && slice_next(&names, ' ', &name))
        good = add_name(all, name);
    good = good && X509V3_add1_i2d(&extensions, NID_subject_alt_name, all, 0, 0) == 1 &&
           X509_REQ_add_extensions(request, extensions) == 1;
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    GENERAL_NAMES_free(all);
    return good;
}

struct slice csr_der(EVP_PKEY *key, struct slice names, struct arena *arena)
{
    X509_REQ *request = X509_REQ_new();
    struct slice der = { 0 };
    unsigned char *bytes = NULL;

    if (request && X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
        X509_REQ_set_pubkey(request, key) == 1 && add_names(request, names) &&
        X509_REQ_sign(request, key, EVP_sha256()) > 0) {
        int len = i2d_X509_REQ(request, &bytes);

        if (len > 0)
            der = arena_copy(arena, slice_of(bytes, (size_t)len));
    }
    OPENSSL_free(bytes);
    X509_REQ_free(request);
    ERR_clear_error();
    return der;
}
