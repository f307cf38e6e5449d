/* What a request holds is looked at before its program gets it, and what may pass comes whole. */
#include "gateway/spawn_client.h"
#include "gateway/spawner_fake.h"
#include "gateway/visitor.h"
#include "handler/registry.h"
#include "handler/services.h"
#include "os/fd.h"
#include "site/conf.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EDGE                                                                                       \
    "Hostname = a.test\nWebsiteRoot = /www\nWorkDirectory = /tmp\nBinding {\nPort = 80\n}\n"       \
    "ExecuteCGI = yes\nCGIextension = cgi\n"

static struct visitor *v;
static struct spawner_fake spawner;
static struct program_fake program;
static struct snapshot *snapshot;
static struct services services;
static struct verdict guarded;
static size_t open_before;

/* Of the exchange when it was answered. */
static struct exchange_record record;

static void gate_start(struct exchange *x, const struct verdict *verdict)
{
    struct target *target = &x->request.target;

    target->has_query = slice_cut(target->path, '?', &target->path, &target->query);
    const struct verdict *first = screen_first(x, verdict);

    x->handler = handler_for(first->answer);
    x->handler->start(x, first);
    record = x->record;
}

static const struct handler_ops gate = { .name = "gate", .start = gate_start };

static void begin(const char *options)
{
    char text[1024];
    int fd;

    open_before = fd_count_open();
    snprintf(text, sizeof(text), "%s%s", EDGE, options);
    v = visitor_new();
    snapshot = conf_text_snapshot(text);
    snapshot->hosts[0].error_log = &v->log;
    services = (struct services){ .loop = &v->loop,
                                  .log = &v->log,
                                  .snapshot = snapshot,
                                  .spawner = spawn_client_new(&v->loop, &v->log) };
    guarded = (struct verdict){
        .answer = ANSWER_CGI,
        .host = &snapshot->hosts[0],
        .folder = &snapshot->hosts[0].conf->folder,
        .resource = { .relative = SLICE("a.cgi"),
                      .absolute = SLICE("/www/a.cgi"),
                      .script_name = SLICE("/a.cgi") },
    };
    v->handler = &gate;
    v->verdict = &guarded;
    v->host = &snapshot->hosts[0];
    v->services = &services;
    program = (struct program_fake){ .in = -1, .out = -1, .err = -1 };
    spawner_fake_open(&spawner, &fd);
    spawn_client_attach(services.spawner, fd);
    visitor_settle(v);
}

static void end(void)
{
    ck_assert_ptr_null(v->x);
    ck_assert_uint_eq(v->ended, 1);
    fd_close(&program.in);
    spawn_client_free(services.spawner);
    spawner_fake_close(&spawner);
    visitor_free(v);
    snapshot_drop(snapshot);
    ck_assert_uint_eq(fd_count_open(), open_before);
}

static void post(const char *body)
{
    visitor_ask(v, "POST", "/a.cgi", (int64_t)strlen(body), NULL);
    visitor_send(v, body);
    visitor_end_body(v, BODY_COMPLETE);
    visitor_settle(v);
}

static void start_program(void)
{
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.kind, SPAWN_ASK);
    spawner_fake_start(&spawner, &program);
    visitor_settle(v);
}

static void end_program(void)
{
    program_fake_say(&program, "Status: 204\n\n");
    spawner_fake_exit(&spawner, &program, 0);
    visitor_settle(v);
    ck_assert_int_eq(v->status, 204);
}

/* No program was started. */
static void check_stopped(int status)
{
    ck_assert_int_eq(v->status, status);
    ck_assert(!spawner_fake_read(&spawner));
}

static void check_stdin(const char *expect)
{
    char bytes[4096];
    size_t filled = 0;
    ssize_t got;

    while ((got = read(program.in, bytes + filled, sizeof(bytes) - 1 - filled)) > 0)
        filled += (size_t)got;
    bytes[filled] = '\0';
    ck_assert_str_eq(bytes, expect);
}

START_TEST(who_looks_for_nothing_is_not_held)
{
    begin("CollectBody = 0\n");
    visitor_ask(v, "POST", "/a.cgi", 5, NULL);
    start_program(); /* before the body is there */
    visitor_send(v, "<bad>");
    visitor_end_body(v, BODY_COMPLETE);
    check_stdin("<bad>");
    end_program();
    end();
}
END_TEST

START_TEST(a_denied_body_starts_no_program)
{
    begin("DenyBody = <bad\n");
    post("a=%3CBad%3e");
    check_stopped(403);
    ck_assert(visitor_log_has(v, "denied body (DenyBody) by the pattern: '<bad'; answering 403"));
    end();
}
END_TEST

