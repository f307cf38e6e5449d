/* Sessions and orders with an authority that gives the answers of a script, wrong ones too. */
#include "acme_private.h"

#include "base/encode.h"

#include "suite.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define NOW_S INT64_C(1800000000)

/* ---- the authority ---- */

struct scripted {
    const char *url;  /* the request must go there; NULL: the script is over */
    const char *body; /* NULL: nobody answers */
    const char *location;
    int status; /* 0: 200 */
    uint64_t retry_after_s;
    bool no_nonce;
};

struct authority_fake {
    struct world world; /* embedded, first */
    const struct scripted *script;
    unsigned at; /* of the script */
    unsigned shown;
    unsigned hidden;
    unsigned kept; /* keys of accounts */
    bool cannot_show;
    bool cannot_keep;
    uint64_t paused_ms;
    struct slice names;   /* of the certificate that it issues for a body of "ISSUE" */
    int64_t until_s;      /* it holds so long from now on */
    char last_body[8192]; /* of the last POST */
    char csr_body[8192];  /* of the one with the request */
    char last_proof[512]; /* "name token answer" */
};

static struct authority_fake *fake_of(struct world *world)
{
    return (struct authority_fake *)world; /* its first member */
}

/* What base64url stands for, of a member of a JSON text. */
static struct slice decoded_member(const char *json, const char *member, struct arena *arena)
{
    const char *at = strstr(json, member);
    size_t len;

    ck_assert_ptr_nonnull(at);
    at += strlen(member) + 3; /* the quotes and the colon */
    const size_t coded = strcspn(at, "\"");
    char *bytes = arena_bytes(arena, coded + 8);
    for (size_t i = 0; i < coded; i++)
        bytes[i] = at[i] == '-' ? '+' : at[i] == '_' ? '/' : at[i];
    char *decoded = arena_bytes(arena, coded + 8);
    ck_assert(base64_decode(slice_of(bytes, coded), decoded, &len));
    decoded[len] = '\0';
    return slice_of(decoded, len);
}

static void sign_certificate(X509 *certificate, EVP_PKEY *subject)
{
    EVP_PKEY *authority = key_new();

    ck_assert_int_eq(X509_set_pubkey(certificate, subject), 1);
    ck_assert_int_gt(X509_sign(certificate, authority, EVP_sha256()), 0);
    EVP_PKEY_free(authority);
}

static void name_certificate(X509 *certificate, struct slice names, struct arena *arena)
{
    struct slice list = { 0 };
    struct slice name;

    while (slice_next(&names, ' ', &name))
        list = arena_printf(arena, "%.*s%sDNS:%.*s", SLICE_ARGS(list), list.len > 0 ? "," : "",
                            SLICE_ARGS(name));
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, list.at);
    ck_assert_ptr_nonnull(extension);
    ck_assert_int_eq(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

/* For the key of the request that came before. */
static struct slice issue(const struct authority_fake *self, struct arena *arena)
{
    const struct slice payload = decoded_member(self->csr_body, "payload", arena);
    const struct slice der = decoded_member(payload.at, "csr", arena);
    const unsigned char *at = (const unsigned char *)der.at;
    X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)der.len);
    X509 *certificate = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *text;

    ck_assert_ptr_nonnull(request);
    ck_assert_int_eq(X509_REQ_verify(request, X509_REQ_get0_pubkey(request)), 1);
    ASN1_TIME_set(X509_getm_notBefore(certificate), NOW_S - 60);
    ASN1_TIME_set(X509_getm_notAfter(certificate), NOW_S + self->until_s);
    name_certificate(certificate, self->names, arena);
    sign_certificate(certificate, X509_REQ_get0_pubkey(request));
    ck_assert_int_eq(PEM_write_bio_X509(bio, certificate), 1);
    const long len = BIO_get_mem_data(bio, &text);
    const struct slice pem = arena_copy(arena, slice_of(text, (size_t)len));
    BIO_free(bio);
    X509_free(certificate);
    X509_REQ_free(request);
    return pem;
}

static const char *fake_ask(struct world *world, const struct web_request *request,
                            struct arena *arena, struct web_answer *ret)
{
    struct authority_fake *self = fake_of(world);
    const struct scripted *next = &self->script[self->at];

