/* The listening sockets: bound once, kept over every restart of the server. */
#include "supervisor_private.h"

#include "os/fd.h"
#include "os/notify.h"
#include "os/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FIRST_HANDED_IN 3

const char *ports_cure(int error)
{
    switch (error) {
    case EACCES:
    case EPERM:
        return "ports below 1024 need root or CAP_NET_BIND_SERVICE; or choose a port above 1023";
    case EADDRINUSE:
        return "another program listens there: stop it (`ss -ltnp` names it), or choose another "
               "port";
    case EADDRNOTAVAIL:
        return "this machine has no such address; `ip address` lists those it has";
    case EAFNOSUPPORT:
        return "the kernel does not speak this kind of address; leave the Binding out";
    case EMFILE:
    case ENFILE:
        return "raise the limit of open files (`ulimit -n`, or LimitNOFILE of the service)";
    default:
        return "see the Interface and Port of this Binding";
    }
}

/* A copy of the socket, if it listens there; else -1. */
static int copy_if_there(int fd, const struct binding_conf *binding)
{
    union socket_address local;

    if (socket_local_address(fd, &local) < 0 || !address_equal_ip(&local, &binding->address) ||
        address_port(&local) != binding->port)
        return -1;
    int own = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_HANDED_IN);
    if (own >= 0 && fd_set_nonblocking(own) < 0)
        fd_close(&own);
    return own;
}

/* A socket that the service manager, or the house before us, listens on already; -1: none. */
static int handed_in(const struct binding_conf *binding, int from_manager,
                     const struct estate *estate)
{
    int own = -1;

    for (int i = 0; i < from_manager && own < 0; i++)
        own = copy_if_there(FIRST_HANDED_IN + i, binding);
    for (unsigned i = 0; i < estate->count && own < 0; i++)
        own = copy_if_there(estate->listeners[i], binding);
    return own;
}

static void complain(const struct binding_conf *binding, struct diags *diags, int error)
{
    char text[ADDRESS_TEXT_MOST];
    struct diag *diag = diag_add(diags, DIAG_ERROR, &binding->place, "cannot listen on %s: %s",
                                 address_text_port(&binding->address, text), strerror(error));

    diag_hint(diags, diag, "%s", ports_cure(error));
}

static int backlog_of(const struct server_conf *conf)
{
    return conf->listen_backlog > INT_MAX ? INT_MAX : (int)conf->listen_backlog;
}

static void make_room(const struct server_conf *conf, struct ports *ret)
{
    *ret = (struct ports){ .count = conf->binding_count };
    ret->fds = calloc((size_t)conf->binding_count + 1, sizeof(int));
    if (!ret->fds)
        abort();
    for (unsigned i = 0; i < ret->count; i++)
        ret->fds[i] = -1;
}

bool ports_open(const struct server_conf *conf, const struct estate *estate, struct diags *diags,
                struct ports *ret)
{
    int from_manager = notify_listen_fds();
    const int backlog = backlog_of(conf);
    bool good = true;

    make_room(conf, ret);
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next) {
        int *fd = &ret->fds[binding->index];
        *fd = handed_in(binding, from_manager, estate);
        if (*fd >= 0)
            continue;
        int r = socket_listen(&binding->address, backlog, fd);
        if (r < 0) {
            complain(binding, diags, -r);
            good = false;
        }
    }
    return good;
}

static const struct binding_conf *find(const struct server_conf *conf,
                                       const struct binding_conf *wanted)
{
    const struct binding_conf *binding = conf->bindings;

    while (binding && !(address_equal_ip(&binding->address, &wanted->address) &&
                        binding->port == wanted->port))
        binding = binding->next;
    return binding;
}

/* The socket of the former generation, with the queue as long as it is wanted now. */
static int share(int former, int backlog, int *ret)
{
    *ret = fcntl(former, F_DUPFD_CLOEXEC, FIRST_HANDED_IN);
    return *ret < 0 || listen(*ret, backlog) < 0 ? -errno : 0;
}

bool ports_renew(const struct server_conf *conf, const struct server_conf *former_conf,
                 const struct ports *former, struct diags *diags, struct ports *ret)
{
    const int backlog = backlog_of(conf);
    bool good = true;

    make_room(conf, ret);
    for (const struct binding_conf *binding = conf->bindings; binding; binding = binding->next) {
        const struct binding_conf *same = find(former_conf, binding);
        int *fd = &ret->fds[binding->index];
        int r = same ? share(former->fds[same->index], backlog, fd)
                     : socket_listen(&binding->address, backlog, fd);

        if (r < 0)
            complain(binding, diags, -r);
        good = good && r == 0;
    }
    return good;
}

void ports_close(struct ports *ports)
{
    for (unsigned i = 0; i < ports->count; i++)
        fd_close(&ports->fds[i]);
    free(ports->fds);
    *ports = (struct ports){ 0 };
}
