#include "gateway/backend.h"
#include "handler/registry.h"
#include "handler/two_programs.h"
#include "suite.h"

#include <string.h>

static struct two_programs *two;
static struct visitor *v;

static void begin(void)
{
    two = two_programs_open_http();
    v = two->v;
}

static void end(void)
{
    two_programs_close(two);
}

static struct fastcgi_fake *ask(const char *method, int64_t body_len)
{
    visitor_ask(v, method, "/a.php", body_len, NULL);
    return two_programs_accept(two, 0);
}

/* Over the connection that is there. */
static void ask_again(struct fastcgi_fake *fake, const char *method, int64_t body_len)
{
    fake->pending_len = 0;
    visitor_ask(v, method, "/again", body_len, NULL);
    ck_assert(!fastcgi_fake_accept(fake));
    fastcgi_fake_read(fake, SIZE_MAX);
}

static bool is_closed(struct fastcgi_fake *fake)
{
    fastcgi_fake_read(fake, SIZE_MAX);
    return fake->closed;
}

#define EARLY_HINTS "HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n"
#define ANSWER      "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\nhello"

START_TEST(a_request_goes_on_as_it_is)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    ck_assert(slice_starts(raw_heard(fake), SLICE("GET /a.php HTTP/1.1\r\nHost: ")));
    ck_assert(raw_has_heard(fake, SLICE("\r\n\r\n")));
    ck_assert(!raw_has_heard(fake, SLICE("Connection")));
    raw_say(two, fake, "HTTP/1.1 201 Made\r\nX-A: 1\r\nContent-Length: 5\r\n\r\nhel");
    ck_assert_int_eq(v->status, 201);
    raw_say(two, fake, "lo");
    two_programs_check_body(two, "hello");
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert_ptr_nonnull(strstr(v->fields, "X-A: 1\n"));
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(a_body_of_known_length_follows_and_has_no_end)
{
    begin();
    struct fastcgi_fake *fake = ask("POST", 11);
    ck_assert(raw_has_heard(fake, SLICE("\r\nContent-Length: 11\r\n")));
    visitor_send(v, "hello world");
    visitor_end_body(v, BODY_COMPLETE);
    fastcgi_fake_read(fake, SIZE_MAX);
    ck_assert(slice_ends(raw_heard(fake), SLICE("\r\n\r\nhello world")));
    raw_say(two, fake, ANSWER);
    two_programs_check_body(two, "hello");
    ck_assert(!is_closed(fake));
    end();
}
END_TEST

START_TEST(a_chunked_body_has_a_length_for_the_backend)
{
    begin();
    visitor_ask(v, "POST", "/a.php", VISITOR_CHUNKED, NULL);
    visitor_send(v, "hello");
    visitor_end_body(v, BODY_COMPLETE);
    struct fastcgi_fake *fake = two_programs_accept(two, 0);
    ck_assert(raw_has_heard(fake, SLICE("\r\nContent-Length: 5\r\n")));
    ck_assert(!raw_has_heard(fake, SLICE("Transfer-Encoding")));
    raw_say(two, fake, ANSWER);
    ck_assert_int_eq(v->status, 200);
    end();
}
END_TEST

START_TEST(a_connection_that_is_left_open_serves_the_next)
{
    static const char *const answers[] = {
        ANSWER,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        EARLY_HINTS ANSWER,
    };

    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    for (unsigned i = 0; i < 3; i++) {
        raw_say(two, fake, answers[i]);
        two_programs_check_body(two, "hello");
        ck_assert_int_eq(v->end, BODY_COMPLETE);
        ck_assert(!is_closed(fake));
        ask_again(fake, "POST", 0);
        ck_assert(raw_has_heard(fake, SLICE("POST /again HTTP/1.1\r\n")));
    }
    raw_say(two, fake, "HTTP/1.1 204 No\r\n\r\n");
    ck_assert_int_eq(v->status, 204);
    ck_assert(!is_closed(fake));
    end();
}
END_TEST