    ck_assert_msg(next->url != NULL, "nobody expected %.*s", SLICE_ARGS(request->url));
    ck_assert_msg(slice_equal_cstr(request->url, next->url), "%.*s instead of %s",
                  SLICE_ARGS(request->url), next->url);
    self->at++;
    if (strcmp(request->method, "POST") == 0)
        snprintf(self->last_body, sizeof(self->last_body), "%.*s", SLICE_ARGS(request->body));
    if (!next->body)
        return "Connection refused";
    *ret = (struct web_answer){
        .status = next->status ? next->status : 200,
        .body = slice_cstr(next->body),
        .location = slice_cstr(next->location),
        .retry_after_s = next->retry_after_s,
    };
    if (!next->no_nonce)
        ret->nonce = arena_printf(arena, "nonce-%u", self->at);
    if (strcmp(next->url, "https://ca/finalize") == 0)
        memcpy(self->csr_body, self->last_body, sizeof(self->csr_body));
    if (strcmp(next->body, "ISSUE") == 0)
        ret->body = issue(self, arena);
    return NULL;
}

static bool fake_show(struct world *world, const struct proof *proof)
{
    struct authority_fake *self = fake_of(world);

    if (self->cannot_show)
        return false;
    self->shown++;
    snprintf(self->last_proof, sizeof(self->last_proof), "%.*s %.*s %.*s", SLICE_ARGS(proof->name),
             SLICE_ARGS(proof->token), SLICE_ARGS(proof->answer));
    return true;
}

static void fake_hide(struct world *world, const struct proof *proof)
{
    (void)proof;
    fake_of(world)->hidden++;
}

static const char *fake_keep(struct world *world, struct slice pem)
{
    struct authority_fake *self = fake_of(world);

    ck_assert_uint_gt(pem.len, 0);
    self->kept++;
    return self->cannot_keep ? "No space left on device" : NULL;
}

static void fake_pause(struct world *world, uint64_t ms)
{
    fake_of(world)->paused_ms += ms;
}

static int64_t fake_now(struct world *world)
{
    (void)world;
    return NOW_S;
}

static const struct world_ops fake_ops = {
    .ask = fake_ask,
    .show = fake_show,
    .hide = fake_hide,
    .keep_account = fake_keep,
    .pause = fake_pause,
    .now_unix_s = fake_now,
};

/* ---- what it says ---- */

#define DIRECTORY                                                                                  \
    {                                                                                              \
        .url = "https://ca/dir",                                                                   \
        .body = "{\"newNonce\":\"https://ca/nonce\",\"newAccount\":\"https://ca/account\","        \
                "\"newOrder\":\"https://ca/order\"}",                                              \
        .no_nonce = true                                                                           \
    }
#define NONCE                                                                                      \
    {                                                                                              \
        .url = "https://ca/nonce", .body = ""                                                      \
    }
#define ACCOUNT                                                                                    \
    {                                                                                              \
        .url = "https://ca/account", .body = "{}", .location = "https://ca/account/1",             \
        .status = 201                                                                              \
    }
#define ORDER_TEXT(status, more)                                                                   \
    "{\"status\":\"" status "\",\"authorizations\":[\"https://ca/name\"],"                         \
    "\"finalize\":\"https://ca/finalize\"" more "}"
#define CERTIFICATE ",\"certificate\":\"https://ca/certificate\""
#define ORDER(word)                                                                                \
    {                                                                                              \
        .url = "https://ca/order", .body = ORDER_TEXT(word, ""), .location = "https://ca/order/1", \
        .status = 201                                                                              \
    }
#define NAME_TEXT(status)                                                                          \
    "{\"status\":\"" status "\",\"identifier\":{\"type\":\"dns\",\"value\":\"a.test\"},"           \
    "\"challenges\":[{\"type\":\"http-01\",\"url\":\"https://ca/proof\",\"token\":\"tok_-1\"}]}"
#define NAME(status)                                                                               \
    {                                                                                              \
        .url = "https://ca/name", .body = NAME_TEXT(status)                                        \
    }
#define PROOF                                                                                      \
    {                                                                                              \
        .url = "https://ca/proof", .body = "{}"                                                    \
    }
