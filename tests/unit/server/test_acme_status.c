#include "server/acme_status.h"

#include "suite.h"

#include <string.h>

#define NOW_S 1700000000

static const char *lines(const struct acme_status *status)
{
    static char room[2048];
    struct text text = text_on(room, sizeof(room));

    acme_status_describe(status, NOW_S, &text);
    return text_cstr(&text);
}

static const char *json(const struct acme_status *status)
{
    static char room[2048];
    struct text text = text_on(room, sizeof(room));

    acme_status_describe_json(status, &text);
    return text_cstr(&text);
}

START_TEST(the_last_word_about_each_counts)
{
    struct acme_status *status = acme_status_new();

    ck_assert_str_eq(lines(status), "");
    ck_assert(!acme_status_knows(status, SLICE("")));
    ck_assert_str_eq(json(status), "");
    acme_status_take(status, SLICE("a.test 0 1700000060 it is \"down\""));
    acme_status_take(status, SLICE("b.test 1708640000 1705000000 "));
    acme_status_take(status, SLICE("this is none"));
    ck_assert_str_eq(json(status),
                     "{\"host\":\"a.test\",\"until\":0,\"next_try\":1700000060,"
                     "\"error\":\"it is \\\"down\\\"\"},{\"host\":\"b.test\",\"until\":1708640000,"
                     "\"next_try\":1705000000,\"error\":\"\"}");
    ck_assert_ptr_nonnull(strstr(lines(status), "a.test: none yet, a self-signed one is shown"));
    ck_assert_ptr_nonnull(strstr(lines(status), "the last try failed: it is "));
    ck_assert_ptr_nonnull(strstr(lines(status), "(100 days)"));

    acme_status_take(status, SLICE("a.test 1708640000 1705000000 "));
    ck_assert(acme_status_knows(status, SLICE("")));
    ck_assert(acme_status_knows(status, SLICE("B.test")));
    ck_assert(!acme_status_knows(status, SLICE("c.test")));
    ck_assert_ptr_null(strstr(lines(status), "none yet"));
    ck_assert_ptr_null(strstr(lines(status), "failed"));
    acme_status_free(status);
}
END_TEST

START_TEST(a_reload_forgets_who_has_no_certificate_any_more)
{
    struct acme_status *status = acme_status_new();
    struct vhost_conf second = { .tls = { .automatic = true,
                                          .names = SLICE_INIT("b.test www.b.test") } };
    struct vhost_conf first = { .next = &second, .tls.names = SLICE_INIT("a.test") };
    const struct server_conf conf = { .hosts = &first };

    acme_status_take(status, SLICE("a.test 0 1700000060 "));
    acme_status_take(status, SLICE("b.test 1708640000 1705000000 "));
    acme_status_take(status, SLICE("www.b.test 1708640000 1705000000 "));
    acme_status_forget(status, &conf);
    ck_assert(!acme_status_knows(status, SLICE("a.test")));
    ck_assert(acme_status_knows(status, SLICE("b.test")));
    ck_assert(!acme_status_knows(status, SLICE("www.b.test")));
    acme_status_free(status);
}
END_TEST

SUITE("acme_status", TEST(the_last_word_about_each_counts),
      TEST(a_reload_forgets_who_has_no_certificate_any_more))
