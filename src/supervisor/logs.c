/* The log files: each opened once, handed to the server, opened again after rotation. */
#include "supervisor_private.h"

#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG_MODE        0640
#define LOG_FOLDER_MODE 0755

/*
 * Appends to the file, made when it is not there. A log folder may belong to the user of the
 * server, so as root a link in the last place is followed only when it is root's own: nobody shall
 * make us write into another file.
 */
static int open_log(const char *path, bool *ret_made)
{
    const int flags =
        O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK; /* it may be a fifo */
    struct stat link;
    int fd;

    *ret_made = false;
    fd = open(path, flags | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT) {
        fd = open(path, flags | O_CREAT | O_EXCL, LOG_MODE);
        *ret_made = fd >= 0;
        if (fd < 0 && errno == EEXIST) /* made by somebody in between */
            fd = open(path, flags | O_NOFOLLOW);
    }
    if (fd < 0 && errno == ELOOP && lstat(path, &link) == 0 &&
        (link.st_uid == 0 || link.st_uid == geteuid()))
        fd = open(path, flags);
    return fd < 0 ? -errno : fd;
}

/*
 * The default folder is made; one that was asked for must be there (config/load says so). What
 * fails here shows when the log is opened.
 */
static void make_folder(const struct conf_log *conf)
{
    char path[4096];
    size_t slash = slice_find_last(conf->path, '/');

    if (conf->place.file || slash == SLICE_NONE || slash == 0 || slash >= sizeof(path))
        return;
    memcpy(path, conf->path.at, slash);
    path[slash] = '\0';
    mkdir(path, LOG_FOLDER_MODE);
}

static int open_for(const struct logs *logs, const char *path)
{
    bool made;
    scoped_fd fd = open_log(path, &made);

    if (fd < 0)
        return fd;
    if (made && logs->owned && fchown(fd, logs->user, logs->group) < 0)
        return -errno;
    return fd_take(&fd);
}

static struct log_entry *find(const struct logs *logs, struct slice path)
{
    return table_find(&logs->by_path, path);
}

static const char *cure_of(int error)
{
    switch (error) {
    case ENOENT:
        return "make its folder, or write none, stdout or stderr";
    case EACCES:
    case EPERM:
    case EROFS:
        return "name a file that this user may write, or write none, stdout or stderr";
    case EMFILE:
    case ENFILE:
        return "each log needs a descriptor: raise the limit of open files (`ulimit -n`, or "
               "LimitNOFILE of the service)";
    case ENXIO:
        return "nobody reads from this fifo; start its reader first";
    default:
        return "name another file, or write none, stdout or stderr";
    }
}

/*
 * The default logs lie where only root writes: an ordinary user who asked for no others sees errors
 * on the terminal and goes without the rest. Said once.
 */
static void go_without(struct logs *logs, struct log_entry *entry, bool wanted, struct diags *diags)
{
    if (wanted && !logs->behind) {
        entry->fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        entry->shown = entry->fd >= 0;
    }
    if (logs->noted)
        return;
    logs->noted = true;
    struct diag *diag = diag_add(diags, DIAG_NOTE, &entry->conf->place,
                                 "default logs such as '%s' are not for this user; %s", entry->path,
                                 logs->behind ? "going without" : "errors go to the terminal");
    diag_hint(
        diags, diag,
        "set SystemLogfile, AccessLogfile and ErrorLogfile to files that this user may write");
}

/* It is open in the former generation. */
static bool share(const struct logs *logs, struct log_entry *entry)
{
    const struct log_entry *same = logs->former ? find(logs->former, entry->conf->path) : NULL;

    if (!same || same->fd < 0)
        return false;
    entry->fd = fcntl(same->fd, F_DUPFD_CLOEXEC, 3);
    entry->shown = same->shown;
    entry->day = same->day;
    entry->known = entry->fd >= 0;
    return entry->known;
}

/* The lines in a file that was there already are of the day of the last one. */
static int64_t day_of(int fd)
{
    time_t day = time(NULL);
    struct stat found;
    struct tm local;

    if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode) && found.st_size > 0)
        day = found.st_mtime;
    return localtime_r(&day, &local) ? calendar_day(&local) : 0;
}

