/* Who stays with which target of a FastCGI section: by the application's session, by our cookie. */
#include "gateway/backend.h"
#include "gateway/desk.h"
#include "gateway/fastcgi_fake.h"
#include "gateway/fcgi_record.h"
#include "gateway/place.h"
#include "gateway/visitor.h"
#include "handler/registry.h"
#include "handler/services.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define TARGETS   3u
#define SESSION_S 600u
#define KEY       SLICE("a key that all front servers share")

static struct visitor *v;
static struct fastcgi_fake *fakes;
static struct connect_conf targets[TARGETS];
static struct conf_word php = { .text = SLICE_INIT("PHPSESSID") };
static struct conf_word sid = { .text = SLICE_INIT("sid"), .next = &php };
static struct fastcgi_conf section;
static struct server_conf conf;
static struct vhost_conf vhost;
static struct host host;
static struct snapshot snapshot;
static struct services services;
static struct mailbox mailbox;
static struct desk desk;
static struct backend_group *group;
static struct verdict verdict;

/* Of the requests to come. */
static const char *cookie; /* NULL: none */
static int64_t later_ms;

/* ---- a house ---- */

/* The section anew, as after a crash or at another front server; `first`: its order. */
static void open_group(unsigned first, struct slice key)
{
    for (unsigned i = 0; i < TARGETS; i++) {
        struct fastcgi_fake *fake = &fakes[(first + i) % TARGETS];

        targets[i] = (struct connect_conf){ .next = i + 1 < TARGETS ? &targets[i + 1] : NULL,
                                            .address = fake->address,
                                            .text = slice_cstr(fake->path),
                                            .weight = 1 };
    }
    group = backend_group_new(&section);
    backend_group_set_key(group, key);
}

static void restart(unsigned first, struct slice key)
{
    place_close_kept(group, &desk);
    backend_group_free(group);
    open_group(first, key);
}

static void begin(enum conf_stick_to stick_to, struct conf_word *session_cookies)
{
    fakes = calloc(TARGETS, sizeof(*fakes));
    ck_assert_ptr_nonnull(fakes);
    for (unsigned i = 0; i < TARGETS; i++)
        fastcgi_fake_open(&fakes[i], 64);
    v = visitor_new();
    ck_assert_int_eq(mailbox_open(&mailbox, &v->loop), 0);
    desk_open(&desk, &v->loop, &mailbox);
    section = (struct fastcgi_conf){ .id = SLICE("APP"),
                                     .targets = targets,
                                     .target_count = TARGETS,
                                     .session_timeout_ms = SESSION_S * 1000,
                                     .stick_to = stick_to,
                                     .session_cookies = session_cookies,
                                     .sticky_cookie = SLICE("LH-APP"),
                                     .connect_timeout_ms = 1000,
                                     .queue_length = 256,
                                     .queue_ms = 2000 };
    open_group(0, KEY);
    conf = (struct server_conf){ .max_environment_bytes = 65536, .work_directory = SLICE("/tmp") };
    vhost = (struct vhost_conf){ .website_root = SLICE("/srv"), .folder.time_for_cgi_ms = 5000 };
    host = (struct host){ .conf = &vhost, .name = SLICE("a.example"), .error_log = &v->log };
    snapshot = (struct snapshot){ .conf = &conf };
    services = (struct services){ .loop = &v->loop,
                                  .log = &v->log,
                                  .snapshot = &snapshot,
                                  .desk = &desk,
                                  .backends = &group,
                                  .backend_count = 1 };
    verdict = (struct verdict){ .answer = ANSWER_FASTCGI,
                                .host = &host,
                                .folder = &vhost.folder,
                                .fastcgi = &section,
                                .resource = { .absolute = SLICE("/srv/a.php") } };
    v->handler = &handler_fastcgi;
    v->verdict = &verdict;
    v->host = &host;
    v->services = &services;
    cookie = NULL;
    later_ms = 0;
}