#define PROBLEM(where, type, detail, code)                                                         \
    {                                                                                              \
        .url = where,                                                                              \
        .body = "{\"type\":\"urn:ietf:params:acme:error:" type "\",\"detail\":\"" detail "\"}",    \
        .status = code                                                                             \
    }

/* ---- one whole try ---- */

static struct authority_fake fake;
static struct session session;
static struct arena arena;
static struct acme_tasks tasks;
static struct slice pem;

static bool attempt(const struct scripted *script)
{
    fake.world.ops = &fake_ops;
    fake.script = script;
    if (fake.names.len == 0)
        fake.names = SLICE("a.test");
    if (fake.until_s == 0)
        fake.until_s = 90 * 86400;
    tasks.directory = SLICE("https://ca/dir");
    session = (struct session){ .world = &fake.world, .arena = &arena, .tasks = &tasks };
    const bool good = session_open(&session) && order_certificate(&session, SLICE("a.test"), &pem);
    ck_assert_ptr_null(script[fake.at].url); /* it was followed to its end */
    session_close(&session);
    return good;
}

static void expect_why(const char *why)
{
    ck_assert_msg(slice_find_slice(session.why, slice_cstr(why)) != SLICE_NONE, "%.*s",
                  SLICE_ARGS(session.why));
}

static const struct scripted the_usual_way[] = {
    DIRECTORY,
    NONCE,
    ACCOUNT,
    ORDER("pending"),
    NAME("pending"),
    PROOF,
    NAME("pending"),
    NAME("valid"),
    { .url = "https://ca/order/1", .body = ORDER_TEXT("ready", "") },
    { .url = "https://ca/finalize", .body = ORDER_TEXT("processing", ""), .retry_after_s = 3 },
    { .url = "https://ca/order/1", .body = ORDER_TEXT("valid", CERTIFICATE) },
    { .url = "https://ca/certificate", .body = "ISSUE" },
    { .url = NULL },
};

START_TEST(a_certificate_is_ordered_proved_and_fetched)
{
    ck_assert(attempt(the_usual_way));
    ck_assert_ptr_null(certificate_fault(pem, pem, SLICE("a.test"), NOW_S));
    ck_assert_uint_eq(fake.kept, 1);
    ck_assert_uint_eq(fake.shown, 1);
    ck_assert_uint_eq(fake.hidden, 1);
    ck_assert_int_eq(strncmp(fake.last_proof, "a.test tok_-1 tok_-1.", 21), 0);
    ck_assert_uint_ge(fake.paused_ms, 3000); /* as long as it was asked to */
    arena_done(&arena);
}
END_TEST

START_TEST(requests_are_signed_for_the_account_with_the_last_nonce)
{
    ck_assert(attempt(the_usual_way));
    const struct slice head = decoded_member(fake.last_body, "protected", &arena);
    ck_assert(slice_equal_cstr(head, "{\"alg\":\"ES256\",\"kid\":\"https://ca/account/1\","
                                     "\"nonce\":\"nonce-11\",\"url\":\"https://ca/certificate\"}"));
    arena_done(&arena);
}
END_TEST

START_TEST(what_was_proved_before_is_not_proved_again)
{
    static const struct scripted script[] = {
        DIRECTORY,
        NONCE,
        ACCOUNT,
        ORDER("ready"),
        { .url = "https://ca/finalize", .body = ORDER_TEXT("valid", CERTIFICATE) },
        { .url = "https://ca/certificate", .body = "ISSUE" },
        { .url = NULL },
    };

    ck_assert(attempt(script));
    ck_assert_uint_eq(fake.shown, 0);
    arena_done(&arena);
}
END_TEST

START_TEST(a_nonce_that_is_refused_is_replaced_by_the_next)
{
    static const struct scripted script[] = {
        DIRECTORY,
        NONCE,
        PROBLEM("https://ca/account", "badNonce", "old", 400),
        PROBLEM("https://ca/account", "badNonce", "old", 400),
        ACCOUNT,
        PROBLEM("https://ca/order", "badNonce", "old", 400),
        ORDER("ready"),
        { .url = "https://ca/finalize", .body = ORDER_TEXT("valid", CERTIFICATE) },
        { .url = "https://ca/certificate", .body = "ISSUE" },
        { .url = NULL },
    };

    ck_assert(attempt(script));
    arena_done(&arena);
}
END_TEST

