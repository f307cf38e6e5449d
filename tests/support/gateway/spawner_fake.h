#ifndef TESTS_SPAWNER_FAKE_H
#define TESTS_SPAWNER_FAKE_H

/*
 * The other end of a spawn channel, in the test's hands: reads what was asked, answers what the
 * test says. Programs are pipes whose far ends the test holds.
 */
#include "ipc/spawn.h"

#include <stdbool.h>

struct spawner_fake {
    int fd;
    char bytes[SPAWN_MESSAGE_MOST];
    struct spawn_message message; /* the last that was read; its slices point into bytes */
    int file;                     /* that came with it, -1: none; the test closes it */
};

/* The program's ends: stdin to read, stdout and stderr to write. -1: none, or closed. */
struct program_fake {
    uint32_t token;
    int in;
    int out;
    int err;
    uint64_t peak_kib; /* told with its exit */
};

/* Makes the channel; the client's end goes to *ret_client. */
void spawner_fake_open(struct spawner_fake *fake, int *ret_client);
void spawner_fake_close(struct spawner_fake *fake);

/* The next message into fake->message; false when there is none. */
bool spawner_fake_read(struct spawner_fake *fake);

/* The value of a variable of the last ASK, NULL: not there. */
const char *spawner_fake_variable(const struct spawner_fake *fake, const char *name);

/* Answers the last ASK with STARTED. */
void spawner_fake_start(struct spawner_fake *fake, struct program_fake *program);

void spawner_fake_fail(struct spawner_fake *fake, uint32_t token, enum spawn_stage stage,
                       int error);

/* Answers a LOOK at it. */
void spawner_fake_see(struct spawner_fake *fake, uint32_t token, const char *text);

/* Closes all that the program has left and says EXITED. */
void spawner_fake_exit(struct spawner_fake *fake, struct program_fake *program, int status);

/* What a program does. */
void program_fake_say(struct program_fake *program, const char *text);
void program_fake_complain(struct program_fake *program, const char *text);
void program_fake_close_output(struct program_fake *program);

#endif
