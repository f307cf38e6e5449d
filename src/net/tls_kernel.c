/*
 * Records that the kernel enciphers on their way out (kTLS): OpenSSL shakes hands and then hands
 * over its keys, through the BIO between it and the socket. From then on what is written to the
 * socket is plain text, files go out by sendfile(2), and what OpenSSL itself has to say (tickets,
 * the end) is marked as such. What comes in is deciphered by OpenSSL as ever.
 *
 * The kernel takes a record as soon as it has enciphered it; a part may still wait for room in the
 * socket. It goes out when there is some, but is dropped by a close before that: see
 * tls_kernel_lags().
 */
#include "os/fd.h"
#include "tls_private.h"

#include <errno.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#ifndef SOL_TLS
#define SOL_TLS 282 /* of the kernel; not in all C libraries */
#endif
#ifndef TCP_ULP
#define TCP_ULP 31
#endif

static const char layer[] = "tls";

/* ENOTCONN comes from the layer itself; ENOENT: there is none. */
bool tls_kernel_is_there(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int r = setsockopt(fd, IPPROTO_TCP, TCP_ULP, layer, sizeof(layer));
    const bool is_there = fd >= 0 && r < 0 && errno == ENOTCONN;

    fd_close(&fd);
    return is_there;
}

/* `keys` are in OpenSSL's own form: its socket BIO knows it. */
bool tls_kernel_begin(struct tls_pipe *pipe, void *keys)
{
    const int fd = pipe->io->fd;

    if (tls_pipe_has_waiting(pipe) ||
        setsockopt(fd, IPPROTO_TCP, TCP_ULP, layer, sizeof(layer)) < 0)
        return false;

    BIO *socket_bio = BIO_new_socket(fd, BIO_NOCLOSE);
    pipe->in_kernel = socket_bio && BIO_ctrl(socket_bio, TLS_KERNEL_SET_KEYS, 1, keys) > 0;
    BIO_free(socket_bio);
    return pipe->in_kernel;
}

ssize_t tls_kernel_send(int fd, unsigned char type, const char *bytes, size_t len)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(1)];
    } control = { .head = {
                      .cmsg_level = SOL_TLS,
                      .cmsg_type = TLS_SET_RECORD_TYPE,
                      .cmsg_len = CMSG_LEN(1),
                  } };
    struct iovec part = { .iov_base = (void *)bytes, .iov_len = len };
    const struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };

    *CMSG_DATA(&control.head) = type;
    return sendmsg(fd, &message, MSG_NOSIGNAL);
}

bool tls_kernel_lags(const struct tls_pipe *pipe)
{
    struct pollfd room = { .fd = pipe->io->fd, .events = POLLOUT };

    if (poll(&room, 1, 0) != 0)
        return false;
    pipe->io->writable = false;
    return true;
}
