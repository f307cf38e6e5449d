#include "acme_private.h"

#include "suite.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#define NOW_S INT64_C(1800000000)
#define DAY_S INT64_C(86400)

/* Key and certificate that signed itself. */
static struct slice make_pem(const char *names, int64_t from_s, int64_t until_s,
                             struct arena *arena)
{
    EVP_PKEY *key = key_new();
    X509 *certificate = X509_new();
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;

    ASN1_TIME_set(X509_getm_notBefore(certificate), from_s);
    ASN1_TIME_set(X509_getm_notAfter(certificate), until_s);
    ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
    ck_assert_int_eq(X509_set_pubkey(certificate, key), 1);
    ck_assert_int_gt(X509_sign(certificate, key, EVP_sha256()), 0);
    ck_assert_int_eq(PEM_write_bio_X509(bio, certificate), 1);
    const long len = BIO_get_mem_data(bio, &text);
    const struct slice parts[] = { key_pem(key, arena), slice_of(text, (size_t)len) };
    const struct slice pem = arena_join(arena, parts, 2);
    BIO_free(bio);
    X509_EXTENSION_free(extension);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return pem;
}

static const struct {
    const char *names; /* of the certificate */
    int64_t from_s;
    int64_t until_s;
    int64_t due_s; /* from now on */
} plans[] = {
    { "DNS:a.test,DNS:b.test", NOW_S, NOW_S + 90 * DAY_S, 60 * DAY_S },
    { "DNS:a.test,DNS:b.test", NOW_S - 59 * DAY_S, NOW_S + 31 * DAY_S, DAY_S },
    { "DNS:a.test,DNS:b.test", NOW_S - 70 * DAY_S, NOW_S + 20 * DAY_S, 0 },
    { "DNS:a.test,DNS:b.test", NOW_S - 90 * DAY_S, NOW_S - 1, 0 },
    { "DNS:a.test", NOW_S, NOW_S + 90 * DAY_S, 0 }, /* b.test is new */
};

START_TEST(a_certificate_is_due_after_two_thirds_of_its_life)
{
    struct arena arena = { 0 };
    struct acme_site site = { .id = SLICE("a.test"), .names = SLICE("a.test b.test") };
    const struct acme_tasks tasks = { .sites = &site, .count = 1 };
    struct sites sites = { 0 };

    site.pem = make_pem(plans[_i].names, plans[_i].from_s, plans[_i].until_s, &arena);
    sites_take(&sites, &tasks, NOW_S);
    const int64_t spread_s = plans[_i].due_s > 0 ? 90 * DAY_S / 24 : 1;
    ck_assert_int_ge(sites_first(&sites)->due_unix_s, NOW_S + plans[_i].due_s);
    ck_assert_int_lt(sites_first(&sites)->due_unix_s, NOW_S + plans[_i].due_s + spread_s);
    sites_done(&sites);
    arena_done(&arena);
}
END_TEST

START_TEST(what_is_missing_is_due_at_once_and_before_others)
{
    struct arena arena = { 0 };
    struct acme_site all[] = {
        { .id = SLICE_INIT("a.test"), .names = SLICE_INIT("a.test") },
        { .id = SLICE_INIT("b.test"), .names = SLICE_INIT("b.test") },
    };
    const struct acme_tasks tasks = { .sites = all, .count = 2 };
    struct sites sites = { 0 };

    ck_assert_ptr_null(sites_first(&sites));
    all[0].pem = make_pem("DNS:a.test", NOW_S, NOW_S + DAY_S, &arena);
    sites_take(&sites, &tasks, NOW_S);
    ck_assert_str_eq(sites_first(&sites)->id, "b.test");
    ck_assert_int_eq(sites_first(&sites)->due_unix_s, NOW_S);
    sites_renew(&sites, SLICE("A.test"), NOW_S - 1);
    sites_renew(&sites, SLICE("c.test"), NOW_S - 2);
    ck_assert_str_eq(sites_first(&sites)->id, "a.test");
    sites_renew(&sites, SLICE(""), NOW_S - 3);
    for (unsigned i = 0; i < sites.count; i++)
        ck_assert_int_eq(sites.sites[i].due_unix_s, NOW_S - 3);
    sites_done(&sites);
    arena_done(&arena);
}
END_TEST

/* Our own ones are spread; what the authority asks for is kept to the second. */
static void assert_pause(const struct site *site, int64_t pause_s)
{
    ck_assert_int_ge(site->due_unix_s, NOW_S + pause_s);
    ck_assert_int_lt(site->due_unix_s, NOW_S + pause_s + pause_s / 24 + 1);
}

START_TEST(names_are_spread_and_each_stays_at_its_place)
{
    ck_assert_uint_eq(spread_s("a.test", 1, 0), 0);
    ck_assert_uint_lt(spread_s("a.test", 1, 100000), 100000);
    ck_assert_uint_eq(spread_s("a.test", 1, 100000), spread_s("a.test", 1, 100000));
    ck_assert_uint_ne(spread_s("a.test", 1, 100000), spread_s("b.test", 1, 100000));
    ck_assert_uint_ne(spread_s("a.test", 1, 100000), spread_s("a.test", 2, 100000));
}
END_TEST

