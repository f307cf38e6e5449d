#include "handler/afterwards.h"

#include "gateway/spawn_client.h"
#include "gateway/spawner_fake.h"
#include "gateway/visitor.h"
#include "handler/services.h"
#include "os/fd.h"
#include "site/router.h"
#include "site/trace.h"
#include "suite.h"

#include <errno.h>
#include <signal.h>

#define TIME_MS 5000u

/* ---- a host with a program for each ---- */

static struct visitor *v;
static struct spawner_fake spawner;
static struct program_fake program;
static struct server_conf conf;
static struct vhost_conf vhost;
static struct folder_conf folder;
static struct host host;
static struct snapshot snapshot;
static struct services services;
static struct verdict verdict;
static struct exchange x;
static int held;
static size_t open_before;

static void on_begun(struct services *of)
{
    ck_assert_ptr_eq(of, &services);
    held++;
}

static void on_over(struct services *of)
{
    ck_assert_ptr_eq(of, &services);
    held--;
}

static void begin(void)
{
    int fd;

    open_before = fd_count_open();
    v = visitor_new();
    conf = (struct server_conf){ .max_environment_bytes = 65536 };
    vhost = (struct vhost_conf){ .website_root = SLICE("/www"),
                                 .run_on_alter = SLICE("/opt/altered"),
                                 .rule_base = 7 };
    folder = (struct folder_conf){ .time_for_cgi_ms = TIME_MS };
    host = (struct host){ .conf = &vhost, .name = SLICE("a.example"), .error_log = &v->log };
    snapshot = (struct snapshot){ .conf = &conf, .generation = 4 };
    services = (struct services){ .loop = &v->loop,
                                  .log = &v->log,
                                  .snapshot = &snapshot,
                                  .spawner = spawn_client_new(&v->loop, &v->log) };
    afterwards_init(&services.afterwards, on_begun, on_over);
    verdict = (struct verdict){ .answer = ANSWER_ALTER,
                                .host = &host,
                                .folder = &folder,
                                .resource.absolute = SLICE("/www/a.txt") };
    x = (struct exchange){ .services = &services,
                           .visit = &v->visit,
                           .id_text = "abc",
                           .request = { .method = METHOD_PUT,
                                        .method_name = SLICE("PUT"),
                                        .target.raw = SLICE("/a.txt?-x") },
                           .response.status = 201 };
    held = 0;
    program = (struct program_fake){ .in = -1, .out = -1, .err = -1 };
    spawner_fake_open(&spawner, &fd);
    spawn_client_attach(services.spawner, fd);
    visitor_settle(v);
}

/* Everything was given back. */
static void end(void)
{
    visitor_settle(v);
    ck_assert_int_eq(held, 0);
    ck_assert(list_empty(&services.afterwards.deeds));
    fd_close(&program.out);
    fd_close(&program.err);
    spawn_client_free(services.spawner);
    spawner_fake_close(&spawner);
    arena_done(&x.arena);
    visitor_free(v);
    ck_assert_uint_eq(fd_count_open(), open_before);
}

static void start_program(void)
{
    afterwards_start(&x, &verdict);
    ck_assert_int_eq(held, 1);
    visitor_settle(v);
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.kind, SPAWN_ASK);
    spawner_fake_start(&spawner, &program);
    visitor_settle(v);
}

static void check_failure(const char *why)
{
    ck_assert_int_eq(held, 0);
    ck_assert_uint_eq(v->line_count, 1);
    ck_assert(visitor_log_has(v, "abc a.example: RunOnAlter /opt/altered: "));
    ck_assert_msg(visitor_log_has(v, why), "'%s' is not in '%s'", why, v->lines[0]);
}

/* ---- when ---- */

static const struct {
    enum answer answer;
    enum method method;
    int status;
    enum reset_reason reset;
    bool chosen;
    const char *expect;
} ends[] = {
    { ANSWER_ALTER, METHOD_PUT, 201, RESET_NONE, false, "/opt/altered" },
    { ANSWER_ALTER, METHOD_PUT, 204, RESET_CLIENT_GONE, false, "/opt/altered" },
    { ANSWER_ALTER, METHOD_DELETE, 204, RESET_NONE, false, "/opt/altered" },
    { ANSWER_ALTER, METHOD_DELETE, 404, RESET_NONE, false, "" },
    { ANSWER_ALTER, METHOD_PUT, 412, RESET_NONE, false, "" },
    { ANSWER_FILE, METHOD_GET, 200, RESET_NONE, false, "/opt/loaded" },
    { ANSWER_FILE, METHOD_GET, 206, RESET_NONE, false, "/opt/loaded" },
    { ANSWER_FILE, METHOD_GET, 200, RESET_CLIENT_GONE, false, "" },
    { ANSWER_FILE, METHOD_GET, 200, RESET_NONE, true, "" }, /* a program has sent it */
    { ANSWER_FILE, METHOD_GET, 304, RESET_NONE, false, "" },
    { ANSWER_FILE, METHOD_GET, 401, RESET_NONE, false, "" },
    { ANSWER_FILE, METHOD_HEAD, 200, RESET_NONE, false, "" },
    { ANSWER_CGI, METHOD_GET, 200, RESET_NONE, false, "" },
    { ANSWER_STATUS, METHOD_GET, 200, RESET_NONE, false, "" },
};

