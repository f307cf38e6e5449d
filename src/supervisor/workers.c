/* The sockets of the pools of workers, and what is told about the workers. */
#include "supervisor_private.h"

#include "os/fd.h"
#include "os/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- sockets ---- */

/*
 * The file is made with the rights of the user who owns the folder: so it is that user's from the
 * beginning, whatever else lies there. Programs wait in accept(2): their socket blocks.
 */
static int listen_for(const union socket_address *address, const struct identity *identity,
                      int backlog, int *ret_fd)
{
    int own_user = -1;
    int own_group = -1;

    if (identity->switches) {
        own_group = setfsgid(identity->group);
        own_user = setfsuid(identity->user);
    }
    mode_t before = umask(0177);
    int r = socket_listen(address, backlog, ret_fd);
    umask(before);
    if (identity->switches) {
        setfsuid((uid_t)own_user);
        setfsgid((gid_t)own_group);
    }
    if (r == 0 && fcntl(*ret_fd, F_SETFL, 0) < 0)
        r = -errno;
    return r;
}

/* Where the socket waits while another house has the name. False: it does not fit. */
static bool name_beside(const char *path, union socket_address *ret)
{
    const size_t room = sizeof(ret->un.sun_path);

    *ret = (union socket_address){ .un.sun_family = AF_UNIX };
    return snprintf(ret->un.sun_path, room, "%s.new", path) < (int)room;
}

static bool open_socket(const struct server_conf *conf, const struct fastcgi_conf *pool,
                        bool beside, const struct identity *identity, struct diags *diags,
                        int *ret_fd)
{
    int backlog = conf->listen_backlog > INT_MAX ? INT_MAX : (int)conf->listen_backlog;
    union socket_address address = pool->targets->address;
    int r = 0;

    if (beside && !name_beside(pool->targets->address.un.sun_path, &address))
        r = -ENAMETOOLONG;
    if (r == 0)
        r = listen_for(&address, identity, backlog, ret_fd);

    if (r == 0)
        return true;
    struct diag *diag = diag_add(diags, DIAG_ERROR, &pool->run.place,
                                 "cannot make the socket '%.*s' of these workers: %s",
                                 SLICE_ARGS(pool->targets->text), strerror(-r));
    diag_hint(diags, diag, "set WorkDirectory to a folder that belongs to %s", identity->name);
    return false;
}

static int seal_pools(const struct server_conf *conf, const struct sandboxes *sandboxes,
                      int *ret_fd)
{
    char *data;
    size_t len;

    plan_pools(conf, sandboxes, &data, &len);
    int r = fd_sealed("pools", data, len, ret_fd);
    free(data);
    return r;
}

static void make_room(const struct server_conf *conf, struct workers *ret)
{
    const size_t count = (size_t)conf->pool_count + 1;

    *ret = (struct workers){ .conf = conf, .count = conf->pool_count, .pools_fd = -1 };
    ret->fds = calloc(count, sizeof(*ret->fds));
    ret->fresh = calloc(count, sizeof(*ret->fresh));
    ret->told = calloc(count, sizeof(*ret->told));
    if (!ret->fds || !ret->fresh || !ret->told)
        abort();
    for (unsigned i = 0; i < ret->count; i++)
        ret->fds[i] = -1;
}

static bool seal(struct workers *workers, const struct sandboxes *sandboxes, struct diags *diags)
{
    static const struct diag_place nowhere = { 0 };
    int r = seal_pools(workers->conf, sandboxes, &workers->pools_fd);

    if (r < 0)
        diag_add(diags, DIAG_ERROR, &nowhere, "no memory file for the pools of workers: %s",
                 strerror(-r));
    return r == 0;
}

bool workers_open(const struct server_conf *conf, bool beside, const struct sandboxes *sandboxes,
                  const struct identity *identity, struct diags *diags, struct workers *ret)
{
    bool good = true;

    make_room(conf, ret);
    ret->beside = beside;
    for (unsigned i = 0; i < ret->count && good; i++)
        good = open_socket(conf, conf->pools[i], beside, identity, diags, &ret->fds[i]);
    return good && (ret->count == 0 || seal(ret, sandboxes, diags));
}

static const char *path_of(const struct workers *workers, unsigned index)
{
    return workers->conf->pools[index]->targets->address.un.sun_path;
}

/* Its number in the other generation, or its count. */
static unsigned find(const struct workers *workers, uint64_t key)
{
    unsigned i = 0;

    while (i < workers->count && workers->conf->pools[i]->run.key != key)
        i++;
    return i;
}

static bool renew_one(struct workers *workers, unsigned index, const struct workers *former,
                      const struct identity *identity, struct diags *diags)
{
    const struct fastcgi_conf *pool = workers->conf->pools[index];
    const unsigned before = find(former, pool->run.key);

    if (before < former->count) {
        memcpy(workers->told[index], former->told[before], WORKERS_REPORT_MOST);
        workers->fds[index] = fcntl(former->fds[before], F_DUPFD_CLOEXEC, 3);
        if (workers->fds[index] >= 0)
            return true;
        diag_add(diags, DIAG_ERROR, &pool->run.place, "no descriptor for the socket of a pool: %s",
                 strerror(errno));
        return false;
    }
    workers->fresh[index] =
        open_socket(workers->conf, pool, false, identity, diags, &workers->fds[index]);
    return workers->fresh[index];
}

