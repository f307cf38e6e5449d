#include "router_private.h"

#include "suite.h"

#include <string.h>

/* 127.0.0.0/8 without a password; "user:pass word" from elsewhere. */
static struct conf_net clients[1];

static const struct {
    bool is_on;
    bool has_password;
    const char *authority;
    const char *client;
    const char *says; /* Proxy-Authorization; NULL: nothing */
    const char *place;
    int status;
    enum offence offence;
} asked[] = {
    { true, false, "localhost:22", "127.0.0.1", NULL, "127.0.0.1:22", 0, OFFENCE_NONE },
    { true, false, "LOCALHOST:22", "127.9.9.9", NULL, "127.0.0.1:22", 0, OFFENCE_NONE },
    { true, false, "127.0.0.1:22", "127.0.0.1", NULL, "127.0.0.1:22", 0, OFFENCE_NONE },
    { true, false, "[::1]:22", "127.0.0.1", NULL, "[::1]:22", 0, OFFENCE_NONE },
    { false, false, "localhost:22", "127.0.0.1", NULL, NULL, 405, OFFENCE_NONE },
    { true, false, "localhost:23", "127.0.0.1", NULL, NULL, 405, OFFENCE_NONE },
    { true, false, "192.0.2.1:22", "127.0.0.1", NULL, NULL, 405, OFFENCE_NONE },
    { true, false, "localhost:22", "192.0.2.1", NULL, NULL, 405, OFFENCE_NONE },
    { true, false, "localhost:22", "192.0.2.1", "Basic dXNlcjpwYXNzIHdvcmQ=", NULL, 405,
      OFFENCE_NONE },
    { true, true, "localhost:22", "192.0.2.1", NULL, NULL, 407, OFFENCE_NONE },
    { true, true, "localhost:22", "192.0.2.1", "Basic dXNlcjpwYXNzIHdvcmQ=", "127.0.0.1:22", 0,
      OFFENCE_NONE },
    { true, true, "localhost:22", "127.0.0.1", "Basic d3Jvbmc6d3Jvbmc=", "127.0.0.1:22", 0,
      OFFENCE_NONE },
    { true, true, "localhost:22", "192.0.2.1", "Basic dXNlcjp3cm9uZw==", NULL, 407,
      OFFENCE_WRONG_PASSWORD },
    { true, true, "localhost:22", "192.0.2.1", "Basic d3Jvbmc6cGFzcyB3b3Jk", NULL, 407,
      OFFENCE_WRONG_PASSWORD },
    { true, true, "localhost:22", "192.0.2.1", "Basic !", NULL, 407, OFFENCE_WRONG_PASSWORD },
    { true, true, "localhost:22", "192.0.2.1", "Bearer dXNlcjpwYXNzIHdvcmQ=", NULL, 407,
      OFFENCE_WRONG_PASSWORD },
    { true, true, "localhost:2222", "192.0.2.1", "Basic dXNlcjpwYXNzIHdvcmQ=", NULL, 405,
      OFFENCE_NONE },
};

START_TEST(only_there_and_only_who_may)
{
    struct server_conf conf = { 0 };
    struct snapshot snapshot = { .conf = &conf };
    struct visit visit = { 0 };
    struct exchange x = { .visit = &visit };
    struct verdict verdict = { 0 };
    const struct judge judge = { .snapshot = &snapshot, .x = &x, .verdict = &verdict };

    ck_assert(address_net_parse(SLICE("127.0.0.0/8"), &clients[0].net));
    ck_assert(address_parse_ip(slice_cstr(asked[_i].client), 0, &visit.client));
    arena_init(&x.arena);
    conf.ssh = (struct ssh_conf){ .is_on = asked[_i].is_on, .clients = clients };
    if (asked[_i].has_password) {
        conf.ssh.user = SLICE("user");
        conf.ssh.password = SLICE("pass word");
    }
    x.request.target.authority = slice_cstr(asked[_i].authority);
    if (asked[_i].says)
        fields_add_id(&x.request.fields, &x.arena, FIELD_PROXY_AUTHORIZATION,
                      slice_cstr(asked[_i].says));

    ck_assert(router_judge_connect(&judge));
    ck_assert_int_eq(verdict.status, asked[_i].status);
    ck_assert_int_eq(x.record.offence, asked[_i].offence);
    ck_assert_int_eq(verdict.answer, asked[_i].place ? ANSWER_SSH : ANSWER_STATUS);
    if (asked[_i].place)
        ck_assert_str_eq(verdict.ssh, asked[_i].place);
    ck_assert_int_eq(fields_find(&verdict.kept, FIELD_PROXY_AUTHENTICATE) != NULL,
                     asked[_i].status == 407);
    ck_assert_int_eq(verdict.allow.len > 0, asked[_i].status == 405);
    arena_done(&x.arena);
}
END_TEST

SUITE("site: router, CONNECT", LOOP(only_there_and_only_who_may, asked))
