#include "acme_private.h"

#include "base/container.h"
#include "suite.h"

#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#define HOUR_S INT64_C(3600)
#define DAY_S  (24 * HOUR_S)
#define URL    "http://responder.test/ocsp"

/* ---- an authority, which is its own certificate ---- */

static EVP_PKEY *key;
static X509 *own;
static struct arena arena;

static void add_extension(int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    ck_assert_int_eq(X509_add_ext(own, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static struct slice make_certificate(const char *access)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;

    key = key_new();
    own = X509_new();
    X509_set_version(own, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(own), 7);
    ASN1_TIME_set(X509_getm_notBefore(own), time(NULL) - HOUR_S);
    ASN1_TIME_set(X509_getm_notAfter(own), time(NULL) + DAY_S);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(own), "CN", MBSTRING_ASC,
                               (const unsigned char *)"a.test", -1, -1, 0);
    X509_set_issuer_name(own, X509_get_subject_name(own));
    ck_assert_int_eq(X509_set_pubkey(own, key), 1);
    if (access)
        add_extension(NID_info_access, access);
    ck_assert_int_gt(X509_sign(own, key, EVP_sha256()), 0);
    ck_assert_int_eq(PEM_write_bio_X509(bio, own), 1);
    const long len = BIO_get_mem_data(bio, &text);
    const struct slice pem = arena_copy(&arena, slice_of(text, (size_t)len));
    BIO_free(bio);
    return pem;
}

static struct slice say(int status)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    ASN1_TIME *from = ASN1_TIME_set(NULL, time(NULL) - HOUR_S);
    ASN1_TIME *until = ASN1_TIME_set(NULL, time(NULL) + DAY_S);
    OCSP_CERTID *id = OCSP_cert_to_id(NULL, own, own);
    unsigned char *der = NULL;

    OCSP_basic_add1_status(basic, id, status, OCSP_REVOKED_STATUS_KEYCOMPROMISE, from, from, until);
    ck_assert_int_eq(OCSP_basic_sign(basic, own, key, EVP_sha256(), NULL, 0), 1);
    OCSP_RESPONSE *response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    const int len = i2d_OCSP_RESPONSE(response, &der);
    const struct slice copy = arena_copy(&arena, slice_of((const char *)der, (size_t)len));
    OPENSSL_free(der);
    OCSP_RESPONSE_free(response);
    OCSP_CERTID_free(id);
    OCSP_BASICRESP_free(basic);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    return copy;
}

static void tidy(void)
{
    X509_free(own);
    EVP_PKEY_free(key);
    own = NULL;
    key = NULL;
    arena_done(&arena);
}

/* ---- one question ---- */

struct responder_fake {
    struct world world;
    const char *fails;
    int status;
    struct slice body;
    unsigned asked;
};

/* It is asked what a responder is asked, about the certificate. */
static void check_request(const struct web_request *request)
{
    const unsigned char *at = (const unsigned char *)request->body.at;
    OCSP_REQUEST *read = d2i_OCSP_REQUEST(NULL, &at, (long)request->body.len);
    OCSP_CERTID *wanted = OCSP_cert_to_id(NULL, own, own);

    ck_assert_str_eq(request->method, "POST");
    ck_assert(slice_equal_cstr(request->url, URL));
    ck_assert_str_eq(request->type, "application/ocsp-request");
    ck_assert(request->is_plain);
    ck_assert_ptr_nonnull(read);
    ck_assert_int_eq(OCSP_request_onereq_count(read), 1);
    ck_assert_int_eq(OCSP_id_cmp(OCSP_onereq_get0_id(OCSP_request_onereq_get0(read, 0)), wanted),
                     0);
    ck_assert_int_lt(OCSP_REQUEST_get_ext_by_NID(read, NID_id_pkix_OCSP_Nonce, -1), 0);
    OCSP_CERTID_free(wanted);
    OCSP_REQUEST_free(read);
}

static const char *fake_ask(struct world *world, const struct web_request *request,
                            struct arena *unused, struct web_answer *ret)
{
    struct responder_fake *self = container_of(world, struct responder_fake, world);

    (void)unused;
    check_request(request);
    self->asked++;
    *ret = (struct web_answer){ .status = self->status, .body = self->body, .retry_after_s = 9 };
    return self->fails;
}