START_TEST(a_body_that_may_pass_comes_whole)
{
    begin("DenyBody = <bad\nPreventSQLi = block\nPreventXSS = block\nPreventCSRF = block\n");
    post("a=good&b=%20%3c+'");
    start_program();
    ck_assert_str_eq(spawner_fake_variable(&spawner, "CONTENT_LENGTH"), "17");
    check_stdin("a=good&b=%20%3c+'");
    end_program();
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(a_body_of_unknown_length_is_looked_at_too)
{
    begin("DenyBody = <bad\n");
    visitor_ask(v, "POST", "/a.cgi", VISITOR_CHUNKED, NULL);
    visitor_send(v, "a=go");
    ck_assert(!spawner_fake_read(&spawner));
    visitor_send(v, "od");
    visitor_end_body(v, BODY_COMPLETE);
    start_program();
    ck_assert_str_eq(spawner_fake_variable(&spawner, "CONTENT_LENGTH"), "6");
    check_stdin("a=good");
    end_program();
    end();
}
END_TEST

static void send_long(size_t len, const char *last)
{
    visitor_ask(v, "POST", "/a.cgi", (int64_t)(len + strlen(last)), NULL);
    for (size_t sent = 0; sent < len; sent += 10000)
        visitor_send_many(v, 10000);
    visitor_send(v, last);
    visitor_end_body(v, BODY_COMPLETE);
    visitor_settle(v);
}

START_TEST(a_long_body_is_looked_at_from_its_file)
{
    begin("DenyBody = <bad\n");
    send_long(200000, "<bad>");
    check_stopped(403);
    end();

    begin("DenyBody = <bad\n");
    send_long(200000, "<good>");
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.ask.stdin_kind, SPAWN_STDIN_FILE);
    ck_assert_str_eq(spawner_fake_variable(&spawner, "CONTENT_LENGTH"), "200006");
    ck_assert_int_eq(lseek(spawner.file, 0, SEEK_END), 200006);
    fd_close(&spawner.file);
    spawner_fake_start(&spawner, &program);
    visitor_settle(v);
    end_program();
    end();
}
END_TEST

/* Whatever lies there: it is passed on, as it always was. */
START_TEST(there_is_an_end_to_looking)
{
    begin("DenyBody = <bad\n");
    send_long(1100000, "<bad>");
    ck_assert(spawner_fake_read(&spawner));
    fd_close(&spawner.file);
    spawner_fake_start(&spawner, &program);
    visitor_settle(v);
    end_program();
    end();
}
END_TEST

START_TEST(scripts_are_tamed_in_query_and_body)
{
    begin("PreventXSS = prevent\n");
    visitor_ask(v, "POST", "/a.cgi?x=%3Cscript%3E&y=<b>", 29, NULL);
    visitor_send(v, "a=<b>&b=%3Cscript>&c=<SCRIPT>");
    visitor_end_body(v, BODY_COMPLETE);
    start_program();
    ck_assert_str_eq(spawner_fake_variable(&spawner, "QUERY_STRING"), "x=%5fscript%3E&y=<b>");
    ck_assert_str_eq(spawner_fake_variable(&spawner, "REQUEST_URI"), "/a.cgi?x=%5fscript%3E&y=<b>");
    check_stdin("a=<b>&b=%5fscript>&c=_SCRIPT>");
    end_program();
    ck_assert(visitor_log_has(v, "XSS (PreventXSS) in the body: '%3Cscript>&c=<SCRIPT>'"));
    end();
}
END_TEST

static void from_elsewhere(struct exchange *x)
{
    fields_add(&x->request.fields, &x->arena, SLICE("Origin"), SLICE("http://evil.test"));
    fields_add_id(&x->request.fields, &x->arena, FIELD_COOKIE, SLICE("session=1"));
}

START_TEST(a_foreign_post_becomes_a_strangers_get)
{
    begin("PreventCSRF = prevent\n");
    visitor_ask(v, "POST", "/a.cgi?x", 3, from_elsewhere);
    visitor_send(v, "a=b");
    visitor_end_body(v, BODY_COMPLETE);
    start_program();
    ck_assert_str_eq(spawner_fake_variable(&spawner, "REQUEST_METHOD"), "GET");
    ck_assert_str_eq(spawner_fake_variable(&spawner, "QUERY_STRING"), "x");
    ck_assert_ptr_null(spawner_fake_variable(&spawner, "CONTENT_LENGTH"));
    ck_assert_ptr_null(spawner_fake_variable(&spawner, "HTTP_COOKIE"));
    end_program();
    end();
}
END_TEST

static void with_bad_cookie(struct exchange *x)
{
    fields_add_id(&x->request.fields, &x->arena, FIELD_COOKIE,
                  SLICE("a=b; id=1%20union%20select%20x"));
}

