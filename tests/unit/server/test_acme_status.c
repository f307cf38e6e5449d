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

START_TEST(answers_are_told_by_the_name_of_the_certificate)
{
    struct acme_status *status = acme_status_new();
    struct conf_file second_answer = { .path = SLICE_INIT("/var/lib/acme/b.ocsp") };
    struct conf_file answer = { .path = SLICE_INIT("/var/lib/acme/a.ocsp"),
                                .next = &second_answer };
    struct conf_file second = { .path = SLICE_INIT("second.pem") };
    struct conf_file first = { .path = SLICE_INIT("my first.pem"), .next = &second };
    struct vhost_conf host = { .tls = {
                                   .certificates = &first, .staples = &answer, .asks = true } };
    const struct server_conf conf = { .hosts = &host };
    char room[2048];
    struct text text = text_on(room, sizeof(room));

    acme_status_take(status, SLICE("a 1708640000 1705000000 "));
    acme_status_take(status, SLICE("b 1600000000 1705000000 it is down"));
    acme_status_take(status, SLICE("c 0 1705000000 "));
    acme_status_describe_staples(status, &conf, NOW_S, &text);
    const char *said = text_cstr(&text);
    ck_assert_ptr_nonnull(strstr(said, "  my first.pem: shown until 2024-"));
    ck_assert_ptr_nonnull(strstr(said, "  second.pem: none is shown; the next try: 2024-"));
    ck_assert_ptr_nonnull(strstr(said, "    the last try failed: it is down\n"));

    text = text_on(room, sizeof(room));
    acme_status_describe_staples_json(status, &conf, &text);
    ck_assert_str_eq(text_cstr(&text), "{\"certificate\":\"my first.pem\",\"until\":1708640000,"
                                       "\"next_try\":1705000000,\"error\":\"\"},"
                                       "{\"certificate\":\"second.pem\",\"until\":1600000000,"
                                       "\"next_try\":1705000000,\"error\":\"it is down\"}");

    host.tls.asks = false;
    acme_status_forget_staples(status, &conf);
    ck_assert(!acme_status_knows(status, SLICE("")));
    acme_status_free(status);
}
END_TEST

START_TEST(who_cannot_be_asked_is_told_without_a_next_try)
{
    struct acme_status *status = acme_status_new();
    struct conf_file answer = { .path = SLICE_INIT("/var/lib/acme/a.ocsp") };
    struct conf_file file = { .path = SLICE_INIT("a.pem") };
    struct binding_conf binding = { .tls = {
                                        .certificates = &file, .staples = &answer, .asks = true } };
    const struct server_conf conf = { .bindings = &binding };
    char room[2048];
    struct text text = text_on(room, sizeof(room));

    acme_status_take(status, SLICE("a 0 0 it names nobody"));
    acme_status_describe_staples(status, &conf, NOW_S, &text);
    ck_assert_str_eq(text_cstr(&text),
                     "\nAnswers about certificates (TLSstaple)\n  a.pem: none: it names nobody\n");
    acme_status_free(status);
}
END_TEST

SUITE("acme_status", TEST(answers_are_told_by_the_name_of_the_certificate),
      TEST(who_cannot_be_asked_is_told_without_a_next_try), TEST(the_last_word_about_each_counts),
      TEST(a_reload_forgets_who_has_no_certificate_any_more))