START_TEST(an_account_that_was_closed_is_made_anew_once)
{
    static const struct scripted script[] = {
        DIRECTORY,
        NONCE,
        PROBLEM("https://ca/account", "unauthorized", "deactivated", 401),
        ACCOUNT,
        ORDER("ready"),
        { .url = "https://ca/finalize", .body = ORDER_TEXT("valid", CERTIFICATE) },
        { .url = "https://ca/certificate", .body = "ISSUE" },
        { .url = NULL },
    };
    EVP_PKEY *key = key_new();

    tasks.account = key_pem(key, &arena);
    EVP_PKEY_free(key);
    ck_assert(attempt(script));
    ck_assert_uint_eq(fake.kept, 1);
    arena_done(&arena);
}
END_TEST

START_TEST(a_known_account_is_used_again)
{
    static const struct scripted script[] = { DIRECTORY,
                                              NONCE,
                                              ACCOUNT,
                                              PROBLEM("https://ca/order", "malformed", "no", 400),
                                              { .url = NULL } };
    EVP_PKEY *key = key_new();

    tasks.account = key_pem(key, &arena);
    EVP_PKEY_free(key);
    ck_assert(!attempt(script));
    ck_assert_uint_eq(fake.kept, 0);
    arena_done(&arena);
}
END_TEST

START_TEST(a_limit_tells_how_long_to_wait)
{
    static const struct scripted script[] = {
        DIRECTORY,
        NONCE,
        ACCOUNT,
        { .url = "https://ca/order",
          .body = "{\"type\":\"urn:ietf:params:acme:error:rateLimited\",\"detail\":\"too many\"}",
          .status = 429,
          .retry_after_s = 7200 },
        { .url = NULL },
    };

    ck_assert(!attempt(script));
    expect_why("rateLimited: too many");
    ck_assert_uint_eq(session.retry_after_s, 7200);
    arena_done(&arena);
}
END_TEST

START_TEST(terms_are_not_agreed_to_by_itself)
{
    static const struct scripted script[] = {
        { .url = "https://ca/dir",
          .body = "{\"newNonce\":\"https://ca/nonce\",\"newAccount\":\"https://ca/"
                  "account\",\"newOrder\":"
                  "\"https://ca/order\",\"meta\":{\"termsOfService\":\"https://ca/terms\"}}" },
        { .url = NULL },
    };

    ck_assert(!attempt(script));
    expect_why("https://ca/terms");
    expect_why("ACMEagree");
    ck_assert_uint_eq(fake.kept, 0);
    arena_done(&arena);
}
END_TEST

START_TEST(a_key_that_cannot_be_kept_gets_no_account)
{
    static const struct scripted script[] = { DIRECTORY, { .url = NULL } };

    fake.cannot_keep = true;
    ck_assert(!attempt(script));
    expect_why("No space left");
    arena_done(&arena);
}
END_TEST

START_TEST(nothing_is_asked_for_that_cannot_be_shown)
{
    static const struct scripted script[] = { DIRECTORY,        NONCE,           ACCOUNT,
                                              ORDER("pending"), NAME("pending"), { .url = NULL } };

    fake.cannot_show = true;
    ck_assert(!attempt(script));
    expect_why("cannot show");
    arena_done(&arena);
}
END_TEST

/* ---- wrong answers ---- */

#define UP_TO_ORDER DIRECTORY, NONCE, ACCOUNT
#define UP_TO_PROOF UP_TO_ORDER, ORDER("pending"), NAME("pending"), PROOF
#define UP_TO_CERTIFICATE                                                                          \
    UP_TO_ORDER, ORDER("ready"),                                                                   \
    {                                                                                              \
        .url = "https://ca/finalize", .body = ORDER_TEXT("valid", CERTIFICATE)                     \
    }

