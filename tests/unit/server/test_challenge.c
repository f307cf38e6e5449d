#include "server/challenge.h"

#include "gateway/visitor.h"
#include "server/tally.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static union socket_address client_of(const char *text)
{
    union socket_address address;

    ck_assert(address_parse_ip(slice_cstr(text), 1, &address));
    return address;
}

/* ---- seals ---- */

#define NOW_S (INT64_C(1000000) * CHALLENGE_HOUR_S + 10)

static bool knows(const struct challenge_key *key, const char *client, int64_t now_s,
                  const char *cookies)
{
    struct arena arena = { 0 };
    struct fields fields = { 0 };
    const union socket_address address = client_of(client);

    fields_add_id(&fields, &arena, FIELD_COOKIE, slice_cstr(cookies));
    const bool answered = challenge_is_answered(key, &address, &fields, now_s);
    arena_done(&arena);
    return answered;
}

START_TEST(a_seal_is_of_its_client_its_key_and_its_hour)
{
    const struct challenge_key key = challenge_key_of(SLICE(""), SLICE("the key of the house"));
    const struct challenge_key other = challenge_key_of(SLICE("secret"), SLICE("the key"));
    const union socket_address client = client_of("192.0.2.1");
    char seal[CHALLENGE_SEAL_LEN + 1];
    char cookies[128];

    challenge_seal(&key, &client, NOW_S, seal);
    ck_assert_uint_eq(strlen(seal), CHALLENGE_SEAL_LEN);
    snprintf(cookies, sizeof(cookies), "a=b; %s=%s; c=d", CHALLENGE_COOKIE, seal);
    ck_assert(knows(&key, "192.0.2.1", NOW_S, cookies));
    ck_assert(knows(&key, "192.0.2.1", NOW_S + CHALLENGE_HOUR_S, cookies));
    ck_assert(!knows(&key, "192.0.2.1", NOW_S + 2 * CHALLENGE_HOUR_S, cookies));
    ck_assert(!knows(&key, "192.0.2.1", NOW_S - CHALLENGE_HOUR_S, cookies));
    ck_assert(!knows(&key, "192.0.2.2", NOW_S, cookies));
    ck_assert(!knows(&other, "192.0.2.1", NOW_S, cookies));
    cookies[strlen(cookies) - 6] ^= 1; /* the last digit */
    ck_assert(!knows(&key, "192.0.2.1", NOW_S, cookies));
    ck_assert(!knows(&key, "192.0.2.1", NOW_S, ""));
    ck_assert(!knows(&key, "192.0.2.1", NOW_S, CHALLENGE_COOKIE "="));
}
END_TEST

START_TEST(a_whole_ipv6_prefix_is_one_client)
{
    const struct challenge_key key = challenge_key_of(SLICE("secret"), SLICE(""));
    const union socket_address client = client_of("2001:db8:1:2::1");
    char seal[CHALLENGE_SEAL_LEN + 1];
    char cookies[128];

    challenge_seal(&key, &client, NOW_S, seal);
    snprintf(cookies, sizeof(cookies), "%s=%s", CHALLENGE_COOKIE, seal);
    ck_assert(knows(&key, "2001:db8:1:2:ffff::9", NOW_S, cookies));
    ck_assert(!knows(&key, "2001:db8:1:3::1", NOW_S, cookies));
}
END_TEST

/* ---- on and off ---- */

static unsigned lines;

static void count_line(struct log *log, enum log_level level, struct slice text)
{
    (void)log;
    (void)level;
    (void)text;
    lines++;
}

START_TEST(it_is_on_from_the_threshold_on_and_off_well_below)
{
    static const struct {
        uint64_t connections;
        bool on;
    } steps[] = { { 1, false }, { 99, false }, { 100, true }, { 95, true },
                  { 90, true }, { 89, false }, { 99, false }, { 200, true } };
    const struct challenge_conf conf = { .threshold = 100 };
    const struct challenge_conf off = { 0 };
    struct challenger challenger = { 0 };
    struct log log = { .write = count_line };

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        ck_assert_int_eq(challenge_is_on(&challenger, &conf, steps[i].connections, &log),
                         steps[i].on);
    ck_assert_uint_eq(lines, 3);
    ck_assert(!challenge_is_on(&challenger, &off, 1000, &log));
}
END_TEST