START_TEST(failures_put_the_next_try_off_and_are_news_once)
{
    struct acme_site one = { .id = SLICE("a.test"), .names = SLICE("a.test") };
    const struct acme_tasks tasks = { .sites = &one, .count = 1 };
    struct sites sites = { 0 };

    sites_take(&sites, &tasks, NOW_S);
    struct site *site = sites_first(&sites);
    ck_assert(site_failed(site, SLICE("down"), 0, NOW_S));
    assert_pause(site, 60);
    ck_assert(!site_failed(site, SLICE("down"), 0, NOW_S));
    assert_pause(site, 180);
    ck_assert(site_failed(site, SLICE("limit"), 9000, NOW_S));
    ck_assert_int_eq(site->due_unix_s, NOW_S + 9000);
    ck_assert(slice_equal_cstr(site_state(site).error, "limit"));

    sites_take(&sites, &tasks, NOW_S + 5); /* a reload is no reason to try again */
    site = sites_first(&sites);
    ck_assert_int_eq(site->due_unix_s, NOW_S + 9000);
    one.names = SLICE("a.test www.a.test"); /* another certificate is */
    sites_take(&sites, &tasks, NOW_S + 5);
    ck_assert_int_eq(sites_first(&sites)->due_unix_s, NOW_S + 5);
    ck_assert_ptr_null(sites_first(&sites)->error);
    sites_done(&sites);
}
END_TEST

START_TEST(success_ends_the_failures_and_outlives_a_reload)
{
    struct arena arena = { 0 };
    struct acme_site one = { .id = SLICE("a.test"), .names = SLICE("a.test") };
    const struct acme_tasks tasks = { .sites = &one, .count = 1 };
    struct sites sites = { 0 };

    sites_take(&sites, &tasks, NOW_S);
    struct site *site = sites_first(&sites);
    site_failed(site, SLICE("down"), 0, NOW_S);
    one.pem = make_pem("DNS:a.test", NOW_S, NOW_S + 90 * DAY_S, &arena);
    site_obtained(site, one.pem, NOW_S);
    const int64_t due_s = site->due_unix_s;
    ck_assert_int_ge(due_s, NOW_S + 60 * DAY_S);
    ck_assert_int_lt(due_s, NOW_S + 64 * DAY_S);
    ck_assert_uint_eq(site_state(site).until_unix_s, NOW_S + 90 * DAY_S);
    ck_assert_uint_eq(site_state(site).error.len, 0);
    sites_take(&sites, &tasks, NOW_S + DAY_S);
    ck_assert_int_eq(sites_first(&sites)->due_unix_s, due_s);
    sites_done(&sites);
    arena_done(&arena);
}
END_TEST

/* Tasks that were made before the file was taken over lack it; a file that was removed is missed.
 */
START_TEST(tasks_that_are_behind_do_not_ask_for_it_again)
{
    struct arena arena = { 0 };
    struct acme_site one = { .id = SLICE("a.test"), .names = SLICE("a.test") };
    const struct acme_tasks tasks = { .sites = &one, .count = 1 };
    struct sites sites = { 0 };

    sites_take(&sites, &tasks, NOW_S);
    const struct slice pem = make_pem("DNS:a.test", NOW_S, NOW_S + 90 * DAY_S, &arena);
    site_obtained(sites_first(&sites), pem, NOW_S);
    const int64_t due_s = sites_first(&sites)->due_unix_s;
    sites_take(&sites, &tasks, NOW_S + 1);
    ck_assert_int_eq(sites_first(&sites)->due_unix_s, due_s);
    one.pem = pem;
    sites_take(&sites, &tasks, NOW_S + 2);
    ck_assert_int_eq(sites_first(&sites)->due_unix_s, due_s);
    one.pem = SLICE("");
    sites_take(&sites, &tasks, NOW_S + 3);
    ck_assert_int_eq(sites_first(&sites)->due_unix_s, NOW_S + 3);
    sites_done(&sites);
    arena_done(&arena);
}
END_TEST

START_TEST(what_is_due_again_at_once_waits_all_the_same)
{
    struct arena arena = { 0 };
    const struct acme_site one = { .id = SLICE("a.test"), .names = SLICE("a.test") };
    const struct acme_tasks tasks = { .sites = (struct acme_site *)&one, .count = 1 };
    struct sites sites = { 0 };

    sites_take(&sites, &tasks, NOW_S);
    struct site *site = sites_first(&sites);
    site_obtained(site, make_pem("DNS:a.test", NOW_S - DAY_S, NOW_S + 1, &arena), NOW_S);
    ck_assert_int_eq(site->due_unix_s, NOW_S + 60);
    sites_done(&sites);
    arena_done(&arena);
}
END_TEST

static const struct {
    unsigned failures;
    uint64_t asked_s;
    uint64_t pause_s;
} pauses[] = {
    { 1, 0, 60 },    { 2, 0, 180 },      { 3, 0, 540 }, { 4, 0, 1620 },    { 6, 0, 14580 },
    { 7, 0, 21600 }, { 1000, 0, 21600 }, { 1, 10, 60 }, { 1, 3600, 3600 }, { 1000, 604800, 604800 },
};

START_TEST(pauses_grow_and_are_never_shorter_than_asked_for)
{
    ck_assert_uint_eq(pause_after_s(pauses[_i].failures, pauses[_i].asked_s), pauses[_i].pause_s);
}
END_TEST

SUITE("sites", LOOP(a_certificate_is_due_after_two_thirds_of_its_life, plans),
      TEST(what_is_missing_is_due_at_once_and_before_others),
      TEST(names_are_spread_and_each_stays_at_its_place),
      TEST(failures_put_the_next_try_off_and_are_news_once),
      TEST(success_ends_the_failures_and_outlives_a_reload),
      TEST(tasks_that_are_behind_do_not_ask_for_it_again),
      TEST(what_is_due_again_at_once_waits_all_the_same),
      LOOP(pauses_grow_and_are_never_shorter_than_asked_for, pauses))
