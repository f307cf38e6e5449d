/* One reactor on the other side: what it asks, what it is told. */
#include "spawner_private.h"

#include "os/fd.h"
#include "os/pass.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A server that asks but does not read its answers is not read either, until it does. */
#define ANSWERS_WAITING_MOST 64

static void release(struct grave *grave)
{
    free(container_of(grave, struct channel, grave));
}

void channel_close(struct channel *channel)
{
    struct spawner *spawner = channel->spawner;
    size_t place = 0;

    for (const struct table_entry *entry;
         (entry = table_next(&channel->programs, &place)) != NULL;) {
        struct program *program = entry->value;
        announce_never(program);
        program->channel = NULL;
        program_end(program);
    }
    table_done(&channel->programs);
    outbox_done(&channel->outbox);
    io_close(&spawner->loop, &channel->io);
    loop_forget(&spawner->loop, &channel->task);
    list_remove(&channel->link);
    loop_bury(&spawner->loop, &channel->grave, release);
}

/* A broken channel is noticed by its own task: nobody up the stack loses what it looks at. */
void channel_send(struct channel *channel, const struct spawn_message *message, const int *fds,
                  int fd_count)
{
    unsigned char head[SPAWN_HEAD_MOST];
    struct iovec parts[SPAWN_PARTS_MOST];
    int count = spawn_encode(message, head, parts);
    int r = outbox_send(&channel->outbox, channel->io.fd, parts, count, fds, fd_count);

    if (r == -EAGAIN)
        channel->io.writable = false;
    if (r < 0)
        loop_wake(&channel->spawner->loop, &channel->task);
}

static struct program *find(struct channel *channel, uint32_t token)
{
    return table_find(&channel->programs, slice_of(&token, sizeof(token)));
}

/* The request body that came with it did not reach us. */
static void refuse_without_file(struct channel *channel, uint32_t token)
{
    const struct spawn_message answer = {
        .kind = SPAWN_FAILED,
        .failed = { token, SPAWN_STAGE_PIPES, EMFILE },
    };

    channel_send(channel, &answer, NULL, 0);
}

/* NULL, or why the other side is not to be trusted any longer. */
static const char *act_on(struct channel *channel, const struct spawn_message *message,
                          int fd_count, int file)
{
    bool wants_file = message->kind == SPAWN_ASK && message->ask.stdin_kind == SPAWN_STDIN_FILE;
    struct program *program;

    if (wants_file && fd_count == PASS_FDS_LOST) {
        refuse_without_file(channel, message->ask.token);
        return NULL;
    }
    if (wants_file != (fd_count > 0)) {
        fd_close(&file);
        return wants_file ? "a file as stdin is missing" : "a descriptor nobody expects";
    }
    switch (message->kind) {
    case SPAWN_ASK:
        program = find(channel, message->ask.token);
        if (program && !program->leader_gone) { /* the answers could not be told apart */
            fd_close(&file);
            return "a token that is in use";
        }
        if (program)
            program_disown(program);
        program_start(channel, &message->ask, file);
        return NULL;
    case SPAWN_KILL:
        program = find(channel, message->kill_token);
        if (program)
            program_end(program);
        return NULL;
    case SPAWN_LOOK:
        program = find(channel, message->look_token);
        if (program)
            program_look(program);
        return NULL;
    case SPAWN_STARTED:
    case SPAWN_FAILED:
    case SPAWN_EXITED:
    case SPAWN_SEEN:
        return "a message of the spawner's own";
    }
    return "unknown kind of message";
}

/* 0, -EAGAIN, or a negative errno: the channel is to be closed. */
static int read_one(struct channel *channel)
{
    struct spawner *spawner = channel->spawner;
    struct spawn_message message;
    struct parse_fault fault;
    int file = -1;
    int fd_count;

    int len =
        pass_receive(channel->io.fd, spawner->datagram, SPAWN_MESSAGE_MOST, &file, 1, &fd_count);
    if (len == 0)
        return -ECONNRESET;
    if (len < 0 && len != -EMSGSIZE)
        return len;

    const char *why = "too many bytes or descriptors";
    if (len > 0) {
        if (spawn_decode(slice_of(spawner->datagram, (size_t)len), &message, &fault) ==
            PARSE_DONE) {
            why = act_on(channel, &message, fd_count, file);
        } else {
            why = fault.why;
            if (fd_count > 0)
                fd_close(&file);
        }
    }
    if (!why)
        return 0;
    spawner_complain(spawner,
                     "spawner: reactor %u sent a message that is refused (%s); closing its channel",
                     channel->index, why);
    return -EBADMSG;
}

/* 0 or a negative errno. The channel is told again while something is left in it. */
static int read_some(struct channel *channel)
{
    unsigned left = io_batch_most(&channel->spawner->loop, &channel->batch);
    int r = 0;

    for (; r == 0 && left > 0; left--) {
        if (channel->outbox.count >= ANSWERS_WAITING_MOST)
            return 0; /* still readable: not watched for, its writability brings us back */
        r = read_one(channel);
    }
    channel->io.readable = false;
    return r == -EAGAIN ? 0 : r;
}

static int channel_advance(struct channel *channel)
{
    int r = outbox_flush(&channel->outbox, channel->io.fd);

    if (r == -EAGAIN)
        channel->io.writable = false;
    else if (r < 0)
        return r;
    r = channel->io.readable ? read_some(channel) : 0;
    return r < 0 ? r : io_wait(&channel->spawner->loop, &channel->io);
}

static void channel_run(struct task *task)
{
    struct channel *channel = container_of(task, struct channel, task);

    if (channel_advance(channel) < 0) {
        services_server_gone(channel->spawner);
        channel_close(channel);
    }
}

void channel_open(struct spawner *spawner, int fd, uint32_t index)
{
    struct channel *channel = calloc(1, sizeof(*channel));

    if (!channel)
        abort();
    channel->spawner = spawner;
    channel->index = index;
    channel->task.run = channel_run;
    io_init_quiet(&channel->io, fd, &channel->task);
    outbox_init(&channel->outbox);
    list_push_back(&spawner->channels, &channel->link);
    loop_wake(&spawner->loop, &channel->task);
}
