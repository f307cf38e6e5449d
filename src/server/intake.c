#include "server/intake.h"

#include "os/fd.h"

#include <stdlib.h>

#define INDEX_MOST 65536u

void intake_init(struct intake *intake)
{
    *intake = (struct intake){ .bundle_fd = -1, .control_fd = -1 };
    arena_init(&intake->arena);
}

static void close_all(int *fds, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        fd_close(&fds[i]);
    free(fds);
}

void intake_done(struct intake *intake)
{
    fd_close(&intake->bundle_fd);
    fd_close(&intake->control_fd);
    close_all(intake->listeners, intake->listener_count);
    close_all(intake->spawners, intake->spawner_count);
    for (struct intake_log *log = intake->logs; log; log = log->next)
        fd_close(&log->fd);
    arena_done(&intake->arena);
    intake_init(intake);
}

static void put_at(int **fds, unsigned *count, unsigned index, int fd)
{
    if (index >= *count) {
        int *more = realloc(*fds, sizeof(int) * (index + 1));

        if (!more)
            abort();
        for (unsigned i = *count; i <= index; i++)
            more[i] = -1;
        *fds = more;
        *count = index + 1;
    }
    fd_close(&(*fds)[index]);
    (*fds)[index] = fd;
}

static void put_log(struct intake *intake, struct slice path, int fd)
{
    struct intake_log *log = arena_new(&intake->arena, struct intake_log);

    log->path = arena_copy(&intake->arena, path);
    log->fd = fd;
    log->next = intake->logs;
    intake->logs = log;
}

bool intake_take(struct intake *intake, const struct handover *message, int fd)
{
    if (message->index >= INDEX_MOST)
        return false;
    switch (message->kind) {
    case HANDOVER_BUNDLE:
        fd_close(&intake->bundle_fd);
        intake->bundle_fd = fd;
        return true;
    case HANDOVER_CONTROL:
        fd_close(&intake->control_fd);
        intake->control_fd = fd;
        return true;
    case HANDOVER_LISTENER:
        put_at(&intake->listeners, &intake->listener_count, message->index, fd);
        return true;
    case HANDOVER_SPAWNER:
        put_at(&intake->spawners, &intake->spawner_count, message->index, fd);
        return true;
    case HANDOVER_LOG:
        put_log(intake, message->text, fd);
        return true;
    case HANDOVER_GO:
        intake->reactors =
            message->number > 0 && message->number <= 1024 ? (unsigned)message->number : 1;
        return true;
    case HANDOVER_STOP:
    case HANDOVER_LOGS_AGAIN:
    case HANDOVER_POLICY:
    case HANDOVER_CHANNEL:
    case HANDOVER_READY:
    case HANDOVER_FAILED:
    case HANDOVER_STOPPED:
        break;
    }
    return false;
}
