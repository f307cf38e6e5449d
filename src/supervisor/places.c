/* Where things lie outside the configuration: PID file, control socket, work folder. */
#include "supervisor_private.h"

#include "base/number.h"
#include "os/fd.h"
#include "os/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct diag_place nowhere = { 0 };

static bool fail(struct diags *diags, const char *what, const char *path, int error,
                 const char *hint)
{
    struct diag *diag =
        diag_add(diags, DIAG_ERROR, &nowhere, "%s '%s': %s", what, path, strerror(error));

    diag_hint(diags, diag, "%s", hint);
    return false;
}

/* ---- the PID file ---- */

static pid_t read_pid(int fd)
{
    char text[32];
    ssize_t got = pread(fd, text, sizeof(text), 0);
    uint64_t pid;

    if (got <= 0 || !number_parse(slice_trim_space(slice_of(text, (size_t)got)), INT32_MAX, &pid))
        return 0;
    return (pid_t)pid;
}

/*
 * The lock tells a living house from a file that was left behind, whatever process has that number
 * now. Whoever stops removes the name while it holds the lock: so the name must still be this file
 * afterwards.
 */
static int lock_pid_file(const char *path, int *ret_fd)
{
    for (;;) {
        scoped_fd fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0644);
        struct stat ours;
        struct stat named;

        if (fd < 0)
            return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
            *ret_fd = fd_take(&fd); /* to read who has it */
            return -EWOULDBLOCK;
        }
        if (fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino == named.st_ino &&
            ours.st_dev == named.st_dev) {
            *ret_fd = fd_take(&fd);
            return 0;
        }
    }
}

bool places_take_pid(const struct server_conf *conf, struct estate *estate, struct arena *arena,
                     struct diags *diags, struct places *places)
{
    int fd = -1;

    *places = (struct places){ .pid_fd = -1, .control_fd = -1 };
    if (conf->pid_file.len == 0)
        return true;

    const char *path = arena_cstr(arena, conf->pid_file);
    places->pid_fd = estate_take(&estate->pid_file, path);
    if (places->pid_fd >= 0) { /* its lock is that of the open file, which is ours as well */
        places->pid_path = path;
        return true;
    }
    int r = lock_pid_file(path, &fd);
    if (r == -EWOULDBLOCK) {
        struct diag *diag =
            diag_add(diags, DIAG_ERROR, &nowhere, "already running as pid %d (PID file '%s')",
                     (int)read_pid(fd), path);
        diag_hint(diags, diag,
                  "stop it with `longhouse stop`, or give this one a PIDfile of its own");
        fd_close(&fd);
        return false;
    }
    if (r < 0)
        return fail(diags, "cannot make the PID file", path, -r,
                    "set PIDfile to a path that this user may write");
    places->pid_path = path;
    places->pid_fd = fd;
    if (ftruncate(fd, 0) < 0) /* what a former house wrote would be taken for ours */
        return fail(diags, "cannot write the PID file", path, errno,
                    "set PIDfile to a path that this user may write");
    return true;
}

int places_write_pid(struct places *places, pid_t pid)
{
    char text[32];
    int len = snprintf(text, sizeof(text), "%d\n", (int)pid);

    if (places->pid_fd < 0)
        return 0;
    /* The file may hold the number of a former house, which people read: it is never empty. */
    if (pwrite(places->pid_fd, text, (size_t)len, 0) != len || ftruncate(places->pid_fd, len) < 0)
        return errno ? -errno : -EIO;
    return 0;
}

/* ---- control socket and work folder ---- */

/* An ordinary user goes without what lies where only root writes. */
static bool is_survivable(const struct identity *identity, int error)
{
    return !identity->switches &&
           (error == EACCES || error == EPERM || error == EROFS || error == ENOENT);
}

static void make_parent(const char *path, struct arena *arena)
{
    const char *slash = strrchr(path, '/');

    if (slash && slash != path)
        (void)mkdir(arena_cstr(arena, slice_of(path, (size_t)(slash - path))), 0755);
}

/* Only who may stop the house may ask it: the mode holds from the first moment. */
static int listen_control(const char *path, bool as_root, int *ret_fd)
{
    union socket_address address = { .un.sun_family = AF_UNIX };

    size_t len = strlen(path);

    if (len >= sizeof(address.un.sun_path))
        return -ENAMETOOLONG;
    memcpy(address.un.sun_path, path, len + 1);
    mode_t before = umask(as_root ? 0117 : 0177);
    int r = socket_listen(&address, 16, ret_fd);
    umask(before);
    return r;
}

static bool open_control(const struct server_conf *conf, struct estate *estate,
                         const struct identity *identity, struct arena *arena, struct diags *diags,
                         struct places *places)
{
    const char *path = arena_cstr(arena, conf->control_socket);

    if (path[0] == '\0')
        return true;
    make_parent(path, arena);
    places->control_fd = estate_take(&estate->control, path);
    int r =
        places->control_fd >= 0 ? 0 : listen_control(path, identity->switches, &places->control_fd);
    if (r == 0) {
        places->control_path = path;
        return true;
    }
    if (!is_survivable(identity, -r))
        return fail(diags, "cannot make the control socket", path, -r,
                    r == -EADDRINUSE
                        ? "another house answers there, or it is no socket; give this one a "
                          "ControlSocket of its own"
                        : "set ControlSocket to a path that this user may write");
    struct diag *diag = diag_add(diags, DIAG_NOTE, &nowhere,
                                 "the control socket '%s': %s; going without `longhouse status`",
                                 path, strerror(-r));
    diag_hint(diags, diag, "set ControlSocket to a path that this user may write");
    return true;
}

static bool make_work_folder(const struct server_conf *conf, const struct identity *identity,
                             struct arena *arena, struct diags *diags)
{
    const char *path = arena_cstr(arena, conf->work_directory);
    struct stat found;
    int error = 0;

    if (path[0] == '\0')
        return true;
    if (mkdir(path, 0700) == 0) {
        if (identity->switches && lchown(path, identity->user, identity->group) < 0)
            error = errno;
    } else if (errno != EEXIST) {
        error = errno;
    } else if (stat(path, &found) == 0 && !S_ISDIR(found.st_mode)) {
        error = ENOTDIR;
    }
    if (error == 0)
        return true;
    if (!is_survivable(identity, error))
        return fail(diags, "cannot make the work folder", path, error,
                    "make it for the user of the server, or set WorkDirectory");
    struct diag *diag = diag_add(diags, DIAG_NOTE, &nowhere,
                                 "the work folder '%s': %s; going without", path, strerror(error));
    diag_hint(diags, diag, "set WorkDirectory to a folder of this user");
    return true;
}

bool places_open(const struct server_conf *conf, struct estate *estate,
                 const struct identity *identity, struct arena *arena, struct diags *diags,
                 struct places *places)
{
    bool control = open_control(conf, estate, identity, arena, diags, places);

    return make_work_folder(conf, identity, arena, diags) && control;
}

void places_close(struct places *places)
{
    if (places->control_fd >= 0 && !places->shared)
        unlink(places->control_path);
    fd_close(&places->control_fd);
    if (places->pid_fd >= 0 && !places->shared)
        unlink(places->pid_path); /* while it is locked */
    fd_close(&places->pid_fd);
}
