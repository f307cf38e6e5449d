#include "send.h"

#include "base/number.h"
#include "base/text.h"
#include "http/clock.h"
#include "net/tls_client.h"
#include "os/fd.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S  30                   /* for each step */
#define HEAD_MOST   ((size_t)128 * 1024) /* so much of an answer is looked at */
#define TRACE_FIELD SLICE("X-Longhouse-Trace")

union socket_address send_address(const union socket_address *binding)
{
    static const struct in6_addr any6 = IN6ADDR_ANY_INIT;
    union socket_address address = *binding;

    if (address.any.sa_family == AF_INET && address.in4.sin_addr.s_addr == htonl(INADDR_ANY))
        address.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else if (address.any.sa_family == AF_INET6 &&
             memcmp(&address.in6.sin6_addr, &any6, sizeof(any6)) == 0)
        address.in6.sin6_addr = in6addr_loopback;
    return address;
}

/* ---- the line ---- */

struct line {
    int fd;
    struct tls_client *tls;
};

static ssize_t line_read(const struct line *line, char *data, size_t room)
{
    return line->tls ? tls_client_read(line->tls, data, room) : read(line->fd, data, room);
}

static bool line_write(const struct line *line, struct slice bytes)
{
    if (!line->tls)
        return fd_write_all(line->fd, bytes.at, bytes.len) == 0;
    while (bytes.len > 0) {
        const ssize_t put = tls_client_write(line->tls, bytes.at, bytes.len);

        if (put <= 0)
            return false;
        bytes = slice_skip(bytes, (size_t)put);
    }
    return true;
}

static int connect_to(const union socket_address *address, int *ret)
{
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    scoped_fd fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(fd, &address->any, address_size(address)) < 0)
        return -errno;
    *ret = fd_take(&fd);
    return 0;
}

/* ---- the answer ---- */

/* "HTTP/1.1 200 ..." */
static int status_of(struct slice first)
{
    uint64_t status;

    if (!slice_starts(first, SLICE("HTTP/1.")) || first.len < 12 ||
        !number_parse(slice_of(first.at + 9, 3), 999, &status))
        return 0;
    return (int)status;
}

/* The notes of the house (TraceFor), a line each. */
static struct slice trace_of(struct slice head, struct arena *arena)
{
    struct text text = text_on(arena_bytes(arena, head.len), head.len);
    struct slice line;

    while (slice_next(&head, '\n', &line) && line.len > 1) {
        struct slice name;
        struct slice value;

        if (!slice_cut(line, ':', &name, &value) || !slice_equal_nocase(name, TRACE_FIELD))
            continue;
        text_add(&text, slice_trim_space(value));
        text_add_char(&text, '\n');
    }
    return text_slice(&text);
}

static const char *read_answer(const struct line *line, uint64_t begun_us, struct arena *arena,
                               struct sent *ret)
{
    struct text head = text_on(arena_bytes(arena, HEAD_MOST), HEAD_MOST);
    char data[16384];
    ssize_t got;

    while ((got = line_read(line, data, sizeof(data))) > 0) {
        if (ret->bytes == 0)
            ret->first_us = clock_monotonic_us() - begun_us;
        ret->bytes += (uint64_t)got;
        text_add(&head, slice_of(data, (size_t)got));
    }
    ret->status = status_of(text_slice(&head));
    ret->trace = trace_of(text_slice(&head), arena);
    ret->end_us = clock_monotonic_us() - begun_us;
    if (ret->bytes == 0)
        return "the house closed the connection without an answer; its system log may say why";
    return got < 0 && !line->tls ? "the answer broke off" : NULL;
}

/* ---- the whole ---- */

/* One request for a connection, so that its end is the end of the answer. The house is asked for
 * its own notes, too. */
static struct slice last_head(struct slice head, struct arena *arena)
{
    const struct slice parts[] = { slice_first(head, head.len - 2), TRACE_FIELD,
                                   SLICE(": yes\r\nConnection: close\r\n\r\n") };

    return arena_join(arena, parts, 3);
}

static const char *talk(struct line *line, const char *name, struct slice head, uint64_t begun_us,
                        struct arena *arena, struct sent *ret)
{
    if (name) {
        line->tls = tls_client_open(line->fd, name);
        if (!line->tls)
            return "the handshake of TLS failed; the system log of the house may say why";
    }
    ret->secured_us = clock_monotonic_us() - begun_us;
    if (!line_write(line, head))
        return "the request could not be written";
    return read_answer(line, begun_us, arena, ret);
}

void send_request(const union socket_address *address, const char *name, struct slice head,
                  struct arena *arena, struct sent *ret)
{
    const uint64_t begun_us = clock_monotonic_us();
    struct line line = { .fd = -1 };

    *ret = (struct sent){ 0 };
    address_text_port(address, ret->address);
    const int r = connect_to(address, &line.fd);
    ret->connected_us = clock_monotonic_us() - begun_us;
    if (r < 0)
        ret->why = arena_printf(arena, "nobody answers at %s: %s; is the house running?",
                                ret->address, strerror(-r))
                       .at;
    else
        ret->why = talk(&line, name, last_head(head, arena), begun_us, arena, ret);
    tls_client_close(line.tls);
    fd_close(&line.fd);
}
