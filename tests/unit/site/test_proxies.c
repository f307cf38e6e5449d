#include "site/proxies.h"

#include "suite.h"

static struct proxy_conf rules[] = {
    { .pattern = SLICE_INIT("^/a/") },
    { .pattern = SLICE_INIT("\\?q=") },
    { .pattern = SLICE_INIT("^/(static|a)"), .is_inverted = true },
};

static const struct {
    struct slice raw;
    int rule; /* -1: none */
} cases[] = {
    { SLICE_INIT("/a/b"), 0 },        { SLICE_INIT("/a/b?q=1"), 0 }, /* the first counts */
    { SLICE_INIT("/static?q=1"), 1 }, { SLICE_INIT("/static/x"), -1 }, { SLICE_INIT("/a"), -1 },
    { SLICE_INIT("/other"), 2 },      { SLICE_INIT("/A/b"), 2 }, /* capitals count */
};

START_TEST(the_first_rule_that_fits_counts)
{
    struct vhost_conf without = { 0 };
    struct vhost_conf host = { .proxies = rules, .next = &without };
    struct server_conf conf = { .hosts = &host, .host_count = 2 };
    struct arena arena = { 0 };

    rules[0].next = &rules[1];
    rules[1].next = &rules[2];
    struct proxies *proxies = proxies_build(&conf, &arena);
    const struct proxy_conf *found;
    ck_assert(proxies_find(proxies, &host, cases[_i].raw, &found));
    ck_assert_int_eq(found ? (int)(found - rules) : -1, cases[_i].rule);
    ck_assert(proxies_find(proxies, &without, cases[_i].raw, &found));
    ck_assert_ptr_null(found);
    proxies_done(proxies);
    arena_done(&arena);
}
END_TEST

SUITE("proxies", LOOP(the_first_rule_that_fits_counts, cases))
