/* What is answered without a program: there is none to be had here. What xsltproc makes is seen in
 * tests/blackbox/test_xslt.py. */
#include "handler/probe.h"
#include "suite.h"

#include <string.h>

#define XSL "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version=\"1.0\"/>"

static struct probe *open_site(void)
{
    struct probe *probe = probe_new();
    struct conf conf;

    tree_file(&probe->tree, "a.xml", "<a/>");
    tree_file(&probe->tree, "a.xslt", XSL);
    tree_time(&probe->tree, "a.xml", 1000000000);
    tree_time(&probe->tree, "a.xslt", 1000000001);
    conf_make(&conf);
    probe_host(probe, &conf)->use_xslt = true;
    probe_open(probe, &conf);
    return probe;
}

static const struct {
    const char *fields;
    int status;
} cases[] = {
    { "If-None-Match: *\n", 304 },
    { "If-Modified-Since: Sun, 09 Sep 2001 01:46:41 GMT\n", 304 },
    { "If-Match: \"x\"\n", 412 },
    { "If-Unmodified-Since: Sun, 09 Sep 2001 01:46:40 GMT\n", 412 }, /* the younger of the two */
};

START_TEST(conditions_are_judged_before_anything_runs)
{
    struct probe *probe = open_site();

    probe_ask(probe, "GET", "/a.xml", cases[_i].fields);
    ck_assert_int_eq(probe->status, cases[_i].status);
    if (probe->status == 304) {
        ck_assert_str_eq(probe_field(probe, "Last-Modified"), "Sun, 09 Sep 2001 01:46:41 GMT");
        ck_assert_int_eq(strncmp(probe_field(probe, "ETag"), "W/\"", 3), 0);
        ck_assert_uint_eq(probe->body_len, 0);
    }
    probe_free(probe);
}
END_TEST

SUITE("handler/xslt", LOOP(conditions_are_judged_before_anything_runs, cases))
