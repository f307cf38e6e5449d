#include "os/network_program.h"

#include "os/sandbox.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int confine(void)
{
    int r = sandbox_no_new_privs();

    if (r == 0)
        r = sandbox_drop_capabilities();
#ifndef LONGHOUSE_SANITIZED
    if (r == 0)
        r = sandbox_undumpable();
#endif
    return r < 0 ? r : sandbox_resolver_filter();
}

int network_program_begin(const char *name, int channel)
{
    static const int ignored[] = { SIGPIPE, SIGINT, SIGTERM, SIGHUP };
    struct stat info;

    if (fstat(channel, &info) < 0 || !S_ISSOCK(info.st_mode)) {
        fprintf(stderr, "%s: this program is started by the supervisor; use 'longhouse run'\n",
                name);
        return 2;
    }
    fcntl(channel, F_SETFD, FD_CLOEXEC);
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    const int r = confine();
    if (r == 0)
        return 0;
    fprintf(stderr, "%s: cannot give up rights: %s\n", name, strerror(-r));
    return EXIT_FAILURE;
}
