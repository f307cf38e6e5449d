#include "binding.h"
#include "inspector/stage.h"

#include "os/fd.h"
#include "site/conf.h"
#include "site/tree.h"
#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>

/* "secret" */
#define BCRYPT "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"

static const char conf_rest[] = "Hostname = default.test\n"
                                "WebsiteRoot = THE_ROOT\n"
                                "TrustedProxy = 10.0.0.1\n"
                                "Binding {\n"
                                "Port = 8080\n"
                                "BindingID = plain\n"
                                "}\n"
                                "Binding {\n"
                                "Port = 8081\n"
                                "Interface = 127.0.0.2\n"
                                "}\n"
                                "Throttle = text/html:500\n"
                                "ThrottlePattern = **.cgi 100B-3000B\n"
                                "ChallengeClient = 9000, httpheader, 60\n"
                                "FastCGIserver {\n"
                                "FastCGIid = PHP\n"
                                "ConnectTo = 127.0.0.1:9001, 127.0.0.1:9002\n"
                                "Extension = php\n"
                                "}\n"
                                "FastCGIserver {\n"
                                "FastCGIid = GATE\n"
                                "ConnectTo = 127.0.0.1:9003\n"
                                "}\n"
                                "UrlToolkit {\n"
                                "ToolkitID = rules\n"
                                "Match ^/old/(.*) Redirect /new/$1\n"
                                "Match ^/r/(.*) Rewrite /$1\n"
                                "}\n"
                                "Directory {\n"
                                "DirectoryID = closed\n"
                                "Path = /closed\n"
                                "AccessList = allow 192.0.2.0/24, deny all\n"
                                "UploadSpeed = 2000, 9\n"
                                "}\n"
                                "Directory {\n"
                                "DirectoryID = staff\n"
                                "Path = /staff\n"
                                "PasswordFile = Basic:THE_ROOT/users\n"
                                "}\n"
                                "Directory {\n"
                                "DirectoryID = asked\n"
                                "Path = /asked\n"
                                "FastCGIauth = GATE\n"
                                "}\n"
                                "VirtualHost {\n"
                                "Hostname = site.test, *.wild.test\n"
                                "WebsiteRoot = THE_ROOT\n"
                                "ExecuteCGI = yes\n"
                                "CGIextension = cgi\n"
                                "TimeForCGI = 7\n"
                                "UseFastCGI = PHP\n"
                                "UseToolkit = rules\n"
                                "UseDirectory = closed, staff, asked\n"
                                "Setenv COLOUR = blue\n"
                                "PreventSQLi = block\n"
                                "PreventCSRF = detect\n"
                                "DenyBody = ^.*evil.*$\n"
                                "ReverseProxy = ^/far/ http://127.0.0.1:9004 9\n"
                                "ErrorHandler = 410:/none.html\n"
                                "ErrorHandler = 404:/oops.cgi\n"
                                "}\n";

struct fixture {
    struct tree tree;
    struct snapshot *snapshot; /* keeps the configuration */
    struct stage *stage;
    struct arena arena;
    struct url url;
    struct stage_answer answer;
    size_t open_before;
};

static void set_up(struct fixture *f)
{
    char text[4096];

    *f = (struct fixture){ .open_before = fd_count_open() };
    tree_make(&f->tree);
    tree_file(&f->tree, "index.html", "x");
    tree_file(&f->tree, "a.cgi", "x");
    tree_mode(&f->tree, "a.cgi", 0755);
    tree_file(&f->tree, "oops.cgi", "x");
    tree_mode(&f->tree, "oops.cgi", 0755);
    tree_file(&f->tree, "x.php", "x");
    tree_file(&f->tree, "closed/a.txt", "x");
    tree_file(&f->tree, "staff/a.txt", "x");
    tree_file(&f->tree, "asked/a.txt", "x");
    tree_file(&f->tree, "users", "joe:" BCRYPT "\n");
    snprintf(text, sizeof(text), "set THE_ROOT = %s\n%s", f->tree.root, conf_rest);
    f->snapshot = conf_text_snapshot(text);
    ck_assert_int_eq(stage_open(f->snapshot->conf, &f->stage), 0);
}

static void tear_down(struct fixture *f)
{
    stage_close(f->stage);
    arena_done(&f->arena);
    snapshot_drop(f->snapshot);
    tree_remove(&f->tree);
    ck_assert_uint_eq(fd_count_open(), f->open_before);
}

