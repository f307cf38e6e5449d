#include "handler/probe.h"

#include "handler/registry.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

static struct probe *open_site(bool with_version)
{
    struct probe *probe = probe_new();
    struct conf conf;

    tree_file(&probe->tree, "dir/x.txt", "x");
    tree_file(&probe->tree, "a\"<b>/x.txt", "x");
    conf_make(&conf);
    conf.server->error_page_version = with_version;
    probe_host(probe, &conf)->hostnames = conf_words(&conf, "site<b>.test site.test");
    probe_open(probe, &conf);
    return probe;
}

static bool body_has(const struct probe *probe, const char *text)
{
    return slice_find_slice(slice_of(probe->body, probe->body_len), slice_cstr(text)) != SLICE_NONE;
}

static const char *field(struct probe *probe, const char *name)
{
    const char *value = probe_field(probe, name);

    return value ? value : "(none)";
}

START_TEST(an_error_page_says_what_happened_and_where)
{
    struct probe *probe = open_site(false);

    probe_ask(probe, "GET", "/none", NULL);
    ck_assert_int_eq(probe->status, 404);
    ck_assert_int_eq(probe->length, (int64_t)probe->body_len);
    ck_assert_int_eq(probe->end, BODY_COMPLETE);
    ck_assert_str_eq(field(probe, "Content-Type"), "text/html; charset=utf-8");
    ck_assert_str_eq(field(probe, "Cache-Control"), "(none)");
    ck_assert(body_has(probe, "<title>404 Not Found</title>"));
    ck_assert(body_has(probe, "prefers-color-scheme:dark"));
    ck_assert(body_has(probe, "site&lt;b&gt;.test"));
    ck_assert(body_has(probe, probe->id));
    ck_assert(!body_has(probe, LONGHOUSE_VERSION));
    ck_assert(!body_has(probe, probe->tree.root)); /* nothing about the disk */
    ck_assert_ptr_nonnull(strstr(probe->cause, probe->tree.root));
    ck_assert_uint_eq(probe->logged_lines, 0);
    probe_free(probe);
}
END_TEST

START_TEST(the_version_is_named_when_the_configuration_asks_for_it)
{
    struct probe *probe = open_site(true);

    probe_ask(probe, "GET", "/none", NULL);
    ck_assert(body_has(probe, "Longhouse " LONGHOUSE_VERSION));
    probe_free(probe);
}
END_TEST

START_TEST(a_redirect_leads_on)
{
    struct probe *probe = open_site(false);

    probe_ask(probe, "GET", "/dir?a=b&c", NULL);
    ck_assert_int_eq(probe->status, 301);
    ck_assert_str_eq(field(probe, "Location"), "/dir/?a=b&c");
    ck_assert(body_has(probe, "<a href=\"/dir/?a=b&amp;c\">"));
    ck_assert_str_eq(probe->cause, "");

    probe_ask(probe, "GET", "/a%22%3cb%3e?'", NULL);
    ck_assert_str_eq(field(probe, "Location"), "/a%22%3Cb%3E/?'");
    ck_assert(!body_has(probe, "/?'"));
    probe_free(probe);
}
END_TEST

START_TEST(methods_are_named)
{
    struct probe *probe = open_site(false);

    probe_ask(probe, "DELETE", "/dir/x.txt", NULL);
    ck_assert_int_eq(probe->status, 405);
    ck_assert_str_eq(field(probe, "Allow"), "GET, HEAD, OPTIONS");

    probe_ask(probe, "OPTIONS", "/dir/x.txt", NULL);
    ck_assert_int_eq(probe->status, 204);
    ck_assert_str_eq(field(probe, "Allow"), "GET, HEAD, OPTIONS");
    ck_assert_str_eq(field(probe, "Content-Type"), "(none)");
    ck_assert_uint_eq(probe->body_len, 0);

    probe_ask(probe, "OPTIONS", "*", NULL);
    ck_assert_int_eq(probe->status, 204);
    probe_free(probe);
}
END_TEST

START_TEST(trace_echoes_all_but_secrets)
{
    struct probe *probe = open_site(false);

    probe->binding.enable_trace = true;
    probe_ask(probe, "TRACE", "/x?y",
              "Host: site.test\nCookie: secret=1\nauthorization: Basic c2VjcmV0\nX-Own: kept\n"
              "Proxy-Authorization: secret\n");
    ck_assert_int_eq(probe->status, 200);
    ck_assert_str_eq(field(probe, "Content-Type"), "message/http");
    const char *expect = "TRACE /x?y HTTP/1.1\r\nHost: site.test\r\nX-Own: kept\r\n\r\n";
    ck_assert_uint_eq(probe->body_len, strlen(expect));
    ck_assert_mem_eq(probe->body, expect, strlen(expect));
    ck_assert_int_eq(probe->length, (int64_t)strlen(expect));
    probe_free(probe);
}
END_TEST