/* Behind these answers nobody may guess what the next bytes are. */
static const char *const last_ones[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
    "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    ANSWER "\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nevil",
};

START_TEST(a_connection_that_may_carry_more_is_closed)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    raw_say(two, fake, last_ones[_i]);
    two_programs_check_body(two, "hello");
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert(is_closed(fake));
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(an_answer_before_the_whole_request_closes_the_connection)
{
    begin();
    struct fastcgi_fake *fake = ask("POST", 1000000);
    visitor_send(v, "begins");
    raw_say(two, fake, "HTTP/1.1 413 Too Long\r\nContent-Length: 2\r\n\r\nno");
    ck_assert_int_eq(v->status, 413);
    two_programs_check_body(two, "no");
    ck_assert(is_closed(fake));
    end();
}
END_TEST

START_TEST(without_keeping_the_backend_is_told_to_close)
{
    begin();
    two->sections[0].keep_connections = 0;
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    ck_assert(raw_has_heard(fake, SLICE("\r\nConnection: close\r\n")));
    raw_say(two, fake, ANSWER);
    ck_assert(is_closed(fake));
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
    { "HTTP/1.1 200 OK\r\n\r\nto the end", 200, BODY_COMPLETE, NULL },
    { "HTTP/1.0 200 OK\r\n\r\n", 200, BODY_COMPLETE, NULL },
    { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", 200, BODY_BROKEN,
      "closed in the middle of its answer" },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 200, BODY_BROKEN,
      "closed in the middle of its answer" },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX", 200, BODY_BROKEN,
      "does not speak as expected" },
    { "HTTP/1.1 200 OK\r\nContent-Le", 502, BODY_COMPLETE, "did it crash, or restart?" },
    { "HTTP/1.1 100 Continue\r\n\r\n", 502, BODY_COMPLETE, "did it crash, or restart?" },
    { EARLY_HINTS, 502, BODY_COMPLETE, "did it crash, or restart?" },
    { "", 502, BODY_COMPLETE, "did it crash, or restart?" },
    { "220 mail.test ESMTP\r\n\r\n", 502, BODY_COMPLETE, "it begins with '220 mail.test ESMTP" },
    { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 502,
      BODY_COMPLETE, "it has both Content-Length and Transfer-Encoding" },
    { "HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\n", 502, BODY_COMPLETE, "nobody asked for" },
};

START_TEST(the_end_of_a_connection_is_seldom_that_of_an_answer)
{
    begin();
    struct fastcgi_fake *fake = ask("POST", 0);
    raw_say(two, fake, ends[_i].said);
    if (fake->fd >= 0)
        raw_hang_up(two, fake);
    ck_assert_int_eq(v->status, ends[_i].status);
    ck_assert_int_eq(v->end, ends[_i].end);
    ck_assert_uint_eq(v->line_count, ends[_i].line != NULL);
    ck_assert(!ends[_i].line || visitor_log_has(v, ends[_i].line));
    ck_assert(!ends[_i].line || visitor_log_has(v, "HTTP FIRST"));
    end();
}
END_TEST

START_TEST(interim_answers_are_passed_on_before_the_head)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    raw_say(two, fake, EARLY_HINTS "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Still\r\n\r\n");
    ck_assert_str_eq(v->informed, "103 Link: </a>\n102 ");
    ck_assert_int_eq(v->status, 0);
    raw_say(two, fake, EARLY_HINTS ANSWER);
    ck_assert_str_eq(v->informed, "103 Link: </a>\n102 103 Link: </a>\n");
    ck_assert_int_eq(v->status, 200);
    ck_assert_ptr_null(strstr(v->fields, "Link"));
    two_programs_check_body(two, "hello");
    ck_assert(!is_closed(fake));
    end();
}
END_TEST

