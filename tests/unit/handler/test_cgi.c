#include "gateway/spawn_client.h"
#include "gateway/spawner_fake.h"
#include "gateway/visitor.h"
#include "handler/registry.h"
#include "handler/services.h"
#include "os/fd.h"
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define TIME_MS 5000u

/* ---- a house with one script ---- */

static struct visitor *v;
static struct spawner_fake spawner;
static struct program_fake program;
static struct server_conf conf;
static struct vhost_conf vhost;
static struct host host;
static struct snapshot snapshot;
static struct services services;
static struct verdict verdict;
static size_t open_before;

static void attach_spawner(void)
{
    int fd;

    spawner_fake_open(&spawner, &fd);
    spawn_client_attach(services.spawner, fd);
    visitor_settle(v);
}

static void begin(void)
{
    open_before = fd_count_open();
    v = visitor_new();
    conf = (struct server_conf){ .max_environment_bytes = 65536,
                                 .work_directory = SLICE("/tmp"),
                                 .kill_timed_out_cgi = true,
                                 .wait_for_cgi = true };
    vhost = (struct vhost_conf){ .website_root = SLICE("/www"), .folder.time_for_cgi_ms = TIME_MS };
    host = (struct host){ .conf = &vhost, .name = SLICE("a.example"), .error_log = &v->log };
    snapshot = (struct snapshot){ .conf = &conf };
    services = (struct services){ .loop = &v->loop,
                                  .log = &v->log,
                                  .snapshot = &snapshot,
                                  .spawner = spawn_client_new(&v->loop, &v->log) };
    verdict = (struct verdict){
        .answer = ANSWER_CGI,
        .host = &host,
        .folder = &vhost.folder,
        .rule = 3,
        .resource = { .relative = SLICE("cgi/a.cgi"),
                      .absolute = SLICE("/www/cgi/a.cgi"),
                      .script_name = SLICE("/cgi/a.cgi") },
    };
    v->handler = &handler_cgi;
    v->verdict = &verdict;
    v->host = &host;
    v->services = &services;
    program = (struct program_fake){ .in = -1, .out = -1, .err = -1 };
    attach_spawner();
}

/* Everything was given back. */
static void end(void)
{
    ck_assert_ptr_null(v->x);
    ck_assert_uint_eq(v->ended, 1);
    fd_close(&program.in);
    fd_close(&program.out);
    fd_close(&program.err);
    spawn_client_free(services.spawner);
    spawner_fake_close(&spawner);
    visitor_free(v);
    ck_assert_uint_eq(fd_count_open(), open_before);
}

static void get(void)
{
    visitor_ask(v, "GET", "/cgi/a.cgi?q", VISITOR_NO_BODY, NULL);
}

static void start_program(void)
{
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.kind, SPAWN_ASK);
    spawner_fake_start(&spawner, &program);
    visitor_settle(v);
}

static void say(const char *text)
{
    program_fake_say(&program, text);
    visitor_settle(v);
}

static void close_output(void)
{
    program_fake_close_output(&program);
    visitor_settle(v);
}

static void exit_program(int status)
{
    spawner_fake_exit(&spawner, &program, status);
    visitor_settle(v);
}

static bool was_killed(void)
{
    while (spawner_fake_read(&spawner))
        if (spawner.message.kind != SPAWN_LOOK) /* a slow one was looked at before */
            return spawner.message.kind == SPAWN_KILL;
    return false;
}

static void check_body(const char *text)
{
    v->body[v->body_len] = '\0';
    ck_assert_str_eq(v->body, text);
}

/* A failed request: that status, and exactly one error line, which holds the text. */
static void check_failure(int status, const char *why)
{
    ck_assert_int_eq(v->status, status);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), status >= 500);
    ck_assert_msg(visitor_log_has(v, why), "'%s' is not in the log: '%s'", why, v->lines[0]);
}

/* ---- answers ---- */

