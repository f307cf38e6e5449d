#include "site/vhost_map.h"

#include "site/conf.h"
#include "suite.h"

#include <stdio.h>

/*  0 default.org   1 *.example.org   2 www.example.org shop.example.org   3 inner.net (binding
 * "in") 4 inner.net (binding "out")   5 *.inner.net   6 a.b.example.org example.com   7 *.com */
static const struct {
    const char *names;
    const char *bindings;
} hosts[] = {
    { "default.org", "" },
    { "*.example.org", "" },
    { "www.example.org shop.example.org", "" },
    { "inner.net", "in" },
    { "inner.net", "out other" },
    { "*.inner.net", "" },
    { "a.b.example.org example.com", "" },
    { "*.com", "" },
};

static const struct {
    const char *name;
    const char *binding;
    unsigned expect;
} cases[] = {
    { "default.org", "in", 0 },
    { "", "in", 0 },
    { "nobody.test", "in", 0 },
    { "sub.default.org", "in", 0 },
    /* file order wins over "exact before wildcard" */
    { "www.example.org", "in", 1 },
    { "shop.example.org", "in", 1 },
    { "a.b.example.org", "in", 1 },
    { "example.org", "in", 1 },
    { "x.y.z.example.org", "in", 1 },
    { "badexample.org", "in", 0 },
    /* an exact name that comes before a wildcard */
    { "example.com", "in", 6 },
    { "www.example.com", "in", 7 },
    { "com", "in", 7 },
    /* RequiredBinding passes hosts over */
    { "inner.net", "in", 3 },
    { "inner.net", "out", 4 },
    { "inner.net", "other", 4 },
    { "inner.net", "else", 5 },
    { "inner.net", "", 5 },
    { "sub.inner.net", "in", 5 },
    /* odd names */
    { ".", "in", 0 },
    { "..example.org", "in", 1 },
    { "[::1]", "in", 0 },
};

START_TEST(each_name_finds_its_host)
{
    struct conf conf;
    conf_make(&conf);
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct vhost_conf *host = conf_host(&conf, hosts[i].names, NULL);
        host->required_bindings = conf_words(&conf, hosts[i].bindings);
    }
    struct snapshot *snapshot = conf_snapshot(&conf);
    struct binding_conf binding = { .id = slice_cstr(cases[_i].binding) };

    ck_assert_uint_eq(vhost_map_find(snapshot->names, slice_cstr(cases[_i].name), &binding, NULL),
                      cases[_i].expect);
    snapshot_drop(snapshot);
}
END_TEST

START_TEST(ten_thousand_hosts_are_told_apart)
{
    const unsigned count = 10000;
    struct conf conf;
    char name[64];

    conf_make(&conf);
    conf_host(&conf, "default.org", NULL);
    for (unsigned i = 1; i < count; i++) {
        snprintf(name, sizeof(name), i % 2 ? "h%u.example.org" : "*.h%u.example.org", i);
        conf_host(&conf, name, NULL);
    }
    struct snapshot *snapshot = conf_snapshot(&conf);

    for (unsigned i = 1; i < count; i++) {
        snprintf(name, sizeof(name), i % 2 ? "h%u.example.org" : "deep.below.h%u.example.org", i);
        ck_assert_uint_eq(vhost_map_find(snapshot->names, slice_cstr(name), NULL, NULL), i);
    }
    ck_assert_uint_eq(vhost_map_find(snapshot->names, SLICE("h10001.example.org"), NULL, NULL), 0);
    snapshot_drop(snapshot);
}
END_TEST

START_TEST(a_name_of_dots_costs_no_more_than_its_length)
{
    static char name[16384];
    struct conf conf;

    conf_make(&conf);
    conf_host(&conf, "default.org", NULL);
    conf_host(&conf, "*.d", NULL);
    struct snapshot *snapshot = conf_snapshot(&conf);

    memset(name, '.', sizeof(name));
    for (int i = 0; i < 1000; i++) /* squared in the length this would take minutes */
        ck_assert_uint_eq(vhost_map_find(snapshot->names, slice_of(name, sizeof(name)), NULL, NULL),
                          0);
    snapshot_drop(snapshot);
}
END_TEST

SUITE("vhost_map", LOOP(each_name_finds_its_host, cases), TEST(ten_thousand_hosts_are_told_apart),
      TEST(a_name_of_dots_costs_no_more_than_its_length))
