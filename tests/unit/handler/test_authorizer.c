#include "gateway/backend.h"
#include "gateway/fcgi_record.h"
#include "handler/registry.h"
#include "handler/two_programs.h"
#include "suite.h"

#include <string.h>

#define GRANT "Status: 200 OK\r\n"

/* As the reactor has it. */
static void gate_start(struct exchange *x, const struct verdict *verdict)
{
    const struct verdict *first = authorizer_first(x, verdict);

    x->handler = handler_for(first->answer);
    x->handler->start(x, first);
}

static const struct handler_ops gate = { .name = "gate", .start = gate_start };

static struct two_programs *two;
static struct visitor *v;

/* The first section answers, the second is asked before. */
static void begin(void)
{
    two = two_programs_open();
    v = two->v;
    v->handler = &gate;
    two->vhost.folder.fastcgi_auth = &two->sections[1];
    two->fakes[1].role = FCGI_AUTHORIZER;
}

static void end(void)
{
    two_programs_close(two);
}

static struct fastcgi_fake *ask(const char *method, int64_t body_len,
                                void (*prepare)(struct exchange *x))
{
    visitor_ask(v, method, "/a.php?q", body_len, prepare);
    return two_programs_accept(two, 1);
}

static void say(struct fastcgi_fake *fake, const char *text)
{
    fastcgi_fake_say(fake, FCGI_STDOUT, text);
    fastcgi_fake_end(fake, 0, FCGI_COMPLETE);
    visitor_settle(v);
}

static void check_body(const char *text)
{
    v->body[v->body_len] = '\0';
    ck_assert_str_eq(v->body, text);
}

/* The program behind is asked now, and answers. */
static struct fastcgi_fake *let_in(void)
{
    struct fastcgi_fake *fake = two_programs_accept(two, 0);

    ck_assert_int_eq(v->status, 0);
    return fake;
}

static void answer(struct fastcgi_fake *fake)
{
    say(fake, "Content-Type: text/plain\r\n\r\nhello");
    ck_assert_int_eq(v->status, 200);
    check_body("hello");
}

static void check_denied(int status)
{
    ck_assert_int_eq(v->status, status);
    ck_assert(!fastcgi_fake_accept(&two->fakes[0]));
}

static void add_authorization(struct exchange *x)
{
    fields_add_id(&x->request.fields, &x->arena, FIELD_AUTHORIZATION, SLICE("Basic eDp5"));
}

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS" };

START_TEST(it_is_asked_first_with_what_it_may_know)
{
    begin();
    two->verdict.resource.path_info = SLICE("/info");
    struct fastcgi_fake *fake = ask(methods[_i], VISITOR_NO_BODY, add_authorization);
    ck_assert(fake->params_ended && fake->body_ended);
    ck_assert_str_eq(fastcgi_fake_param(fake, "REQUEST_METHOD"), methods[_i]);
    ck_assert_str_eq(fastcgi_fake_param(fake, "REQUEST_URI"), "/a.php?q");
    ck_assert_str_eq(fastcgi_fake_param(fake, "HTTP_AUTHORIZATION"), "Basic eDp5");
    ck_assert_str_eq(fastcgi_fake_param(fake, "SCRIPT_FILENAME"), "/srv/www/a.php");
    ck_assert_ptr_null(fastcgi_fake_param(fake, "SCRIPT_NAME"));
    ck_assert_ptr_null(fastcgi_fake_param(fake, "PATH_INFO"));
    ck_assert_ptr_null(fastcgi_fake_param(fake, "PATH_TRANSLATED"));
    ck_assert_ptr_null(fastcgi_fake_param(fake, "CONTENT_LENGTH"));
    say(fake, GRANT "\r\nthis is for nobody");
    fake = let_in();
    ck_assert_str_eq(fastcgi_fake_param(fake, "SCRIPT_NAME"), "/a.php");
    ck_assert_str_eq(fastcgi_fake_param(fake, "PATH_INFO"), "/info");
    say(fake, "Content-Type: text/plain\r\nX-Own: 1\r\n\r\n");
    ck_assert_int_eq(v->status, 200);
    ck_assert_str_eq(v->fields, "Content-Type: text/plain\nX-Own: 1\n");
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

static struct slice user;

static void note_user(struct exchange *x)
{
    user = x->record.user;
}

START_TEST(its_variables_are_told_to_the_program_and_nothing_else_of_it)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY, add_authorization);
    say(fake, GRANT "Set-Cookie: a=b\r\nX-Other: 1\r\nVariable-REMOTE_USER: joe\r\n"
                    "variable-GROUPS: staff\r\nVariable-GROUPS: wheel\r\n\r\n");
    fake = let_in();
    ck_assert_str_eq(fastcgi_fake_param(fake, "REMOTE_USER"), "joe");
    ck_assert_str_eq(fastcgi_fake_param(fake, "AUTH_TYPE"), "Basic");
    ck_assert_str_eq(fastcgi_fake_param(fake, "GROUPS"), "wheel");
    note_user(v->x);
    ck_assert(slice_equal(user, SLICE("joe")));
    ck_assert_str_eq(v->x->record.handler, "fastcgi");
    answer(fake);
    ck_assert_str_eq(v->fields, "Content-Type: text/plain\n");
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

