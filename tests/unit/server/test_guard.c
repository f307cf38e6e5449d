#include "server/guard.h"

#include "suite.h"

static union socket_address client(const char *text)
{
    union socket_address address;

    ck_assert(address_parse_ip(slice_cstr(text), 1, &address));
    return address;
}

START_TEST(a_client_over_its_limit_is_told_so_and_then_dropped)
{
    struct guard *guard = guard_new(0, 2, 0);
    union socket_address a = client("192.0.2.1");
    unsigned told = 0;

    ck_assert_int_eq(guard_enter(guard, &a, 0), GUARD_WELCOME);
    ck_assert_int_eq(guard_enter(guard, &a, 0), GUARD_WELCOME);
    while (guard_enter(guard, &a, 0) == GUARD_TOO_MANY)
        told++;
    ck_assert_uint_eq(told, 16);
    ck_assert_uint_eq(guard_connections(guard), 18); /* the dropped one is not counted */
    guard_free(guard);
}
END_TEST

START_TEST(leaving_makes_room_again)
{
    struct guard *guard = guard_new(0, 1, 0);
    union socket_address a = client("192.0.2.1");

    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(guard_enter(guard, &a, 0), GUARD_WELCOME);
        guard_leave(guard, &a, 0);
    }
    ck_assert_uint_eq(guard_connections(guard), 0);
    guard_free(guard);
}
END_TEST

START_TEST(clients_do_not_share_their_limit)
{
    struct guard *guard = guard_new(0, 1, 0);

    for (int i = 0; i < 2000; i++) {
        union socket_address address = { .in4 = { .sin_family = AF_INET,
                                                  .sin_addr.s_addr = (in_addr_t)(i * 7919 + 1) } };
        ck_assert_int_eq(guard_enter(guard, &address, 0), GUARD_WELCOME);
    }
    ck_assert_uint_eq(guard_connections(guard), 2000);
    guard_free(guard);
}
END_TEST

START_TEST(a_whole_ipv6_prefix_is_one_client)
{
    struct guard *guard = guard_new(0, 1, 0);
    union socket_address a = client("2001:db8:1:2::1");
    union socket_address same = client("2001:db8:1:2:ffff::9");
    union socket_address other = client("2001:db8:1:3::1");

    ck_assert_int_eq(guard_enter(guard, &a, 0), GUARD_WELCOME);
    ck_assert_int_eq(guard_enter(guard, &same, 0), GUARD_TOO_MANY);
    ck_assert_int_eq(guard_enter(guard, &other, 0), GUARD_WELCOME);
    guard_free(guard);
}
END_TEST

START_TEST(a_full_house_says_so)
{
    struct guard *guard = guard_new(3, 0, 0);
    union socket_address a = client("192.0.2.1");

    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(guard_enter(guard, &a, 0), GUARD_WELCOME);
    for (int i = 0; i < 128; i++)
        ck_assert_int_eq(guard_enter(guard, &a, 0), GUARD_FULL);
    ck_assert_int_eq(guard_enter(guard, &a, 0), GUARD_DROP);
    guard_leave(guard, &a, 0);
    ck_assert_int_eq(guard_enter(guard, &a, 0), GUARD_FULL);
    guard_free(guard);
}
END_TEST

START_TEST(a_trusted_proxy_has_no_limit_of_its_own)
{
    struct guard *guard = guard_new(1000, 2, 0);

    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(guard_enter(guard, NULL, 0), GUARD_WELCOME);
    ck_assert_uint_eq(guard_connections(guard), 100);
    for (int i = 0; i < 100; i++)
        guard_leave(guard, NULL, 0);
    ck_assert_uint_eq(guard_connections(guard), 0);
    guard_free(guard);
}
END_TEST

START_TEST(requests_over_a_proxy_count_for_their_client)
{
    struct guard *guard = guard_new(1000, 2, 0);
    union socket_address a = client("192.0.2.1");
    union socket_address other = client("192.0.2.2");

    ck_assert_int_eq(guard_enter_request(guard, &a, 0), GUARD_WELCOME);
    ck_assert_int_eq(guard_enter(guard, &a, 0), GUARD_WELCOME); /* and one without the proxy */
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(guard_enter_request(guard, &a, 0), GUARD_TOO_MANY);
    ck_assert_int_eq(guard_enter_request(guard, &other, 0), GUARD_WELCOME);
    guard_leave_request(guard, &a, 0);
    ck_assert_int_eq(guard_enter_request(guard, &a, 0), GUARD_WELCOME);
    ck_assert_uint_eq(guard_connections(guard), 1);
    guard_free(guard);
}
END_TEST

START_TEST(a_closed_connection_counts_for_the_reconnect_delay)
{
    struct guard *guard = guard_new(0, 1, 3000);
    union socket_address a = client("192.0.2.1");

    ck_assert_int_eq(guard_enter(guard, &a, 1000), GUARD_WELCOME);
    guard_leave(guard, &a, 2000);
    ck_assert_uint_eq(guard_connections(guard), 0);
    ck_assert_int_eq(guard_enter(guard, &a, 4999), GUARD_TOO_MANY);
    guard_leave(guard, &a, 4999);
    ck_assert_int_eq(guard_enter(guard, &a, 5000), GUARD_TOO_MANY); /* the second one */
    guard_leave(guard, &a, 5000);
    ck_assert_int_eq(guard_enter(guard, &a, 8000), GUARD_WELCOME);
    guard_free(guard);
}
END_TEST

START_TEST(other_limits_count_at_once_also_for_what_is_closed)
{
    struct guard *guard = guard_new(0, 1, 60000);
    union socket_address a = client("192.0.2.1");

    ck_assert_int_eq(guard_enter(guard, &a, 1000), GUARD_WELCOME);
    guard_leave(guard, &a, 1000);
    ck_assert_int_eq(guard_enter(guard, &a, 2000), GUARD_TOO_MANY);
    guard_set_limits(guard, 0, 2, 3000, 2000);
    ck_assert_int_eq(guard_enter(guard, &a, 2000), GUARD_TOO_MANY); /* the third one */
    guard_leave(guard, &a, 2000);
    guard_leave(guard, &a, 2000);
    guard_set_limits(guard, 1, 0, 0, 3000);
    ck_assert_int_eq(guard_enter(guard, &a, 3000), GUARD_WELCOME);
    ck_assert_int_eq(guard_enter(guard, &a, 3000), GUARD_FULL);
    guard_leave(guard, &a, 3000);
    guard_leave(guard, &a, 3000);
    guard_set_limits(guard, 0, 1, 0, 3000);
    ck_assert_int_eq(guard_enter(guard, &a, 3000), GUARD_WELCOME); /* nothing is left of them */
    guard_free(guard);
}
END_TEST

SUITE("guard", TEST(other_limits_count_at_once_also_for_what_is_closed),
      TEST(a_closed_connection_counts_for_the_reconnect_delay),
      TEST(a_trusted_proxy_has_no_limit_of_its_own),
      TEST(requests_over_a_proxy_count_for_their_client),
      TEST(a_client_over_its_limit_is_told_so_and_then_dropped), TEST(leaving_makes_room_again),
      TEST(clients_do_not_share_their_limit), TEST(a_whole_ipv6_prefix_is_one_client),
      TEST(a_full_house_says_so))