bool workers_renew(const struct server_conf *conf, const struct sandboxes *sandboxes,
                   const struct workers *former, const struct identity *identity,
                   struct diags *diags, struct workers *ret)
{
    bool good = true;

    make_room(conf, ret);
    for (unsigned i = 0; i < ret->count && good; i++)
        good = renew_one(ret, i, former, identity, diags);
    return good && (ret->count + former->count == 0 || seal(ret, sandboxes, diags));
}

static void release(struct workers *workers)
{
    for (unsigned i = 0; i < workers->count; i++)
        fd_close(&workers->fds[i]);
    fd_close(&workers->pools_fd);
    free(workers->fds);
    free(workers->fresh);
    free(workers->told);
    *workers = (struct workers){ .pools_fd = -1 };
}

void workers_take_back(struct workers *workers)
{
    for (unsigned i = 0; i < workers->count; i++)
        if (workers->fresh[i])
            unlink(path_of(workers, i));
    release(workers);
}

void workers_replace(struct workers *former, const struct workers *workers)
{
    for (unsigned i = 0; i < former->count; i++)
        if (find(workers, former->conf->pools[i]->run.key) == workers->count)
            unlink(path_of(former, i));
    release(former);
}

int workers_take_names(struct workers *workers)
{
    union socket_address beside;
    int first = 0;

    for (unsigned i = 0; i < workers->count && workers->beside; i++)
        if ((!name_beside(path_of(workers, i), &beside) ||
             rename(beside.un.sun_path, path_of(workers, i)) < 0) &&
            first == 0)
            first = -errno;
    workers->beside = false;
    return first;
}

static void remove_name(const struct workers *workers, unsigned index)
{
    union socket_address beside;

    if (!workers->beside)
        unlink(path_of(workers, index));
    else if (name_beside(path_of(workers, index), &beside))
        unlink(beside.un.sun_path);
}

void workers_close(struct workers *workers)
{
    for (unsigned i = 0; i < workers->count; i++)
        if (workers->fds[i] >= 0 && !workers->left)
            remove_name(workers, i);
    release(workers);
}

/* ---- to the children ---- */

void workers_hand_over(const struct workers *workers, uint64_t generation, struct child *spawner)
{
    if (workers->pools_fd < 0)
        return; /* there are none, and were none */
    child_send(spawner, &(struct handover){ .kind = HANDOVER_POOLS, .number = generation },
               workers->pools_fd);
    for (unsigned i = 0; i < workers->count; i++)
        child_send(spawner, &(struct handover){ .kind = HANDOVER_SOCKET, .index = i },
                   workers->fds[i]);
}

static void tell(const struct workers *workers, unsigned index, struct child *server)
{
    child_send(server,
               &(struct handover){ .kind = HANDOVER_WORKERS,
                                   .index = index,
                                   .text = slice_cstr(workers->told[index]) },
               -1);
}

void workers_tell_all(const struct workers *workers, struct child *server)
{
    for (unsigned i = 0; i < workers->count; i++)
        if (workers->told[i][0] != '\0')
            tell(workers, i, server);
}

void workers_take(struct workers *workers, const struct handover *message, struct child *server)
{
    if (message->index >= workers->count || message->text.len >= WORKERS_REPORT_MOST)
        return;
    snprintf(workers->told[message->index], WORKERS_REPORT_MOST, "%.*s", SLICE_ARGS(message->text));
    if (server->pid > 0)
        tell(workers, message->index, server);
}

/* ---- what workers say on stderr ---- */

/* A log whose lines are made (escaped, cut) as all are, and written into a file that is open. */
struct side_log {
    struct log log;
    int fd;
};

static void side_write(struct log *log, enum log_level level, struct slice line)
{
    journal_write_to(container_of(log, struct side_log, log)->fd, log_level_name(level), line);
}

static int side_fd(const struct conf_log *conf, const struct logs *logs)
{
    switch (conf->kind) {
    case LOG_TO_FILE:
        return logs_find(logs, conf);
    case LOG_TO_STDOUT:
        return STDOUT_FILENO;
    case LOG_TO_STDERR:
        return STDERR_FILENO;
    case LOG_TO_NOWHERE:
        break;
    }
    return -1;
}

void workers_write(const struct workers *workers, const struct handover *message,
                   const struct logs *logs, struct log *log)
{
    if (message->index >= workers->count)
        return;
    const struct fastcgi_conf *pool = workers->conf->pools[message->index];
    const struct conf_log *own = &pool->run.error_log;
    struct side_log side = { .log = { .write = side_write }, .fd = side_fd(own, logs) };

    if (own->place.file && side.fd < 0)
        return; /* none, or a file that cannot be written */
    log_notice(own->place.file ? &side.log : log, "FastCGI %.*s: %.*s", SLICE_ARGS(pool->id),
               SLICE_ARGS(message->text));
}
