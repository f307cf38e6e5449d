#include "os/hindrance.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of all that lies before it, each can be passed: so what it is can be told. */
static bool describe(struct hindrance *ret, bool is_folder)
{
    struct stat stat_of;

    if (stat(ret->path, &stat_of) < 0)
        return false;
    ret->is_folder = is_folder;
    ret->mode = stat_of.st_mode & 07777;
    ret->owner = stat_of.st_uid;
    ret->group = stat_of.st_gid;
    return true;
}

static bool is_refused(const char *path, int right)
{
    return faccessat(AT_FDCWD, path, right, AT_EACCESS) < 0 && errno == EACCES;
}

bool hindrance_find(const char *path, struct hindrance *ret)
{
    const size_t len = strlen(path);

    if (len == 0 || len >= sizeof(ret->path) || path[0] != '/')
        return false;
    memcpy(ret->path, "/", 2);
    if (is_refused(ret->path, X_OK))
        return describe(ret, true);
    for (size_t at = 1; at <= len; at++) {
        if (path[at] != '/' && path[at] != '\0')
            continue;
        memcpy(ret->path, path, at);
        ret->path[at] = '\0';
        if (path[at] == '/' && is_refused(ret->path, X_OK))
            return describe(ret, true);
    }
    return is_refused(ret->path, R_OK) && describe(ret, false);
}