static const struct {
    const char *options;
    const char *method;
    const char *target;
    void (*prepare)(struct exchange *x);
    int status; /* 204: the program's */
    const char *logged;
} heads[] = {
    { "PreventCSRF = block\n", "POST", "/a.cgi", from_elsewhere, 443, "CSRF (PreventCSRF)" },
    { "PreventCSRF = detect\n", "POST", "/a.cgi", from_elsewhere, 204, "evil.test'; passed on," },
    { "PreventCSRF = block\n", "GET", "/a.cgi", from_elsewhere, 204, NULL },
    { "PreventSQLi = block\n", "GET", "/a.cgi?id=1+or+1=1", NULL, 441, "in the query: '1 or 1=1'" },
    { "PreventSQLi = prevent\n", "GET", "/a.cgi?id=1+or+1=1", NULL, 404, "answering 404" },
    { "PreventSQLi = detect\n", "GET", "/a.cgi?id=1+or+1=1", NULL, 204, "passed on" },
    { "PreventSQLi = no\n", "GET", "/a.cgi?id=1+or+1=1", NULL, 204, NULL },
    { "PreventSQLi = block\n", "GET", "/a.cgi/1%27%20or%201=1", NULL, 441, "in the path" },
    { "PreventSQLi = block\n", "GET", "/a.cgi", with_bad_cookie, 441, "in a cookie" },
    { "PreventXSS = block\n", "GET", "/a.cgi?<script>", NULL, 442, "XSS (PreventXSS)" },
    { "PreventXSS = detect\n", "GET", "/a.cgi?<script>", NULL, 204, "passed on" },
};

START_TEST(heads_are_looked_at)
{
    begin(heads[_i].options);
    visitor_ask(v, heads[_i].method, heads[_i].target, VISITOR_NO_BODY, heads[_i].prepare);
    visitor_settle(v);
    if (heads[_i].status == 204) {
        start_program();
        end_program();
    } else {
        check_stopped(heads[_i].status);
    }
    ck_assert_int_eq(v->line_count > 0, heads[_i].logged != NULL);
    if (heads[_i].logged) {
        ck_assert_msg(visitor_log_has(v, heads[_i].logged), "%s", v->lines[0]);
        ck_assert_ptr_nonnull(record.exploit);
        ck_assert_uint_gt(record.exploit_data.len, 0);
    }
    end();
}
END_TEST

static void with_picture(struct exchange *x)
{
    fields_add_id(&x->request.fields, &x->arena, FIELD_CONTENT_TYPE, SLICE("image/png"));
}

START_TEST(what_is_no_text_is_not_looked_at)
{
    begin("DenyBody = <bad\nCollectBody = 0\n");
    visitor_ask(v, "POST", "/a.cgi", 5, with_picture);
    start_program();
    visitor_send(v, "<bad>");
    visitor_end_body(v, BODY_COMPLETE);
    check_stdin("<bad>");
    end_program();
    end();
}
END_TEST

START_TEST(files_and_short_answers_are_not_looked_at)
{
    struct exchange x = { 0 };

    begin("DenyBody = <bad\nPreventSQLi = block\n");
    guarded.answer = ANSWER_STATUS;
    ck_assert_ptr_eq(screen_first(&x, &guarded), &guarded);
    guarded.answer = ANSWER_FILE;
    ck_assert_ptr_eq(screen_first(&x, &guarded), &guarded);
    guarded.answer = ANSWER_CGI;
    x.request.error_status = 404;
    ck_assert_ptr_eq(screen_first(&x, &guarded), &guarded);
    visitor_ask(v, "GET", "/a.cgi", VISITOR_NO_BODY, NULL);
    start_program();
    end_program();
    end();
}
END_TEST

static void expect_continue(struct exchange *x)
{
    x->request.expects_continue = true;
}

START_TEST(a_client_is_told_to_go_on_and_may_leave)
{
    begin("DenyBody = <bad\n");
    visitor_ask(v, "POST", "/a.cgi", 5, expect_continue);
    ck_assert_uint_eq(v->interims, 1);
    visitor_leave(v, RESET_CLIENT_GONE);
    ck_assert(!spawner_fake_read(&spawner));
    end();
}
END_TEST

START_TEST(a_body_that_breaks_starts_nothing)
{
    begin("DenyBody = <bad\n");
    visitor_ask(v, "POST", "/a.cgi", 50, NULL);
    visitor_send(v, "a=b");
    visitor_end_body(v, BODY_BROKEN);
    visitor_settle(v);
    check_stopped(400);
    end();
}
END_TEST

SUITE("screen", TEST(who_looks_for_nothing_is_not_held), TEST(a_denied_body_starts_no_program),
      TEST(a_body_that_may_pass_comes_whole), TEST(a_body_of_unknown_length_is_looked_at_too),
      TEST(a_long_body_is_looked_at_from_its_file), TEST(there_is_an_end_to_looking),
      TEST(scripts_are_tamed_in_query_and_body), TEST(a_foreign_post_becomes_a_strangers_get),
      LOOP(heads_are_looked_at, heads), TEST(what_is_no_text_is_not_looked_at),
      TEST(files_and_short_answers_are_not_looked_at),
      TEST(a_client_is_told_to_go_on_and_may_leave), TEST(a_body_that_breaks_starts_nothing))
