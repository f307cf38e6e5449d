#include "handler/probe.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

/* A host with an index: files, folders, and all that is not to be shown. */
static struct probe *open_site(enum conf_index show_index, bool execute_cgi)
{
    struct probe *probe = probe_new();
    struct conf conf;

    tree_file(&probe->tree, "b.txt", "12345");
    tree_file(&probe->tree, "a10.txt", "1");
    tree_file(&probe->tree, "a9.txt", "123");
    tree_file(&probe->tree, ".hidden", "x");
    tree_file(&probe->tree, "run.cgi", "x");
    tree_file(&probe->tree, "other.php", "x");
    tree_file(&probe->tree, "closed.txt", "x");
    tree_mode(&probe->tree, "closed.txt", 0);
    tree_file(&probe->tree, "sub/deep.txt", "x");
    tree_file(&probe->tree, "secret/deep.txt", "x");
    tree_folder(&probe->tree, "empty");
    tree_folder(&probe->tree, ".well-known");
    tree_fifo(&probe->tree, "pipe.txt");
    tree_link(&probe->tree, "link.txt", "b.txt");
    tree_link(&probe->tree, "source.txt", "run.cgi");
    tree_link(&probe->tree, "broken.txt", "nowhere");
    tree_link(&probe->tree, "way", "sub");
    conf_make(&conf);
    conf.server->cgi_extensions = conf_words(&conf, "cgi");
    struct fastcgi_conf *php = conf_section(&conf, "php", true);
    struct vhost_conf *host = probe_host(probe, &conf);
    host->folder.show_index.as = show_index;
    host->folder.execute_cgi = execute_cgi;
    (void)php; /* of another host */
    struct directory_conf *secret = conf_directory(&conf, host, "/secret");
    static struct conf_access_rule deny = { .access = ACCESS_DENY, .net.all = true };
    secret->folder.access_rules = &deny;
    conf_give(&conf, secret, offsetof(struct folder_conf, access_rules),
              sizeof(secret->folder.access_rules));
    probe_open(probe, &conf);
    return probe;
}

/* The links of the page, in order, with blanks between. */
static const char *links(struct probe *probe)
{
    static char out[1000];
    const char *at = probe->body;
    size_t len = 0;

    probe->body[probe->body_len] = '\0';
    out[0] = '\0';
    while ((at = strstr(at, "href=\"./")) != NULL) {
        at += strlen("href=\"./");
        len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%.*s", len > 0 ? " " : "",
                                (int)strcspn(at, "\""), at);
    }
    return out;
}

static const struct {
    const char *target;
    const char *links;
} pages[] = {
    { "/", "empty/ sub/ way/ a9.txt a10.txt b.txt link.txt run.cgi" },
    { "/?sort=name", "empty/ sub/ way/ a9.txt a10.txt b.txt link.txt run.cgi" },
    { "/?x=1&sort=-name&y", "way/ sub/ empty/ run.cgi link.txt b.txt a10.txt a9.txt" },
    { "/?sort=size", "empty/ sub/ way/ a10.txt run.cgi a9.txt b.txt link.txt" },
    { "/?sort=nonsense", "empty/ sub/ way/ a9.txt a10.txt b.txt link.txt run.cgi" },
    { "/sub/", "deep.txt" },
    { "/way/", "deep.txt" },
    { "/empty/", "" },
};

START_TEST(a_page_lists_what_there_is_and_nothing_that_is_hidden)
{
    struct probe *probe;

    tree_as_nobody();
    probe = open_site(INDEX_PAGE, true);
    probe_ask(probe, "GET", pages[_i].target, NULL);
    ck_assert_int_eq(probe->status, 200);
    ck_assert_int_eq(probe->end, BODY_COMPLETE);
    ck_assert_str_eq(probe_field(probe, "Content-Type"), "text/html; charset=utf-8");
    ck_assert_str_eq(links(probe), pages[_i].links);
    probe_free(probe);
    tree_as_before();
}
END_TEST

START_TEST(programs_that_do_not_run_here_are_not_shown)
{
    struct probe *probe = open_site(INDEX_PAGE, false);

    probe_ask(probe, "GET", "/", NULL);
    ck_assert(strstr(links(probe), "run.cgi") == NULL);
    probe_free(probe);
}
END_TEST

START_TEST(xml_is_the_same_in_another_dress)
{
    struct probe *probe = open_site(INDEX_XML, true);

    probe_ask(probe, "GET", "/sub/", NULL);
    ck_assert_int_eq(probe->status, 200);
    ck_assert_str_eq(probe_field(probe, "Content-Type"), "application/xml; charset=utf-8");
    ck_assert_str_eq(links(probe), "deep.txt");
    ck_assert(strstr(probe->body, "<index path=\"/sub/\" complete=\"yes\">") != NULL);
    ck_assert(strstr(probe->body, "size=\"1\"") != NULL);
    probe_free(probe);
}
END_TEST

START_TEST(head_and_conditions_cost_no_page)
{
    struct probe *probe = open_site(INDEX_PAGE, true);
    char fields[200];

    probe_ask(probe, "HEAD", "/", NULL);
    ck_assert_int_eq(probe->status, 200);
    ck_assert_uint_eq(probe->body_len, 0);
    snprintf(fields, sizeof(fields), "If-None-Match: %s\n", probe_field(probe, "ETag"));
    probe_ask(probe, "GET", "/", fields);
    ck_assert_int_eq(probe->status, 304);
    ck_assert_uint_eq(probe->body_len, 0);
    probe_ask(probe, "GET", "/?sort=size", fields);
    ck_assert_int_eq(probe->status, 200);
    tree_file(&probe->tree, "b.txt", "another size");
    probe_ask(probe, "GET", "/", fields);
    ck_assert_int_eq(probe->status, 200);
    probe_free(probe);
}
END_TEST

static const struct {
    const char *method;
    const char *target;
    enum conf_index show_index;
    int status;
} others[] = {
    { "GET", "/sub/", INDEX_NO, 404 },       { "GET", "/sub", INDEX_PAGE, 301 },
    { "POST", "/sub/", INDEX_PAGE, 405 },    { "OPTIONS", "/sub/", INDEX_PAGE, 204 },
    { "GET", "/missing/", INDEX_PAGE, 404 }, { "GET", "/secret/", INDEX_PAGE, 403 },
    { "GET", "/b.txt/", INDEX_PAGE, 404 },
};

START_TEST(other_requests_are_answered_otherwise)
{
    struct probe *probe = open_site(others[_i].show_index, true);

    probe_ask(probe, others[_i].method, others[_i].target, NULL);
    ck_assert_int_eq(probe->status, others[_i].status);
    probe_free(probe);
}
END_TEST

START_TEST(a_folder_that_cannot_be_read_is_said)
{
    struct probe *probe;

    tree_as_nobody();
    probe = open_site(INDEX_PAGE, true);
    tree_mode(&probe->tree, "sub", 0311);
    probe_ask(probe, "GET", "/sub/", NULL);
    ck_assert_int_eq(probe->status, 403);
    ck_assert(strstr(probe->logged, "the folder cannot be opened for ShowIndex") != NULL);
    tree_mode(&probe->tree, "sub", 0755);
    probe_free(probe);
    tree_as_before();
}
END_TEST

SUITE("listing", LOOP(a_page_lists_what_there_is_and_nothing_that_is_hidden, pages),
      TEST(programs_that_do_not_run_here_are_not_shown), TEST(xml_is_the_same_in_another_dress),
      TEST(head_and_conditions_cost_no_page), LOOP(other_requests_are_answered_otherwise, others),
      TEST(a_folder_that_cannot_be_read_is_said))
