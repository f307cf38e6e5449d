#include "gateway/sticky.h"

#include "suite.h"

#include <stdio.h>

#define TIMEOUT_MS 1000u

static union socket_address client(const char *text)
{
    union socket_address address;

    ck_assert(address_parse_ip(slice_cstr(text), 1234, &address));
    return address;
}

START_TEST(a_client_stays_until_it_was_away_for_too_long)
{
    struct sticky *sticky = sticky_new(TIMEOUT_MS);
    union socket_address a = client("192.0.2.1");
    union socket_address b = client("192.0.2.2");
    unsigned target;

    ck_assert(!sticky_find(sticky, &a, 5000, &target));
    sticky_put(sticky, &a, 5000, 3);
    sticky_put(sticky, &b, 5000, 1);
    ck_assert(sticky_find(sticky, &a, 5999, &target));
    ck_assert_uint_eq(target, 3);
    ck_assert(!sticky_find(sticky, &a, 6000, &target));

    sticky_put(sticky, &b, 5900, 2); /* each request prolongs it, or moves it */
    ck_assert(sticky_find(sticky, &b, 6899, &target));
    ck_assert_uint_eq(target, 2);
    sticky_free(sticky);
}
END_TEST

START_TEST(an_ipv6_client_is_its_network)
{
    struct sticky *sticky = sticky_new(TIMEOUT_MS);
    union socket_address a = client("2001:db8:1:2::1");
    union socket_address b = client("2001:db8:1:2:ffff::9");
    union socket_address other = client("2001:db8:1:3::1");
    unsigned target;

    sticky_put(sticky, &a, 0, 1);
    ck_assert(sticky_find(sticky, &b, 1, &target));
    ck_assert(!sticky_find(sticky, &other, 1, &target));
    sticky_free(sticky);
}
END_TEST

START_TEST(its_port_does_not_matter)
{
    struct sticky *sticky = sticky_new(TIMEOUT_MS);
    union socket_address a = client("192.0.2.1");
    union socket_address b = a;
    unsigned target;

    b.in4.sin_port = 77;
    sticky_put(sticky, &a, 0, 1);
    ck_assert(sticky_find(sticky, &b, 1, &target));
    sticky_free(sticky);
}
END_TEST

START_TEST(a_client_without_address_is_nobody)
{
    struct sticky *sticky = sticky_new(TIMEOUT_MS);
    union socket_address unix_client = { .any.sa_family = AF_UNIX };
    unsigned target;

    sticky_put(sticky, &unix_client, 0, 1);
    ck_assert(!sticky_find(sticky, &unix_client, 1, &target));
    sticky_free(sticky);
}
END_TEST

START_TEST(more_clients_than_places_push_out_the_oldest)
{
    struct sticky *sticky = sticky_new(1000000);
    unsigned kept = 0;
    unsigned target;

    for (unsigned i = 0; i < 3 * STICKY_SESSIONS_MOST; i++) {
        union socket_address a = { .in4 = { .sin_family = AF_INET,
                                            .sin_addr.s_addr = htonl(0x0a000000 + i) } };
        sticky_put(sticky, &a, i, i % 7);
        ck_assert(sticky_find(sticky, &a, i, &target));
        ck_assert_uint_eq(target, i % 7);
    }
    for (unsigned i = 0; i < 3 * STICKY_SESSIONS_MOST; i++) {
        union socket_address a = { .in4 = { .sin_family = AF_INET,
                                            .sin_addr.s_addr = htonl(0x0a000000 + i) } };
        kept += sticky_find(sticky, &a, 3 * STICKY_SESSIONS_MOST, &target);
    }
    ck_assert_uint_le(kept, STICKY_SESSIONS_MOST);
    ck_assert_uint_ge(kept, STICKY_SESSIONS_MOST / 2);
    sticky_free(sticky);
}
END_TEST

SUITE("sticky", TEST(a_client_stays_until_it_was_away_for_too_long),
      TEST(an_ipv6_client_is_its_network), TEST(its_port_does_not_matter),
      TEST(a_client_without_address_is_nobody), TEST(more_clients_than_places_push_out_the_oldest))