static void forge(struct exchange *x)
{
    fields_add(&x->request.fields, &x->arena, SLICE("Remote-User"), SLICE("root"));
    fields_add(&x->request.fields, &x->arena, SLICE("Variable-REMOTE_USER"), SLICE("root"));
}

START_TEST(a_client_cannot_name_itself)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY, forge);
    say(fake, GRANT "\r\n");
    fake = let_in();
    ck_assert_ptr_null(fastcgi_fake_param(fake, "REMOTE_USER"));
    ck_assert_ptr_null(fastcgi_fake_param(fake, "AUTH_TYPE"));
    answer(fake);
    end();
}
END_TEST

static const char *const reserved[] = { "REMOTE_ADDR", "HTTP_HOST", "SCRIPT_FILENAME",
                                        "HTTPS",       "PATH",      "PHP_VALUE",
                                        "LD_PRELOAD",  "UNIQUE_ID", "PATH_INFO",
                                        "CONTENT_TYPE" };

START_TEST(what_the_house_tells_is_not_its_to_set)
{
    char head[200];

    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY, NULL);
    snprintf(head, sizeof(head), GRANT "Variable-%s: forged\r\n\r\n", reserved[_i]);
    say(fake, head);
    fake = let_in();
    const char *told = fastcgi_fake_param(fake, reserved[_i]);
    ck_assert(!told || strcmp(told, "forged") != 0);
    ck_assert(visitor_log_has(v, reserved[_i]));
    answer(fake);
    end();
}
END_TEST

/* What it says, and what the client gets instead of what it wanted. */
static const struct {
    const char *said;
    int status;
    const char *fields;
    const char *body;
} denials[] = {
    { "Status: 401 No\r\nWWW-Authenticate: Basic realm=x\r\n\r\nwho?", 401,
      "WWW-Authenticate: Basic realm=x\n", "who?" },
    { "Location: /login\r\n\r\n", 302, "Location: /login\n", "" },
    { "Status: 303\r\nLocation: /login\r\n\r\n", 303, "Location: /login\n", "" },
    { "Status: 403\r\nVariable-A: b\r\n\r\nno", 403, "Variable-A: b\n", "no" },
    { "Status: 201\r\n\r\n", 201, "", "" },
    { "Status: 500\r\nContent-Type: a/b\r\n\r\nbroken", 500, "Content-Type: a/b\n", "broken" },
};

START_TEST(any_other_status_is_the_answer)
{
    begin();
    two->vhost.folder.local_redirect = true; /* not by who is asked for consent */
    say(ask("GET", VISITOR_NO_BODY, NULL), denials[_i].said);
    check_denied(denials[_i].status);
    ck_assert_str_eq(v->fields, denials[_i].fields);
    check_body(denials[_i].body);
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    end();
}
END_TEST

/* Answers that are none: nobody is let pass by them. */
static const char *const unclear[] = { "Content-Type: text/html\r\n\r\n<h1>Traceback</h1>",
                                       "Variable-REMOTE_USER: joe\r\n\r\n",
                                       "Status: 200 OK\r\n",
                                       "",
                                       "Status: 2OO\r\n\r\n",
                                       "<!-- no head" };

START_TEST(only_a_clear_200_lets_pass)
{
    begin();
    say(ask("GET", VISITOR_NO_BODY, NULL), unclear[_i]);
    check_denied(502);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), 1);
    end();
}
END_TEST

START_TEST(one_that_dies_or_is_away_lets_nobody_pass)
{
    begin();
    struct fastcgi_fake *fake = ask("POST", 0, NULL);
    fastcgi_fake_say(fake, FCGI_STDOUT, GRANT "\r\n"); /* and no END_REQUEST */
    fastcgi_fake_hang_up(fake);
    visitor_settle(v);
    check_denied(502);
    fastcgi_fake_stop(&two->fakes[1], true);
    visitor_ask(v, "GET", "/a.php", VISITOR_NO_BODY, NULL);
    visitor_pass(v, 2000);
    check_denied(503);
    ck_assert(visitor_log_has(v, "FastCGI SECOND"));
    end();
}
END_TEST