START_TEST(each_end_has_its_program_or_none)
{
    begin();
    folder.run_on_download = SLICE("/opt/loaded");
    verdict.answer = ends[_i].answer;
    verdict.chosen = ends[_i].chosen;
    x.request.method = ends[_i].method;
    x.response.status = ends[_i].status;
    x.reset = ends[_i].reset;
    ck_assert(slice_equal_cstr(afterwards_program(&x, &verdict), ends[_i].expect));
    end();
}
END_TEST

START_TEST(nothing_runs_in_a_rehearsal_or_where_nothing_is_named)
{
    struct trace trace = { .rehearses = true };

    begin();
    x.trace = &trace;
    afterwards_start(&x, &verdict);
    x.trace = NULL;
    vhost.run_on_alter = SLICE("");
    afterwards_start(&x, &verdict);
    visitor_settle(v);
    ck_assert(!spawner_fake_read(&spawner));
    end();
}
END_TEST

/* ---- how ---- */

START_TEST(the_program_is_told_by_its_environment_alone)
{
    begin();
    x.record.user = SLICE("joe");
    fields_add_id(&x.request.fields, &x.arena, FIELD_USER_AGENT, SLICE("--help"));
    start_program();
    ck_assert_uint_eq(spawner.message.ask.generation, 4);
    ck_assert_uint_eq(spawner.message.ask.rule, 8);
    ck_assert(slice_equal_cstr(spawner.message.ask.script, "altered"));
    ck_assert_uint_eq(spawner.message.ask.arguments.len, 0);
    ck_assert_int_eq(spawner.message.ask.stdin_kind, SPAWN_STDIN_NONE);
    ck_assert_str_eq(spawner_fake_variable(&spawner, "REQUEST_METHOD"), "PUT");
    ck_assert_str_eq(spawner_fake_variable(&spawner, "REQUEST_URI"), "/a.txt?-x");
    ck_assert_str_eq(spawner_fake_variable(&spawner, "DOCUMENT_ROOT"), "/www");
    ck_assert_str_eq(spawner_fake_variable(&spawner, "PATH_TRANSLATED"), "/www/a.txt");
    ck_assert_str_eq(spawner_fake_variable(&spawner, "HTTP_RETURN_CODE"), "201");
    ck_assert_str_eq(spawner_fake_variable(&spawner, "REMOTE_USER"), "joe");
    ck_assert_str_eq(spawner_fake_variable(&spawner, "HTTP_USER_AGENT"), "--help");
    ck_assert_ptr_null(spawner_fake_variable(&spawner, "HTTP_REFERER"));
    program_fake_say(&program, "nobody reads this");
    program_fake_complain(&program, "nor that");
    visitor_settle(v);
    ck_assert_int_eq(held, 1);
    spawner_fake_exit(&spawner, &program, 0);
    visitor_settle(v);
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(one_that_is_not_started_is_a_line_in_the_log)
{
    begin();
    afterwards_start(&x, &verdict);
    visitor_settle(v);
    ck_assert(spawner_fake_read(&spawner));
    spawner_fake_fail(&spawner, spawner.message.ask.token, SPAWN_STAGE_SCRIPT, ENOENT);
    visitor_settle(v);
    check_failure("not started");
    end();
}
END_TEST

START_TEST(one_that_fails_is_a_line_in_the_log)
{
    begin();
    start_program();
    spawner_fake_exit(&spawner, &program, 3 << 8);
    visitor_settle(v);
    check_failure("it exited with status 3");
    end();
}
END_TEST

START_TEST(one_that_overstays_is_ended)
{
    begin();
    start_program();
    visitor_pass(v, TIME_MS - 1);
    ck_assert_int_eq(held, 1);
    visitor_pass(v, 1);
    check_failure("TimeForCGI is over");
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.kind, SPAWN_KILL);
    end();
}
END_TEST

START_TEST(all_of_them_can_be_cut)
{
    begin();
    start_program();
    afterwards_start(&x, &verdict);
    ck_assert_int_eq(held, 2);
    afterwards_cut(&services);
    visitor_settle(v);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_WARNING), 2);
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.kind, SPAWN_KILL);
    ck_assert(!spawner_fake_read(&spawner)); /* the other one was not asked for yet */
    end();
}
END_TEST

SUITE("handler/afterwards", LOOP(each_end_has_its_program_or_none, ends),
      TEST(nothing_runs_in_a_rehearsal_or_where_nothing_is_named),
      TEST(the_program_is_told_by_its_environment_alone),
      TEST(one_that_is_not_started_is_a_line_in_the_log), TEST(one_that_fails_is_a_line_in_the_log),
      TEST(one_that_overstays_is_ended), TEST(all_of_them_can_be_cut))