START_TEST(a_get_is_answered)
{
    begin();
    get();
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_uint_eq(spawner.message.ask.rule, 3);
    ck_assert_int_eq(spawner.message.ask.stdin_kind, SPAWN_STDIN_NONE);
    ck_assert(slice_equal_cstr(spawner.message.ask.script, "cgi/a.cgi"));
    ck_assert_str_eq(spawner_fake_variable(&spawner, "SCRIPT_FILENAME"), "/www/cgi/a.cgi");
    ck_assert_str_eq(spawner_fake_variable(&spawner, "PATH"), "/usr/local/bin:/usr/bin:/bin");
    ck_assert_ptr_null(spawner_fake_variable(&spawner, "CONTENT_LENGTH"));
    spawner_fake_start(&spawner, &program);
    visitor_settle(v);

    say("Content-Type: text/plain\n\nhello");
    ck_assert_int_eq(v->status, 200);
    ck_assert_str_eq(v->fields, "Content-Type: text/plain\n");
    check_body("hello"); /* on its way before the program is done */
    say(" world");
    exit_program(0);
    check_body("hello world");
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(the_answer_ends_with_the_output_not_with_the_program)
{
    begin();
    get();
    start_program();
    say("Content-Type: text/plain\n\nhello");
    close_output();
    ck_assert_int_eq(v->end, BODY_OPEN); /* its exit may tell that this was not all */
    visitor_pass(v, 20);
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert_ptr_nonnull(v->x); /* its exit is still to come */
    exit_program(0);
    end();
}
END_TEST

START_TEST(all_output_at_once_with_the_exit)
{
    begin();
    get();
    ck_assert(spawner_fake_read(&spawner));
    spawner_fake_start(&spawner, &program);
    program_fake_say(&program, "Status: 404 Not Here\n\ngone");
    exit_program(0);
    ck_assert_int_eq(v->status, 404);
    check_body("gone");
    end();
}
END_TEST

START_TEST(an_answer_at_every_split)
{
    static const char answer[] = "Status: 201\r\nX-A: b\r\n\r\nbody";
    char first[64];

    for (size_t cut = 1; cut < sizeof(answer) - 1; cut++) {
        begin();
        get();
        start_program();
        memcpy(first, answer, cut);
        first[cut] = '\0';
        say(first);
        say(answer + cut);
        exit_program(0);
        ck_assert_int_eq(v->status, 201);
        ck_assert_str_eq(v->fields, "X-A: b\n");
        check_body("body");
        end();
    }
}
END_TEST

START_TEST(a_local_redirect_is_left_to_the_client)
{
    begin();
    get();
    start_program();
    say("Location: /there\n\n");
    exit_program(0);
    ck_assert_int_eq(v->status, 302);
    ck_assert_str_eq(v->fields, "Location: /there\n");
    end();
}
END_TEST

static const struct {
    const char *says;
    int status;
    bool replaced;
} own_statuses[] = {
    { "Status: 404\n\nown", 404, true },
    { "Status: 500\n\nown", 500, true },
    { "Status: 401\nWWW-Authenticate: Basic realm=x\nX-A: b\n\nown", 401, true },
    { "Status: 201\n\nown", 201, false },
    { "Status: 303\nLocation: /x\n\nown", 303, false },
    { "Content-Type: text/plain\n\nown", 200, false },
};

START_TEST(the_house_has_pages_for_errors_of_programs)
{
    begin();
    vhost.trigger_on_cgi_status = true;
    get();
    start_program();
    say(own_statuses[_i].says);
    exit_program(0);
    ck_assert_int_eq(v->status, own_statuses[_i].status);
    v->body[v->body_len] = '\0';
    ck_assert_int_eq(strstr(v->body, "<title>") != NULL, own_statuses[_i].replaced);
    ck_assert_int_eq(strcmp(v->body, "own") == 0, !own_statuses[_i].replaced);
    ck_assert_int_eq(strstr(v->fields, "WWW-Authenticate: Basic realm=x\n") != NULL,
                     own_statuses[_i].status == 401);
    ck_assert_ptr_null(strstr(v->fields, "X-A"));
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), own_statuses[_i].status == 500);
    end();
}
END_TEST

START_TEST(surplus_is_cut_and_told)
{
    begin();
    get();
    start_program();
    say("Content-Length: 5\n\nhello world");
    exit_program(0);
    check_body("hello");
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert(visitor_log_has(v, "Content-Length"));
    end();
}
END_TEST

START_TEST(too_few_bytes_cut_the_answer)
{
    begin();
    get();
    start_program();
    say("Content-Length: 50\n\nhello");
    exit_program(0);
    ck_assert_int_eq(v->reset, RESET_BROKEN);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), 1);
    ck_assert(visitor_log_has(v, "5 of the 50 bytes"));
    end();
}
END_TEST

START_TEST(an_answer_to_head_needs_no_body)
{
    begin();
    visitor_ask(v, "HEAD", "/cgi/a.cgi", VISITOR_NO_BODY, NULL);
    start_program();
    say("Content-Length: 50\n\n");
    exit_program(0);
    ck_assert_int_eq(v->reset, RESET_NONE);
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    end();
}
END_TEST

