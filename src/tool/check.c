/* `longhouse check`. */
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

static int help(void)
{
    printf("usage: longhouse check [-c FILE|DIR] [--strict]\n\n"
           "Reads a configuration as `longhouse run` would, looks whether what it names is there, "
           "and sums it up.\n\n"
           "exit status:\n"
           "  0  the configuration can be used (there may be warnings)\n"
           "  1  there is an error, or with --strict a warning; all are on stderr\n"
           "  2  the command line is wrong\n");
    return 0;
}

int tool_check(int argc, char **argv)
{
    const char *config = CONFIG_FOLDER;
    struct arena arena = { 0 };
    bool warned = false;
    bool strict = false;

    for (int i = 0; i < argc; i++) {
        const char *value = word_value("-c", argc, argv, &i);

        if (value)
            config = value;
        else if (strcmp(argv[i], "--strict") == 0)
            strict = true;
        else if (strcmp(argv[i], "--help") == 0)
            return help();
        else
            return usage("check [-c FILE|DIR] [--strict]");
    }
    const struct server_conf *conf = tool_load(config, true, &arena, &warned);
    if (conf) {
        struct diags diags;

        summary_print(conf, stdout, target_answers);
        diags_init(&diags, &arena);
        names_print(conf, &arena, stdout, &diags);
        diags_print(&diags, stderr, isatty(2));
        warned |= diags.warnings > 0;
        printf("%s is in order%s.\n", config,
               !warned  ? ""
               : strict ? ", but --strict takes the warnings above for errors"
                        : ", but see the warnings above");
    }
    arena_done(&arena);
    return conf && !(strict && warned) ? 0 : 1;
}