/* ---- reply_status ---- */

/* A handler that has begun something when it finds out that it cannot go on. */
static void half_start(struct exchange *x, const struct verdict *verdict)
{
    (void)verdict;
    x->response.status = 200;
    exchange_field(x, SLICE("X-Half"), SLICE("done"));
    body_put_bytes(&x->response.body, SLICE("half a page"));
    reply_status(x, 503, "no backend of \"php\" answers", 7);
}

static void half_advance(struct exchange *x)
{
    (void)x;
}

static void half_cancel(struct exchange *x, enum reset_reason reason)
{
    (void)reason;
    exchange_handler_done(x);
}

static const struct handler_ops half = {
    .name = "half", .start = half_start, .advance = half_advance, .cancel = half_cancel
};

static void answer_by_half(struct exchange *x)
{
    x->handler = &half;
    half.start(x, NULL);
}

START_TEST(a_failing_handler_is_replaced_and_the_log_says_why_once)
{
    struct probe *probe = open_site(false);
    char expect[256];

    probe->answer = answer_by_half;
    probe_ask(probe, "GET", "/a.php", NULL);
    ck_assert_int_eq(probe->status, 503);
    ck_assert_uint_eq(probe->heads, 1);
    ck_assert_str_eq(field(probe, "Retry-After"), "7");
    ck_assert_str_eq(field(probe, "Cache-Control"), "no-store");
    ck_assert_str_eq(field(probe, "X-Half"), "(none)");
    ck_assert(!body_has(probe, "half a page"));
    ck_assert(!body_has(probe, "backend")); /* the reason is for the administrator */
    ck_assert_str_eq(probe->cause, "no backend of \"php\" answers");
    ck_assert_uint_eq(probe->logged_lines, 1);
    snprintf(expect, sizeof(expect),
             "site<b>.test: GET /a.php: no backend of \"php\" answers; answering 503, request %s\n",
             probe->id);
    ck_assert_str_eq(probe->logged, expect);
    probe_free(probe);
}
END_TEST

/* ---- what the wire refused ---- */

static void answer_as_refused(struct exchange *x)
{
    struct verdict *verdict = x->hold;

    x->request.failed = 505;
    x->request.failed_why = "HTTP/3.7";
    x->request.line = SLICE("GET / HTTP/3.7");
    *verdict = (struct verdict){ .status = 505, .why = x->request.failed_why };
    x->handler = &handler_reply;
    handler_reply.start(x, verdict);
}

START_TEST(a_request_that_the_wire_refused_is_told_with_its_reason)
{
    struct probe *probe = open_site(false);

    probe->answer = answer_as_refused;
    probe_ask(probe, "GET", "/", NULL);
    ck_assert_int_eq(probe->status, 505);
    ck_assert_str_eq(probe->cause, "HTTP/3.7");
    ck_assert_uint_eq(probe->logged_lines, 1);
    ck_assert_ptr_nonnull(strstr(probe->logged, "'GET / HTTP/3.7': HTTP/3.7; answering 505, "));
    probe_free(probe);
}
END_TEST

START_TEST(a_403_is_told_to_the_administrator)
{
    struct probe *probe = open_site(false);

    tree_fifo(&probe->tree, "fifo");
    probe_ask(probe, "GET", "/fifo", NULL);
    ck_assert_int_eq(probe->status, 403);
    ck_assert_uint_eq(probe->logged_lines, 1);
    ck_assert_ptr_nonnull(strstr(probe->logged, "GET /fifo: "));
    ck_assert_ptr_nonnull(strstr(probe->logged, "; answering 403, request "));
    ck_assert(!body_has(probe, "neither a file"));
    probe_free(probe);
}
END_TEST

SUITE("handler reply", TEST(an_error_page_says_what_happened_and_where),
      TEST(the_version_is_named_when_the_configuration_asks_for_it), TEST(a_redirect_leads_on),
      TEST(methods_are_named), TEST(trace_echoes_all_but_secrets),
      TEST(a_failing_handler_is_replaced_and_the_log_says_why_once),
      TEST(a_request_that_the_wire_refused_is_told_with_its_reason),
      TEST(a_403_is_told_to_the_administrator))