START_TEST(cgitb_is_served_and_told)
{
    begin();
    get();
    start_program();
    say("<!--: spam\nContent-Type: text/html\n\n<p>trace");
    exit_program(256);
    ck_assert_int_eq(v->status, 200);
    check_body("<p>trace");
    ck_assert(visitor_log_has(v, "dropped 1 lines"));
    ck_assert(visitor_log_has(v, "exited with status 1"));
    end();
}
END_TEST

START_TEST(a_slow_client_makes_the_program_wait)
{
    static char much[4096];
    size_t said = 0;
    size_t held;

    begin();
    v->stalled = true;
    get();
    start_program();
    program_fake_say(&program, "Content-Type: a/b\n\n");
    memset(much, 'm', sizeof(much));
    for (;;) {
        ssize_t put = write(program.out, much, sizeof(much));
        if (put < 0)
            break;
        said += (size_t)put;
        visitor_settle(v);
        ck_assert_uint_lt(said, 1 << 20);
    }
    held = v->x->response.body.held;
    ck_assert_uint_le(held, BODY_HIGH + CHUNK_SIZE);
    visitor_take_again(v);
    exit_program(0);
    ck_assert_uint_eq(v->body_len, said);
    end();
}
END_TEST

/* ---- stderr ---- */

START_TEST(stderr_is_one_line_per_line)
{
    begin();
    get();
    start_program();
    program_fake_complain(&program, "first wor");
    visitor_settle(v);
    say("Content-Type: a/b\n");
    program_fake_complain(&program, "ds\nsecond\n");
    say("\nbody");
    exit_program(0);
    check_body("body");
    ck_assert_uint_eq(v->line_count, 2);
    ck_assert_ptr_nonnull(strstr(v->lines[0], "a.example: /www/cgi/a.cgi: first words"));
    ck_assert_ptr_nonnull(strstr(v->lines[1], "second"));
    end();
}
END_TEST

START_TEST(stderr_of_a_program_that_runs_on_is_heard_at_once)
{
    begin();
    get();
    start_program();
    program_fake_complain(&program, "too early to be watched\n");
    visitor_pass(v, 99);
    ck_assert_uint_eq(v->line_count, 0);
    visitor_pass(v, 1);
    ck_assert_uint_eq(v->line_count, 1);
    program_fake_complain(&program, "watched\n");
    visitor_settle(v);
    ck_assert_uint_eq(v->line_count, 2);
    say("Content-Type: a/b\n\nbody");
    exit_program(0);
    end();
}
END_TEST

START_TEST(what_was_said_before_the_client_left_is_heard)
{
    begin();
    get();
    start_program();
    program_fake_complain(&program, "half done\n");
    visitor_leave(v, RESET_CLIENT_GONE);
    ck_assert(visitor_log_has(v, "half done"));
    ck_assert(was_killed());
    end();
}
END_TEST

START_TEST(a_flood_on_stderr_does_not_hold_the_answer)
{
    begin();
    get();
    start_program();
    for (unsigned i = 0; i < 1000; i++) {
        program_fake_complain(&program, "Warning: again and again\n");
        if (i % 100 == 0)
            visitor_settle(v);
    }
    say("Content-Type: a/b\n\nbody");
    check_body("body");
    exit_program(0);
    ck_assert(visitor_log_has(v, "more lines suppressed"));
    end();
}
END_TEST

/* ---- request bodies ---- */

START_TEST(a_body_goes_to_stdin_and_ends)
{
    char bytes[64];

    begin();
    visitor_ask(v, "POST", "/cgi/a.cgi", 11, NULL);
    visitor_send(v, "hello ");
    start_program();
    ck_assert_str_eq(spawner_fake_variable(&spawner, "CONTENT_LENGTH"), "11");
    ck_assert_int_eq(read(program.in, bytes, sizeof(bytes)), 6);
    visitor_send(v, "world");
    ck_assert_int_eq(read(program.in, bytes, sizeof(bytes)), 5);
    ck_assert_int_eq(read(program.in, bytes, sizeof(bytes)), -1);
    visitor_end_body(v, BODY_COMPLETE);
    ck_assert_int_eq(read(program.in, bytes, sizeof(bytes)), 0);
    say("Status: 204\n\n");
    exit_program(0);
    ck_assert_int_eq(v->status, 204);
    end();
}
END_TEST

static void expect_continue(struct exchange *x)
{
    x->request.expects_continue = true;
}

