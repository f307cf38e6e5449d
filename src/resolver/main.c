/*
 * The resolver program: started by the supervisor with its channel as descriptor 3, as the user of
 * the server and without rights. It ends when the supervisor does.
 */
#include "ipc/handover.h"
#include "os/fd.h"
#include "os/network_program.h"
#include "os/pass.h"
#include "resolver_private.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

static void tell(enum handover_kind kind, const char *why)
{
    const struct handover message = { .kind = kind, .text = slice_cstr(why) };
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];
    int count = handover_encode(&message, head, parts);

    (void)pass_send(HANDOVER_FD, parts, count, NULL, 0);
}

/* False: it is not to be understood. */
static bool take(const struct handover *message, int fd)
{
    union socket_address nameserver = { 0 };

    if (message->kind != HANDOVER_RESOLVER || fd < 0 ||
        (message->text.len > 0 && !address_parse_target(message->text, &nameserver))) {
        fd_close(&fd);
        return false;
    }
    int r = questions_begin(fd, &nameserver); /* without a thread the server sees it closed */
    if (r < 0)
        tell(HANDOVER_FAILED, "the resolver has no thread to hear the server");
    return true;
}

/* Until the supervisor is gone, or does not speak properly. */
static void hear_supervisor(void)
{
    char bytes[HANDOVER_HEAD + HANDOVER_TEXT_MOST];
    struct pollfd news = { .fd = HANDOVER_FD, .events = POLLIN };

    for (;;) {
        struct handover message;
        int fds[1] = { -1 };
        int fd_count = 0;
        int len = pass_receive(HANDOVER_FD, bytes, sizeof(bytes), fds, 1, &fd_count);

        if (len == -EAGAIN) {
            (void)poll(&news, 1, -1);
            continue;
        }
        if (len <= 0)
            return;
        if (handover_decode(slice_of(bytes, (size_t)len), &message, NULL) != PARSE_DONE ||
            !take(&message, fds[0]))
            return;
    }
}

int main(void)
{
    const int r = network_program_begin("resolver", HANDOVER_FD);

    if (r != 0)
        return r;
    tell(HANDOVER_READY, NULL);
    hear_supervisor();
    _Exit(EXIT_SUCCESS); /* questions may be under way */
}