static bool add(struct logs *logs, const struct conf_log *conf, bool wanted, struct arena *arena,
                struct diags *diags)
{
    struct log_entry *entry = conf->kind == LOG_TO_FILE ? find(logs, conf->path) : NULL;

    if (entry && entry->rotate == ROTATE_NEVER)
        entry->rotate = conf->rotate;
    if (entry || conf->kind != LOG_TO_FILE)
        return true;

    entry = arena_new(arena, struct log_entry);
    *entry = (struct log_entry){
        .next = logs->first,
        .conf = conf,
        .path = arena_cstr(arena, conf->path),
        .fd = -1,
        .rotate = conf->rotate,
    };
    logs->first = entry;
    table_put(&logs->by_path, conf->path, entry);
    if (share(logs, entry))
        return true;
    make_folder(conf);
    int fd = open_for(logs, entry->path);
    if (fd >= 0) {
        entry->fd = fd;
        entry->day = day_of(fd);
        return true;
    }
    if (!logs->owned && !conf->place.file) {
        go_without(logs, entry, wanted, diags);
        return true;
    }
    logs->starved = fd == -EMFILE || fd == -ENFILE;
    struct diag *diag = diag_add(diags, DIAG_ERROR, &conf->place,
                                 "the log '%s' cannot be opened: %s", entry->path, strerror(-fd));
    diag_hint(diags, diag, "%s", cure_of(-fd));
    return false;
}

static bool add_all(const struct server_conf *conf, struct arena *arena, struct diags *diags,
                    struct logs *ret)
{
    bool good = add(ret, &conf->system_log, true, arena, diags);

    good &= add(ret, &conf->exploit_log, false, arena, diags);
    good &= add(ret, &conf->garbage_log, false, arena, diags);
    /* What failed for want of descriptors is said once, not for each host. */
    for (const struct vhost_conf *host = conf->hosts; host && !ret->starved; host = host->next) {
        good &= add(ret, &host->access_log, false, arena, diags);
        good &= add(ret, &host->error_log, true, arena, diags);
    }
    for (unsigned i = 0; i < conf->pool_count && !ret->starved; i++)
        if (conf->pools[i]->run.error_log.place.file)
            good &= add(ret, &conf->pools[i]->run.error_log, false, arena, diags);
    return good;
}

bool logs_open(const struct server_conf *conf, const struct identity *identity, bool behind,
               struct arena *arena, struct diags *diags, struct logs *ret)
{
    *ret = (struct logs){
        .owned = identity->switches,
        .behind = behind,
        .user = identity->user,
        .group = identity->group,
    };
    return add_all(conf, arena, diags, ret);
}

bool logs_renew(const struct server_conf *conf, const struct logs *former, struct arena *arena,
                struct diags *diags, struct logs *ret)
{
    *ret = (struct logs){
        .owned = former->owned,
        .behind = former->behind,
        .noted = former->noted,
        .user = former->user,
        .group = former->group,
        .former = former,
    };
    bool good = add_all(conf, arena, diags, ret);
    ret->former = NULL;
    return good;
}

void logs_reopen(struct logs *logs, struct log *log)
{
    for (struct log_entry *entry = logs->first; entry; entry = entry->next) {
        if (entry->fd < 0 || entry->shown)
            continue;
        int fd = open_for(logs, entry->path);
        if (fd < 0) {
            log_error(log, "the log '%s' cannot be opened again: %s; going on with the old file",
                      entry->path, strerror(-fd));
            continue;
        }
        fd_close(&entry->fd);
        entry->fd = fd;
    }
}

void logs_close(struct logs *logs)
{
    for (struct log_entry *entry = logs->first; entry; entry = entry->next)
        fd_close(&entry->fd);
    logs->first = NULL;
    table_done(&logs->by_path);
}

int logs_find(const struct logs *logs, const struct conf_log *conf)
{
    const struct log_entry *entry = conf->kind == LOG_TO_FILE ? find(logs, conf->path) : NULL;

    return entry && !entry->shown ? entry->fd : -1;
}
