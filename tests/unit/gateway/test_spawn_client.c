#include "gateway/spawn_client.h"

#include "gateway/spawner_fake.h"
#include "loop/driver_fake.h"
#include "os/fd.h"
#include "os/shortage.h"
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

static struct loop loop;
static struct spawn_client *client;
static struct spawner_fake spawner;
static unsigned woken;

/* ---- a user of the client ---- */

static void on_wake(struct task *task)
{
    (void)task;
    woken++;
}

static struct task task = { .run = on_wake };

static const struct spawn_ask example = {
    .rule = 7,
    .stdin_kind = SPAWN_STDIN_NONE,
    .script = SLICE_INIT("a/b.cgi"),
    .environment = { "A=1", 4 },
};

static void attach(void)
{
    int fd;

    spawner_fake_open(&spawner, &fd);
    spawn_client_attach(client, fd);
    loop_settle(&loop);
}

static void begin(void)
{
    signal(SIGPIPE, SIG_IGN);
    loop_init(&loop, driver_fake_new());
    client = spawn_client_new(&loop, NULL);
    woken = 0;
}

static void end(void)
{
    spawn_client_free(client);
    spawner_fake_close(&spawner);
    loop_done(&loop);
}

static void ask(struct program *program)
{
    *program = (struct program){ .task = &task };
    spawn_client_ask(client, program, &example, -1);
}

static void start_answered(struct program *program, struct program_fake *fake)
{
    ck_assert(spawner_fake_read(&spawner));
    spawner_fake_start(&spawner, fake);
    loop_settle(&loop);
    ck_assert_int_eq(program->state, PROGRAM_RUNNING);
}

/* Asks, and lets it start. */
static void start(struct program *program, struct program_fake *fake)
{
    ask(program);
    start_answered(program, fake);
}

START_TEST(a_start_is_one_message_and_brings_pipes)
{
    struct program program;
    struct program_fake fake;
    char byte;

    begin();
    attach();
    ask(&program);
    ck_assert_int_eq(program.state, PROGRAM_ASKED); /* sent at once, by the asker's own turn */
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.kind, SPAWN_ASK);
    ck_assert_uint_eq(spawner.message.ask.rule, 7);
    ck_assert(slice_equal_cstr(spawner.message.ask.script, "a/b.cgi"));
    spawner_fake_start(&spawner, &fake);
    loop_settle(&loop);

    ck_assert_int_eq(program.state, PROGRAM_RUNNING);
    ck_assert_int_eq(program.started.pid, 4711);
    ck_assert_int_eq(program.stdin_fd, -1);
    program_fake_say(&fake, "x");
    ck_assert_int_eq(read(program.stdout_fd, &byte, 1), 1);
    spawner_fake_exit(&spawner, &fake, 256);
    loop_settle(&loop);
    ck_assert_int_eq(program.state, PROGRAM_EXITED);
    ck_assert_int_eq(program.exited.status, 256);
    ck_assert_uint_eq(woken, 2);
    spawn_client_forget(client, &program);
    ck_assert(!spawner_fake_read(&spawner)); /* nothing was left to kill */
    end();
}
END_TEST

START_TEST(a_refusal_is_told)
{
    struct program program;

    begin();
    attach();
    ask(&program);
    ck_assert(spawner_fake_read(&spawner));
    spawner_fake_fail(&spawner, spawner.message.ask.token, SPAWN_STAGE_SCRIPT, ENOENT);
    loop_settle(&loop);
    ck_assert_int_eq(program.state, PROGRAM_FAILED);
    ck_assert_int_eq(program.failed.stage, SPAWN_STAGE_SCRIPT);
    ck_assert_int_eq(program.failed.error, ENOENT);
    end();
}
END_TEST

START_TEST(a_program_that_is_forgotten_is_killed_and_its_pipes_are_closed)
{
    struct program program;
    struct program_fake fake;

    begin();
    attach();
    start(&program, &fake);
    spawn_client_forget(client, &program);
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.kind, SPAWN_KILL);
    ck_assert_uint_eq(spawner.message.kill_token, fake.token);
    ck_assert_int_eq(write(fake.out, "x", 1), -1);
    spawner_fake_exit(&spawner, &fake, 9); /* news about it are for nobody */
    loop_settle(&loop);
    ck_assert_int_eq(program.state, PROGRAM_IDLE);
    end();
}
END_TEST

START_TEST(pipes_of_a_program_forgotten_before_its_start_are_closed)
{
    struct program program;
    struct program_fake fake;
    size_t open_before;

    begin();
    attach();
    open_before = fd_count_open();
    ask(&program);
    ck_assert(spawner_fake_read(&spawner));
    spawn_client_forget(client, &program);
    spawner_fake_start(&spawner, &fake);
    loop_settle(&loop);
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.kind, SPAWN_KILL);
    spawner_fake_exit(&spawner, &fake, 9);
    loop_settle(&loop);
    ck_assert_uint_eq(fd_count_open(), open_before);
    end();
}
END_TEST

