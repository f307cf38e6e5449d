#include "gateway/owner.h"

#include "config/run_as.h"
#include "os/fd.h"
#include "os/socket.h"

#include <sys/socket.h>
#include <sys/stat.h>

uint32_t owner_find(struct slice user)
{
    struct arena arena = { 0 };
    uint32_t found;

    if (user.len == 0)
        return OWNER_ANY;
    arena_init(&arena);
    if (!account_user(user, &arena, &found))
        found = OWNER_UNKNOWN;
    arena_done(&arena);
    return found;
}

int owner_check(int fd, const char *path, uint32_t owner)
{
    struct ucred listener;
    socklen_t len = sizeof(listener);
    struct stat file;

    if (owner == OWNER_ANY)
        return 0;
    if (stat(path, &file) < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &listener, &len) < 0)
        return -errno;
    return file.st_uid == owner && (listener.uid == owner || listener.uid == 0) ? 0 : OWNER_WRONG;
}

int owner_connect(const union socket_address *address, uint32_t owner, int *ret_fd)
{
    scoped_fd fd = -1;
    int r = socket_connect(address, &fd);

    if (r == 0 && address->any.sa_family == AF_UNIX)
        r = owner_check(fd, address->un.sun_path, owner);
    if (r == 0 || r == -EINPROGRESS)
        *ret_fd = fd_take(&fd);
    return r;
}