/* ---- answers ---- */

static struct visitor *v;
static struct challenger challenger;
static struct challenge_conf conf;
static struct challenge_key key;
static enum offence offence;

static void start(struct exchange *x, const struct verdict *verdict)
{
    (void)verdict;
    challenge_start(&challenger, &conf, &key, x);
    offence = x->record.offence;
}

static const struct handler_ops gate = { .name = "gate", .start = start };

static void ask(const char *method, const char *target)
{
    v = visitor_new();
    v->handler = &gate;
    visitor_ask(v, method, target, VISITOR_NO_BODY, NULL);
    visitor_settle(v);
    v->body[v->body_len] = '\0';
}

static void begin(enum challenge_kind kind)
{
    challenger = (struct challenger){ .tries = tally_new() };
    conf = (struct challenge_conf){ .threshold = 1, .kind = kind, .ban_ms = 60000 };
    key = challenge_key_of(SLICE("secret"), SLICE(""));
}

START_TEST(a_challenge_by_header_leads_back)
{
    begin(CHALLENGE_BY_HEADER);
    ask("GET", "/a b/c");
    ck_assert_int_eq(v->status, 307);
    ck_assert_ptr_nonnull(strstr(v->fields, "Location: /a%20b/c\n"));
    ck_assert_ptr_nonnull(strstr(v->fields, "Set-Cookie: longhouse_challenge="));
    ck_assert_ptr_nonnull(strstr(v->fields, "; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax\n"));
    ck_assert_ptr_nonnull(strstr(v->fields, "Cache-Control: no-store\n"));
    visitor_free(v);
    ask("GET", "//evil.test/"); /* never to another host */
    ck_assert_ptr_nonnull(strstr(v->fields, "Location: /evil.test/\n"));
    visitor_free(v);
    tally_free(challenger.tries);
}
END_TEST

START_TEST(a_challenge_by_script_is_a_page)
{
    begin(CHALLENGE_BY_SCRIPT);
    ask("GET", "/a");
    ck_assert_int_eq(v->status, 503);
    ck_assert_ptr_nonnull(strstr(v->body, "document.cookie=\"longhouse_challenge="));
    ck_assert_ptr_nonnull(strstr(v->fields, "Retry-After: 5\n"));
    visitor_free(v);
    ask("HEAD", "/a");
    ck_assert_int_eq(v->status, 503);
    ck_assert_uint_eq(v->body_len, 0);
    visitor_free(v);
    tally_free(challenger.tries);
}
END_TEST

START_TEST(what_cannot_be_repeated_is_refused)
{
    begin(CHALLENGE_BY_HEADER);
    ask("POST", "/a");
    ck_assert_int_eq(v->status, 503);
    ck_assert_ptr_null(strstr(v->fields, "Set-Cookie"));
    ck_assert_int_eq(offence, OFFENCE_NONE);
    visitor_free(v);
    tally_free(challenger.tries);
}
END_TEST

START_TEST(who_does_not_learn_is_banned)
{
    begin(CHALLENGE_BY_HEADER);
    for (unsigned i = 0; i < CHALLENGE_TRIES_MOST; i++) {
        ask("GET", "/a");
        ck_assert_int_eq(v->status, 307);
        visitor_free(v);
    }
    ask("GET", "/a");
    ck_assert_int_eq(v->status, 503);
    ck_assert_int_eq(offence, OFFENCE_CHALLENGE);
    visitor_free(v);
    tally_free(challenger.tries);
}
END_TEST

SUITE("challenge", TEST(a_seal_is_of_its_client_its_key_and_its_hour),
      TEST(a_whole_ipv6_prefix_is_one_client),
      TEST(it_is_on_from_the_threshold_on_and_off_well_below),
      TEST(a_challenge_by_header_leads_back), TEST(a_challenge_by_script_is_a_page),
      TEST(what_cannot_be_repeated_is_refused), TEST(who_does_not_learn_is_banned))
