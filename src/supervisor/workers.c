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

static bool open_socket(const struct server_conf *conf, const struct fastcgi_conf *pool,
                        const struct identity *identity, struct diags *diags, int *ret_fd)
{
    int backlog = conf->listen_backlog > INT_MAX ? INT_MAX : (int)conf->listen_backlog;
    int r = listen_for(&pool->targets->address, identity, backlog, ret_fd);

    if (r == 0)
        return true;
    struct diag *diag = diag_add(diags, DIAG_ERROR, &pool->run.place,
                                 "cannot make the socket '%.*s' of these workers: %s",
                                 SLICE_ARGS(pool->targets->text), strerror(-r));
    diag_hint(diags, diag, "set WorkDirectory to a folder that belongs to %s", identity->name);
    return false;
}

static int seal_pools(const struct server_conf *conf, int *ret_fd)
{
    char *data;
    size_t len;

    plan_pools(conf, &data, &len);
    int r = fd_sealed("pools", data, len, ret_fd);
    free(data);
    return r;
}

bool workers_open(const struct server_conf *conf, const struct identity *identity,
                  struct diags *diags, struct workers *ret)
{
    const unsigned count = conf->pool_count;
    bool good = true;

    *ret = (struct workers){ .conf = conf, .count = count, .pools_fd = -1 };
    if (count == 0)
        return true;
    ret->fds = calloc(count, sizeof(*ret->fds));
    ret->told = calloc(count, sizeof(*ret->told));
    if (!ret->fds || !ret->told)
        abort();
    for (unsigned i = 0; i < count; i++)
        ret->fds[i] = -1;
    for (unsigned i = 0; i < count && good; i++)
        good = open_socket(conf, conf->pools[i], identity, diags, &ret->fds[i]);
    int r = good ? seal_pools(conf, &ret->pools_fd) : 0;
    if (r < 0)
        diag_add(diags, DIAG_ERROR, &conf->pools[0]->run.place,
                 "no memory file for the pools of workers: %s", strerror(-r));
    return good && r == 0;
}

void workers_close(struct workers *workers)
{
    for (unsigned i = 0; i < workers->count; i++) {
        if (workers->fds[i] >= 0)
            unlink(workers->conf->pools[i]->targets->address.un.sun_path);
        fd_close(&workers->fds[i]);
    }
    fd_close(&workers->pools_fd);
    free(workers->fds);
    free(workers->told);
    *workers = (struct workers){ .pools_fd = -1 };
}

/* ---- to the children ---- */

void workers_hand_over(const struct workers *workers, struct child *spawner)
{
    if (workers->count == 0)
        return;
    child_send(spawner, &(struct handover){ .kind = HANDOVER_POOLS }, workers->pools_fd);
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