static void end(void)
{
    ck_assert_ptr_null(v->x);
    ck_assert_uint_eq(visitor_lines(v, LEVEL_WARNING), 0);
    for (unsigned i = 0; i < TARGETS; i++)
        fastcgi_fake_close(&fakes[i]);
    place_close_kept(group, &desk);
    backend_group_free(group);
    desk_close(&desk);
    mailbox_close(&mailbox);
    visitor_free(v);
    free(fakes);
}

/* ---- requests ---- */

static void prepare(struct exchange *x)
{
    if (cookie)
        fields_add_id(&x->request.fields, &x->arena, FIELD_COOKIE, slice_cstr(cookie));
    x->record.begun_unix_ms += later_ms;
}

/* A request with that cookie, answered with these fields: the fake that it came to. */
static struct fastcgi_fake *visit(const char *with, const char *fields)
{
    struct fastcgi_fake *found = NULL;
    char answer[1024];

    cookie = with;
    visitor_ask(v, "GET", "/a.php", VISITOR_NO_BODY, prepare);
    for (unsigned i = 0; i < TARGETS; i++) {
        if (fastcgi_fake_accept(&fakes[i])) {
            ck_assert_ptr_null(found);
            found = &fakes[i];
        }
    }
    ck_assert_ptr_nonnull(found);
    fastcgi_fake_read(found, SIZE_MAX);
    snprintf(answer, sizeof(answer), "%sContent-Type: text/plain\r\n\r\nhello", fields);
    fastcgi_fake_say(found, FCGI_STDOUT, answer);
    fastcgi_fake_end(found, 0, FCGI_COMPLETE);
    visitor_settle(v);
    ck_assert_int_eq(v->status, 200);
    return found;
}

/* "LH-APP=..." of the last answer, as the browser sends it back; NULL: none was set. */
static const char *given(void)
{
    static char pair[64];
    const char *at = strstr(v->fields, "LH-APP=");

    if (!at)
        return NULL;
    snprintf(pair, sizeof(pair), "%.*s", (int)strcspn(at, ";\n"), at);
    return pair;
}

static unsigned times_in_fields(const char *text)
{
    unsigned count = 0;

    for (const char *at = v->fields; (at = strstr(at, text)); at += strlen(text))
        count++;
    return count;
}

static struct backend *backend_of(const struct fastcgi_fake *fake)
{
    for (unsigned i = 0; i < TARGETS; i++)
        if (slice_equal_cstr(targets[i].text, fake->path))
            return &group->targets[i];
    ck_abort_msg("no target");
}

static void rest(const struct fastcgi_fake *fake, bool yes)
{
    backend_of(fake)->rest_until_ms = yes ? UINT64_MAX : 0;
}

static void drain(const struct fastcgi_fake *fake, bool yes)
{
    ck_assert(backend_group_drain(group, slice_cstr(fake->path), yes));
}

/* ---- the application's session ---- */

START_TEST(who_has_no_session_goes_in_turn)
{
    begin(STICK_TO_ADDRESS, &sid);
    for (unsigned i = 0; i < 2 * TARGETS; i++)
        ck_assert_ptr_eq(visit("other=1; PHPSESSID=", ""), &fakes[i % TARGETS]);
    end();
}
END_TEST

/* Opens sessions PHPSESSID=s0 ... from one address; `at` gets their targets. */
static void open_sessions(unsigned count, struct fastcgi_fake **at)
{
    char set[64];

    for (unsigned i = 0; i < count; i++) {
        snprintf(set, sizeof(set), "Set-Cookie: PHPSESSID=s%u; path=/\r\n", i);
        at[i] = visit(NULL, set);
    }
}

static struct fastcgi_fake *visit_session(unsigned i)
{
    char pair[64];

    snprintf(pair, sizeof(pair), "a=b; PHPSESSID=s%u", i);
    return visit(pair, "");
}