static void be_an_error_page(struct exchange *x)
{
    x->request.error_status = 404;
}

static void be_redirected(struct exchange *x)
{
    x->redirects = 1;
}

static void (*const others[])(struct exchange *) = { be_an_error_page, be_redirected };

START_TEST(what_the_client_did_not_ask_for_has_no_interim_answers)
{
    begin();
    visitor_ask(v, "GET", "/a.php", VISITOR_NO_BODY, others[_i]);
    struct fastcgi_fake *fake = two_programs_accept(two, 0);
    raw_say(two, fake, EARLY_HINTS ANSWER);
    ck_assert_str_eq(v->informed, "");
    two_programs_check_body(two, "hello");
    end();
}
END_TEST

START_TEST(interim_answers_without_end_are_a_502)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    for (int i = 0; i < 33 && fake->fd >= 0; i++)
        raw_say(two, fake, EARLY_HINTS);
    ck_assert_int_eq(v->status, 502);
    ck_assert(visitor_log_has(v, "it has said 1xx more than 32 times, and no answer"));
    ck_assert(is_closed(fake));
    end();
}
END_TEST

/* It has begun to answer, and what it said has reached the client. */
START_TEST(a_get_with_an_interim_answer_is_not_asked_again)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    raw_say(two, fake, ANSWER);
    ask_again(fake, "GET", VISITOR_NO_BODY);
    raw_say(two, fake, EARLY_HINTS);
    raw_hang_up(two, fake);
    ck_assert(!fastcgi_fake_accept(&two->fakes[0]));
    ck_assert_int_eq(v->status, 502);
    ck_assert_uint_eq(v->line_count, 1);
    end();
}
END_TEST

/* A backend that says nothing else has as much time as one that says nothing. */
START_TEST(interim_answers_prolong_nothing)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    visitor_pass(v, two->vhost.folder.time_for_cgi_ms - 1);
    raw_say(two, fake, EARLY_HINTS);
    ck_assert_int_eq(v->status, 0);
    visitor_pass(v, 1);
    ck_assert_int_eq(v->status, 504);
    end();
}
END_TEST

#define WITH_TRAILERS                                                                              \
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum, Set-Cookie\r\n\r\n"          \
    "5\r\nhello\r\n0\r\nX-Sum: 5\r\nSet-Cookie: a=b\r\n\r\n"

static void want_trailers(struct exchange *x)
{
    x->request.wants_trailers = true;
}

START_TEST(fields_behind_the_body_are_passed_on)
{
    begin();
    visitor_ask(v, "GET", "/a.php", VISITOR_NO_BODY, want_trailers);
    struct fastcgi_fake *fake = two_programs_accept(two, 0);
    ck_assert(raw_has_heard(fake, SLICE("\r\nTE: trailers\r\n")));
    raw_say(two, fake, WITH_TRAILERS);
    two_programs_check_body(two, "hello");
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert_ptr_nonnull(strstr(v->fields, "Trailer: X-Sum\n"));
    ck_assert_str_eq(v->trailers, "X-Sum: 5\n");
    ck_assert(!is_closed(fake));

    ask_again(fake, "GET", VISITOR_NO_BODY); /* it does not say that it reads them */
    raw_say(two, fake, WITH_TRAILERS);
    two_programs_check_body(two, "hello");
    ck_assert_ptr_null(strstr(v->fields, "Trailer"));
    end();
}
END_TEST

START_TEST(an_answer_to_head_has_no_body)
{
    begin();
    struct fastcgi_fake *fake = ask("HEAD", VISITOR_NO_BODY);
    raw_say(two, fake, "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n");
    ck_assert_int_eq(v->status, 200);
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert(!is_closed(fake));
    end();
}
END_TEST

