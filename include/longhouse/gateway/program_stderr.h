#ifndef GATEWAY_PROGRAM_STDERR_H
#define GATEWAY_PROGRAM_STDERR_H

/*
 * The stderr of a CGI program: takes what it says to its last words. Most programs say nothing and
 * are over soon, so the pipe is watched only from STDERR_UNWATCHED_MS on; what was said before is
 * read then, or at the end. Nothing of it ever holds the answer.
 */
#include "gateway/last_words.h"
#include "loop/io.h"
#include "loop/loop.h"

#define STDERR_UNWATCHED_MS 100u

struct program_stderr {
    struct loop *loop;        /* borrowed */
    struct task *task;        /* borrowed: woken when there is something to pump */
    struct last_words *words; /* borrowed; ended by its owner */
    struct io io;             /* our end of the pipe; fd -1: none, or closed */
    struct timer unwatched;   /* when to begin watching */
};

/* Not open yet. */
void program_stderr_init(struct program_stderr *err, struct loop *loop, struct task *task,
                         struct last_words *words);

/* Takes our end of the pipe. */
void program_stderr_open(struct program_stderr *err, int fd);

/* Whenever the task runs: reads what is known to be there, a share of it in each turn; the end of
 * the pipe closes it. */
void program_stderr_pump(struct program_stderr *err);

/* The same when something may be there although nobody has told: the program is gone, or about to
 * be ended. */
void program_stderr_look(struct program_stderr *err);

/* Looks once more, then lets go. Harmless when repeated, and when it was not opened. */
void program_stderr_close(struct program_stderr *err);

#endif