static void ask_as(struct fixture *f, const char *method, const char *url, const char *fields,
                   const char *from, bool is_banned)
{
    struct parse_fault fault;

    ck_assert_int_eq(url_parse(slice_cstr(url), &f->arena, &f->url, &fault), PARSE_DONE);
    struct stage_question question = {
        .url = &f->url,
        .binding = binding_for(f->snapshot->conf, &f->url),
        .method = slice_cstr(method),
        .fields = slice_cstr(fields),
        .is_banned = is_banned,
    };
    ck_assert_ptr_nonnull(question.binding);
    ck_assert(address_parse_ip(slice_cstr(from), 0, &question.from));
    stage_ask(f->stage, &question, &f->arena, &f->answer);
}

static void ask(struct fixture *f, const char *url)
{
    ask_as(f, "GET", url, "", "127.0.0.1", false);
}

static bool has_note(const struct fixture *f, enum trace_part part, enum trace_mark mark,
                     const char *text)
{
    for (const struct trace_note *note = f->answer.trace.first; note; note = note->next)
        if (note->part == part && note->mark == mark &&
            slice_find_slice(note->text, slice_cstr(text)) != SLICE_NONE)
            return true;
    return false;
}

static bool has_variable(const struct fixture *f, const char *text)
{
    struct slice rest = f->answer.trace.environment;
    struct slice variable;

    while (slice_next(&rest, '\0', &variable))
        if (slice_equal_cstr(variable, text))
            return true;
    return false;
}