START_TEST(the_body_is_wanted_only_once_the_program_runs)
{
    begin();
    visitor_ask(v, "POST", "/cgi/a.cgi", 5, expect_continue);
    ck_assert_uint_eq(v->interims, 0);
    start_program();
    ck_assert_uint_eq(v->interims, 1);
    say("Status: 204\n\n");
    exit_program(0);
    end();
}
END_TEST

START_TEST(a_body_of_unknown_length_is_collected_first)
{
    char bytes[64];

    begin();
    visitor_ask(v, "POST", "/cgi/a.cgi", VISITOR_CHUNKED, expect_continue);
    ck_assert_uint_eq(v->interims, 1);
    visitor_send(v, "hello ");
    visitor_send(v, "world");
    ck_assert(!spawner_fake_read(&spawner));
    visitor_end_body(v, BODY_COMPLETE);
    start_program();
    ck_assert_str_eq(spawner_fake_variable(&spawner, "CONTENT_LENGTH"), "11");
    ck_assert_int_eq(read(program.in, bytes, sizeof(bytes)), 11);
    ck_assert_int_eq(read(program.in, bytes, sizeof(bytes)), 0);
    say("Status: 204\n\n");
    exit_program(0);
    end();
}
END_TEST

START_TEST(a_long_body_of_unknown_length_becomes_a_file)
{
    static char bytes[300000];

    begin();
    visitor_ask(v, "POST", "/cgi/a.cgi", VISITOR_CHUNKED, NULL);
    for (unsigned i = 0; i < 4; i++)
        visitor_send_many(v, 50000);
    visitor_end_body(v, BODY_COMPLETE);
    start_program();
    ck_assert_int_eq(spawner.message.ask.stdin_kind, SPAWN_STDIN_FILE);
    ck_assert_str_eq(spawner_fake_variable(&spawner, "CONTENT_LENGTH"), "200000");
    ck_assert_int_eq(read(spawner.file, bytes, sizeof(bytes)), 200000);
    fd_close(&spawner.file);
    say("Status: 204\n\n");
    exit_program(0);
    end();
}
END_TEST

START_TEST(a_program_that_reads_nothing_stops_the_client)
{
    size_t sent = 0;

    begin();
    visitor_ask(v, "POST", "/cgi/a.cgi", 1 << 30, NULL);
    start_program();
    while (body_room(&v->x->request.body) > 0) {
        visitor_send_many(v, 65536);
        sent += 65536;
        ck_assert_uint_lt(sent, 1 << 20);
    }
    say("Status: 413\n\ntoo much"); /* it answers early and goes */
    exit_program(0);
    ck_assert_int_eq(v->status, 413);
    check_body("too much");
    end();
}
END_TEST

START_TEST(a_body_may_go_past_our_memory_into_stdin)
{
    char bytes[32] = "";
    struct body *body;

    begin();
    visitor_ask(v, "POST", "/cgi/a.cgi", 11, NULL);
    body = &v->x->request.body;
    body_offer_outlet(body);
    visitor_send(v, "hello ");
    start_program();
    ck_assert_int_eq(read(program.in, bytes, sizeof(bytes)), 6);
    ck_assert_uint_gt(body_room(body), 0);
    ck_assert_int_eq(write(body_outlet(body), "world", 5), 5); /* as a splice does */
    body_passed(body, 5);
    visitor_end_body(v, BODY_COMPLETE);
    ck_assert_int_eq(body_outlet(body), -1);
    ck_assert_int_eq(read(program.in, bytes, sizeof(bytes)), 5);
    ck_assert_int_eq(read(program.in, bytes, sizeof(bytes)), 0);
    say("\n");
    exit_program(0);
    end();
}
END_TEST

START_TEST(a_program_that_falls_behind_holds_the_outlet)
{
    char bytes[65536];
    struct body *body;

    begin();
    visitor_ask(v, "POST", "/cgi/a.cgi", 1 << 20, NULL);
    body = &v->x->request.body;
    body_offer_outlet(body);
    start_program();
    memset(bytes, 'x', sizeof(bytes));
    while (write(body_outlet(body), bytes, sizeof(bytes)) > 0)
        ;
    body_outlet_full(body);
    visitor_settle(v);
    ck_assert_uint_eq(body_room(body), 0);
    while (read(program.in, bytes, sizeof(bytes)) > 0)
        ;
    visitor_settle(v);
    ck_assert_uint_gt(body_room(body), 0);
    say("Status: 204\n\n"); /* it answers early, and the outlet is gone with it */
    close_output();
    ck_assert_int_eq(body_outlet(body), -1);
    exit_program(0);
    end();
}
END_TEST