static const struct world_ops fake_ops = { .ask = fake_ask };

START_TEST(an_answer_is_worth_what_it_says)
{
    const struct slice pem = make_certificate("OCSP;URI:" URL);
    const struct {
        struct responder_fake fake;
        enum staple_verdict verdict;
        const char *why;
    } cases[] = {
        { { .status = 200, .body = say(V_OCSP_CERTSTATUS_GOOD) }, STAPLE_GOOD, NULL },
        { { .status = 200, .body = say(V_OCSP_CERTSTATUS_REVOKED) },
          STAPLE_REVOKED,
          URL ": it says that the certificate is revoked" },
        { { .status = 200, .body = say(V_OCSP_CERTSTATUS_UNKNOWN) },
          STAPLE_UNUSABLE,
          URL ": it says that the certificate is unknown" },
        { { .status = 200, .body = SLICE("<html>") },
          STAPLE_UNUSABLE,
          URL ": it is no answer of OCSP (DER)" },
        { { .status = 503, .body = say(V_OCSP_CERTSTATUS_GOOD) },
          STAPLE_UNUSABLE,
          URL ": status 503" },
        { { .fails = "Connection refused" }, STAPLE_UNUSABLE, URL ": Connection refused" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct responder_fake fake = cases[i].fake;
        struct responder_answer answer;

        fake.world.ops = &fake_ops;
        ck_assert_int_eq(responder_ask(&fake.world, pem, &arena, &answer), cases[i].verdict);
        ck_assert_uint_eq(fake.asked, 1);
        if (cases[i].why)
            ck_assert(slice_equal_cstr(answer.why, cases[i].why));
        else
            ck_assert(slice_equal(answer.der, fake.body));
        ck_assert_uint_eq(answer.retry_after_s, 9);
    }
    tidy();
}
END_TEST

static const char *const none[] = { NULL, "OCSP;URI:https://responder.test/",
                                    "caIssuers;URI:" URL };

START_TEST(who_names_no_responder_by_http_is_not_asked_about)
{
    struct responder_fake fake = { .world.ops = &fake_ops };
    struct responder_answer answer;

    const struct slice pem = make_certificate(none[_i]);
    ck_assert_int_eq(responder_ask(&fake.world, pem, &arena, &answer), STAPLE_UNUSABLE);
    ck_assert_ptr_nonnull(strstr(answer.why.at, "it names no responder of OCSP"));
    ck_assert_uint_eq(fake.asked, 0);
    tidy();
}
END_TEST

/* ---- when ---- */

static const struct {
    int64_t from_s; /* from now on, as all here */
    int64_t until_s;
    int64_t due_s;
} refreshes[] = {
    { 0, 7 * DAY_S, DAY_S }, /* at least daily */
    { 0, 10 * HOUR_S, 5 * HOUR_S },
    { -4 * HOUR_S, 6 * HOUR_S, HOUR_S },
    { -3 * DAY_S, 4 * DAY_S, 12 * HOUR_S },
    { -6 * DAY_S, DAY_S, HOUR_S }, /* it comes from a store, and at most every hour */
    { 0, 60, 30 },
    { -50, 10, 10 },
    { 0, 4, 10 },
};

START_TEST(an_answer_is_got_anew_at_half_its_life)
{
    const int64_t now_s = 1800000000;
    const struct staple_times times = { now_s + refreshes[_i].from_s,
                                        now_s + refreshes[_i].until_s };

    ck_assert_int_eq(staple_refresh(&times, now_s), now_s + refreshes[_i].due_s);
}
END_TEST

START_TEST(an_answer_without_an_end_is_got_anew_daily)
{
    const struct staple_times times = { .from_unix_s = 5, .until_unix_s = INT64_MAX };

    ck_assert_int_eq(staple_refresh(&times, 1000), 1000 + DAY_S);
}
END_TEST

/* ---- all of them ---- */

static struct acme_staple told;
static const struct acme_tasks tasks = { .staple_count = 1, .staples = &told };

START_TEST(what_is_missing_is_asked_about_at_once_and_what_is_there_later)
{
    const int64_t now_s = (int64_t)time(NULL);
    struct staples staples = { 0 };

    told = (struct acme_staple){ .id = SLICE("1"), .name = SLICE("a.pem") };
    told.certificates = make_certificate("OCSP;URI:" URL);
    staples_take(&staples, &tasks, now_s);
    ck_assert_int_eq(staples_first(&staples)->due_unix_s, now_s);
    ck_assert_int_eq(staple_news(staples_first(&staples)), ACME_NEWS_FIRST);

    staples_done(&staples);
    told.answer = say(V_OCSP_CERTSTATUS_GOOD); /* as after a restart */
    staples_take(&staples, &tasks, now_s);
    ck_assert_int_gt(staples_first(&staples)->due_unix_s, now_s + 11 * HOUR_S);
    ck_assert_int_eq(staple_news(staples_first(&staples)), ACME_NEWS_NONE);
    ck_assert_uint_gt(staple_state(staples_first(&staples)).until_unix_s, (uint64_t)now_s);

    staples_renew(&staples, now_s); /* by order; and further tasks change nothing */
    staples_take(&staples, &tasks, now_s);
    ck_assert_int_eq(staples_first(&staples)->due_unix_s, now_s);
    staples_done(&staples);
    tidy();
}
END_TEST

START_TEST(who_cannot_be_asked_about_waits_for_nothing_and_says_why)
{
    struct staples staples = { 0 };

    told = (struct acme_staple){ .id = SLICE("1"), .name = SLICE("a.pem") };
    told.certificates = make_certificate(NULL);
    staples_take(&staples, &tasks, (int64_t)time(NULL));
    ck_assert_ptr_null(staples_first(&staples));
    ck_assert_uint_eq(staple_state(&staples.staples[0]).next_unix_s, 0);
    ck_assert_uint_gt(staple_state(&staples.staples[0]).error.len, 0);
    staples_done(&staples);
    tidy();
}
END_TEST

START_TEST(failures_are_news_once_and_their_pauses_grow)
{
    char id[] = "1";
    struct staple staple = { .id = id, .is_askable = true };
    const struct staple_times times = { .from_unix_s = 1000, .until_unix_s = 1000 + DAY_S };
    int64_t former_s = 0;

    for (unsigned i = 0; i < 5; i++) {
        ck_assert_int_eq(staple_failed(&staple, SLICE("it is down"), 0, 1000), i == 0);
        ck_assert_int_gt(staple.due_unix_s, former_s);
        former_s = staple.due_unix_s;
    }
    ck_assert(!staple_failed(&staple, SLICE("another reason"), 7 * DAY_S, 1000));
    ck_assert_int_ge(staple.due_unix_s, 1000 + 7 * DAY_S);
    ck_assert_int_eq(staple_news(&staple), ACME_NEWS_FIRST);
    staple_obtained(&staple, &times, 1000);
    ck_assert_ptr_null(staple.error);
    ck_assert_int_eq(staple_news(&staple), ACME_NEWS_NONE);

    ck_assert(staple_failed(&staple, SLICE("down"), 0, 2000));
    ck_assert_uint_eq(staple_state(&staple).until_unix_s, 1000 + DAY_S); /* it is shown still */
    ck_assert_int_eq(staple_news(&staple), ACME_NEWS_AGAIN);
    ck_assert(staple_revoked(&staple, SLICE("revoked"), 2000));
    ck_assert(!staple_failed(&staple, SLICE("down"), 0, 2000));
    ck_assert(!staple_revoked(&staple, SLICE("revoked"), 2000));
    ck_assert_uint_eq(staple_state(&staple).until_unix_s, 0);
    ck_assert_int_eq(staple_news(&staple), ACME_NEWS_AGAIN);
    free(staple.error);
}
END_TEST

SUITE("staples", TEST(an_answer_is_worth_what_it_says),
      LOOP(who_names_no_responder_by_http_is_not_asked_about, none),
      LOOP(an_answer_is_got_anew_at_half_its_life, refreshes),
      TEST(an_answer_without_an_end_is_got_anew_daily),
      TEST(what_is_missing_is_asked_about_at_once_and_what_is_there_later),
      TEST(who_cannot_be_asked_about_waits_for_nothing_and_says_why),
      TEST(failures_are_news_once_and_their_pauses_grow))