START_TEST(a_look_brings_what_was_seen)
{
    struct program program;
    struct program_fake fake;
    char room[64];
    struct text seen = text_on(room, sizeof(room));

    begin();
    attach();
    ask(&program);
    spawn_client_look(client, &program, &seen); /* it does not run yet */
    start_answered(&program, &fake);
    ck_assert(!spawner_fake_read(&spawner));

    spawn_client_look(client, &program, &seen);
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.kind, SPAWN_LOOK);
    ck_assert_uint_eq(spawner.message.look_token, program.ask.token);
    woken = 0;
    spawner_fake_see(&spawner, program.ask.token + 1, "somebody else");
    spawner_fake_see(&spawner, program.ask.token, "asleep");
    spawner_fake_see(&spawner, program.ask.token, "nobody asked");
    loop_settle(&loop);
    ck_assert_uint_eq(woken, 1);
    ck_assert_str_eq(text_cstr(&seen), "asleep");
    spawner_fake_exit(&spawner, &fake, 0);
    loop_settle(&loop);
    spawn_client_forget(client, &program);
    end();
}
END_TEST

START_TEST(what_is_seen_of_a_forgotten_program_is_dropped)
{
    struct program program;
    struct program_fake fake;
    char room[64];
    struct text seen = text_on(room, sizeof(room));

    begin();
    attach();
    start(&program, &fake);
    spawn_client_look(client, &program, &seen);
    uint32_t token = program.ask.token;
    spawn_client_forget(client, &program);
    spawner_fake_see(&spawner, token, "asleep");
    loop_settle(&loop);
    ck_assert_uint_eq(seen.len, 0);
    spawner_fake_exit(&spawner, &fake, 0);
    end();
}
END_TEST

START_TEST(asks_wait_for_a_spawner)
{
    struct program first;
    struct program second;

    begin();
    ask(&first);
    ask(&second);
    loop_pass(&loop, SPAWN_WAIT_MS - 1);
    ck_assert_int_eq(first.state, PROGRAM_WAITING);
    attach();
    ck_assert_int_eq(first.state, PROGRAM_ASKED);
    ck_assert_int_eq(second.state, PROGRAM_ASKED);
    loop_pass(&loop, SPAWN_WAIT_MS * 2);
    ck_assert_int_eq(first.state, PROGRAM_ASKED);
    end();
}
END_TEST

START_TEST(asks_do_not_wait_for_ever)
{
    struct program first;
    struct program second;

    begin();
    spawner.fd = spawner.file = -1;
    ask(&first);
    loop_pass(&loop, 500);
    ask(&second);
    loop_pass(&loop, SPAWN_WAIT_MS - 500);
    ck_assert_int_eq(first.state, PROGRAM_FAILED);
    ck_assert_int_eq(first.failed.stage, SPAWN_STAGE_GONE);
    ck_assert_int_eq(second.state, PROGRAM_WAITING);
    loop_pass(&loop, 500);
    ck_assert_int_eq(second.state, PROGRAM_FAILED);
    end();
}
END_TEST

START_TEST(when_the_spawner_dies_all_it_had_is_gone)
{
    struct program running;
    struct program asked;
    struct program later;
    struct program_fake fake;

    begin();
    attach();
    start(&running, &fake);
    ask(&asked);
    spawner_fake_close(&spawner);
    loop_settle(&loop);
    ck_assert_int_eq(running.state, PROGRAM_GONE);
    ck_assert_int_eq(asked.state, PROGRAM_FAILED);
    ck_assert_int_eq(asked.failed.stage, SPAWN_STAGE_GONE);

    ask(&later);
    loop_pass(&loop, 100);
    attach();
    ck_assert_int_eq(later.state, PROGRAM_ASKED);
    spawn_client_forget(client, &running);
    fd_close(&fake.out);
    fd_close(&fake.err);
    end();
}
END_TEST

START_TEST(an_ask_that_meets_a_dead_spawner_waits_for_the_next)
{
    struct program program;

    begin();
    attach();
    spawner_fake_close(&spawner);
    ask(&program); /* nobody has heard of the death yet */
    loop_settle(&loop);
    ck_assert_int_eq(program.state, PROGRAM_WAITING);
    attach();
    ck_assert_int_eq(program.state, PROGRAM_ASKED);
    end();
}
END_TEST

START_TEST(a_new_channel_replaces_the_old)
{
    struct program program;
    struct program_fake fake;
    int old;

    begin();
    attach();
    start(&program, &fake);
    old = spawner.fd;
    attach();
    ck_assert_int_eq(program.state, PROGRAM_GONE);
    spawn_client_forget(client, &program);
    close(old);
    fd_close(&fake.out);
    fd_close(&fake.err);
    end();
}
END_TEST

