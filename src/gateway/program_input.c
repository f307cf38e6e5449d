#include "gateway/program_input.h"

#include "loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#define PARTS_PER_WRITE 16

/* A program is woken less often by a larger pipe; a body below the usual size does not need one. */
#define PIPE_USUAL_BYTES ((int64_t)64 * 1024)
#define PIPE_LARGE_BYTES (256 * 1024)

void program_input_init(struct program_input *input, struct exchange *x, struct upload *upload)
{
    *input = (struct program_input){ .x = x, .upload = upload, .io.fd = -1 };
}

void program_input_open(struct program_input *input, int fd)
{
    io_init(&input->io, fd, &input->x->wake);
    if (input->upload->length > PIPE_USUAL_BYTES)
        (void)fcntl(fd, F_SETPIPE_SZ,
                    PIPE_LARGE_BYTES); /* beyond the user's share: the usual one */
    body_open_outlet(input->upload->source, &input->io);
}

/* 0 or negative errno of one write; what went is taken. */
static int write_some(struct program_input *input, struct body *source)
{
    struct iovec parts[PARTS_PER_WRITE];
    int count = body_peek(source, parts, PARTS_PER_WRITE);
    ssize_t put = writev(input->io.fd, parts, count);

    if (put < 0)
        return -errno;
    body_take(source, (uint64_t)put);
    return 0;
}

/* False: the program does not want more; it may still answer. */
static bool write_queue(struct program_input *input, struct body *source)
{
    while (input->io.writable && !body_empty(source)) {
        int r = write_some(input, source);

        if (r == -EAGAIN)
            input->io.writable = false;
        else if (r < 0 && r != -EINTR)
            return false;
    }
    return true;
}

void program_input_pump(struct program_input *input)
{
    struct exchange *x = input->x;
    struct body *source = input->upload->source;

    if (input->io.fd < 0)
        return;
    if (!write_queue(input, source)) {
        program_input_close(input);
        upload_abandon(input->upload);
    } else if (body_is_over(source)) {
        program_input_close(input);
    } else if (input->io.writable) {
        body_outlet_has_room(source);
    } else if (io_wait(x->loop, &input->io) < 0) {
        loop_wake_next_turn(x->loop, &x->wake);
    }
}

bool program_input_is_hungry(const struct program_input *input)
{
    return input->io.fd >= 0 && input->io.writable && upload_waits_for_client(input->upload);
}

void program_input_close(struct program_input *input)
{
    if (input->io.fd < 0)
        return;
    body_close_outlet(input->upload->source);
    io_close(input->x->loop, &input->io);
}
