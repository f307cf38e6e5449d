#include "os/socket.h"

#include "os/fd.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

static bool is_ip(const union socket_address *address)
{
    return address->any.sa_family == AF_INET || address->any.sa_family == AF_INET6;
}

static int set_option(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) < 0 ? -errno : 0;
}

static int new_socket(const union socket_address *address)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd < 0 ? -errno : fd;
}

int socket_tune_listener(int fd)
{
    int domain = 0;
    socklen_t len = sizeof(domain);

    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) < 0)
        return -errno;
    if (domain != AF_INET && domain != AF_INET6)
        return 0;
    return set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

static int listen_ip(int fd, const union socket_address *address)
{
    int r = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);

    if (r == 0 && address->any.sa_family == AF_INET6)
        r = set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (r == 0)
        r = socket_tune_listener(fd);
    if (r == 0 && bind(fd, &address->any, address_size(address)) < 0)
        r = -errno;
    return r;
}

/* A socket file that nobody listens to any more. */
static bool is_stale(const union socket_address *address)
{
    struct stat found;

    if (lstat(address->un.sun_path, &found) < 0 || !S_ISSOCK(found.st_mode))
        return false;

    scoped_fd probe = new_socket(address);
    return probe >= 0 && connect(probe, &address->any, address_size(address)) < 0 &&
           errno == ECONNREFUSED;
}

static int listen_unix(int fd, const union socket_address *address)
{
    socklen_t len = address_size(address);

    if (bind(fd, &address->any, len) == 0)
        return 0;
    if (errno != EADDRINUSE)
        return -errno;
    if (!is_stale(address))
        return -EADDRINUSE;
    if (unlink(address->un.sun_path) < 0 && errno != ENOENT)
        return -errno;
    return bind(fd, &address->any, len) < 0 ? -errno : 0;
}

int socket_listen(const union socket_address *address, int backlog, int *ret_fd)
{
    scoped_fd fd = new_socket(address);
    if (fd < 0)
        return fd;

    int r = is_ip(address) ? listen_ip(fd, address) : listen_unix(fd, address);
    if (r < 0)
        return r;
    if (listen(fd, backlog) < 0)
        return -errno;

    *ret_fd = fd_take(&fd);
    return 0;
}

/* accept(2): errors of the connection that was waiting, not of the listener; the next may be well.
 */
static bool concerns_the_client(int error)
{
    switch (error) {
    case ECONNABORTED:
    case EINTR:
    case ENETDOWN:
    case EPROTO:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH:
        return true;
    default:
        return false;
    }
}

int socket_accept(int listener, union socket_address *ret_peer, int *ret_fd)
{
    union socket_address peer = { .any.sa_family = AF_UNSPEC };
    socklen_t len;
    int fd;

    do {
        len = sizeof(peer);
        fd = accept4(listener, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && concerns_the_client(errno));
    if (fd < 0)
        return -errno;

    *ret_peer = peer;
    *ret_fd = fd;
    return 0;
}

int socket_connect(const union socket_address *address, int *ret_fd)
{
    scoped_fd fd = new_socket(address);
    if (fd < 0)
        return fd;
    if (is_ip(address)) {
        int r = set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        if (r < 0)
            return r;
    }

    int r = connect(fd, &address->any, address_size(address)) < 0 ? -errno : 0;
    if (r == 0 || r == -EINPROGRESS)
        *ret_fd = fd_take(&fd);
    return r;
}

int socket_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof(error);

    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        return -errno;
    return -error;
}

int socket_local_address(int fd, union socket_address *ret)
{
    union socket_address local = { .any.sa_family = AF_UNSPEC };
    socklen_t len = sizeof(local);

    if (getsockname(fd, &local.any, &len) < 0)
        return -errno;

    *ret = local;
    return 0;
}

int socket_peer_address(int fd, union socket_address *ret)
{
    union socket_address peer = { .any.sa_family = AF_UNSPEC };
    socklen_t len = sizeof(peer);

    if (getpeername(fd, &peer.any, &len) < 0)
        return -errno;

    *ret = peer;
    return 0;
}

bool socket_is_read(int fd)
{
    int unread;

    /* The kernel counts what the bytes occupy, some hundred for each message, and takes the last
     * one off a moment after the edge. */
    return ioctl(fd, SIOCOUTQ, &unread) < 0 || unread <= 1;
}

bool socket_has_input(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN;
}