static const struct {
    const char *method;
    const char *url;
    const char *fields;
    const char *from;
    int status; /* 0: the program's */
    const char *handler;
    enum trace_part part;
    enum trace_mark mark;
    const char *note;
} cases[] = {
    { "GET", "site.test/", "", "::1", 200, "file", TRACE_HOST, TRACE_YES, "is its name" },
    { "GET", "a.wild.test/", "", "::1", 200, "file", TRACE_HOST, TRACE_YES, "'*.wild.test'" },
    { "GET", "typo.test/", "", "::1", 200, "file", TRACE_HOST, TRACE_NO, "the default host" },
    { "GET", "site.test:8080/", "", "::1", 200, "file", TRACE_BINDING, TRACE_YES, ":8080" },
    { "GET", "site.test/", "", "::1", 200, "file", TRACE_BINDING, TRACE_FACT, "no such binding" },
    { "GET", "127.0.0.2:8081/", "", "::1", 200, "file", TRACE_BINDING, TRACE_YES,
      "127.0.0.2:8081" },
    { "GET", "site.test/", "If-None-Match: *\r\n", "::1", 304, "file", TRACE_HANDLER, TRACE_YES,
      "/index.html" },
    { "GET", "site.test/", "Range: bytes=0-0\r\n", "::1", 206, "file", TRACE_DISK, TRACE_YES,
      "/index.html: a file" },
    { "GET", "site.test/", "", "::1", 200, "file", TRACE_ANSWER, TRACE_YES,
      "200: text/html; charset=utf-8, 1 bytes" },
    { "GET", "site.test/", "Range: bytes=9-\r\n", "::1", 416, "file", TRACE_DISK, TRACE_YES, "" },
    { "GET", "site.test/a.cgi?q=%27%20or%201=1", "", "::1", 441, "reply", TRACE_GATE, TRACE_NO,
      "PreventSQLi in the query: " },
    { "GET", "site.test/a.cgi?q=1", "", "::1", 0, "cgi", TRACE_GATE, TRACE_YES,
      "nothing in it that these rules would stop, as far as it is known without a body" },
    { "GET", "site.test/a.cgi", "", "::1", 0, "cgi", TRACE_GATE, TRACE_FACT,
      "DenyBody ^.*evil.*$: a body that fits is answered 403" },
    { "GET", "site.test/a.cgi", "", "::1", 0, "cgi", TRACE_GATE, TRACE_FACT,
      "PreventSQLi = block: SQL is looked for in path, query, cookies and body" },
    { "GET", "site.test/a.cgi", "", "::1", 0, "cgi", TRACE_GATE, TRACE_FACT,
      "PreventCSRF = detect: " },
    { "GET", "site.test/a.cgi", "", "::1", 0, "cgi", TRACE_ANSWER, TRACE_FACT,
      "ThrottlePattern **.cgi: 3000 bytes per second for all its answers together, none of them "
      "below 100" },
    { "GET", "site.test/index.html", "", "::1", 200, "file", TRACE_ANSWER, TRACE_FACT,
      "Throttle: 512000 bytes per second" },
    { "GET", "site.test/closed/a.txt", "", "192.0.2.7", 200, "file", TRACE_ANSWER, TRACE_FACT,
      "UploadSpeed of Directory 'closed': 2048000 bytes per second for all its answers together, "
      "at most 9 at a time" },
    { "GET", "site.test/", "", "::1", 200, "file", TRACE_CLIENT, TRACE_FACT,
      "ChallengeClient: from 9000 connections on" },
    { "DELETE", "site.test/index.html", "", "::1", 405, "reply", TRACE_ANSWER, TRACE_NO, "405: " },
    { "GET", "site.test/old/x", "", "::1", 301, "redirect", TRACE_TOOLKIT, TRACE_YES,
      "Match ^/old/(.*) Redirect /new/$1  -> /new/x" },
    { "GET", "site.test/r/index.html", "", "::1", 200, "file", TRACE_TOOLKIT, TRACE_YES,
      "-> /index.html" },
    { "PUT", "site.test/index.html", "", "::1", 405, "reply", TRACE_HANDLER, TRACE_NO, "405: " },
    { "GET", "site.test/%zz", "", "::1", 400, "reply", TRACE_GATE, TRACE_NO, "request: " },
    { "GET", "site.test/.git/x", "", "::1", 0, "cgi", TRACE_GATE, TRACE_NO, "AllowDotFiles: " },
    { "GET", "site.test/closed/a.txt", "", "::1", 403, "reply", TRACE_ACCESS, TRACE_NO,
      "allow 192.0.2.0/24 is for others" },
    { "GET", "site.test/closed/a.txt", "", "192.0.2.7", 200, "file", TRACE_ACCESS, TRACE_YES,
      "open to this client" },
    { "GET", "site.test/closed/a.txt", "X-Forwarded-For: 192.0.2.7\r\n", "10.0.0.1", 200, "file",
      TRACE_CLIENT, TRACE_FACT, "192.0.2.7, named by the trusted proxy 10.0.0.1" },
    { "GET", "site.test/closed/a.txt", "X-Forwarded-For: 192.0.2.7\r\n", "10.0.0.2", 403, "reply",
      TRACE_CLIENT, TRACE_FACT, "10.0.0.2" },
    { "GET", "site.test/closed/a.txt", "", "::1", 403, "reply", TRACE_DIRECTORY, TRACE_YES,
      "'closed'" },
    { "GET", "site.test/staff/a.txt", "", "::1", 401, "reply", TRACE_LOGIN, TRACE_NO,
      "there is no password" },
    { "GET", "site.test/staff/a.txt", "Authorization: Basic am9lOndyb25n\r\n", "::1", 401, "reply",
      TRACE_LOGIN, TRACE_NO, "user 'joe': the user or the password is wrong" },
    { "GET", "site.test/staff/a.txt", "Authorization: Basic am9lOnNlY3JldA==\r\n", "::1", 200,
      "file", TRACE_LOGIN, TRACE_YES, "user 'joe': the password is right" },
    { "GET", "site.test/asked/a.txt", "", "::1", 200, "file", TRACE_LOGIN, TRACE_FACT,
      "FastCGIauth 'GATE' is asked first" },
    { "GET", "site.test/none", "", "::1", 0, "cgi", TRACE_HANDLER, TRACE_FACT,
      "ErrorHandler for 404: /oops.cgi" },
    { "GET", "site.test/a.cgi", "", "::1", 0, "cgi", TRACE_PROGRAM, TRACE_FACT,
      "TimeForCGI: 7000 ms" },
    { "GET", "site.test/x.php", "", "::1", 0, "fastcgi", TRACE_BACKEND, TRACE_FACT,
      "target 127.0.0.1:9002" },
    { "GET", "site.test/far/a", "", "::1", 0, "proxy", TRACE_BACKEND, TRACE_FACT,
      "it may say nothing for 9000 ms, before its answer and within it" },
};

START_TEST(each_question_is_answered_with_its_reason)
{
    struct fixture f;

    set_up(&f);
    ask_as(&f, cases[_i].method, cases[_i].url, cases[_i].fields, cases[_i].from, false);
    ck_assert_int_eq(f.answer.status, cases[_i].status);
    ck_assert_str_eq(f.answer.handler, cases[_i].handler);
    ck_assert_msg(has_note(&f, cases[_i].part, cases[_i].mark, cases[_i].note), "'%s' of %s",
                  cases[_i].note, cases[_i].url);
    ck_assert_int_eq(f.answer.trace.reached_program, cases[_i].status == 0);
    tear_down(&f);
}
END_TEST

