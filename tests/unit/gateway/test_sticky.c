#include "gateway/sticky.h"

#include "suite.h"

#include <stdio.h>

#define TIMEOUT_MS 1000u

static union socket_address address_of(const char *text)
{
    union socket_address address;

    ck_assert(address_parse_ip(slice_cstr(text), 1234, &address));
    return address;
}

static struct sticky_key client(const char *text)
{
    const union socket_address address = address_of(text);

    return sticky_key_of_client(&address);
}

START_TEST(a_client_stays_until_it_was_away_for_too_long)
{
    struct sticky *sticky = sticky_new(TIMEOUT_MS);
    struct sticky_key a = client("192.0.2.1");
    struct sticky_key b = client("192.0.2.2");
    unsigned target;

    ck_assert(!sticky_find(sticky, &a, 5000, &target));
    sticky_put(sticky, &a, STICKY_PROVEN, 5000, 3);
    sticky_put(sticky, &b, STICKY_PROVEN, 5000, 1);
    ck_assert(sticky_find(sticky, &a, 5999, &target));
    ck_assert_uint_eq(target, 3);
    ck_assert(!sticky_find(sticky, &a, 6000, &target));

    sticky_put(sticky, &b, STICKY_PROVEN, 5900, 2); /* each request prolongs it, or moves it */
    ck_assert(sticky_find(sticky, &b, 6899, &target));
    ck_assert_uint_eq(target, 2);
    sticky_free(sticky);
}
END_TEST

START_TEST(an_ipv6_client_is_its_network)
{
    struct sticky *sticky = sticky_new(TIMEOUT_MS);
    struct sticky_key a = client("2001:db8:1:2::1");
    struct sticky_key b = client("2001:db8:1:2:ffff::9");
    struct sticky_key other = client("2001:db8:1:3::1");
    unsigned target;

    sticky_put(sticky, &a, STICKY_PROVEN, 0, 1);
    ck_assert(sticky_find(sticky, &b, 1, &target));
    ck_assert(!sticky_find(sticky, &other, 1, &target));
    sticky_free(sticky);
}
END_TEST

START_TEST(its_port_does_not_matter)
{
    struct sticky *sticky = sticky_new(TIMEOUT_MS);
    struct sticky_key a = client("192.0.2.1");
    union socket_address other_port = address_of("192.0.2.1");
    unsigned target;

    other_port.in4.sin_port = 77;
    struct sticky_key b = sticky_key_of_client(&other_port);
    sticky_put(sticky, &a, STICKY_PROVEN, 0, 1);
    ck_assert(sticky_find(sticky, &b, 1, &target));
    sticky_free(sticky);
}
END_TEST

START_TEST(a_client_without_address_is_nobody)
{
    struct sticky *sticky = sticky_new(TIMEOUT_MS);
    union socket_address unix_address = { .any.sa_family = AF_UNIX };
    struct sticky_key unix_client = sticky_key_of_client(&unix_address);
    unsigned target;

    ck_assert_uint_eq(unix_client.len, 0);
    sticky_put(sticky, &unix_client, STICKY_PROVEN, 0, 1);
    ck_assert(!sticky_find(sticky, &unix_client, 1, &target));
    sticky_forget(sticky, &unix_client);
    sticky_free(sticky);
}
END_TEST

static struct sticky_key numbered(unsigned i)
{
    const union socket_address address = { .in4 = { .sin_family = AF_INET,
                                                    .sin_addr.s_addr = htonl(0x0a000000 + i) } };

    return sticky_key_of_client(&address);
}

START_TEST(more_clients_than_places_push_out_the_oldest)
{
    struct sticky *sticky = sticky_new(1000000);
    unsigned kept = 0;
    unsigned target;

    for (unsigned i = 0; i < 3 * STICKY_SESSIONS_MOST; i++) {
        struct sticky_key a = numbered(i);

        sticky_put(sticky, &a, STICKY_PROVEN, i, i % 7);
        ck_assert(sticky_find(sticky, &a, i, &target));
        ck_assert_uint_eq(target, i % 7);
    }
    for (unsigned i = 0; i < 3 * STICKY_SESSIONS_MOST; i++) {
        struct sticky_key a = numbered(i);

        kept += sticky_find(sticky, &a, 3 * STICKY_SESSIONS_MOST, &target);
    }
    ck_assert_uint_le(kept, STICKY_SESSIONS_MOST);
    ck_assert_uint_ge(kept, STICKY_SESSIONS_MOST / 2);
    sticky_free(sticky);
}
END_TEST