START_TEST(a_session_stays_where_it_was_opened)
{
    struct fastcgi_fake *at[9];

    begin(STICK_TO_ADDRESS, &sid);
    open_sessions(9, at);
    for (unsigned i = 0; i < 9; i++)
        ck_assert_ptr_eq(at[i], &fakes[i % TARGETS]);
    for (unsigned i = 9; i-- > 0;)
        ck_assert_ptr_eq(visit_session(i), at[i]);
    ck_assert_ptr_null(given());
    end();
}
END_TEST

START_TEST(each_of_the_names_tells_a_session)
{
    begin(STICK_TO_ADDRESS, &sid);

    struct fastcgi_fake *by_sid = visit(NULL, "Set-Cookie: sid=x\r\n");
    struct fastcgi_fake *by_php = visit(NULL, "Set-Cookie: PHPSESSID=x\r\n");
    struct fastcgi_fake *by_none = visit(NULL, "Set-Cookie: visits=x\r\n");

    ck_assert_ptr_ne(by_sid, by_php);
    ck_assert_ptr_ne(by_php, by_none);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_ptr_eq(visit("sid=x", ""), by_sid);
        ck_assert_ptr_eq(visit("PHPSESSID=x", ""), by_php);
        ck_assert_ptr_eq(visit("visits=x", ""), &fakes[i % TARGETS]);
    }
    end();
}
END_TEST

/* On every front server, whatever the order of the targets there. */
START_TEST(a_session_that_is_not_known_goes_the_same_way_everywhere)
{
    struct fastcgi_fake *at[30];
    unsigned requests[TARGETS] = { 0 };

    begin(STICK_TO_ADDRESS, &sid);
    for (unsigned i = 0; i < 30; i++) {
        at[i] = visit_session(i);
        requests[at[i] - fakes]++;
    }
    for (unsigned i = 0; i < TARGETS; i++)
        ck_assert_uint_gt(requests[i], 0);
    restart(1, KEY);
    for (unsigned i = 0; i < 30; i++)
        ck_assert_ptr_eq(visit_session(i), at[i]);
    end();
}
END_TEST

/* As of a host in ConnectTo: most of its targets have no address. */
START_TEST(a_session_that_is_not_known_goes_to_a_target_that_is_there)
{
    struct fastcgi_fake *at[30];

    begin(STICK_TO_ADDRESS, &sid);
    group->targets[0].absent = true;
    for (unsigned i = 0; i < 30; i++) {
        at[i] = visit_session(i);
        ck_assert_ptr_ne(at[i], &fakes[0]);
    }
    restart(0, KEY);
    group->targets[0].absent = true;
    for (unsigned i = 30; i > 0; i--) /* another order: no turns decide */
        ck_assert_ptr_eq(visit_session(i - 1), at[i - 1]);
    end();
}
END_TEST

/*
 * Opens sessions, of which one is elsewhere than where a house that does not know it sends it:
 * returns its number. *ret_unknown: that other target.
 */
static unsigned open_sessions_apart(struct fastcgi_fake *at[9], struct fastcgi_fake **ret_unknown)
{
    unsigned i = 0;

    open_sessions(9, at);
    restart(0, KEY);
    while ((*ret_unknown = visit_session(i)) == at[i])
        ck_assert_uint_lt(++i, 9);
    restart(0, KEY);
    open_sessions(9, at);
    ck_assert_ptr_ne(at[i], *ret_unknown);
    return i;
}

static const char *const endings[] = {
    "Set-Cookie: PHPSESSID=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT\r\n",
    "Set-Cookie: PHPSESSID=x; Max-Age=0\r\n",
    "Set-Cookie: PHPSESSID=\r\n",
};

START_TEST(a_session_ends_with_its_cookie)
{
    struct fastcgi_fake *at[9];
    struct fastcgi_fake *unknown;
    char pair[64];

    begin(STICK_TO_ADDRESS, &sid);

    const unsigned i = open_sessions_apart(at, &unknown);
    snprintf(pair, sizeof(pair), "PHPSESSID=s%u", i);
    ck_assert_ptr_eq(visit(pair, endings[_i]), at[i]);
    ck_assert_ptr_eq(visit(pair, ""), unknown); /* as if it had never been here */
    end();
}
END_TEST