START_TEST(a_program_that_closes_stdin_early_is_heard)
{
    begin();
    visitor_ask(v, "POST", "/cgi/a.cgi", 1 << 20, NULL);
    start_program();
    fd_close(&program.in);
    for (unsigned i = 0; i < 10; i++)
        visitor_send_many(v, 65536);
    ck_assert_uint_gt(body_room(&v->x->request.body), 0); /* the rest is thrown away */
    say("Status: 200\n\nenough");
    exit_program(0);
    check_body("enough");
    end();
}
END_TEST

START_TEST(a_body_that_breaks_ends_the_program)
{
    begin();
    visitor_ask(v, "POST", "/cgi/a.cgi", 100, NULL);
    start_program();
    visitor_send(v, "half");
    visitor_end_body(v, BODY_BROKEN);
    ck_assert_int_eq(v->status, 400);
    ck_assert(was_killed());
    end();
}
END_TEST

START_TEST(a_collected_body_that_breaks_starts_nothing)
{
    begin();
    visitor_ask(v, "POST", "/cgi/a.cgi", VISITOR_CHUNKED, NULL);
    visitor_send(v, "half");
    v->x->request.failed = 413;
    visitor_end_body(v, BODY_BROKEN);
    ck_assert_int_eq(v->status, 413);
    ck_assert(!spawner_fake_read(&spawner));
    end();
}
END_TEST

/* ---- failures ---- */

static const struct {
    const char *output;
    int status;
    const char *why;
    const char *how;
} failures[] = {
    { "", 0, "it gave no output", "exited with status 0" },
    { "", 3 << 8, "it gave no output", "exited with status 3" },
    { "", SIGSEGV, "it gave no output", "signal 11 (Segmentation fault)" },
    { "<p>hello</p>\n", 0, "its output has no head", "'<p>hello</p>" },
    { "Content-Type: a/b\n", 0, "before the empty line", "exited with status 0" },
};

START_TEST(no_head_is_502_and_the_log_tells_why)
{
    begin();
    get();
    start_program();
    if (failures[_i].output[0])
        say(failures[_i].output);
    program_fake_complain(&program, "Can't locate Foo.pm\nBEGIN failed\n");
    exit_program(failures[_i].status);
    check_failure(502, failures[_i].why);
    ck_assert(visitor_log_has(v, failures[_i].how));
    ck_assert(visitor_log_has(v, "BEGIN failed'"));
    end();
}
END_TEST

START_TEST(a_bad_head_is_502_at_once)
{
    begin();
    get();
    start_program();
    say("Status: 99\n\n");
    check_failure(502, "its Status is not a number");
    ck_assert(was_killed());
    end();
}
END_TEST

START_TEST(a_program_that_closes_its_output_and_stays_does_not_hold_the_client)
{
    begin();
    get();
    start_program();
    close_output();
    ck_assert_int_eq(v->status, 0);
    visitor_pass(v, 1000);
    check_failure(502, "runs on; killed");
    ck_assert(was_killed());
    end();
}
END_TEST

static const struct {
    enum spawn_stage stage;
    int error;
    int status;
    const char *why;
} refusals[] = {
    { SPAWN_STAGE_SCRIPT, ENOENT, 404, "No such file" },
    { SPAWN_STAGE_SCRIPT, EACCES, 403, "Permission denied" },
    { SPAWN_STAGE_SCRIPT, ELOOP, 403, "symbolic links" },
    { SPAWN_STAGE_SCRIPT, EMFILE, 503, "Too many open files" },
    { SPAWN_STAGE_SCRIPT, EIO, 500, "Input/output error" },
    { SPAWN_STAGE_FOLDER, EACCES, 403, "folder" },
    { SPAWN_STAGE_EXEC, EACCES, 403, "chmod +x" },
    { SPAWN_STAGE_EXEC, ENOENT, 500, "first line" },
    { SPAWN_STAGE_EXEC, ENOEXEC, 500, "#!" },
    { SPAWN_STAGE_EXEC, E2BIG, 431, "too long" },
    { SPAWN_STAGE_RULE, 0, 500, "no rule" },
    { SPAWN_STAGE_PIPES, EMFILE, 503, "Too many open files" },
    { SPAWN_STAGE_PROCESS, EAGAIN, 503, "process" },
};

START_TEST(a_start_that_fails_says_what_to_do)
{
    begin();
    get();
    ck_assert(spawner_fake_read(&spawner));
    spawner_fake_fail(&spawner, spawner.message.ask.token, refusals[_i].stage, refusals[_i].error);
    visitor_settle(v);
    check_failure(refusals[_i].status, refusals[_i].why);
    if (refusals[_i].status == 503)
        ck_assert_ptr_nonnull(strstr(v->fields, "Retry-After: "));
    end();
}
END_TEST