START_TEST(a_get_on_a_stale_connection_is_asked_on_a_fresh_one)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    raw_say(two, fake, ANSWER);
    ask_again(fake, "GET", VISITOR_NO_BODY);
    raw_hang_up(two, fake);
    fake = two_programs_accept(two, 0);
    ck_assert(raw_has_heard(fake, SLICE("GET /again HTTP/1.1\r\n")));
    raw_say(two, fake, ANSWER);
    two_programs_check_body(two, "hello");
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

static struct fastcgi_fake *late; /* it speaks unasked */

static void start_as_it_speaks(struct exchange *x, const struct verdict *verdict)
{
    static const char evil[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

    fastcgi_fake_say_raw(late, evil, strlen(evil));
    v->handler = &handler_fastcgi;
    handler_fastcgi.start(x, verdict);
}

/* The loop has not seen it when the connection is wanted. */
START_TEST(an_answer_that_nobody_asked_for_is_nobodys)
{
    struct handler_ops ops = handler_fastcgi;

    begin();
    ops.start = start_as_it_speaks;
    late = ask("GET", VISITOR_NO_BODY);
    raw_say(two, late, ANSWER);
    v->handler = &ops;
    visitor_ask(v, "GET", "/again", VISITOR_NO_BODY, NULL);
    ck_assert(is_closed(late));
    struct fastcgi_fake *fake = two_programs_accept(two, 0);
    raw_say(two, fake, ANSWER);
    two_programs_check_body(two, "hello");
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(a_post_that_was_sent_is_not_sent_again)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    raw_say(two, fake, ANSWER);
    ask_again(fake, "POST", 0);
    raw_hang_up(two, fake);
    ck_assert(!fastcgi_fake_accept(&two->fakes[0]));
    ck_assert_int_eq(v->status, 502);
    ck_assert(visitor_log_has(v, "closed before the head of its answer"));
    end();
}
END_TEST

START_TEST(files_of_the_house_are_not_for_backends_to_choose)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY);
    raw_say(two, fake,
            "HTTP/1.1 200 OK\r\nX-Sendfile: /etc/passwd\r\nX-Accel-Redirect: /secret\r\n"
            "Content-Length: 5\r\n\r\nhello");
    two_programs_check_body(two, "hello");
    ck_assert_ptr_null(strstr(v->fields, "X-"));
    end();
}
END_TEST

START_TEST(one_that_says_nothing_runs_out_of_time)
{
    begin();
    ask("GET", VISITOR_NO_BODY);
    visitor_pass(v, two->vhost.folder.time_for_cgi_ms);
    ck_assert_int_eq(v->status, 504);
    ck_assert(visitor_log_has(v, "without an answer"));
    end();
}
END_TEST

SUITE("http_backend", TEST(a_request_goes_on_as_it_is),
      TEST(a_body_of_known_length_follows_and_has_no_end),
      TEST(a_chunked_body_has_a_length_for_the_backend),
      TEST(a_connection_that_is_left_open_serves_the_next),
      LOOP(a_connection_that_may_carry_more_is_closed, last_ones),
      TEST(an_answer_before_the_whole_request_closes_the_connection),
      TEST(without_keeping_the_backend_is_told_to_close),
      LOOP(the_end_of_a_connection_is_seldom_that_of_an_answer, ends),
      TEST(interim_answers_are_passed_on_before_the_head),
      LOOP(what_the_client_did_not_ask_for_has_no_interim_answers, others),
      TEST(interim_answers_without_end_are_a_502),
      TEST(a_get_with_an_interim_answer_is_not_asked_again), TEST(interim_answers_prolong_nothing),
      TEST(fields_behind_the_body_are_passed_on), TEST(an_answer_to_head_has_no_body),
      TEST(a_get_on_a_stale_connection_is_asked_on_a_fresh_one),
      TEST(an_answer_that_nobody_asked_for_is_nobodys),
      TEST(a_post_that_was_sent_is_not_sent_again),
      TEST(files_of_the_house_are_not_for_backends_to_choose),
      TEST(one_that_says_nothing_runs_out_of_time))