START_TEST(a_new_name_for_the_session_stays_at_the_target)
{
    begin(STICK_TO_ADDRESS, &sid);

    struct fastcgi_fake *at = visit(NULL, "Set-Cookie: PHPSESSID=old\r\n");
    for (unsigned i = 0; i < 8; i++) {
        char pair[32];
        char set[128];

        snprintf(pair, sizeof(pair), i > 0 ? "PHPSESSID=new%u" : "PHPSESSID=old", i - 1);
        snprintf(set, sizeof(set),
                 "Set-Cookie: PHPSESSID=deleted; Max-Age=0\r\nSet-Cookie: PHPSESSID=new%u\r\n", i);
        ck_assert_ptr_eq(visit(pair, set), at);
    }
    end();
}
END_TEST

START_TEST(a_session_is_over_after_its_time)
{
    struct fastcgi_fake *at[9];
    struct fastcgi_fake *unknown;

    begin(STICK_TO_ADDRESS, &sid);

    const unsigned i = open_sessions_apart(at, &unknown);
    visitor_pass(v, SESSION_S * 1000 - 1);
    ck_assert_ptr_eq(visit_session(i), at[i]); /* each request prolongs it */
    visitor_pass(v, SESSION_S * 1000 - 1);
    ck_assert_ptr_eq(visit_session(i), at[i]);
    visitor_pass(v, SESSION_S * 1000);
    ck_assert_ptr_eq(visit_session(i), unknown);
    end();
}
END_TEST

/* Opened here or unknown alike. */
static const bool opened_by_visitors[] = { true, false };

START_TEST(visitors_of_a_target_that_is_gone_move_once)
{
    struct fastcgi_fake *at[9];
    struct fastcgi_fake *moved[9];

    begin(STICK_TO_ADDRESS, &sid);
    if (opened_by_visitors[_i]) {
        open_sessions(9, at);
    } else {
        for (unsigned i = 0; i < 9; i++)
            at[i] = visit_session(i);
    }
    rest(&fakes[1], true);
    for (unsigned i = 0; i < 9; i++) {
        moved[i] = visit_session(i);
        ck_assert_ptr_ne(moved[i], &fakes[1]);
        ck_assert(at[i] == &fakes[1] || moved[i] == at[i]);
    }
    rest(&fakes[1], false);
    for (unsigned i = 0; i < 9; i++)
        ck_assert_ptr_eq(visit_session(i), moved[i]);
    end();
}
END_TEST

START_TEST(a_drained_target_keeps_its_sessions_and_gets_no_others)
{
    struct fastcgi_fake *at[9];

    begin(STICK_TO_ADDRESS, &sid);
    open_sessions(9, at);
    drain(&fakes[1], true);
    for (unsigned i = 0; i < 9; i++)
        ck_assert_ptr_eq(visit_session(i), at[i]);
    for (unsigned i = 100; i < 120; i++)
        ck_assert_ptr_ne(visit_session(i), &fakes[1]);
    for (unsigned i = 0; i < 6; i++)
        ck_assert_ptr_ne(visit(NULL, ""), &fakes[1]);
    visitor_pass(v, SESSION_S * 1000);
    for (unsigned i = 0; i < 9; i++)
        ck_assert_ptr_ne(visit_session(i), &fakes[1]);
    end();
}
END_TEST

/* ---- our own cookie ---- */

