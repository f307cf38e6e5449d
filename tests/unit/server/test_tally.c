#include "server/tally.h"

#include "suite.h"

static union socket_address numbered(uint32_t number)
{
    return (union socket_address){
        .in4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000 + number) },
    };
}

START_TEST(each_client_is_counted_for_itself)
{
    struct tally *tally = tally_new();
    union socket_address a = numbered(1);
    union socket_address b = numbered(2);

    for (uint64_t i = 1; i <= 10; i++)
        ck_assert_uint_eq(tally_count(tally, &a, 10000, 50000), i);
    ck_assert_uint_eq(tally_count(tally, &b, 10000, 50000), 1);
    tally_free(tally);
}
END_TEST

START_TEST(the_window_slides)
{
    struct tally *tally = tally_new();
    union socket_address a = numbered(1);

    for (unsigned i = 0; i < 100; i++)
        tally_count(tally, &a, 10000, 59999);
    ck_assert_uint_eq(tally_count(tally, &a, 10000, 60000), 101); /* not 1: they are just over */
    ck_assert_uint_eq(tally_count(tally, &a, 10000, 65000), 52);
    ck_assert_uint_eq(tally_count(tally, &a, 10000, 69000), 13);
    ck_assert_uint_eq(tally_count(tally, &a, 10000, 80000), 1);
    tally_free(tally);
}
END_TEST

START_TEST(a_client_can_be_forgotten)
{
    struct tally *tally = tally_new();
    union socket_address a = numbered(1);

    tally_count(tally, &a, 10000, 50000);
    tally_count(tally, &a, 10000, 50000);
    tally_forget(tally, &a);
    ck_assert_uint_eq(tally_count(tally, &a, 10000, 50000), 1);
    tally_free(tally);
}
END_TEST

START_TEST(among_very_many_the_latest_are_known)
{
    struct tally *tally = tally_new();
    union socket_address last = numbered(400000);

    for (uint32_t i = 0; i <= 400000; i++) {
        union socket_address a = numbered(i);
        tally_count(tally, &a, 1000000, 5000000 + i);
    }
    ck_assert_uint_eq(tally_count(tally, &last, 1000000, 5400000), 2);
    tally_free(tally);
}
END_TEST

SUITE("tally", TEST(each_client_is_counted_for_itself), TEST(the_window_slides),
      TEST(a_client_can_be_forgotten), TEST(among_very_many_the_latest_are_known))