static const struct {
    struct scripted script[10];
    const char *why;
    const char *names; /* of what is issued; NULL: those that were ordered */
    int64_t until_s;   /* 0: long enough */
} refusals[] = {
    { { { .url = "https://ca/dir", .body = NULL } }, "Connection refused", NULL, 0 },
    { { { .url = "https://ca/dir", .body = "busy", .status = 503 } }, "status 503", NULL, 0 },
    { { { .url = "https://ca/dir", .body = "<html>" } }, "no JSON object", NULL, 0 },
    { { { .url = "https://ca/dir", .body = "{\"newNonce\":\"http://ca/nonce\"}" } },
      "no https URL",
      NULL,
      0 },
    { { DIRECTORY, { .url = "https://ca/nonce", .body = "", .no_nonce = true } },
      "gives no nonce",
      NULL,
      0 },
    { { DIRECTORY, NONCE, { .url = "https://ca/account", .body = "{}", .status = 201 } },
      "where the account is",
      NULL,
      0 },
    { { DIRECTORY, NONCE, PROBLEM("https://ca/account", "unauthorized", "never", 403) },
      "unauthorized: never",
      NULL,
      0 },
    { { UP_TO_ORDER,
        { .url = "https://ca/order", .body = ORDER_TEXT("ready", ""), .status = 201 } },
      "where the order is",
      NULL,
      0 },
    { { UP_TO_ORDER,
        { .url = "https://ca/order", .body = "{}", .location = "https://ca/order/1" } },
      "the order is not understood",
      NULL,
      0 },
    { { UP_TO_ORDER, ORDER("invalid") }, "gave the order up", NULL, 0 },
    { { UP_TO_ORDER, ORDER("pending"), { .url = "https://ca/name", .body = "[]" } },
      "the authorization is not understood",
      NULL,
      0 },
    { { UP_TO_ORDER,
        ORDER("pending"),
        { .url = "https://ca/name",
          .body = "{\"status\":\"valid\",\"identifier\":{\"value\":\"other.test\"}}" } },
      "other.test, which was not ordered",
      NULL,
      0 },
    { { UP_TO_ORDER,
        ORDER("pending"),
        { .url = "https://ca/name",
          .body = "{\"status\":\"pending\",\"identifier\":{\"value\":\"a.test\"},\"challenges\":[]"
                  "}" } },
      "does not offer http-01",
      NULL,
      0 },
    { { UP_TO_ORDER, ORDER("pending"), NAME("deactivated") }, "is not open", NULL, 0 },
    { { UP_TO_PROOF,
        { .url = "https://ca/name",
          .body = "{\"status\":\"invalid\",\"identifier\":{\"value\":\"a.test\"},\"challenges\":[{"
                  "\"type\":\"http-01\",\"url\":\"https://ca/proof\",\"token\":\"t\",\"error\":{"
                  "\"detail\":\"404 there\"}}]}" } },
      "the proof for a.test failed: 404 there",
      NULL,
      0 },
    { { UP_TO_CERTIFICATE, { .url = "https://ca/certificate", .body = "" } },
      "no certificate in it",
      NULL,
      0 },
    { { UP_TO_CERTIFICATE, { .url = "https://ca/certificate", .body = "ISSUE" } },
      "not for all its names",
      "b.test",
      0 },
    { { UP_TO_CERTIFICATE, { .url = "https://ca/certificate", .body = "ISSUE" } },
      "has expired",
      NULL,
      -1 },
};

START_TEST(what_the_authority_says_wrong_is_refused_with_a_reason)
{
    fake.names = slice_cstr(refusals[_i].names);
    fake.until_s = refusals[_i].until_s;
    ck_assert(!attempt(refusals[_i].script));
    expect_why(refusals[_i].why);
    ck_assert_uint_eq(fake.shown, fake.hidden); /* nothing stays behind */
    arena_done(&arena);
}
END_TEST

SUITE("session", TEST(a_certificate_is_ordered_proved_and_fetched),
      TEST(requests_are_signed_for_the_account_with_the_last_nonce),
      TEST(what_was_proved_before_is_not_proved_again),
      TEST(a_nonce_that_is_refused_is_replaced_by_the_next),
      TEST(an_account_that_was_closed_is_made_anew_once), TEST(a_known_account_is_used_again),
      TEST(a_limit_tells_how_long_to_wait), TEST(terms_are_not_agreed_to_by_itself),
      TEST(a_key_that_cannot_be_kept_gets_no_account),
      TEST(nothing_is_asked_for_that_cannot_be_shown),
      LOOP(what_the_authority_says_wrong_is_refused_with_a_reason, refusals))
