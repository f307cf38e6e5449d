#include "os/replacement.h"

#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 8 /* names that are all taken: somebody makes them on purpose */

static bool draw_name(char name[REPLACEMENT_NAME_ROOM])
{
    uint64_t number;

    if (getrandom(&number, sizeof(number), GRND_NONBLOCK) != (ssize_t)sizeof(number))
        return false;
    snprintf(name, REPLACEMENT_NAME_ROOM, ".longhouse-%016" PRIx64, number);
    return true;
}

/* For file systems that know no O_TMPFILE. */
static int open_hidden(struct replacement *replacement)
{
    int error = EAGAIN;

    for (unsigned i = 0; i < TRIES; i++) {
        if (!draw_name(replacement->temporary))
            break;
        replacement->fd = openat(replacement->folder, replacement->temporary,
                                 O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (replacement->fd >= 0)
            return 0;
        error = errno;
        if (error != EEXIST)
            break;
    }
    replacement->temporary[0] = '\0';
    return -error;
}

static int open_new(struct replacement *replacement)
{
    replacement->fd = openat(replacement->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (replacement->fd >= 0)
        return 0;
    return errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL ? open_hidden(replacement)
                                                                     : -errno;
}

int replacement_open(int folder, mode_t mode, struct replacement *ret)
{
    struct replacement made = { .folder = folder, .fd = -1 };
    int r = open_new(&made);

    if (r == 0 && fchmod(made.fd, mode) < 0)
        r = -errno;
    if (r < 0)
        replacement_drop(&made);
    else
        *ret = made;
    return r;
}

/* linkat() leaves alone what has the name already, so the file gets a hidden one first. */
static int name_hidden(struct replacement *replacement)
{
    char self[sizeof("/proc/self/fd/") + 16];
    int error = EAGAIN;

    snprintf(self, sizeof(self), "/proc/self/fd/%d", replacement->fd);
    for (unsigned i = 0; i < TRIES; i++) {
        if (!draw_name(replacement->temporary))
            break;
        if (linkat(AT_FDCWD, self, replacement->folder, replacement->temporary,
                   AT_SYMLINK_FOLLOW) == 0)
            return 0;
        error = errno;
        if (error != EEXIST)
            break;
    }
    replacement->temporary[0] = '\0';
    return -error;
}

int replacement_place(struct replacement *replacement, const char *name)
{
    int r = replacement->temporary[0] == '\0' ? name_hidden(replacement) : 0;

    if (r == 0 &&
        renameat(replacement->folder, replacement->temporary, replacement->folder, name) < 0)
        r = -errno;
    if (r == 0)
        replacement->temporary[0] = '\0';
    replacement_drop(replacement);
    return r;
}

void replacement_drop(struct replacement *replacement)
{
    if (replacement->temporary[0] != '\0')
        unlinkat(replacement->folder, replacement->temporary, 0);
    replacement->temporary[0] = '\0';
    fd_close(&replacement->fd);
    fd_close(&replacement->folder);
}
