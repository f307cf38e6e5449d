/*
 * The spawner's side of a reactor's channel, whatever the server sends: the server is what an
 * attacker would have taken over first. Datagrams of the input, each with or without a descriptor;
 * the answers are read or left. Without a policy nothing may be started, so each ASK that is let in
 * is answered by FAILED, and a message that is refused ends the channel.
 */
#include "spawner_private.h"

#include "loop/driver_fake.h"
#include "os/fd.h"
#include "os/pass.h"

#include <assert.h>
#include <signal.h>

struct play {
    struct spawner spawner; /* the same for all inputs */
    int boss;               /* the supervisor's end */
    int server;             /* the reactor's end */
};

static void open_spawner(struct play *play)
{
    int theirs;

    signal(SIGPIPE, SIG_IGN);
    assert(pass_pair(&play->boss, &theirs) == 0);
    assert(spawner_open(&play->spawner, driver_fake_new(), theirs) == 0);
    loop_settle(&play->spawner.loop);
}

static void begin(struct play *play)
{
    int theirs;

    if (!play->spawner.datagram)
        open_spawner(play);
    assert(pass_pair(&play->server, &theirs) == 0);
    channel_open(&play->spawner, theirs, 0);
    loop_settle(&play->spawner.loop);
}

static void end(struct play *play)
{
    fd_close(&play->server);
    loop_settle(&play->spawner.loop);
    assert(list_empty(&play->spawner.channels));
    assert(list_empty(&play->spawner.running) && list_empty(&play->spawner.families));
}

static void say(struct play *play, struct slice bytes, bool with_file)
{
    const struct iovec part = { (void *)bytes.at, bytes.len };

    if (bytes.len > 0)
        (void)pass_send(play->server, &part, 1, &play->boss, with_file ? 1 : 0);
}

/* Nothing is said but that there is no such rule. */
static void hear(struct play *play)
{
    static char bytes[SPAWN_MESSAGE_MOST];
    struct spawn_message message;
    struct parse_fault fault;
    int fds[3];
    int count;
    int len;

    while ((len = pass_receive(play->server, bytes, sizeof(bytes), fds, 3, &count)) > 0) {
        assert(count == 0);
        assert(spawn_decode(slice_of(bytes, (size_t)len), &message, &fault) == PARSE_DONE);
        assert(message.kind == SPAWN_FAILED && message.failed.stage == SPAWN_STAGE_RULE);
    }
}

/* What the supervisor is told. */
static void drop_complaints(struct play *play)
{
    char bytes[1024];
    int count;

    while (pass_receive(play->boss, bytes, sizeof(bytes), NULL, 0, &count) > 0)
        ;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct play play;
    struct slice in = slice_of(data, size);

    begin(&play);
    const size_t open_before = fd_count_open();
    while (in.len > 2) {
        const unsigned how = (unsigned char)in.at[1];
        const struct slice bytes = slice_first(slice_skip(in, 2), (unsigned char)in.at[0]);

        in = slice_skip(in, 2 + bytes.len);
        say(&play, bytes, (how & 1) != 0);
        if ((how & 2) == 0)
            loop_settle(&play.spawner.loop);
        if ((how & 4) == 0)
            hear(&play);
    }
    loop_settle(&play.spawner.loop);
    hear(&play);
    drop_complaints(&play);
    end(&play);
    assert(fd_count_open() == open_before - 2); /* both ends of the channel */
    return 0;
}