START_TEST(without_a_spawner_the_answer_is_503_after_a_while)
{
    begin();
    spawner_fake_close(&spawner);
    visitor_settle(v);
    get();
    ck_assert_int_eq(v->status, 0);
    visitor_pass(v, SPAWN_WAIT_MS);
    check_failure(503, "no spawner");
    end();
}
END_TEST

START_TEST(a_spawner_that_dies_cuts_the_answer)
{
    begin();
    get();
    start_program();
    say("Content-Type: a/b\n\nhalf");
    spawner_fake_close(&spawner);
    close_output();
    ck_assert_int_eq(v->reset, RESET_BROKEN);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), 1);
    ck_assert(visitor_log_has(v, "the spawner went away"));
    end();
}
END_TEST

/* The programs died with the spawner, but its channel closes later: it was starting another one. */
START_TEST(the_death_of_a_spawner_may_be_heard_late)
{
    begin();
    get();
    start_program();
    say("Content-Type: a/b\n\nhalf");
    fd_close(&program.err);
    close_output();
    visitor_pass(v, 250);
    ck_assert_int_eq(v->end, BODY_OPEN);
    spawner_fake_close(&spawner);
    visitor_settle(v);
    ck_assert_int_eq(v->reset, RESET_BROKEN);
    ck_assert(visitor_log_has(v, "the spawner went away"));
    end();
}
END_TEST

START_TEST(too_many_variables_are_431)
{
    begin();
    conf.max_environment_bytes = 100;
    get();
    ck_assert_int_eq(v->status, 431);
    ck_assert(!spawner_fake_read(&spawner));
    end();
}
END_TEST

/* ---- time ---- */

START_TEST(a_silent_program_gets_504_and_is_killed)
{
    begin();
    get();
    start_program();
    program_fake_complain(&program, "still thinking\n");
    visitor_pass(v, TIME_MS - 1);
    ck_assert_int_eq(v->status, 0);
    visitor_pass(v, 1);
    check_failure(504, "TimeForCGI (5 s) is over");
    ck_assert(visitor_log_has(v, "last words: 'still thinking'"));
    ck_assert(was_killed());
    end();
}
END_TEST

START_TEST(a_slow_program_is_looked_at_once_and_the_log_tells)
{
    begin();
    get();
    start_program();
    visitor_pass(v, TIME_MS / 5 * 4 - 1);
    ck_assert(!spawner_fake_read(&spawner));
    visitor_pass(v, 1);
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.kind, SPAWN_LOOK);
    spawner_fake_see(&spawner, program.token, "'a' (7) asleep in pipe_read, cpu 1 ms");
    visitor_settle(v);
    ck_assert(visitor_log_has(
        v, "/www/cgi/a.cgi: slow: 4000 ms of TimeForCGI (5 s) are over; 'a' (7) asleep in"));
    ck_assert_uint_eq(visitor_lines(v, LEVEL_NOTICE), 1);
    visitor_pass(v, TIME_MS / 5 - 1);
    ck_assert(!spawner_fake_read(&spawner));
    visitor_pass(v, 1);
    check_failure(504, "TimeForCGI (5 s) is over: killed");
    end();
}
END_TEST

START_TEST(which_limit_is_nearly_over_is_said)
{
    begin();
    vhost.folder.cgi_first_byte_ms = 1500;
    get();
    start_program();
    visitor_pass(v, 1200);
    ck_assert(spawner_fake_read(&spawner));
    spawner_fake_see(&spawner, program.token, "'a' (7) running, cpu 1190 ms");
    visitor_settle(v);
    ck_assert(visitor_log_has(v, "slow: 1200 ms of CGIfirstByte (1500 ms) are over; 'a' (7) run"));
    say("Content-Type: a/b\n\nhello");
    close_output();
    exit_program(0);
    check_body("hello");
    end();
}
END_TEST

START_TEST(a_slow_program_that_is_gone_when_it_is_looked_at_leaves_no_line)
{
    begin();
    get();
    start_program();
    visitor_pass(v, TIME_MS / 5 * 4);
    ck_assert(spawner_fake_read(&spawner));
    spawner_fake_see(&spawner, program.token, "");
    say("Content-Type: a/b\n\nhello");
    close_output();
    exit_program(0);
    check_body("hello");
    ck_assert_uint_eq(visitor_lines(v, LEVEL_NOTICE), 0);
    end();
}
END_TEST

