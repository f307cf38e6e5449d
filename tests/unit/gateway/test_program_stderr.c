#include "gateway/program_stderr.h"

#include "base/container.h"
#include "loop/driver_fake.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A log that keeps its last line. */
struct kept_log {
    struct log log;
    char line[256];
    unsigned count;
};

static void keep_line(struct log *log, enum log_level level, struct slice line)
{
    struct kept_log *kept = container_of(log, struct kept_log, log);

    (void)level;
    kept->count++;
    snprintf(kept->line, sizeof(kept->line), "%.*s", SLICE_ARGS(line));
}

static struct loop loop;
static struct driver *driver;
static struct kept_log kept;
static struct last_words words;
static struct program_stderr err;
static int program; /* its end of the pipe */

static void on_wake(struct task *task)
{
    (void)task;
    program_stderr_pump(&err);
}

static struct task task = { .run = on_wake };

static void begin(void)
{
    int ends[2];

    kept = (struct kept_log){ .log.write = keep_line };
    driver = driver_fake_new();
    loop_init(&loop, driver);
    last_words_init(&words, &kept.log, "id", SLICE("host"), SLICE("/a.cgi"));
    program_stderr_init(&err, &loop, &task, &words);
    ck_assert_int_eq(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
    program_stderr_open(&err, ends[0]);
    program = ends[1];
}

static void end(void)
{
    program_stderr_close(&err);
    program_stderr_close(&err); /* harmless when repeated */
    if (program >= 0)
        close(program);
    last_words_end(&words);
    last_words_done(&words);
    loop_done(&loop);
}

static void say(const char *text)
{
    ck_assert_int_eq(write(program, text, strlen(text)), (ssize_t)strlen(text));
}

static void hang_up(void)
{
    close(program);
    program = -1;
}

START_TEST(it_is_not_watched_before_its_time)
{
    begin();
    say("early\n");
    loop_pass(&loop, STDERR_UNWATCHED_MS - 1);
    ck_assert_uint_eq(kept.count, 0);
    ck_assert_uint_eq(driver_fake_watched(driver), 0);
    loop_pass(&loop, 1);
    ck_assert_str_eq(kept.line, "id host: /a.cgi: early");
    ck_assert_uint_eq(driver_fake_watched(driver), 1);
    say("late\n");
    loop_settle(&loop);
    ck_assert_str_eq(kept.line, "id host: /a.cgi: late");
    end();
}
END_TEST

START_TEST(what_was_said_unwatched_is_read_when_it_is_closed)
{
    begin();
    say("last words");
    program_stderr_close(&err);
    ck_assert_int_eq(err.io.fd, -1);
    last_words_end(&words);
    ck_assert_str_eq(kept.line, "id host: /a.cgi: last words");
    loop_pass(&loop, STDERR_UNWATCHED_MS); /* nothing is left that could fire */
    ck_assert_uint_eq(driver_fake_watched(driver), 0);
    end();
}
END_TEST

START_TEST(a_look_reads_without_being_told)
{
    begin();
    say("before the limit\n");
    program_stderr_pump(&err);
    ck_assert_uint_eq(kept.count, 0);
    program_stderr_look(&err);
    ck_assert_uint_eq(kept.count, 1);
    ck_assert_int_ge(err.io.fd, 0);
    end();
}
END_TEST

START_TEST(the_end_of_the_pipe_closes_it)
{
    begin();
    loop_pass(&loop, STDERR_UNWATCHED_MS);
    say("good");
    say("bye\n");
    hang_up();
    loop_settle(&loop);
    ck_assert_str_eq(kept.line, "id host: /a.cgi: goodbye");
    ck_assert_int_eq(err.io.fd, -1);
    ck_assert_uint_eq(driver_fake_watched(driver), 0);
    end();
}
END_TEST

START_TEST(a_watch_that_cannot_be_had_is_tried_again)
{
    begin();
    driver_fake_fail_watch(driver, -ENOSPC);
    say("one\n");
    loop_pass(&loop, STDERR_UNWATCHED_MS);
    ck_assert_str_eq(kept.line, "id host: /a.cgi: one"); /* read although nobody watches */
    driver_fake_fail_watch(driver, 0);
    say("two\n");
    loop_pass(&loop, STDERR_UNWATCHED_MS);
    ck_assert_str_eq(kept.line, "id host: /a.cgi: two");
    ck_assert_uint_eq(driver_fake_watched(driver), 1);
    end();
}
END_TEST

/* More than one turn's share, in a pipe that holds it. */
START_TEST(a_flood_is_read_in_shares)
{
    enum { SHARE = 256 * 1024, FLOOD = 2 * SHARE };
    static char flood[FLOOD];

    begin();
    ck_assert_int_ge(fcntl(program, F_SETPIPE_SZ, FLOOD), FLOOD);
    memset(flood, 'x', sizeof(flood));
    ck_assert_int_eq(write(program, flood, sizeof(flood)), FLOOD);
    program_stderr_look(&err);
    ck_assert_uint_eq(words.said_bytes, SHARE);
    loop_settle(&loop);
    ck_assert_uint_eq(words.said_bytes, FLOOD);
    end();
}
END_TEST

SUITE("program_stderr", TEST(it_is_not_watched_before_its_time),
      TEST(what_was_said_unwatched_is_read_when_it_is_closed),
      TEST(a_look_reads_without_being_told), TEST(the_end_of_the_pipe_closes_it),
      TEST(a_watch_that_cannot_be_had_is_tried_again), TEST(a_flood_is_read_in_shares))
