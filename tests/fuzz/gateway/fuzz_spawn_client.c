/*
 * The server's side of the channel to the spawner, whatever the other side says: starts, kills,
 * looks and lost channels in the order of the input, between datagrams that are well formed or are
 * not, with any number of descriptors. Nothing is leaked, and a program that is let go is not heard
 * of again.
 */
#include "gateway/spawn_client.h"
#include "loop/driver_fake.h"
#include "os/fd.h"
#include "os/pass.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAMS      4u
#define ROUNDS_MOST   256u
#define DATAGRAM_MOST 64u

struct play {
    struct slice in;
    struct loop loop;
    struct spawn_client *client;
    int far; /* the spawner's end; -1: none */
    struct program programs[PROGRAMS];
    struct task tasks[PROGRAMS];
    char seen_room[256];
    struct text seen;
};

static void on_news(struct task *task)
{
    (void)task;
}

static unsigned next(struct play *play)
{
    unsigned byte = play->in.len > 0 ? (unsigned char)play->in.at[0] : 0;

    play->in = slice_skip(play->in, 1);
    return byte;
}

static void attach(struct play *play)
{
    int near;

    fd_close(&play->far);
    assert(pass_pair(&play->far, &near) == 0);
    spawn_client_attach(play->client, near);
}

static void forget(struct play *play, unsigned i)
{
    spawn_client_forget(play->client, &play->programs[i]);
    assert(play->programs[i].state == PROGRAM_IDLE);
    play->programs[i] = (struct program){ .task = &play->tasks[i] };
}

static void ask(struct play *play, unsigned i, enum spawn_stdin kind)
{
    const struct spawn_ask wish = {
        .rule = i,
        .stdin_kind = kind,
        .script = SLICE("a/b.cgi"),
        .environment = slice_of("A=1", 4),
    };
    scoped_fd file = kind == SPAWN_STDIN_FILE ? dup(play->far >= 0 ? play->far : 0) : -1;

    forget(play, i);
    spawn_client_ask(play->client, &play->programs[i], &wish, file);
}

/* `count` descriptors go with it. */
static void say(struct play *play, const void *bytes, size_t len, unsigned count)
{
    int fds[4] = { play->far, play->far, play->far, play->far };
    const struct iovec part = { (void *)bytes, len };

    if (play->far >= 0 && len > 0)
        (void)pass_send(play->far, &part, 1, fds, (int)(count % 5));
}

static void say_anything(struct play *play, unsigned count)
{
    const struct slice bytes = slice_first(play->in, next(play) % DATAGRAM_MOST);

    play->in = slice_skip(play->in, bytes.len);
    say(play, bytes.at, bytes.len, count);
}

/* What a spawner says, about a program that may be one of ours. */
static void say_well(struct play *play, enum spawn_kind kind, unsigned i)
{
    struct spawn_message message = { .kind = kind };
    const uint32_t token = play->programs[i].ask.token;
    unsigned char bytes[SPAWN_HEAD_MOST + DATAGRAM_MOST];
    unsigned char head[SPAWN_HEAD_MOST];
    struct iovec parts[SPAWN_PARTS_MOST];
    const unsigned word = next(play);
    size_t len = 0;

    if (kind == SPAWN_STARTED)
        message.started = (struct spawn_started){ token, 4711, (word & 1) != 0 };
    else if (kind == SPAWN_FAILED)
        message.failed = (struct spawn_failed){ token, SPAWN_STAGE_EXEC, (int32_t)word };
    else if (kind == SPAWN_EXITED)
        message.exited = (struct spawn_exited){ .token = token, .family_left = (word & 1) != 0 };
    else
        message.seen = (struct spawn_seen){ token, SLICE("sleeps") };

    const int count = spawn_encode(&message, head, parts);
    for (int n = 0; n < count; n++) {
        memcpy(bytes + len, parts[n].iov_base, parts[n].iov_len);
        len += parts[n].iov_len;
    }
    say(play, bytes, len, kind == SPAWN_STARTED ? 2 + (word & 1) + (word >> 7) : word >> 7);
}

static void look(struct play *play, unsigned i)
{
    if (play->programs[i].state != PROGRAM_RUNNING)
        return;
    play->seen = text_on(play->seen_room, sizeof(play->seen_room));
    spawn_client_look(play->client, &play->programs[i], &play->seen);
}

static void kill_one(struct play *play, unsigned i)
{
    if (play->programs[i].state == PROGRAM_ASKED || play->programs[i].state == PROGRAM_RUNNING)
        spawn_client_kill(play->client, &play->programs[i]);
}

/* What was sent goes nowhere, so that the channel is not full for ever. */
static void drop_questions(struct play *play)
{
    static char bytes[SPAWN_MESSAGE_MOST];
    int fd = -1;
    int count;

    while (play->far >= 0 && pass_receive(play->far, bytes, sizeof(bytes), &fd, 1, &count) > 0)
        fd_close(&fd);
}

static void one_round(struct play *play)
{
    static const enum spawn_kind kinds[] = { SPAWN_STARTED, SPAWN_FAILED, SPAWN_EXITED,
                                             SPAWN_SEEN };
    const unsigned word = next(play);
    const unsigned i = (word >> 4) % PROGRAMS;

    switch (word % 12) {
    case 0:
    case 1:
    case 2:
        ask(play, i, (enum spawn_stdin)(word % 12));
        break;
    case 3:
        kill_one(play, i);
        break;
    case 4:
        forget(play, i);
        break;
    case 5:
        look(play, i);
        break;
    case 6:
        attach(play);
        break;
    case 7:
        fd_close(&play->far);
        loop_pass(&play->loop, word * 20);
        break;
    case 8:
        say_anything(play, word >> 6);
        break;
    default:
        say_well(play, kinds[(word % 12 + (word >> 6)) % 4], i);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const size_t open_before = fd_count_open();
    struct play play = { .in = slice_of(data, size), .far = -1 };

    signal(SIGPIPE, SIG_IGN);
    loop_init(&play.loop, driver_fake_new());
    play.client = spawn_client_new(&play.loop, NULL);
    for (unsigned i = 0; i < PROGRAMS; i++) {
        play.tasks[i].run = on_news;
        play.programs[i].task = &play.tasks[i];
    }
    attach(&play);
    for (unsigned n = 0; n < ROUNDS_MOST && play.in.len > 0; n++) {
        one_round(&play);
        loop_settle(&play.loop);
        drop_questions(&play);
    }

    for (unsigned i = 0; i < PROGRAMS; i++) {
        spawn_client_forget(play.client, &play.programs[i]);
        assert(play.programs[i].state == PROGRAM_IDLE);
    }
    loop_settle(&play.loop);
    spawn_client_free(play.client);
    fd_close(&play.far);
    loop_done(&play.loop);
    assert(fd_count_open() == open_before);
    return 0;
}
