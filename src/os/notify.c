#include "os/notify.h"

#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define FIRST_LISTEN_FD 3 /* sd_listen_fds(3) */

int notify_send(const char *state)
{
    const char *name = getenv("NOTIFY_SOCKET");
    if (!name || name[0] == '\0')
        return 0;
    if (name[0] != '/' && name[0] != '@')
        return -EAFNOSUPPORT;

    struct sockaddr_un address = { .sun_family = AF_UNIX };
    size_t len = strlen(name);
    if (len >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.sun_path, name, len);
    if (name[0] == '@') /* a name without a file begins with a NUL */
        address.sun_path[0] = '\0';

    scoped_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;

    socklen_t address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, address_len) <
        0)
        return -errno;
    return 0;
}

static long env_number(const char *name)
{
    const char *text = getenv(name);
    char *end;

    if (!text || text[0] < '0' || text[0] > '9')
        return -1;
    errno = 0;
    long number = strtol(text, &end, 10);
    return errno == 0 && *end == '\0' ? number : -1;
}

int notify_listen_fds(void)
{
    long count = env_number("LISTEN_FDS");

    if (env_number("LISTEN_PID") != getpid() || count <= 0 || count > INT_MAX - FIRST_LISTEN_FD)
        return 0;

    for (int fd = FIRST_LISTEN_FD; fd < FIRST_LISTEN_FD + count; fd++) {
        int flags = fcntl(fd, F_GETFD);
        if (flags < 0 || fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0)
            return 0; /* the number does not describe our descriptors */
    }
    return (int)count;
}
