#include "gateway/backend.h"
#include "gateway/fcgi_record.h"
#include "handler/two_programs.h"
#include "os/fd.h"
#include "os/socket.h"
#include "suite.h"

#include <stdlib.h>

/* What must not be done twice, and what is known about it when a program closes. */

static struct two_programs *two;
static struct visitor *v;
static struct fastcgi_fake *fake;

static void begin(void)
{
    two = two_programs_open();
    v = two->v;
    fake = &two->fakes[0];
    two->sections[0].restart_hold_ms = 3000;
}

static void end(void)
{
    two_programs_close(two);
}

static void post(void)
{
    visitor_ask(v, "POST", "/a.php", 5, NULL);
    visitor_send(v, "hello");
    visitor_end_body(v, BODY_COMPLETE);
}

/* It takes the connection, and reads what has come. */
static void accept_and_read(void)
{
    ck_assert(fastcgi_fake_accept(fake));
}

static void go_on(void)
{
    visitor_settle(v);
    fastcgi_fake_read(fake, SIZE_MAX);
}

static void answer(void)
{
    ck_assert(fake->body_ended);
    ck_assert_uint_eq(fake->body_len, 5);
    fastcgi_fake_say(fake, FCGI_STDOUT, "Content-Type: text/plain\r\n\r\nhello");
    fastcgi_fake_end(fake, 0, FCGI_COMPLETE);
    visitor_settle(v);
    ck_assert_int_eq(v->status, 200);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), 0);
}

/* Of a request that took its time but was never sent away. */
static void check_failure(int status, const char *why)
{
    ck_assert_int_eq(v->status, status);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), 1);
    ck_assert_msg(visitor_log_has(v, why), "'%s' is not in the log", why);
}

static const char *const unsafe[] = { "POST", "PUT", "DELETE", "PATCH" };
static const char *const safe[] = { "GET", "HEAD", "OPTIONS" };

START_TEST(what_is_not_safe_begins_and_waits_for_its_reader)
{
    begin();
    visitor_ask(v, unsafe[_i], "/a.php", VISITOR_NO_BODY, NULL);
    accept_and_read();
    ck_assert_uint_eq(fake->begins, 1);
    ck_assert_uint_eq(fake->params_len, 0);
    go_on();
    ck_assert(fake->params_ended && fake->body_ended);
    visitor_leave(v, RESET_CLIENT_GONE);
    end();
}
END_TEST

START_TEST(what_is_safe_is_whole_at_once)
{
    begin();
    visitor_ask(v, safe[_i], "/a.php", VISITOR_NO_BODY, NULL);
    accept_and_read();
    ck_assert(fake->params_ended && fake->body_ended);
    visitor_leave(v, RESET_CLIENT_GONE);
    end();
}
END_TEST

START_TEST(a_post_that_nobody_had_taken_waits_for_the_next_program)
{
    begin();
    post();
    fastcgi_fake_stop(fake, true);
    visitor_pass(v, 1000);
    ck_assert_int_eq(v->status, 0);
    ck_assert(visitor_log_has(v, "is gone: Connection reset by peer; its requests wait"));
    ck_assert_int_eq(socket_listen(&fake->address, 8, &fake->listener), 0);
    visitor_pass(v, 100);
    accept_and_read();
    go_on();
    answer();
    ck_assert(visitor_log_has(v, "is there again, after"));
    end();
}
END_TEST

START_TEST(a_post_that_was_taken_and_not_read_goes_to_the_next_worker)
{
    union socket_address peer;
    int fd;

    begin();
    post();
    ck_assert_int_eq(socket_accept(fake->listener, &peer, &fd), 0);
    visitor_settle(v);
    fd_close(&fd);
    visitor_pass(v, 100);
    accept_and_read();
    go_on();
    answer();
    end();
}
END_TEST

START_TEST(a_post_whose_worker_ends_behind_the_greeting_goes_to_the_next)
{
    begin();
    post();
    accept_and_read();
    fd_close(&fake->fd); /* the rest had no time to come */
    visitor_pass(v, 100);
    accept_and_read();
    go_on();
    answer();
    end();
}
END_TEST

START_TEST(a_post_that_was_read_is_never_sent_twice)
{
    begin();
    post();
    accept_and_read();
    go_on();
    ck_assert(fake->params_ended);
    fd_close(&fake->fd);
    visitor_pass(v, 1000);
    check_failure(502, "closed before the head");
    ck_assert(!fastcgi_fake_accept(fake));
    end();
}
END_TEST

START_TEST(a_kept_connection_that_closes_at_a_greeting_is_replaced)
{
    begin();
    two->sections[0].keep_connections = 1;
    post();
    accept_and_read();
    go_on();
    answer();
    post();
    fastcgi_fake_hang_up(fake);
    visitor_settle(v);
    accept_and_read();
    go_on();
    answer();
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(a_program_that_closes_unread_again_and_again_is_given_up)
{
    begin();
    two->sections[0].queue_ms = 60000;
    post();
    for (unsigned i = 0; i < 1000 && v->status == 0; i++) {
        union socket_address peer;
        int fd;

        if (socket_accept(fake->listener, &peer, &fd) == 0)
            fd_close(&fd);
        visitor_pass(v, 10);
    }
    check_failure(503, "it closed before it read the request");
    ck_assert(visitor_log_has(v, "resting it for 1 s"));
    end();
}
END_TEST

START_TEST(an_answer_to_a_greeting_is_heard)
{
    union socket_address peer;

    begin();
    post();
    ck_assert_int_eq(socket_accept(fake->listener, &peer, &fake->fd), 0);
    fastcgi_fake_say(fake, FCGI_STDOUT, "Status: 403\r\n\r\nno");
    fastcgi_fake_end(fake, 0, FCGI_COMPLETE);
    fastcgi_fake_hang_up(fake);
    visitor_settle(v);
    ck_assert_int_eq(v->status, 403);
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(who_waits_to_be_read_has_its_time)
{
    begin();
    post();
    visitor_pass(v, 4999);
    ck_assert_int_eq(v->status, 0);
    visitor_pass(v, 1);
    check_failure(504, "while it waited for a worker to read the request");
    end();
}
END_TEST

SUITE("greeting", LOOP(what_is_not_safe_begins_and_waits_for_its_reader, unsafe),
      LOOP(what_is_safe_is_whole_at_once, safe),
      TEST(a_post_that_nobody_had_taken_waits_for_the_next_program),
      TEST(a_post_that_was_taken_and_not_read_goes_to_the_next_worker),
      TEST(a_post_whose_worker_ends_behind_the_greeting_goes_to_the_next),
      TEST(a_post_that_was_read_is_never_sent_twice),
      TEST(a_kept_connection_that_closes_at_a_greeting_is_replaced),
      TEST(a_program_that_closes_unread_again_and_again_is_given_up),
      TEST(an_answer_to_a_greeting_is_heard), TEST(who_waits_to_be_read_has_its_time))
