#ifndef GATEWAY_SPAWN_CLIENT_H
#define GATEWAY_SPAWN_CLIENT_H

/*
 * Asks the spawner for programs. One per reactor, with a channel of its own; a start is one message
 * out (ASK) and one in (STARTED, with the pipes). The spawner may die and be replaced: what it ran
 * is then gone, what was not asked yet waits up to SPAWN_WAIT_MS for the next channel.
 */
#include "base/list.h"
#include "base/log.h"
#include "base/text.h"
#include "gateway/turnstile.h"
#include "ipc/spawn.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stdint.h>

#define SPAWN_WAIT_MS 2000u

struct spawn_client;

/*
 *   IDLE ──> WAITING ──> ASKED ──> RUNNING ──> EXITED      WAITING, ASKED ──> FAILED      RUNNING
 * ──> GONE
 */
enum program_state {
    PROGRAM_IDLE,    /* nothing was asked, or it was forgotten */
    PROGRAM_WAITING, /* for the channel */
    PROGRAM_ASKED,
    PROGRAM_RUNNING, /* the pipes are here */
    PROGRAM_EXITED,  /* `exited` tells how */
    PROGRAM_FAILED,  /* `failed` tells why */
    PROGRAM_GONE,    /* the spawner died, and the program with it */
};

/* One start; embedded in what wants it. {0} with `task` is a fresh one. */
struct program {
    struct list_link link; /* of the client: waiting, or asked and running */
    enum program_state state;
    struct task *task;    /* borrowed: woken by every change of state */
    struct seat seat;     /* given by the user, or none; returned when the program is gone, although
                             it was forgotten before */
    struct spawn_ask ask; /* its slices are borrowed while WAITING */
    int stdin_file;       /* borrowed while WAITING: SPAWN_STDIN_FILE */
    uint64_t give_up_ms;
    int stdin_fd; /* owned from RUNNING on, for the user to take; -1 when there is none */
    int stdout_fd;
    int stderr_fd;
    struct spawn_started started;
    struct spawn_failed failed;
    struct spawn_exited exited;
    struct text *seen; /* borrowed while a look is under way, for its answer; else NULL */
};

struct spawn_client *spawn_client_new(struct loop *loop, struct log *log);
void spawn_client_free(
    struct spawn_client *client); /* programs are forgotten, the channel is closed */

/* Takes a channel to a spawner; a former one is given up. */
void spawn_client_attach(struct spawn_client *client, int fd);

/*
 * Wants a program: `program` must be IDLE; the token of `ask` is chosen here. `stdin_file`: for
 * SPAWN_STDIN_FILE, stays with the caller. Never fails at once: see program->state after its task
 * was woken (or right away).
 */
void spawn_client_ask(struct spawn_client *client, struct program *program,
                      const struct spawn_ask *ask, int stdin_file);

/* Ends the program and its family; EXITED follows. */
void spawn_client_kill(struct spawn_client *client, struct program *program);

/*
 * Has the spawner look at what a RUNNING program does: its answer is put into `seen` and the task
 * woken; `seen` is borrowed until then, or until the program is let go. No answer comes when the
 * program is gone, or when the channel has no room now: the look is not worth a wait.
 */
void spawn_client_look(struct spawn_client *client, struct program *program, struct text *seen);

/*
 * Lets go: no news follow, a living program is killed, pipes that were not taken are closed. Must
 * be called before the memory of the program goes; harmless on an IDLE one.
 */
void spawn_client_forget(struct spawn_client *client, struct program *program);

/*
 * The same without an end of the program: its pipes are closed and nobody hears of it again. It
 * still ends with the server.
 */
void spawn_client_leave_alone(struct spawn_client *client, struct program *program);

#endif
