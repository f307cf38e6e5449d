#include "server/takeover.h"

#include "os/fd.h"

#include <stdlib.h>

#define INDEX_MOST 65536u

void takeover_init(struct takeover *takeover)
{
    *takeover =
        (struct takeover){ .bundle_fd = -1, .control_fd = -1, .resolver_fd = -1, .legacy_fd = -1 };
    arena_init(&takeover->arena);
}

static void close_all(int *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        fd_close(&fds[i]);
    free(fds);
}

void takeover_done(struct takeover *takeover)
{
    fd_close(&takeover->bundle_fd);
    fd_close(&takeover->control_fd);
    fd_close(&takeover->resolver_fd);
    fd_close(&takeover->legacy_fd);
    close_all(takeover->listeners, takeover->listener_count);
    close_all(takeover->spawners, takeover->spawner_count);
    free(takeover->spawner_pids);
    for (struct takeover_log *log = takeover->logs; log; log = log->next)
        fd_close(&log->fd);
    arena_done(&takeover->arena);
    takeover_init(takeover);
}

/* New places hold -1. */
static void make_room(int **at, unsigned *count, unsigned index)
{
    if (index < *count)
        return;

    int *more = realloc(*at, sizeof(int) * (index + 1));
    if (!more)
        abort();
    for (unsigned i = *count; i <= index; i++)
        more[i] = -1;
    *at = more;
    *count = index + 1;
}

static void put_at(int **fds, unsigned *count, unsigned index, int fd)
{
    make_room(fds, count, index);
    fd_close(&(*fds)[index]);
    (*fds)[index] = fd;
}

static void put_log(struct takeover *takeover, struct slice path, int fd)
{
    struct takeover_log *log = arena_new(&takeover->arena, struct takeover_log);

    log->path = arena_copy(&takeover->arena, path);
    log->fd = fd;
    log->next = takeover->logs;
    takeover->logs = log;
}

bool takeover_take(struct takeover *takeover, const struct handover *message, int fd)
{
    if (message->index >= INDEX_MOST)
        return false;
    switch (message->kind) {
    case HANDOVER_BUNDLE:
        fd_close(&takeover->bundle_fd);
        takeover->bundle_fd = fd;
        takeover->generation = message->number;
        return true;
    case HANDOVER_CONTROL:
        fd_close(&takeover->control_fd);
        takeover->control_fd = fd;
        return true;
    case HANDOVER_LISTENER:
        put_at(&takeover->listeners, &takeover->listener_count, message->index, fd);
        return true;
    case HANDOVER_SPAWNER:
        put_at(&takeover->spawners, &takeover->spawner_count, message->index, fd);
        make_room(&takeover->spawner_pids, &takeover->spawner_pid_count, message->index);
        takeover->spawner_pids[message->index] = (int)message->number;
        return true;
    case HANDOVER_LOG:
        put_log(takeover, message->text, fd);
        return true;
    case HANDOVER_RESOLVER:
        fd_close(&takeover->resolver_fd);
        takeover->resolver_fd = fd;
        return true;
    case HANDOVER_LEGACY:
        fd_close(&takeover->legacy_fd);
        takeover->legacy_fd = fd;
        return true;
    case HANDOVER_GO:
        takeover->reactors =
            message->number > 0 && message->number <= 1024 ? (unsigned)message->number : 1;
        return true;
    case HANDOVER_KEY:
        takeover->key = arena_copy(&takeover->arena, message->text);
        return true;
    case HANDOVER_STOP:
    case HANDOVER_LOGS_AGAIN:
    case HANDOVER_POLICY:
    case HANDOVER_CHANNEL:
    case HANDOVER_READY:
    case HANDOVER_FAILED:
    case HANDOVER_STOPPED:
    case HANDOVER_CGROUP:
    case HANDOVER_SANDBOX:
    case HANDOVER_POOLS:
    case HANDOVER_SOCKET:
    case HANDOVER_WORKERS:
    case HANDOVER_SAID:
    case HANDOVER_RELOAD:
    case HANDOVER_OUTCOME:
    case HANDOVER_LEFT:
    case HANDOVER_FORGET:
    case HANDOVER_PID_FILE:
    case HANDOVER_ACME_TASKS:
    case HANDOVER_ACME_STATE:
    case HANDOVER_ACME_PIECE:
    case HANDOVER_ACME_KEEP:
    case HANDOVER_ACME_PROOF:
    case HANDOVER_ACME_RENEW:
        break;
    }
    return false;
}