START_TEST(the_first_answer_brings_a_cookie_and_no_other_does)
{
    char mine[TARGETS][64];

    begin(STICK_TO_COOKIE, NULL);
    for (unsigned i = 0; i < TARGETS; i++) { /* all of them from one address */
        ck_assert_ptr_eq(visit(NULL, ""), &fakes[i]);
        ck_assert_ptr_nonnull(given());
        strcpy(mine[i], given());
        ck_assert_ptr_nonnull(strstr(v->fields, "; Path=/; Max-Age=600; HttpOnly; SameSite=Lax\n"));
    }
    for (unsigned i = 2 * TARGETS; i-- > 0;) {
        ck_assert_ptr_eq(visit(mine[i % TARGETS], ""), &fakes[i % TARGETS]);
        ck_assert_ptr_null(given());
        ck_assert_uint_eq(times_in_fields("private"), 0);
    }
    end();
}
END_TEST

START_TEST(over_tls_it_is_secure)
{
    begin(STICK_TO_COOKIE, NULL);
    v->visit.secure = true;
    visit(NULL, "");
    ck_assert_ptr_nonnull(strstr(v->fields, "; HttpOnly; SameSite=Lax; Secure\n"));
    end();
}
END_TEST

START_TEST(the_application_sees_all_cookies_but_ours)
{
    char pairs[128];

    begin(STICK_TO_COOKIE, NULL);

    const struct fastcgi_fake *fake = visit("LH-APP=forged", "");
    ck_assert_ptr_null(fastcgi_fake_param(fake, "HTTP_COOKIE"));
    snprintf(pairs, sizeof(pairs), "a=\"1\" ;%s;  b=2", given());
    fake = visit(pairs, "");
    ck_assert_str_eq(fastcgi_fake_param(fake, "HTTP_COOKIE"), "a=\"1\" ;  b=2");
    ck_assert_ptr_null(given());
    end();
}
END_TEST

START_TEST(all_front_servers_with_the_key_agree)
{
    char mine[TARGETS][64];

    begin(STICK_TO_COOKIE, NULL);
    for (unsigned i = 0; i < TARGETS; i++) {
        visit(NULL, "");
        strcpy(mine[i], given());
    }
    restart(2, KEY);
    for (unsigned i = 0; i < TARGETS; i++) {
        ck_assert_ptr_eq(visit(mine[i], ""), &fakes[i]);
        ck_assert_ptr_null(given());
    }
    restart(2, SLICE("another key, of somebody else"));
    for (unsigned i = 0; i < TARGETS; i++) {
        ck_assert_ptr_eq(visit(mine[i], ""), &fakes[(2 + i) % TARGETS]); /* in turn */
        ck_assert_ptr_nonnull(given());
    }
    end();
}
END_TEST

START_TEST(it_is_renewed_when_half_of_its_time_is_gone)
{
    char mine[64];

    begin(STICK_TO_COOKIE, NULL);

    const struct fastcgi_fake *at = visit(NULL, "");
    strcpy(mine, given());
    later_ms = (SESSION_S / 2 - 10) * 1000;
    ck_assert_ptr_eq(visit(mine, ""), at);
    ck_assert_ptr_null(given());
    later_ms = (SESSION_S / 2 + 10) * 1000;
    ck_assert_ptr_eq(visit(mine, ""), at);
    ck_assert_ptr_nonnull(given());
    ck_assert_str_ne(given(), mine);
    later_ms = (SESSION_S + 10) * 1000; /* over: as if it had none */
    ck_assert_ptr_eq(visit(mine, ""), at + 1);
    ck_assert_ptr_nonnull(given());
    end();
}
END_TEST

START_TEST(who_had_to_move_gets_a_new_cookie_once)
{
    char mine[64];

    begin(STICK_TO_COOKIE, NULL);

    const struct fastcgi_fake *at = visit(NULL, "");
    strcpy(mine, given());
    rest(at, true);
    const struct fastcgi_fake *moved = visit(mine, "");
    ck_assert_ptr_ne(moved, at);
    strcpy(mine, given());
    rest(at, false);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_ptr_eq(visit(mine, ""), moved);
        ck_assert_ptr_null(given());
    }
    drain(moved, true);
    ck_assert_ptr_eq(visit(mine, ""), moved);
    end();
}
END_TEST