START_TEST(output_does_not_prolong_the_time)
{
    begin();
    get();
    start_program();
    say("Content-Type: a/b\n\n");
    for (unsigned i = 0; i < 5; i++) {
        say("dot");
        visitor_pass(v, TIME_MS / 5);
    }
    ck_assert_int_eq(v->reset, RESET_DEADLINE);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), 1);
    ck_assert(visitor_log_has(v, "TimeForCGI (5 s) is over"));
    ck_assert(was_killed());
    end();
}
END_TEST

START_TEST(a_slow_upload_is_not_the_programs_time)
{
    begin();
    visitor_ask(v, "POST", "/cgi/a.cgi", 10, NULL);
    start_program();
    for (unsigned i = 0; i < 10; i++) {
        visitor_pass(v, TIME_MS - 1);
        visitor_send(v, "b");
    }
    visitor_end_body(v, BODY_COMPLETE);
    ck_assert_int_eq(v->status, 0);
    visitor_pass(v, TIME_MS);
    check_failure(504, "TimeForCGI");
    end();
}
END_TEST

START_TEST(a_spawner_that_does_not_answer_is_504)
{
    begin();
    get();
    visitor_pass(v, TIME_MS);
    check_failure(504, "TimeForCGI");
    end();
}
END_TEST

START_TEST(a_program_that_runs_on_behind_its_answer_is_ended)
{
    begin();
    get();
    start_program();
    say("Content-Type: a/b\n\nhello");
    close_output();
    check_body("hello");
    visitor_pass(v, TIME_MS);
    ck_assert(was_killed());
    ck_assert_uint_eq(visitor_lines(v, LEVEL_ERROR), 0);
    ck_assert(visitor_log_has(v, "ran on"));
    end();
}
END_TEST

START_TEST(a_program_may_be_left_alone_at_the_time_limit)
{
    begin();
    conf.kill_timed_out_cgi = false;
    get();
    start_program();
    visitor_pass(v, TIME_MS);
    check_failure(504, "left alone, as KillTimedoutCGI says");
    ck_assert(!was_killed());
    end();
}
END_TEST

START_TEST(a_program_may_be_left_alone_behind_its_answer)
{
    begin();
    conf.wait_for_cgi = false;
    get();
    start_program();
    say("Content-Type: a/b\n\nhello");
    close_output();
    visitor_pass(v, 20);
    check_body("hello");
    ck_assert_ptr_null(v->x);
    ck_assert(!was_killed());
    end();
}
END_TEST

START_TEST(a_program_with_a_root_directory_is_told_paths_in_it)
{
    begin();
    vhost.confine.chroot = SLICE("/www");
    get();
    start_program();
    ck_assert_str_eq(spawner_fake_variable(&spawner, "SCRIPT_FILENAME"), "/cgi/a.cgi");
    ck_assert_str_eq(spawner_fake_variable(&spawner, "DOCUMENT_ROOT"), "/");
    say("Content-Type: a/b\n\nhello");
    close_output();
    exit_program(0);
    check_body("hello");
    end();
}
END_TEST

START_TEST(processor_time_that_is_used_up_is_named)
{
    begin();
    vhost.confine.cpu_s = 3;
    get();
    start_program();
    close_output();
    exit_program(SIGXCPU);
    check_failure(502, "CGIcpu (3 s) is used up");
    end();
}
END_TEST

static const struct {
    uint64_t peak_kib;
    int status;
    const char *why;
} peaks[] = {
    { 1000, SIGKILL, "CGIgroupMemory (1048576 bytes) is used up" },
    { 900, SIGKILL, "ended by signal 9" },
    { 1024, SIGTERM, "ended by signal 15" },
};

START_TEST(memory_of_the_group_that_is_used_up_is_named)
{
    begin();
    vhost.confine.group_memory_bytes = 1u << 20;
    get();
    start_program();
    program.peak_kib = peaks[_i].peak_kib;
    close_output();
    exit_program(peaks[_i].status);
    check_failure(502, peaks[_i].why);
    end();
}
END_TEST

/* ---- clients that leave ---- */

static const bool after_head[] = { false, true };

START_TEST(a_client_that_leaves_ends_the_program)
{
    begin();
    get();
    start_program();
    if (after_head[_i])
        say("Content-Type: a/b\n\n");
    visitor_leave(v, RESET_CLIENT_GONE);
    ck_assert(was_killed());
    ck_assert_uint_eq(visitor_lines(v, LEVEL_WARNING), 0);
    end();
}
END_TEST

