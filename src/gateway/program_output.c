#include "gateway/program_output.h"

#include <errno.h>
#include <unistd.h>

void program_output_init(struct program_output *output, struct delivery *delivery)
{
    *output = (struct program_output){ .delivery = delivery, .io.fd = -1 };
}

/* What a program that still runs has to say will be told; the pipe is surely empty now. */
void program_output_open(struct program_output *output, int fd, bool is_over)
{
    io_init(&output->io, fd, &output->delivery->x->wake);
    output->io.readable = is_over;
}

/*
 * One read: into a chunk of its own while the head is read, behind it straight into the answer.
 * > 0: bytes; 0: the end; negative errno. -ENOBUFS: the client is behind. -EBADMSG: the head is
 * refused.
 */
static ssize_t read_once(struct program_output *output, size_t *ret_room)
{
    struct delivery *delivery = output->delivery;

    if (delivery_has_head(delivery)) {
        char *at = delivery_reserve(delivery, ret_room);
        if (!at)
            return -ENOBUFS;
        ssize_t got = read(output->io.fd, at, *ret_room);
        int error = errno;
        delivery_commit(delivery, got > 0 ? (size_t)got : 0);
        return got < 0 ? -error : got;
    }

    struct chunk *chunk = chunk_new();
    *ret_room = CHUNK_SIZE;
    ssize_t got = read(output->io.fd, chunk->data, CHUNK_SIZE);
    if (got <= 0) {
        int error = errno;
        chunk_free(chunk);
        return got < 0 ? -error : 0;
    }
    chunk->end = (uint32_t)got;
    return delivery_add_chunk(delivery, chunk) ? got : -EBADMSG;
}

static enum program_output_news read_all(struct program_output *output)
{
    struct io *io = &output->io;
    size_t budget = PROGRAM_OUTPUT_BYTES_PER_TURN;

    while (io->readable) {
        if (io->exhausted)
            return PROGRAM_OUTPUT_ENDED;
        const bool writers_gone = io->hung_up;
        size_t room = 0;
        ssize_t got = read_once(output, &room);

        if (got == 0)
            return PROGRAM_OUTPUT_ENDED;
        if (got == -ENOBUFS)
            return PROGRAM_OUTPUT_WAITS;
        if (got == -EBADMSG)
            return PROGRAM_OUTPUT_REFUSED;
        if (got == -EAGAIN)
            io->readable = false;
        else if (got < 0 && got != -EINTR)
            return PROGRAM_OUTPUT_ENDED; /* a pipe that cannot be read has nothing more to say */
        if (got <= 0)
            continue;
        if ((size_t)got < room) { /* empty now: without writers for good */
            if (writers_gone)
                return PROGRAM_OUTPUT_ENDED;
            io->readable = !io->watched; /* nobody tells: asked once more */
        }
        if (budget <= (size_t)got)
            return PROGRAM_OUTPUT_GOES_ON;
        budget -= (size_t)got;
    }
    return PROGRAM_OUTPUT_WAITS;
}

enum program_output_news program_output_pump(struct program_output *output, int *ret_error)
{
    const enum program_output_news news = read_all(output);
    int r = 0;

    if (news == PROGRAM_OUTPUT_WAITS || news == PROGRAM_OUTPUT_GOES_ON)
        r = io_wait(output->delivery->x->loop, &output->io);
    *ret_error = -r;
    return r < 0 ? PROGRAM_OUTPUT_UNWATCHED : news;
}

bool program_output_is_ahead(const struct program_output *output)
{
    return output->io.readable;
}

void program_output_close(struct program_output *output)
{
    io_close(output->delivery->x->loop, &output->io);
}
