#include "handler/probe.h"
#include "suite.h"

#include <stdlib.h>

static struct error_handler_conf *page_for(struct conf *conf, struct vhost_conf *host, int status,
                                           const char *path)
{
    struct error_handler_conf *handler = arena_new(conf->arena, struct error_handler_conf);

    *handler = (struct error_handler_conf){ .next = host->error_handlers,
                                            .status = status,
                                            .path = slice_cstr(path) };
    host->error_handlers = handler;
    return handler;
}

/* 404 has a page, 405 one in a folder, 403 one that is missing, 410 is nobody's. */
static struct probe *open_site(void)
{
    struct probe *probe = probe_new();
    struct conf conf;

    tree_file(&probe->tree, "errors/404.html", "not here");
    tree_file(&probe->tree, "errors/405.html", "not so");
    tree_file(&probe->tree, "a.txt", "x");
    tree_file(&probe->tree, "b.cgi", "x");
    conf_make(&conf);
    conf.server->cgi_extensions = conf_words(&conf, "cgi");
    struct vhost_conf *host = probe_host(probe, &conf);
    page_for(&conf, host, 404, "/errors/none.html"); /* the last one of a code counts */
    page_for(&conf, host, 404, "/errors/404.html");
    page_for(&conf, host, 405, "/errors/405.html");
    page_for(&conf, host, 403, "/errors/403.html");
    probe_open(probe, &conf);
    return probe;
}

static bool body_is(const struct probe *probe, const char *text)
{
    return slice_equal_cstr(slice_of(probe->body, probe->body_len), text);
}

static bool body_has(const struct probe *probe, const char *text)
{
    return slice_find_slice(slice_of(probe->body, probe->body_len), slice_cstr(text)) != SLICE_NONE;
}

START_TEST(a_page_of_the_website_answers_with_the_status_of_the_error)
{
    struct probe *probe = open_site();

    probe_ask(probe, "GET", "/none", NULL);
    ck_assert_int_eq(probe->status, 404);
    ck_assert(body_is(probe, "not here"));
    ck_assert_str_eq(probe_field(probe, "Content-Type"), "text/html; charset=utf-8");
    ck_assert_ptr_nonnull(strstr(probe->cause, "no such file"));
    probe_ask(probe, "POST", "/none", NULL);
    ck_assert_int_eq(probe->status, 404);
    ck_assert(body_is(probe, "not here"));
    probe_ask(probe, "GET", "/errors/404.html", NULL);
    ck_assert_int_eq(probe->status, 200);
    probe_free(probe);
}
END_TEST

START_TEST(head_gets_the_head_of_the_page)
{
    struct probe *probe = open_site();

    probe_ask(probe, "HEAD", "/none", NULL);
    ck_assert_int_eq(probe->status, 404);
    ck_assert_int_eq(probe->length, 8);
    probe_free(probe);
}
END_TEST

START_TEST(what_the_answer_says_besides_the_page_stays)
{
    struct probe *probe = open_site();

    probe_ask(probe, "DELETE", "/a.txt", NULL);
    ck_assert_int_eq(probe->status, 405);
    ck_assert(body_is(probe, "not so"));
    ck_assert_str_eq(probe_field(probe, "Allow"), "GET, HEAD, OPTIONS");
    probe_free(probe);
}
END_TEST

START_TEST(the_conditions_of_the_request_are_not_about_the_page)
{
    struct probe *probe = open_site();

    probe_ask(probe, "GET", "/none", "If-None-Match: *\r\nRange: bytes=0-1\r\n");
    ck_assert_int_eq(probe->status, 404);
    ck_assert(body_is(probe, "not here"));
    probe_free(probe);
}
END_TEST

/* The 404 of the missing page does not lead to the page for 404. */
START_TEST(a_page_that_cannot_be_had_is_replaced_by_the_small_one)
{
    struct probe *probe = open_site();

    probe_ask(probe, "GET", "/b.cgi", NULL);
    ck_assert_int_eq(probe->status, 403);
    ck_assert(body_has(probe, "<title>403 Forbidden</title>"));
    ck_assert_ptr_nonnull(strstr(probe->logged, "the ErrorHandler '/errors/403.html' for 403"));
    probe_free(probe);
}
END_TEST

SUITE("error_page", TEST(a_page_of_the_website_answers_with_the_status_of_the_error),
      TEST(head_gets_the_head_of_the_page), TEST(what_the_answer_says_besides_the_page_stays),
      TEST(the_conditions_of_the_request_are_not_about_the_page),
      TEST(a_page_that_cannot_be_had_is_replaced_by_the_small_one))