START_TEST(a_client_that_leaves_before_the_start_is_not_served)
{
    begin();
    get();
    visitor_leave(v, RESET_CLIENT_GONE);
    ck_assert(spawner_fake_read(&spawner));
    ck_assert_int_eq(spawner.message.kind, SPAWN_ASK);
    ck_assert(was_killed());
    end();
}
END_TEST

START_TEST(a_client_that_leaves_while_its_body_is_collected)
{
    begin();
    visitor_ask(v, "POST", "/cgi/a.cgi", VISITOR_CHUNKED, NULL);
    visitor_send_many(v, 60000);
    visitor_send_many(v, 60000);
    visitor_leave(v, RESET_CLIENT_GONE);
    ck_assert(!spawner_fake_read(&spawner));
    end();
}
END_TEST

START_TEST(an_answer_that_died_with_the_spawner_is_cut)
{
    begin();
    get();
    start_program();
    say("Content-Type: a/b\n\nhalf of i");
    program_fake_close_output(
        &program); /* the kernel ends both; the end of the pipe is seen first */
    visitor_settle(v);
    ck_assert_int_eq(v->end, BODY_OPEN);
    spawner_fake_close(&spawner);
    visitor_settle(v);
    ck_assert_int_eq(v->reset, RESET_BROKEN);
    ck_assert(visitor_log_has(v, "the spawner went away"));
    end();
}
END_TEST

SUITE("cgi", TEST(a_get_is_answered), TEST(the_answer_ends_with_the_output_not_with_the_program),
      TEST(an_answer_that_died_with_the_spawner_is_cut), TEST(all_output_at_once_with_the_exit),
      TEST(an_answer_at_every_split), TEST(a_local_redirect_is_left_to_the_client),
      LOOP(the_house_has_pages_for_errors_of_programs, own_statuses), TEST(surplus_is_cut_and_told),
      TEST(too_few_bytes_cut_the_answer), TEST(an_answer_to_head_needs_no_body),
      TEST(cgitb_is_served_and_told), TEST(a_slow_client_makes_the_program_wait),
      TEST(stderr_is_one_line_per_line), TEST(stderr_of_a_program_that_runs_on_is_heard_at_once),
      TEST(what_was_said_before_the_client_left_is_heard),
      TEST(a_flood_on_stderr_does_not_hold_the_answer), TEST(a_body_goes_to_stdin_and_ends),
      TEST(the_body_is_wanted_only_once_the_program_runs),
      TEST(a_body_of_unknown_length_is_collected_first),
      TEST(a_long_body_of_unknown_length_becomes_a_file),
      TEST(a_program_that_reads_nothing_stops_the_client),
      TEST(a_body_may_go_past_our_memory_into_stdin),
      TEST(a_program_that_falls_behind_holds_the_outlet),
      TEST(a_program_that_closes_stdin_early_is_heard), TEST(a_body_that_breaks_ends_the_program),
      TEST(a_collected_body_that_breaks_starts_nothing),
      LOOP(no_head_is_502_and_the_log_tells_why, failures), TEST(a_bad_head_is_502_at_once),
      TEST(a_program_that_closes_its_output_and_stays_does_not_hold_the_client),
      LOOP(a_start_that_fails_says_what_to_do, refusals),
      TEST(without_a_spawner_the_answer_is_503_after_a_while),
      TEST(a_spawner_that_dies_cuts_the_answer), TEST(the_death_of_a_spawner_may_be_heard_late),
      TEST(too_many_variables_are_431), TEST(a_silent_program_gets_504_and_is_killed),
      TEST(output_does_not_prolong_the_time),
      TEST(a_slow_program_is_looked_at_once_and_the_log_tells),
      TEST(which_limit_is_nearly_over_is_said),
      TEST(a_slow_program_that_is_gone_when_it_is_looked_at_leaves_no_line),
      TEST(a_slow_upload_is_not_the_programs_time), TEST(a_spawner_that_does_not_answer_is_504),
      TEST(a_program_that_runs_on_behind_its_answer_is_ended),
      TEST(a_program_may_be_left_alone_at_the_time_limit),
      TEST(a_program_may_be_left_alone_behind_its_answer),
      TEST(a_program_with_a_root_directory_is_told_paths_in_it),
      TEST(processor_time_that_is_used_up_is_named),
      LOOP(memory_of_the_group_that_is_used_up_is_named, peaks),
      LOOP(a_client_that_leaves_ends_the_program, after_head),
      TEST(a_client_that_leaves_before_the_start_is_not_served),
      TEST(a_client_that_leaves_while_its_body_is_collected))
