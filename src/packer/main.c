/*
 * The packer program: started by the supervisor for one old log, as the user of the server. The log
 * is descriptor 0, what becomes of it descriptor 1. The exit status is 0 or an errno.
 */
#include "os/sandbox.h"
#include "packer_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_file(int fd)
{
    struct stat found;

    return fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

/* The filter of the server leaves open files and memory, and ends what would execute a program. */
static int confine(void)
{
    int r = sandbox_drop_capabilities();

    return r < 0 ? r : sandbox_server_filter();
}

int main(void)
{
    if (!is_file(STDIN_FILENO) || !is_file(STDOUT_FILENO)) {
        fprintf(stderr, "packer: this program is started by the supervisor; use 'longhouse run'\n");
        return EXIT_FAILURE;
    }
    int r = confine();
    if (r == 0)
        r = pack_file(STDIN_FILENO, STDOUT_FILENO);
    _exit(r < 0 ? -r : 0);
}