START_TEST(one_that_is_slow_runs_out_of_time)
{
    begin();
    ask("GET", VISITOR_NO_BODY, NULL);
    visitor_pass(v, two->vhost.folder.time_for_cgi_ms);
    check_denied(504);
    ck_assert(visitor_log_has(v, "TimeForCGI"));
    end();
}
END_TEST

static void expect_continue(struct exchange *x)
{
    x->request.expects_continue = true;
}

START_TEST(the_body_is_for_the_program_and_not_asked_for_before)
{
    begin();
    struct fastcgi_fake *fake = ask("POST", 5, expect_continue);
    ck_assert_uint_eq(v->interims, 0);
    ck_assert(fake->body_ended && fake->body_len == 0);
    say(fake, GRANT "\r\n");
    fake = let_in();
    ck_assert_uint_eq(v->interims, 1);
    ck_assert_str_eq(fastcgi_fake_param(fake, "CONTENT_LENGTH"), "5");
    visitor_send(v, "hello");
    visitor_end_body(v, BODY_COMPLETE);
    fastcgi_fake_read(fake, SIZE_MAX);
    ck_assert_uint_eq(fake->body_len, 5);
    answer(fake);
    end();
}
END_TEST

START_TEST(a_body_that_came_meanwhile_is_there)
{
    begin();
    struct fastcgi_fake *fake = ask("POST", 5, NULL);
    visitor_send(v, "hello");
    visitor_end_body(v, BODY_COMPLETE);
    say(fake, GRANT "\r\n");
    fake = let_in();
    ck_assert_uint_eq(fake->body_len, 5);
    answer(fake);
    end();
}
END_TEST

START_TEST(a_denied_upload_is_not_asked_for)
{
    begin();
    say(ask("POST", 5, expect_continue), "Status: 403\r\n\r\nno");
    check_denied(403);
    ck_assert_uint_eq(v->interims, 0);
    end();
}
END_TEST

START_TEST(a_status_of_the_router_is_guarded_too)
{
    begin();
    two->verdict = (struct verdict){
        .answer = ANSWER_STATUS,
        .status = 404,
        .why = "no such file",
        .host = &two->host,
        .folder = &two->vhost.folder,
    };
    say(ask("GET", VISITOR_NO_BODY, NULL), "Status: 401\r\n\r\n");
    check_denied(401);
    say(ask("GET", VISITOR_NO_BODY, NULL), GRANT "\r\n");
    check_denied(404);
    end();
}
END_TEST

static void refuse(struct exchange *x)
{
    x->request.failed = 431;
}

START_TEST(what_the_wire_refuses_is_no_question)
{
    begin();
    two->verdict = (struct verdict){
        .answer = ANSWER_STATUS,
        .status = 431,
        .why = "too long",
        .host = &two->host,
        .folder = &two->vhost.folder,
    };
    visitor_ask(v, "GET", "/a.php", VISITOR_NO_BODY, refuse);
    ck_assert(!fastcgi_fake_accept(&two->fakes[1]));
    ck_assert_int_eq(v->status, 431);
    end();
}
END_TEST

START_TEST(a_client_that_leaves_ends_the_question)
{
    begin();
    struct fastcgi_fake *fake = ask("GET", VISITOR_NO_BODY, NULL);
    visitor_leave(v, RESET_CLIENT_GONE);
    fastcgi_fake_read(fake, SIZE_MAX);
    ck_assert(fake->closed);
    check_denied(0);
    end();
}
END_TEST

SUITE("authorizer", LOOP(it_is_asked_first_with_what_it_may_know, methods),
      TEST(its_variables_are_told_to_the_program_and_nothing_else_of_it),
      TEST(a_client_cannot_name_itself), LOOP(what_the_house_tells_is_not_its_to_set, reserved),
      LOOP(any_other_status_is_the_answer, denials), LOOP(only_a_clear_200_lets_pass, unclear),
      TEST(one_that_dies_or_is_away_lets_nobody_pass), TEST(one_that_is_slow_runs_out_of_time),
      TEST(the_body_is_for_the_program_and_not_asked_for_before),
      TEST(a_body_that_came_meanwhile_is_there), TEST(a_denied_upload_is_not_asked_for),
      TEST(a_status_of_the_router_is_guarded_too), TEST(what_the_wire_refuses_is_no_question),
      TEST(a_client_that_leaves_ends_the_question))
