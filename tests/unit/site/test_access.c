#include "site/access.h"

#include "suite.h"

/* "allow 10.0.0.0/8, deny all" */
static struct conf_access_rule *rules_of(const char *text, struct conf_access_rule room[8])
{
    static const struct slice words[] = { SLICE_INIT("allow"), SLICE_INIT("deny"),
                                          SLICE_INIT("pwd") };
    struct slice rest = slice_cstr(text);
    struct slice item;
    unsigned count = 0;

    while (slice_next(&rest, ',', &item)) {
        struct slice word;
        struct slice net;

        slice_cut(item, ' ', &word, &net);
        room[count] = (struct conf_access_rule){ 0 };
        for (unsigned i = 0; i < 3; i++)
            if (slice_equal(word, words[i]))
                room[count].access = (enum conf_access)i;
        ck_assert(address_net_parse(net, &room[count].net));
        if (count > 0)
            room[count - 1].next = &room[count];
        count++;
    }
    return count > 0 ? room : NULL;
}

static const struct {
    const char *rules;
    enum conf_login_kind login;
    const char *client;
    enum access expect;
} cases[] = {
    { "", LOGIN_NONE, "192.0.2.1", ACCESS_FREE },
    { "", LOGIN_BASIC, "192.0.2.1", ACCESS_AFTER_LOGIN },
    { "deny all", LOGIN_NONE, "192.0.2.1", ACCESS_REFUSED },
    { "deny all", LOGIN_BASIC, "::1", ACCESS_REFUSED },
    { "allow 10.0.0.0/8, deny all", LOGIN_NONE, "10.255.0.1", ACCESS_FREE },
    { "allow 10.0.0.0/8, deny all", LOGIN_NONE, "11.0.0.1", ACCESS_REFUSED },
    { "allow 10.0.0.0/8, deny all", LOGIN_NONE, "2001:db8::1", ACCESS_REFUSED },
    { "deny 10.0.0.0/8, allow all", LOGIN_BASIC, "10.0.0.1", ACCESS_REFUSED },
    { "deny 10.0.0.0/8, allow all", LOGIN_BASIC, "192.0.2.1", ACCESS_FREE },
    { "allow 2001:db8::/32", LOGIN_DIGEST, "2001:db8:1::1", ACCESS_FREE },
    { "allow 2001:db8::/32", LOGIN_DIGEST, "2001:db9::1", ACCESS_AFTER_LOGIN },
    { "allow 192.0.2.1", LOGIN_NONE, "192.0.2.2", ACCESS_FREE },
    { "pwd 192.0.2.0/24, deny all", LOGIN_BASIC, "192.0.2.9", ACCESS_AFTER_LOGIN },
    { "allow 192.0.2.1, deny 192.0.2.1", LOGIN_NONE, "192.0.2.1", ACCESS_FREE },
};

START_TEST(the_first_rule_that_holds_the_client_decides)
{
    struct folder_conf folder = { .login.kind = cases[_i].login };
    struct conf_access_rule room[8];
    union socket_address client;

    folder.access_rules = rules_of(cases[_i].rules, room);
    ck_assert(address_parse_ip(slice_cstr(cases[_i].client), 0, &client));
    ck_assert_int_eq(access_judge(&folder, &client, NULL), cases[_i].expect);
}
END_TEST

/* A visitor over a unix socket has no address: only "all" is about it. */
START_TEST(a_client_without_an_address_is_in_no_network)
{
    const union socket_address client = { .any.sa_family = AF_UNIX };
    struct folder_conf folder = { 0 };
    struct conf_access_rule room[8];

    folder.access_rules = rules_of("allow 0.0.0.0/0, allow ::/0, deny all", room);
    ck_assert_int_eq(access_judge(&folder, &client, NULL), ACCESS_REFUSED);
}
END_TEST

START_TEST(a_group_wants_a_password_even_without_a_file)
{
    const union socket_address client = { .any.sa_family = AF_INET };
    struct conf_word staff = { .text = SLICE_INIT("staff") };
    const struct folder_conf folder = { .required_groups = &staff };

    ck_assert_int_eq(access_judge(&folder, &client, NULL), ACCESS_AFTER_LOGIN);
}
END_TEST

/* The other way round: who is not named may not. */
START_TEST(whom_no_rule_holds_may_not_alter)
{
    const struct folder_conf nobody = { .login.kind = LOGIN_BASIC };
    struct folder_conf folder = { 0 };
    struct conf_access_rule room[8];
    union socket_address near;
    union socket_address far;

    folder.alter_rules = rules_of("deny 10.0.0.9, allow 10.0.0.0/8, pwd 192.0.2.0/24", room);
    ck_assert(address_parse_ip(SLICE("10.0.0.1"), 0, &near));
    ck_assert(address_parse_ip(SLICE("192.0.2.7"), 0, &far));
    ck_assert_int_eq(access_judge_alter(&nobody, &near, NULL), ACCESS_REFUSED);
    ck_assert_int_eq(access_judge_alter(&folder, &near, NULL), ACCESS_FREE);
    ck_assert_int_eq(access_judge_alter(&folder, &far, NULL), ACCESS_AFTER_LOGIN);
    ck_assert(address_parse_ip(SLICE("10.0.0.9"), 0, &near));
    ck_assert_int_eq(access_judge_alter(&folder, &near, NULL), ACCESS_REFUSED);
    ck_assert(address_parse_ip(SLICE("2001:db8::1"), 0, &far));
    ck_assert_int_eq(access_judge_alter(&folder, &far, NULL), ACCESS_REFUSED);
}
END_TEST

SUITE("access", TEST(whom_no_rule_holds_may_not_alter),
      LOOP(the_first_rule_that_holds_the_client_decides, cases),
      TEST(a_client_without_an_address_is_in_no_network),
      TEST(a_group_wants_a_password_even_without_a_file))
