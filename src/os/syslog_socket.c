#include "os/syslog_socket.h"

#include "os/fd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FACILITY    3u /* daemon */
#define RETRY_MS    1000u
#define NO_PATIENCE 0

static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

static unsigned severity_of(enum log_level level)
{
    switch (level) {
    case LEVEL_DEBUG:
        return 7;
    case LEVEL_INFO:
        return 6;
    case LEVEL_NOTICE:
        return 5;
    case LEVEL_WARNING:
        return 4;
    case LEVEL_ERROR:
        return 3;
    }
    return 6;
}

void syslog_line(struct text *text, enum log_level level, const struct tm *local, const char *ident,
                 int pid, const char *kind, struct slice line)
{
    text_printf(text, "<%u>%s %2d %02d:%02d:%02d %s[%d]: %s|", FACILITY * 8 + severity_of(level),
                months[(unsigned)local->tm_mon % 12], local->tm_mday, local->tm_hour, local->tm_min,
                local->tm_sec, ident, pid, kind);
    text_add(text, line);
}

void syslog_socket_init(struct syslog_socket *syslog, struct slice path, struct slice ident)
{
    *syslog = (struct syslog_socket){ .address.sun_family = AF_UNIX, .fd = -1 };
    if (path.len < sizeof(syslog->address.sun_path))
        memcpy(syslog->address.sun_path, path.at, path.len);
    if (ident.len == 0)
        ident = SLICE("longhouse");
    snprintf(syslog->ident, sizeof(syslog->ident), "%.*s", SLICE_ARGS(ident));
}

void syslog_socket_done(struct syslog_socket *syslog)
{
    fd_close(&syslog->fd);
}

static uint64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool open_it(struct syslog_socket *syslog)
{
    if (syslog->fd >= 0)
        return true;
    const uint64_t now_ms = monotonic_ms();
    if (now_ms < syslog->retry_at_ms)
        return false;
    syslog->retry_at_ms = now_ms + RETRY_MS;
    scoped_fd fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 ||
        connect(fd, (const struct sockaddr *)&syslog->address, sizeof(syslog->address)) < 0)
        return false;
    syslog->fd = fd_take(&fd);
    return true;
}

/* The reader's queue has room again. */
static bool wait_for_room(struct syslog_socket *syslog, int *patience_ms)
{
    struct pollfd room = { .fd = syslog->fd, .events = POLLOUT };
    const uint64_t before_ms = monotonic_ms();

    if (*patience_ms <= NO_PATIENCE)
        return false;
    const bool has_room = poll(&room, 1, *patience_ms) > 0;
    *patience_ms -= (int)(monotonic_ms() - before_ms);
    return has_room;
}

/* 0 or negative errno; a reader that was started anew is connected to at once. */
static int send_bytes(struct syslog_socket *syslog, struct slice bytes, int *patience_ms)
{
    bool fresh = syslog->fd < 0;

    for (;;) {
        if (!open_it(syslog))
            return -ENOTCONN;
        if (send(syslog->fd, bytes.at, bytes.len, MSG_NOSIGNAL) >= 0)
            return 0;
        const int error = errno;
        if (error == EINTR)
            continue;
        if (error == EAGAIN || error == ENOBUFS) {
            if (!wait_for_room(syslog, patience_ms))
                return -EAGAIN;
            continue;
        }
        if (error == EMSGSIZE)
            return -EMSGSIZE;
        fd_close(&syslog->fd);
        if (fresh)
            return -error;
        fresh = true;
    }
}

static bool send_line(struct syslog_socket *syslog, enum log_level level, const char *kind,
                      struct slice line, int *patience_ms)
{
    char bytes[SYSLOG_LINE_MOST];
    struct text text = text_on(bytes, sizeof(bytes));
    const time_t now = time(NULL);
    struct tm local = { 0 };

    localtime_r(&now, &local);
    syslog_line(&text, level, &local, syslog->ident, (int)getpid(), kind, line);
    return send_bytes(syslog, text_slice(&text), patience_ms) == 0;
}

static bool tell_lost(struct syslog_socket *syslog, int *patience_ms)
{
    char bytes[96];
    struct text text = text_on(bytes, sizeof(bytes));

    text_printf(&text, "%llu lines could not be sent here", (unsigned long long)syslog->lost);
    if (!send_line(syslog, LEVEL_WARNING, "system", text_slice(&text), patience_ms))
        return false;
    syslog->lost = 0;
    return true;
}

bool syslog_socket_send(struct syslog_socket *syslog, enum log_level level, const char *kind,
                        struct slice line, int *patience_ms)
{
    if ((syslog->lost == 0 || tell_lost(syslog, patience_ms)) &&
        send_line(syslog, level, kind, line, patience_ms))
        return true;
    syslog->lost++;
    return false;
}
