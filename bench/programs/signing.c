/*
 * The bound of a TLS handshake: the signature that it cannot do without. Signs what a server signs
 * in TLS 1.3 (CertificateVerify: ECDSA with P-256 and SHA-256 over 130 bytes) for the given
 * seconds, and prints how many there were and the microseconds of CPU they took.
 *
 *   signing KEY.pem SECONDS
 */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SIGNED_BYTES 130 /* RFC 8446 4.4.3: 64 blanks, 33 + 1 of context, a hash */

static void die(const char *what)
{
    fprintf(stderr, "signing: %s failed\n", what);
    exit(1);
}

static EVP_PKEY *read_key(const char *path)
{
    FILE *file = fopen(path, "r");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;

    if (!key)
        die(path);
    fclose(file);
    return key;
}

static void sign(EVP_PKEY *key)
{
    unsigned char bytes[SIGNED_BYTES];
    unsigned char signature[256];
    size_t len = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    memset(bytes, ' ', sizeof(bytes));
    if (!context || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &len, bytes, sizeof(bytes)) != 1)
        die("a signature");
    EVP_MD_CTX_free(context);
}

static double used_us(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    unsigned long count = 0;

    if (argc != 3)
        return 2;
    EVP_PKEY *key = read_key(argv[1]);
    sign(key); /* what is done once is done */
    const double end_s = now_s() + atof(argv[2]);
    const double before_us = used_us();
    for (; now_s() < end_s; count++)
        sign(key);
    printf("%lu %.0f\n", count, used_us() - before_us);
    EVP_PKEY_free(key);
    return 0;
}