START_TEST(a_session_is_its_name_and_its_value)
{
    struct sticky_key key = sticky_key_of_session(SLICE("SID"), SLICE("abc"));
    struct sticky_key same = sticky_key_of_session(SLICE("SID"), SLICE("abc"));
    struct sticky_key other_value = sticky_key_of_session(SLICE("SID"), SLICE("abd"));
    struct sticky_key other_name = sticky_key_of_session(SLICE("SIE"), SLICE("abc"));

    ck_assert_uint_eq(key.len, sizeof(key.bytes));
    ck_assert_mem_eq(key.bytes, same.bytes, sizeof(key.bytes));
    ck_assert_mem_ne(key.bytes, other_value.bytes, sizeof(key.bytes) / 2);
    ck_assert_mem_ne(key.bytes + 8, other_value.bytes + 8, sizeof(key.bytes) / 2);
    ck_assert_mem_ne(key.bytes, other_name.bytes, sizeof(key.bytes));
    ck_assert_mem_ne(key.bytes, key.bytes + 8, sizeof(key.bytes) / 2);
}
END_TEST

START_TEST(what_has_ended_is_forgotten)
{
    struct sticky *sticky = sticky_new(TIMEOUT_MS);
    struct sticky_key a = client("192.0.2.1");
    struct sticky_key b = client("192.0.2.2");
    unsigned target;

    sticky_forget(sticky, &a); /* nothing was ever there */
    sticky_put(sticky, &a, STICKY_PROVEN, 0, 1);
    sticky_put(sticky, &b, STICKY_PROVEN, 0, 2);
    sticky_forget(sticky, &a);
    ck_assert(!sticky_find(sticky, &a, 1, &target));
    ck_assert(sticky_find(sticky, &b, 1, &target));
    sticky_free(sticky);
}
END_TEST

/* Everybody can make up sessions; those that an application has opened must not suffer. */
START_TEST(what_is_made_up_pushes_out_nothing_that_is_proven)
{
    struct sticky *sticky = sticky_new(TIMEOUT_MS);
    const unsigned proven = 1000;
    unsigned made_up = 0;
    unsigned target;

    for (unsigned i = 0; i < proven; i++) {
        struct sticky_key key = numbered(i);

        sticky_put(sticky, &key, STICKY_PROVEN, 0, 1);
        sticky_put(sticky, &key, STICKY_UNPROVEN, 0, 2); /* its next request */
    }
    for (unsigned i = proven; i < 2 * STICKY_SESSIONS_MOST; i++) {
        struct sticky_key key = numbered(i);

        sticky_put(sticky, &key, STICKY_UNPROVEN, 1, 3);
    }
    for (unsigned i = 0; i < proven; i++) {
        struct sticky_key key = numbered(i);

        ck_assert(sticky_find(sticky, &key, 2, &target));
        ck_assert_uint_eq(target, 2);
    }
    for (unsigned i = proven; i < 2 * STICKY_SESSIONS_MOST; i++) {
        struct sticky_key key = numbered(i);

        made_up += sticky_find(sticky, &key, 2, &target);
    }
    ck_assert_uint_gt(made_up, STICKY_SESSIONS_MOST / 2);

    for (unsigned i = 0; i < proven; i++) { /* when they are over there is room for everybody */
        struct sticky_key key = numbered(1000000 + i);

        sticky_put(sticky, &key, STICKY_UNPROVEN, TIMEOUT_MS + 1, 3);
        ck_assert(sticky_find(sticky, &key, TIMEOUT_MS + 1, &target));
    }
    sticky_free(sticky);
}
END_TEST

START_TEST(sessions_go_on_where_their_targets_are_still_there)
{
    const unsigned now_at[] = { 1, STICKY_NOWHERE };
    struct sticky *former = sticky_new(TIMEOUT_MS);
    struct sticky *sticky = sticky_new(TIMEOUT_MS);
    struct sticky_key a = client("192.0.2.1");
    struct sticky_key b = client("192.0.2.2");
    unsigned target;

    sticky_put(former, &a, STICKY_PROVEN, 0, 0);
    sticky_put(former, &b, STICKY_PROVEN, 0, 1);
    sticky_inherit(sticky, former, now_at);
    sticky_free(former);
    ck_assert(sticky_find(sticky, &a, 1, &target));
    ck_assert_uint_eq(target, 1);
    ck_assert(!sticky_find(sticky, &b, 1, &target));
    sticky_free(sticky);
}
END_TEST

SUITE("sticky", TEST(sessions_go_on_where_their_targets_are_still_there),
      TEST(a_client_stays_until_it_was_away_for_too_long), TEST(an_ipv6_client_is_its_network),
      TEST(its_port_does_not_matter), TEST(a_client_without_address_is_nobody),
      TEST(more_clients_than_places_push_out_the_oldest), TEST(a_session_is_its_name_and_its_value),
      TEST(what_has_ended_is_forgotten), TEST(what_is_made_up_pushes_out_nothing_that_is_proven))
