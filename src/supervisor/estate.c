/* What one supervisor leaves to the next, which begins beside it: open sockets and the PID file. */
#include "estate.h"

#include "os/fd.h"
#include "os/pass.h"
#include "supervisor_private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS    5000
#define LISTENERS_MOST 4096u

/* ---- from the house that is there ---- */

void estate_send(const struct house *house, struct child *heir)
{
    for (unsigned i = 0; i < house->ports.count; i++)
        child_send(heir, &(struct handover){ .kind = HANDOVER_LISTENER, .index = i },
                   house->ports.fds[i]);
    if (house->places.control_fd >= 0)
        child_send(heir,
                   &(struct handover){ .kind = HANDOVER_CONTROL,
                                       .text = slice_cstr(house->places.control_path) },
                   house->places.control_fd);
    if (house->places.pid_fd >= 0)
        child_send(heir,
                   &(struct handover){ .kind = HANDOVER_PID_FILE,
                                       .text = slice_cstr(house->places.pid_path) },
                   house->places.pid_fd);
    child_send(heir, &(struct handover){ .kind = HANDOVER_LEGACY }, house->legacy_fd);
    child_send(heir, &(struct handover){ .kind = HANDOVER_GO }, -1);
}

/* ---- to the one that begins ---- */

void estate_init(struct estate *estate)
{
    *estate =
        (struct estate){ .channel = -1, .control.fd = -1, .pid_file.fd = -1, .legacy_fd = -1 };
}

static void keep_listener(struct estate *estate, int fd)
{
    int *more = realloc(estate->listeners, (estate->count + 1) * sizeof(*more));

    if (!more)
        abort();
    estate->listeners = more;
    estate->listeners[estate->count++] = fd;
}

static void keep_named(struct estate_file *file, struct slice path, int fd)
{
    fd_close(&file->fd);
    free(file->path);
    file->fd = fd;
    file->path = slice_dup(path);
}

/* 1: that was all; 0: more follows; or negative errno. */
static int take_one(struct estate *estate)
{
    struct pollfd wait = { .fd = estate->channel, .events = POLLIN };
    char bytes[HANDOVER_HEAD + HANDOVER_TEXT_MOST];
    struct handover message;
    scoped_fd fd = -1;
    int fd_count;

    if (poll(&wait, 1, PATIENCE_MS) <= 0)
        return -ETIMEDOUT;
    int len = pass_receive(estate->channel, bytes, sizeof(bytes), &fd, 1, &fd_count);
    if (len <= 0)
        return len == 0 ? -ECONNRESET : len;
    if (handover_decode(slice_of(bytes, (size_t)len), &message, NULL) != PARSE_DONE)
        return -EBADMSG;
    if (message.kind == HANDOVER_GO)
        return 1;
    if (fd_count != 1 || estate->count >= LISTENERS_MOST)
        return -EBADMSG;
    if (message.kind == HANDOVER_LISTENER)
        keep_listener(estate, fd_take(&fd));
    else if (message.kind == HANDOVER_CONTROL)
        keep_named(&estate->control, message.text, fd_take(&fd));
    else if (message.kind == HANDOVER_PID_FILE)
        keep_named(&estate->pid_file, message.text, fd_take(&fd));
    else if (message.kind == HANDOVER_LEGACY && estate->legacy_fd < 0)
        estate->legacy_fd = fd_take(&fd);
    return 0; /* what a later version sends besides is not needed */
}

int estate_receive(struct estate *estate, int channel)
{
    int r = 0;

    estate->channel = channel;
    while (r == 0)
        r = take_one(estate);
    return r < 0 ? r : 0;
}

int estate_take(struct estate_file *file, const char *path)
{
    if (file->fd < 0 || strcmp(file->path, path) != 0)
        return -1;
    return fd_take(&file->fd);
}

void estate_tell(const struct estate *estate, bool good, struct slice why)
{
    const struct handover message = {
        .kind = good ? HANDOVER_READY : HANDOVER_FAILED,
        .text = slice_first(why, HANDOVER_TEXT_MOST),
    };
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];

    if (estate->channel < 0)
        return;
    int count = handover_encode(&message, head, parts);
    (void)pass_send(estate->channel, parts, count, NULL, 0); /* else our end says it */
}

void estate_close(struct estate *estate)
{
    for (unsigned i = 0; i < estate->count; i++)
        fd_close(&estate->listeners[i]);
    free(estate->listeners);
    fd_close(&estate->control.fd);
    free(estate->control.path);
    fd_close(&estate->pid_file.fd);
    free(estate->pid_file.path);
    fd_close(&estate->legacy_fd);
    fd_close(&estate->channel);
    estate_init(estate);
}
