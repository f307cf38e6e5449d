#include "net/tls_client.h"

#include <limits.h>
#include <openssl/ssl.h>
#include <stdlib.h>

struct tls_client {
    SSL_CTX *context;
    SSL *ssl;
};

struct tls_client *tls_client_open(int fd, const char *name)
{
    struct tls_client *client = calloc(1, sizeof(*client));

    if (!client)
        abort();
    client->context = SSL_CTX_new(TLS_client_method());
    client->ssl = client->context ? SSL_new(client->context) : NULL;
    if (client->ssl && SSL_set_fd(client->ssl, fd) == 1 &&
        SSL_set_tlsext_host_name(client->ssl, name) == 1 && SSL_connect(client->ssl) == 1)
        return client;
    tls_client_close(client);
    return NULL;
}

void tls_client_close(struct tls_client *client)
{
    if (!client)
        return;
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    free(client);
}

static int bounded(size_t len)
{
    return len > INT_MAX ? INT_MAX : (int)len;
}

ssize_t tls_client_read(struct tls_client *client, void *data, size_t room)
{
    const int got = SSL_read(client->ssl, data, bounded(room));

    if (got > 0)
        return got;
    return SSL_get_error(client->ssl, got) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
}

ssize_t tls_client_write(struct tls_client *client, const void *data, size_t len)
{
    const int put = SSL_write(client->ssl, data, bounded(len));

    return put > 0 ? put : -1;
}
