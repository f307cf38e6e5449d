#include "ipc/outbox.h"

#include "os/fd.h"
#include "os/pass.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct letter {
    struct list_link link;
    int *fds; /* owned, and the descriptors too */
    int fd_count;
    size_t len;
    char bytes[];
};

void outbox_init(struct outbox *outbox)
{
    *outbox = (struct outbox){ .count = 0 };
    list_init(&outbox->waiting);
}

static void close_all(const int *fds, int fd_count)
{
    for (int i = 0; i < fd_count; i++) {
        int fd = fds[i];
        fd_close(&fd);
    }
}

static void drop_first(struct outbox *outbox)
{
    struct letter *letter = container_of(list_pop_front(&outbox->waiting), struct letter, link);

    close_all(letter->fds, letter->fd_count);
    free(letter->fds);
    free(letter);
    outbox->count--;
}

void outbox_done(struct outbox *outbox)
{
    while (!list_empty(&outbox->waiting))
        drop_first(outbox);
}

static struct letter *letter_of(const struct iovec *parts, int count, const int *fds, int fd_count)
{
    size_t len = 0;

    for (int i = 0; i < count; i++)
        len += parts[i].iov_len;
    struct letter *letter = calloc(1, sizeof(*letter) + len);
    int *own_fds = calloc((size_t)fd_count + 1, sizeof(*fds));
    if (!letter || !own_fds)
        abort(); /* the supervisor starts the next one */

    for (int i = 0; i < count; i++) {
        if (parts[i].iov_len > 0)
            memcpy(letter->bytes + letter->len, parts[i].iov_base, parts[i].iov_len);
        letter->len += parts[i].iov_len;
    }
    for (int i = 0; i < fd_count; i++)
        own_fds[i] = fds[i];
    letter->fds = own_fds;
    letter->fd_count = fd_count;
    return letter;
}

/*
 * Besides the buffer, the kernel bounds the descriptors in flight (ETOOMANYREFS); both pass when
 * the other side reads, and that is an edge of writability.
 */
static int send_now(int channel, const struct iovec *parts, int count, const int *fds, int fd_count)
{
    int r = pass_send(channel, parts, count, fds, fd_count);

    return r == -ETOOMANYREFS || r == -ENOBUFS ? -EAGAIN : r;
}

int outbox_send(struct outbox *outbox, int channel, const struct iovec *parts, int count,
                const int *fds, int fd_count)
{
    int r = -EAGAIN;

    if (list_empty(&outbox->waiting))
        r = send_now(channel, parts, count, fds, fd_count);
    if (r != -EAGAIN) {
        close_all(fds, fd_count);
        return r;
    }
    list_push_back(&outbox->waiting, &letter_of(parts, count, fds, fd_count)->link);
    outbox->count++;
    return -EAGAIN;
}

int outbox_flush(struct outbox *outbox, int channel)
{
    while (!list_empty(&outbox->waiting)) {
        struct letter *letter = container_of(list_first(&outbox->waiting), struct letter, link);
        struct iovec part = { letter->bytes, letter->len };
        int r = send_now(channel, &part, 1, letter->fds, letter->fd_count);
        if (r < 0)
            return r;
        drop_first(outbox);
    }
    return 0;
}
