#include "os/pass.h"

#include "os/fd.h"

#include <errno.h>
#include <stdalign.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

/* A program's environment travels in one piece; the kernel cuts this down to its own limit
 * (wmem_max). */
#define PASS_BUFFER_BYTES (1 << 20)

union fd_control {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(PASS_FDS_MOST * sizeof(int))];
};

static void enlarge(int socket)
{
    int bytes = PASS_BUFFER_BYTES;

    /* The forced form needs privilege, the other is cut at the limit: what we get decides -EMSGSIZE
     * later. */
    if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0)
        (void)setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
    if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
        (void)setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

int pass_pair(int *ret_a, int *ret_b)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
        return -errno;

    enlarge(ends[0]);
    enlarge(ends[1]);
    *ret_a = ends[0];
    *ret_b = ends[1];
    return 0;
}

static size_t total_len(const struct iovec *parts, int count)
{
    size_t total = 0;

    for (int i = 0; i < count; i++)
        total += parts[i].iov_len;
    return total;
}

int pass_send(int socket, const struct iovec *parts, int count, const int *fds, int fd_count)
{
    if (total_len(parts, count) == 0) /* the receiver could not tell it from the end */
        return -EINVAL;
    if (fd_count < 0 || fd_count > PASS_FDS_MOST)
        return -EINVAL;

    union fd_control control;
    struct msghdr message = { .msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)count };

    if (fd_count > 0) {
        size_t bytes = (size_t)fd_count * sizeof(int);
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(bytes);
        memset(&control, 0, message.msg_controllen);

        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(bytes);
        memcpy(CMSG_DATA(head), fds, bytes);
    }

    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

/* Moves the descriptors of one control message to `fds`; what does not fit is closed. True: all
 * fitted. */
static bool take_fds(const struct cmsghdr *head, int *fds, int fd_room, int *fd_count)
{
    size_t came = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    bool fitted = true;

    for (size_t i = 0; i < came; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
        if (*fd_count < fd_room) {
            fds[(*fd_count)++] = fd;
        } else {
            fd_close(&fd);
            fitted = false;
        }
    }
    return fitted;
}

int pass_receive(int socket, void *data, size_t room, int *fds, int fd_room, int *ret_fd_count)
{
    union fd_control control;
    struct iovec part = { .iov_base = data, .iov_len = room };
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };

    *ret_fd_count = 0;

    ssize_t got;
    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;

    int fd_count = 0;
    const bool lost = message.msg_flags & MSG_CTRUNC; /* the room is for all that may travel */
    bool fitted = !(message.msg_flags & MSG_TRUNC);
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head))
        if (head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
            fitted &= take_fds(head, fds, fd_room, &fd_count);

    if (!fitted || lost)
        while (fd_count > 0)
            fd_close(&fds[--fd_count]);
    if (!fitted)
        return -EMSGSIZE;
    *ret_fd_count = lost ? PASS_FDS_LOST : fd_count;
    return (int)got;
}
