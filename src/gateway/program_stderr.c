#include "gateway/program_stderr.h"

#include "base/unset.h"

#include <errno.h>
#include <unistd.h>

#define READ_MOST           4096u
#define BYTES_PER_TURN_MOST ((size_t)256 * 1024) /* then the others have their turn */

void program_stderr_init(struct program_stderr *err, struct loop *loop, struct task *task,
                         struct last_words *words)
{
    *err = (struct program_stderr){ .loop = loop, .task = task, .words = words, .io.fd = -1 };
}

/* A pipe of a program that was just started is surely empty. */
void program_stderr_open(struct program_stderr *err, int fd)
{
    io_init(&err->io, fd, err->task);
    err->io.readable = false;
    err->unwatched.task = err->task;
    timer_set(err->loop, &err->unwatched, err->loop->now_ms + STDERR_UNWATCHED_MS);
}

static void begin_to_watch(struct program_stderr *err)
{
    err->unwatched.fired = false;
    err->io.readable = true;
    if (io_wait(err->loop, &err->io) < 0) /* later, perhaps */
        timer_set(err->loop, &err->unwatched, err->loop->now_ms + STDERR_UNWATCHED_MS);
}

static void read_all(struct program_stderr *err)
{
    UNSET char bytes[READ_MOST];
    size_t budget = BYTES_PER_TURN_MOST;

    while (err->io.fd >= 0 && err->io.readable) {
        ssize_t got = read(err->io.fd, bytes, sizeof(bytes));

        if (got > 0) {
            last_words_add(err->words, slice_of(bytes, (size_t)got));
            if ((size_t)got < sizeof(bytes) && !err->io.hung_up)
                err->io.readable = false;
            if (budget <= (size_t)got) {
                loop_wake_next_turn(err->loop, err->task);
                return;
            }
            budget -= (size_t)got;
        } else if (got < 0 && errno == EAGAIN) {
            err->io.readable = false;
        } else if (got == 0 || errno != EINTR) {
            io_close(err->loop, &err->io);
        }
    }
}

void program_stderr_pump(struct program_stderr *err)
{
    if (err->unwatched.fired && err->io.fd >= 0)
        begin_to_watch(err);
    if (err->io.exhausted)
        io_close(err->loop, &err->io);
    read_all(err);
}

void program_stderr_look(struct program_stderr *err)
{
    err->io.readable = true;
    program_stderr_pump(err);
}

void program_stderr_close(struct program_stderr *err)
{
    timer_stop(err->loop, &err->unwatched);
    program_stderr_look(err);
    io_close(err->loop, &err->io);
}
