/* `longhouse check` and `longhouse manual`. */
#include "config/manual.h"
#include "config/summary.h"
#include "os/fd.h"
#include "os/socket.h"
#include "tool/tool.h"
#include "tool_private.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_WAIT_MS 500

/* Does a FastCGI socket take a connection now? */
static bool target_answers(const struct connect_conf *target, const char **ret_why)
{
    scoped_fd fd = -1;
    int r = socket_connect(&target->address, &fd);

    if (r == -EINPROGRESS) {
        struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };

        r = poll(&poll_fd, 1, ANSWER_WAIT_MS) > 0 ? socket_error(fd) : -ETIMEDOUT;
    }
    if (r < 0)
        *ret_why = r == -EAGAIN ? "busy: its queue is full" : strerror(-r);
    return r == 0;
}

int tool_check(int argc, char **argv)
{
    const char *config = CONFIG_FOLDER;
    struct arena arena = { 0 };
    bool warned = false;

    for (int i = 0; i < argc; i++) {
        const char *value = word_value("-c", argc, argv, &i);

        if (!value)
            return usage("check [-c FILE|DIR]");
        config = value;
    }
    const struct server_conf *conf = tool_load(config, true, &arena, &warned);
    if (conf) {
        struct diags diags;

        summary_print(conf, stdout, target_answers);
        diags_init(&diags, &arena);
        names_print(conf, &arena, stdout, &diags);
        diags_print(&diags, stderr, isatty(2));
        warned |= diags.warnings > 0;
        printf("%s is in order%s.\n", config, warned ? ", but see the warnings above" : "");
    }
    arena_done(&arena);
    return conf ? 0 : 1;
}

int tool_manual(int argc, char **argv)
{
    (void)argv;
    if (argc > 0)
        return usage("manual");
    manual_write(stdout);
    return 0;
}