START_TEST(a_program_is_told_all_and_never_started)
{
    struct fixture f;

    set_up(&f);
    ask_as(&f, "POST", "http://site.test/a.cgi?x=1", "X-Mark: 7\r\n", "192.0.2.9", false);
    ck_assert(f.answer.trace.reached_program);
    ck_assert(has_variable(&f, "REQUEST_METHOD=POST"));
    ck_assert(has_variable(&f, "SCRIPT_NAME=/a.cgi"));
    ck_assert(has_variable(&f, "QUERY_STRING=x=1"));
    ck_assert(has_variable(&f, "REMOTE_ADDR=192.0.2.9"));
    ck_assert(has_variable(&f, "HTTP_X_MARK=7"));
    ck_assert(has_variable(&f, "COLOUR=blue"));
    ck_assert(slice_ends(f.answer.path, SLICE("/a.cgi")));
    ask(&f, "http://site.test/x.php");
    ck_assert(has_variable(&f, "SCRIPT_NAME=/x.php"));
    tear_down(&f);
}
END_TEST

START_TEST(a_backend_of_http_is_told_all_and_never_asked)
{
    struct fixture f;

    set_up(&f);
    ask_as(&f, "GET", "http://site.test/far/x?y=1", "X-Mark: 7\r\n", "192.0.2.9", false);
    ck_assert(f.answer.trace.reached_program);
    const struct slice head = f.answer.trace.head;
    ck_assert(slice_starts(head, SLICE("GET /far/x?y=1 HTTP/1.1\r\n")));
    ck_assert(slice_find_slice(head, SLICE("\r\nX-Mark: 7\r\n")) != SLICE_NONE);
    ck_assert(slice_find_slice(head, SLICE("\r\nX-Forwarded-For: 192.0.2.9\r\n")) != SLICE_NONE);
    ck_assert(slice_ends(head, SLICE("\r\n\r\n")));
    ask(&f, "http://site.test/a.cgi");
    ck_assert_uint_eq(f.answer.trace.head.len, 0);
    tear_down(&f);
}
END_TEST

START_TEST(who_is_banned_gets_nothing_else)
{
    struct fixture f;

    set_up(&f);
    ask_as(&f, "GET", "http://site.test/", "", "127.0.0.1", true);
    ck_assert_int_eq(f.answer.status, 429);
    ck_assert(has_note(&f, TRACE_CLIENT, TRACE_NO, "banned"));
    ck_assert(!has_note(&f, TRACE_DISK, TRACE_YES, ""));
    tear_down(&f);
}
END_TEST

START_TEST(a_name_that_no_host_has_is_known_as_such)
{
    struct fixture f;

    set_up(&f);
    ask(&f, "http://typo.test/");
    ck_assert(f.answer.is_unknown);
    assert_slice(f.answer.host, "default.test");
    ask(&f, "http://default.test/");
    ck_assert(!f.answer.is_unknown);
    ask(&f, "http://x.wild.test/");
    ck_assert(!f.answer.is_unknown);
    tear_down(&f);
}
END_TEST

START_TEST(a_port_that_no_binding_has_means_none)
{
    struct fixture f;
    struct parse_fault fault;

    set_up(&f);
    ck_assert_int_eq(url_parse(SLICE("http://site.test:99/"), &f.arena, &f.url, &fault),
                     PARSE_DONE);
    ck_assert_ptr_null(binding_for(f.snapshot->conf, &f.url));
    ck_assert_int_eq(url_parse(SLICE("https://site.test/"), &f.arena, &f.url, &fault), PARSE_DONE);
    ck_assert_ptr_null(binding_for(f.snapshot->conf, &f.url));
    tear_down(&f);
}
END_TEST

START_TEST(a_head_beyond_the_limit_is_refused)
{
    static char fields[70000];
    struct fixture f;

    memset(fields, 'x', sizeof(fields) - 1);
    memcpy(fields, "X-Long: ", 8);
    memcpy(fields + sizeof(fields) - 3, "\r\n", 3);
    set_up(&f);
    ask_as(&f, "GET", "http://site.test/", fields, "127.0.0.1", false);
    ck_assert_int_eq(f.answer.status, 431);
    tear_down(&f);
}
END_TEST

SUITE("stage", LOOP(each_question_is_answered_with_its_reason, cases),
      TEST(a_program_is_told_all_and_never_started),
      TEST(a_backend_of_http_is_told_all_and_never_asked), TEST(who_is_banned_gets_nothing_else),
      TEST(a_name_that_no_host_has_is_known_as_such), TEST(a_port_that_no_binding_has_means_none),
      TEST(a_head_beyond_the_limit_is_refused))
