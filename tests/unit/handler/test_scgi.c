#include "gateway/backend.h"
#include "handler/two_programs.h"
#include "suite.h"

#include <string.h>

static struct two_programs *two;
static struct visitor *v;

static void begin(void)
{
    two = two_programs_open();
    v = two->v;
    two->sections[0].protocol = PROTOCOL_SCGI;
    two->fakes[0].raw = true;
}

static void end(void)
{
    two_programs_close(two);
}

static struct fastcgi_fake *ask(const char *method, int64_t body_len)
{
    visitor_ask(v, method, "/a.php?q", body_len, NULL);
    return two_programs_accept(two, 0);
}

/* What stands between the netstring and the end of what came; also checks the netstring. */
static struct slice body_of(const struct fastcgi_fake *fake)
{
    struct slice all = raw_heard(fake);
    struct slice digits;
    struct slice rest;
    size_t len = 0;

    ck_assert(slice_cut(all, ':', &digits, &rest));
    for (size_t i = 0; i < digits.len; i++)
        len = len * 10 + (size_t)(digits.at[i] - '0');
    ck_assert_uint_gt(rest.len, len);
    ck_assert_int_eq(rest.at[len], ',');
    return slice_skip(rest, len + 1);
}

#define PAIR(literal) SLICE(literal "\0")

START_TEST(a_get_is_one_netstring)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    ck_assert(raw_has_heard(fake, PAIR(":CONTENT_LENGTH\0"
                                       "0\0SCGI\0"
                                       "1")));
    ck_assert(raw_has_heard(fake, PAIR("\0REQUEST_METHOD\0GET")));
    ck_assert(raw_has_heard(fake, PAIR("\0SCRIPT_FILENAME\0/srv/www/a.php")));
    ck_assert_uint_eq(body_of(fake).len, 0);
    raw_say(two, fake, "Content-Type: text/plain\r\n\r\nhel");
    raw_say(two, fake, "lo");
    ck_assert_int_eq(v->status, 200);
    ck_assert_int_eq(v->end, BODY_OPEN);
    raw_hang_up(two, fake);
    two_programs_check_body(two, "hello");
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(a_body_follows_as_it_is)
{
    begin();
    struct fastcgi_fake *fake = ask("POST", 11);
    ck_assert(raw_has_heard(fake, PAIR(":CONTENT_LENGTH\0"
                                       "11")));
    visitor_send(v, "hello ");
    visitor_send(v, "world");
    fastcgi_fake_read(fake, SIZE_MAX);
    ck_assert(slice_equal(body_of(fake), SLICE("hello world")));
    visitor_end_body(v, BODY_COMPLETE);
    fastcgi_fake_read(fake, SIZE_MAX);
    ck_assert(slice_equal(body_of(fake), SLICE("hello world"))); /* nothing says that it ends */
    raw_say(two, fake, "Status: 201\r\nContent-Type: a/b\r\n\r\n");
    raw_hang_up(two, fake);
    ck_assert_int_eq(v->status, 201);
    end();
}
END_TEST

START_TEST(a_body_of_unknown_length_has_one_for_the_program)
{
    begin();
    visitor_ask(v, "POST", "/a.php", VISITOR_CHUNKED, NULL);
    visitor_send(v, "hello");
    ck_assert(!fastcgi_fake_accept(&two->fakes[0]));
    visitor_end_body(v, BODY_COMPLETE);
    struct fastcgi_fake *fake = two_programs_accept(two, 0);
    ck_assert(raw_has_heard(fake, PAIR(":CONTENT_LENGTH\0"
                                       "5")));
    ck_assert(slice_equal(body_of(fake), SLICE("hello")));
    raw_say(two, fake, "Content-Type: a/b\r\n\r\n");
    raw_hang_up(two, fake);
    ck_assert_int_eq(v->status, 200);
    end();
}
END_TEST

/* What is said before the connection ends, and what becomes of it. */
static const struct {
    const char *said;
    int status;
    enum body_end end;
    const char *line; /* NULL: none */
} ends[] = {
    { "Content-Type: a/b\r\n\r\n", 200, BODY_COMPLETE, NULL },
    { "Content-Type: a/b\r\nContent-Length: 5\r\n\r\nhello", 200, BODY_COMPLETE, NULL },
    { "Content-Type: a/b\r\nContent-Length: 5\r\n\r\nhell", 200, BODY_BROKEN, "SCGI FIRST: " },
    { "Content-Type: a/b\r\nContent-Length: 5\r\n\r\nhello, more", 200, BODY_COMPLETE,
      "cut its answer" },
    { "Content-Type: a/b\r\n", 502, BODY_COMPLETE, "before the head of its answer was complete" },
    { "", 502, BODY_COMPLETE, "before the head of its answer was complete" },
    { "no head\r\n\r\n", 502, BODY_COMPLETE, "is refused" },
};

START_TEST(the_end_of_the_stream_is_the_end_of_the_answer)
{
    begin();
    struct fastcgi_fake *fake = ask("POST", 0);
    raw_say(two, fake, ends[_i].said);
    raw_hang_up(two, fake);
    ck_assert_int_eq(v->status, ends[_i].status);
    ck_assert_int_eq(v->end, ends[_i].end);
    ck_assert_uint_eq(v->line_count, ends[_i].line != NULL);
    ck_assert(!ends[_i].line || visitor_log_has(v, ends[_i].line));
    end();
}
END_TEST

START_TEST(a_get_that_was_closed_before_a_word_is_asked_once_more)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    raw_hang_up(two, fake);
    ck_assert_int_eq(v->status, 0);
    fake = two_programs_accept(two, 0);
    raw_hang_up(two, fake);
    ck_assert(!fastcgi_fake_accept(&two->fakes[0]));
    ck_assert_int_eq(v->status, 502);
    ck_assert(visitor_log_has(v, "SCGI FIRST"));
    end();
}
END_TEST

START_TEST(one_that_says_nothing_runs_out_of_time)
{
    begin();
    ask("GET", VISITOR_NO_BODY);
    visitor_pass(v, two->vhost.folder.time_for_cgi_ms);
    ck_assert_int_eq(v->status, 504);
    ck_assert(visitor_log_has(v, "TimeForCGI"));
    end();
}
END_TEST

START_TEST(a_client_that_leaves_frees_the_program)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    raw_say(two, fake, "Content-Type: a/b\r\n\r\nhello");
    visitor_leave(v, RESET_CLIENT_GONE);
    fastcgi_fake_read(fake, SIZE_MAX);
    ck_assert(fake->closed);
    end();
}
END_TEST

SUITE("scgi", TEST(a_get_is_one_netstring), TEST(a_body_follows_as_it_is),
      TEST(a_body_of_unknown_length_has_one_for_the_program),
      LOOP(the_end_of_the_stream_is_the_end_of_the_answer, ends),
      TEST(a_get_that_was_closed_before_a_word_is_asked_once_more),
      TEST(one_that_says_nothing_runs_out_of_time), TEST(a_client_that_leaves_frees_the_program))