static const struct {
    const char *says;
    bool cookie;
    unsigned privates;
} caches[] = {
    { "", true, 1 },
    { "Cache-Control: max-age=60\r\n", true, 1 },
    { "Cache-Control: no-cache\r\n", true, 1 },
    { "Cache-Control: max-age=60, Private\r\n", true, 0 },
    { "Cache-Control: no-store, no-cache\r\n", true, 0 },
    { "Cache-Control: max-age=60 , public\r\n", false, 0 },
    { "Cache-Control: max-age=60\r\nCache-Control: s-maxage = 9\r\n", false, 0 },
};

START_TEST(no_cache_gives_it_to_others)
{
    begin(STICK_TO_COOKIE, NULL);
    visit(NULL, caches[_i].says);
    ck_assert_int_eq(given() != NULL, caches[_i].cookie);
    ck_assert_uint_eq(times_in_fields("Cache-Control: private\n"), caches[_i].privates);
    end();
}
END_TEST

START_TEST(with_a_session_cookie_it_comes_and_goes_with_the_session)
{
    char mine[64];
    char pairs[128];

    begin(STICK_TO_COOKIE, &sid);
    visit(NULL, "");
    ck_assert_ptr_null(given());

    const struct fastcgi_fake *at = visit(NULL, "Set-Cookie: PHPSESSID=abc\r\n");
    ck_assert_ptr_nonnull(given());
    strcpy(mine, given());
    snprintf(pairs, sizeof(pairs), "PHPSESSID=abc; %s", mine);
    restart(1, KEY);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_ptr_eq(visit(pairs, ""), at);
        ck_assert_ptr_null(given());
    }
    for (unsigned i = 0; i < TARGETS; i++) /* what is left of a session that is over */
        ck_assert_ptr_eq(visit(mine, ""), &fakes[(1 + i) % TARGETS]);

    ck_assert_ptr_eq(visit(pairs, "Set-Cookie: PHPSESSID=; Max-Age=0\r\n"), at);
    ck_assert_str_eq(given(), "LH-APP=");
    ck_assert_ptr_nonnull(strstr(v->fields, "LH-APP=; Path=/; Max-Age=0; "));
    end();
}
END_TEST

START_TEST(without_sessions_nobody_gets_a_cookie)
{
    begin(STICK_TO_COOKIE, NULL);
    section.session_timeout_ms = 0;
    restart(0, KEY);
    for (unsigned i = 0; i < 2 * TARGETS; i++) {
        ck_assert_ptr_eq(visit("a=1", ""), &fakes[i % TARGETS]);
        ck_assert_ptr_null(given());
    }
    end();
}
END_TEST

SUITE("sessions", TEST(who_has_no_session_goes_in_turn), TEST(a_session_stays_where_it_was_opened),
      TEST(each_of_the_names_tells_a_session),
      TEST(a_session_that_is_not_known_goes_the_same_way_everywhere),
      TEST(a_session_that_is_not_known_goes_to_a_target_that_is_there),
      LOOP(a_session_ends_with_its_cookie, endings),
      TEST(a_new_name_for_the_session_stays_at_the_target), TEST(a_session_is_over_after_its_time),
      LOOP(visitors_of_a_target_that_is_gone_move_once, opened_by_visitors),
      TEST(a_drained_target_keeps_its_sessions_and_gets_no_others),
      TEST(the_first_answer_brings_a_cookie_and_no_other_does), TEST(over_tls_it_is_secure),
      TEST(the_application_sees_all_cookies_but_ours), TEST(all_front_servers_with_the_key_agree),
      TEST(it_is_renewed_when_half_of_its_time_is_gone),
      TEST(who_had_to_move_gets_a_new_cookie_once), LOOP(no_cache_gives_it_to_others, caches),
      TEST(with_a_session_cookie_it_comes_and_goes_with_the_session),
      TEST(without_sessions_nobody_gets_a_cookie))