START_TEST(a_full_channel_is_a_pause)
{
    static struct program programs[20000];
    static char environment[60000] = "A=";
    struct spawn_ask big = example;
    unsigned asked = 0;

    begin();
    attach();
    memset(environment + 2, 'x', sizeof(environment) - 3);
    big.environment = slice_of(environment, sizeof(environment));
    for (asked = 0; asked < 20000; asked++) {
        programs[asked] = (struct program){ .task = &task };
        spawn_client_ask(client, &programs[asked], &big, -1);
        if (programs[asked].state == PROGRAM_WAITING)
            break;
    }
    ck_assert_uint_lt(asked, 20000);
    spawn_client_forget(client, &programs[0]); /* its KILL has to wait too */
    loop_pass(&loop, SPAWN_WAIT_MS * 2);       /* a spawner that is busy is there */
    ck_assert_int_eq(programs[asked].state, PROGRAM_WAITING);

    unsigned asks = 0;
    unsigned kills = 0;
    do {
        while (spawner_fake_read(&spawner)) {
            asks += spawner.message.kind == SPAWN_ASK;
            kills += spawner.message.kind == SPAWN_KILL;
        }
        loop_settle(&loop);
    } while (programs[asked].state == PROGRAM_WAITING);
    while (spawner_fake_read(&spawner)) {
        asks += spawner.message.kind == SPAWN_ASK;
        kills += spawner.message.kind == SPAWN_KILL;
    }
    ck_assert_uint_eq(asks, asked + 1);
    ck_assert_uint_eq(kills, 1);
    end();
}
END_TEST

START_TEST(an_environment_over_the_limit_fails)
{
    static char environment[SPAWN_MESSAGE_MOST] = "A=";
    struct spawn_ask big = example;
    struct program program = { .task = &task };

    begin();
    attach();
    memset(environment + 2, 'x', sizeof(environment) - 3);
    big.environment = slice_of(environment, sizeof(environment));
    spawn_client_ask(client, &program, &big, -1);
    ck_assert_int_eq(program.state, PROGRAM_FAILED);
    ck_assert_int_eq(program.failed.error, E2BIG);
    end();
}
END_TEST

START_TEST(a_file_travels_with_the_ask)
{
    struct spawn_ask with_file = example;
    struct program program = { .task = &task };
    char bytes[8];
    int file;

    begin();
    attach();
    ck_assert_int_eq(fd_sealed("body", "hello", 5, &file), 0);
    with_file.stdin_kind = SPAWN_STDIN_FILE;
    spawn_client_ask(client, &program, &with_file, file);
    fd_close(&file);
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(read(spawner.file, bytes, sizeof(bytes)), 5);
    end();
}
END_TEST

/* Its pipes find no descriptors here: it is ended, and the channel serves the next. */
START_TEST(a_start_whose_pipes_do_not_fit_fails_alone)
{
    struct program program, next;
    struct program_fake fake;

    begin();
    attach();
    ask(&program);
    ck_assert(spawner_fake_read(&spawner));
    spawner_fake_start(&spawner, &fake);
    shortage_begin(0);
    loop_settle(&loop);
    shortage_end();
    ck_assert_int_eq(program.state, PROGRAM_FAILED);
    ck_assert_int_eq(program.failed.stage, SPAWN_STAGE_PIPES);
    ck_assert_int_eq(program.failed.error, EMFILE);
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.kind, SPAWN_KILL);
    ck_assert_uint_eq(spawner.message.kill_token, fake.token);
    spawner_fake_exit(&spawner, &fake, 9);
    start(&next, &fake);
    spawn_client_forget(client, &next);
    end();
}
END_TEST

START_TEST(nonsense_from_the_spawner_ends_the_channel)
{
    struct program program;

    begin();
    attach();
    ask(&program);
    ck_assert_int_eq(write(spawner.fd, "nonsense", 8), 8);
    loop_settle(&loop);
    ck_assert_int_eq(program.state, PROGRAM_FAILED);
    ck_assert_int_eq(program.failed.stage, SPAWN_STAGE_GONE);
    end();
}
END_TEST

SUITE("spawn_client", TEST(a_start_is_one_message_and_brings_pipes), TEST(a_refusal_is_told),
      TEST(a_program_that_is_forgotten_is_killed_and_its_pipes_are_closed),
      TEST(pipes_of_a_program_forgotten_before_its_start_are_closed), TEST(asks_wait_for_a_spawner),
      TEST(a_look_brings_what_was_seen), TEST(what_is_seen_of_a_forgotten_program_is_dropped),
      TEST(asks_do_not_wait_for_ever), TEST(when_the_spawner_dies_all_it_had_is_gone),
      TEST(an_ask_that_meets_a_dead_spawner_waits_for_the_next),
      TEST(a_new_channel_replaces_the_old), TEST(a_full_channel_is_a_pause),
      TEST(an_environment_over_the_limit_fails), TEST(a_file_travels_with_the_ask),
      TEST(a_start_whose_pipes_do_not_fit_fails_alone),
      TEST(nonsense_from_the_spawner_ends_the_channel))
