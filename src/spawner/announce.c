/*
 * When the server is told that a program runs: at once while each program may have a processor of
 * its own. While there are more programs than processors: with its first output, with its exit, or
 * after SILENCE_MOST_MS, whichever comes first.
 *
 * Until then there is nothing for the server to do. A program that is soon done costs it one
 * wake-up instead of three, and no pipe has to be watched: start and exit are told together, and
 * the answer is in the pipe. Pipes are looked at every LOOK_EVERY_MS, while there are any to look
 * at; to be told of their first byte by the kernel would cost each program two calls.
 */
#include "spawner_private.h"

#include "os/fd.h"
#include "os/processors.h"

#include <sys/ioctl.h>

#define SILENCE_MOST_MS 10u
#define LOOK_EVERY_MS   2u

static bool has_output(const struct program *program)
{
    int waiting = 0;

    return ioctl(program->stdio[1], FIONREAD, &waiting) < 0 || waiting > 0;
}

void announce_now(struct program *program)
{
    const bool has_stdin = program->stdio[0] >= 0;
    const struct spawn_message message = {
        .kind = SPAWN_STARTED,
        .started = { program->token, program->pid, has_stdin },
    };

    if (!announce_is_due(program))
        return;
    list_remove(&program->unannounced);
    channel_send(program->channel, &message, program->stdio + (has_stdin ? 0 : 1),
                 has_stdin ? 3 : 2);
    for (int i = 0; i < 3; i++)
        program->stdio[i] = -1; /* the channel's now */
}

void announce_never(struct program *program)
{
    if (!announce_is_due(program))
        return;
    list_remove(&program->unannounced);
    for (int i = 0; i < 3; i++)
        fd_close(&program->stdio[i]);
}

static void look_again(struct spawner *spawner)
{
    if (!list_empty(&spawner->unannounced) && spawner->look.due_ms == 0)
        timer_set(&spawner->loop, &spawner->look, spawner->loop.now_ms + LOOK_EVERY_MS);
}

static void on_look(struct task *task)
{
    struct spawner *spawner = container_of(task, struct spawner, look_task);

    for (struct list_link *link = spawner->unannounced.head.next, *next;
         link != &spawner->unannounced.head; link = next) {
        struct program *program = container_of(link, struct program, unannounced);

        next = link->next;
        if (spawner->loop.now_ms >= program->announced_by_ms || has_output(program))
            announce_now(program);
    }
    look_again(spawner);
}

void announce_later(struct program *program, const struct pipes *pipes)
{
    struct spawner *spawner = program->spawner;

    for (int i = 0; i < 3; i++)
        program->stdio[i] = pipes->server[i];
    program->announced_by_ms = spawner->loop.now_ms + SILENCE_MOST_MS;
    list_push_back(&spawner->unannounced, &program->unannounced);
    /* one with a stdin of its own waits for the request's body */
    if (program->stdio[0] >= 0 || spawner->by_pid.count <= spawner->processors)
        announce_now(program);
    look_again(spawner);
}

void announce_open(struct spawner *spawner)
{
    spawner->processors = processors_count();
    list_init(&spawner->unannounced);
    spawner->look_task.run = on_look;
    spawner->look.task = &spawner->look_task;
}

void announce_close(struct spawner *spawner)
{
    timer_stop(&spawner->loop, &spawner->look);
    loop_forget(&spawner->loop, &spawner->look_task);
}
