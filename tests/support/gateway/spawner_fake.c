#include "gateway/spawner_fake.h"

#include "os/fd.h"
#include "os/pass.h"

#include <check.h>
#include <string.h>
#include <unistd.h>

void spawner_fake_open(struct spawner_fake *fake, int *ret_client)
{
    ck_assert_int_eq(pass_pair(&fake->fd, ret_client), 0);
    fake->file = -1;
}

void spawner_fake_close(struct spawner_fake *fake)
{
    fd_close(&fake->fd);
    fd_close(&fake->file);
}

bool spawner_fake_read(struct spawner_fake *fake)
{
    struct parse_fault fault;
    int fd_count;
    int len = pass_receive(fake->fd, fake->bytes, sizeof(fake->bytes), &fake->file, 1, &fd_count);

    if (len < 0)
        return false;
    ck_assert_int_eq(spawn_decode(slice_of(fake->bytes, (size_t)len), &fake->message, &fault),
                     PARSE_DONE);
    if (fd_count == 0)
        fake->file = -1;
    return true;
}

const char *spawner_fake_variable(const struct spawner_fake *fake, const char *name)
{
    struct slice all = fake->message.ask.environment;
    size_t len = strlen(name);

    ck_assert_int_eq(fake->message.kind, SPAWN_ASK);
    for (size_t at = 0; at < all.len; at += strlen(all.at + at) + 1)
        if (strncmp(all.at + at, name, len) == 0 && all.at[at + len] == '=')
            return all.at + at + len + 1;
    return NULL;
}

static void send_message(struct spawner_fake *fake, const struct spawn_message *message,
                         const int *fds, int fd_count)
{
    unsigned char head[SPAWN_HEAD_MOST];
    struct iovec parts[SPAWN_PARTS_MOST];
    int count = spawn_encode(message, head, parts);

    ck_assert_int_gt(count, 0);
    ck_assert_int_eq(pass_send(fake->fd, parts, count, fds, fd_count), 0);
}

void spawner_fake_start(struct spawner_fake *fake, struct program_fake *program)
{
    const bool has_stdin = fake->message.ask.stdin_kind == SPAWN_STDIN_PIPE;
    struct spawn_message message = {
        .kind = SPAWN_STARTED,
        .started = { .token = fake->message.ask.token, .pid = 4711, .has_stdin = has_stdin },
    };
    int fds[3];
    int count = 0;

    ck_assert_int_eq(fake->message.kind, SPAWN_ASK);
    *program = (struct program_fake){ .token = message.started.token, .in = -1 };
    if (has_stdin)
        ck_assert_int_eq(fd_pipe(&program->in, &fds[count++]), 0);
    ck_assert_int_eq(fd_pipe(&fds[count++], &program->out), 0);
    ck_assert_int_eq(fd_pipe(&fds[count++], &program->err), 0);
    send_message(fake, &message, fds, count);
    while (count > 0)
        fd_close(&fds[--count]);
}

void spawner_fake_fail(struct spawner_fake *fake, uint32_t token, enum spawn_stage stage, int error)
{
    const struct spawn_message message = {
        .kind = SPAWN_FAILED,
        .failed = { .token = token, .stage = stage, .error = error },
    };

    send_message(fake, &message, NULL, 0);
}

void spawner_fake_exit(struct spawner_fake *fake, struct program_fake *program, int status)
{
    const struct spawn_message message = {
        .kind = SPAWN_EXITED,
        .exited = { .token = program->token, .status = status, .peak_kib = program->peak_kib },
    };

    fd_close(&program->in);
    fd_close(&program->out);
    fd_close(&program->err);
    send_message(fake, &message, NULL, 0);
}

void spawner_fake_see(struct spawner_fake *fake, uint32_t token, const char *text)
{
    const struct spawn_message message = { .kind = SPAWN_SEEN,
                                           .seen = { token, slice_cstr(text) } };

    send_message(fake, &message, NULL, 0);
}

static void write_all(int fd, const char *text)
{
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

void program_fake_say(struct program_fake *program, const char *text)
{
    write_all(program->out, text);
}

void program_fake_complain(struct program_fake *program, const char *text)
{
    write_all(program->err, text);
}

void program_fake_close_output(struct program_fake *program)
{
    fd_close(&program->out);
}
