#include "server/bans.h"

#include "suite.h"

#include <string.h>

static union socket_address client(const char *text)
{
    union socket_address address;

    ck_assert(address_parse_ip(slice_cstr(text), 1, &address));
    return address;
}

START_TEST(a_ban_ends_by_itself)
{
    struct bans *bans = bans_new();
    union socket_address a = client("192.0.2.1");
    union socket_address b = client("192.0.2.2");

    ck_assert_uint_eq(bans_left(bans, &a, 1000), 0);
    ck_assert(bans_add(bans, &a, OFFENCE_GARBAGE, 5000, 1000));
    ck_assert_uint_eq(bans_left(bans, &a, 1000), 5000);
    ck_assert_uint_eq(bans_left(bans, &a, 5999), 1);
    ck_assert_uint_eq(bans_left(bans, &b, 5999), 0);
    ck_assert_uint_eq(bans_left(bans, &a, 6000), 0);
    ck_assert_uint_eq(bans_count(bans, 6000), 0);
    bans_free(bans);
}
END_TEST

START_TEST(a_longer_ban_stays_and_a_shorter_one_gives_way)
{
    struct bans *bans = bans_new();
    union socket_address a = client("192.0.2.1");

    ck_assert(bans_add(bans, &a, OFFENCE_GARBAGE, 5000, 0));
    ck_assert(!bans_add(bans, &a, OFFENCE_TIMEOUT, 1000, 0));
    ck_assert_uint_eq(bans_left(bans, &a, 0), 5000);
    ck_assert(!bans_add(bans, &a, OFFENCE_TIMEOUT, 9000, 0));
    ck_assert_uint_eq(bans_left(bans, &a, 0), 9000);
    ck_assert_uint_eq(bans_count(bans, 0), 1);
    bans_free(bans);
}
END_TEST

START_TEST(a_whole_ipv6_prefix_is_banned)
{
    struct bans *bans = bans_new();
    union socket_address a = client("2001:db8:1:2::1");
    union socket_address b = client("2001:db8:1:2:ffff::9");
    union socket_address c = client("2001:db8:1:3::1");

    bans_add(bans, &a, OFFENCE_ORDER, 1000, 0);
    ck_assert_uint_eq(bans_left(bans, &b, 0), 1000);
    ck_assert_uint_eq(bans_left(bans, &c, 0), 0);
    bans_free(bans);
}
END_TEST

START_TEST(who_knocks_is_told_a_few_times_and_then_no_more)
{
    struct bans *bans = bans_new();
    union socket_address a = client("192.0.2.1");
    bool silent = true;

    ck_assert_uint_eq(bans_knock(bans, &a, false, 0, &silent), 0);
    ck_assert(!silent);
    bans_add(bans, &a, OFFENCE_FLOODING, 1000, 0);
    for (int i = 0; i < 8; i++) {
        ck_assert_uint_eq(bans_knock(bans, &a, false, 400, &silent), 600);
        ck_assert(!silent);
    }
    ck_assert_uint_eq(bans_knock(bans, &a, false, 400, &silent), 600);
    ck_assert(silent);
    bans_free(bans);
}
END_TEST

/* RebanDuringBan */
START_TEST(knocking_begins_the_ban_anew_where_that_is_wanted)
{
    struct bans *bans = bans_new();
    union socket_address a = client("192.0.2.1");
    bool silent;

    bans_add(bans, &a, OFFENCE_FLOODING, 1000, 0);
    ck_assert_uint_eq(bans_knock(bans, &a, true, 900, &silent), 1000);
    ck_assert_uint_eq(bans_left(bans, &a, 1800), 100);
    bans_free(bans);
}
END_TEST

START_TEST(bans_are_lifted)
{
    struct bans *bans = bans_new();
    union socket_address a = client("192.0.2.1");
    union socket_address b = client("192.0.2.2");

    ck_assert(!bans_lift(bans, &a, 0));
    bans_add(bans, &a, OFFENCE_ORDER, 1000, 0);
    bans_add(bans, &b, OFFENCE_ORDER, 1000, 0);
    ck_assert(bans_lift(bans, &a, 0));
    ck_assert_uint_eq(bans_left(bans, &a, 0), 0);
    ck_assert_uint_eq(bans_left(bans, &b, 0), 1000);
    ck_assert_uint_eq(bans_lift_all(bans, 0), 1);
    ck_assert_uint_eq(bans_left(bans, &b, 0), 0);
    bans_free(bans);
}
END_TEST

static union socket_address numbered(uint32_t number)
{
    return (union socket_address){
        .in4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000 + number) },
    };
}

START_TEST(the_oldest_makes_room_when_there_are_too_many)
{
    struct bans *bans = bans_new();

    for (uint32_t i = 0; i <= BANS_MOST; i++) {
        union socket_address a = numbered(i);
        ck_assert(bans_add(bans, &a, OFFENCE_FLOODING, 1000000, i));
    }
    union socket_address first = numbered(0);
    union socket_address second = numbered(1);
    ck_assert_uint_eq(bans_count(bans, BANS_MOST), BANS_MOST);
    ck_assert_uint_eq(bans_left(bans, &first, BANS_MOST), 0);
    ck_assert_uint_gt(bans_left(bans, &second, BANS_MOST), 0);
    bans_free(bans);
}
END_TEST

START_TEST(the_list_tells_who_until_when_and_why)
{
    struct bans *bans = bans_new();
    union socket_address a = client("192.0.2.1");
    union socket_address b = client("2001:db8:1:2::7");
    char buffer[2048];
    struct text text = text_on(buffer, sizeof(buffer));

    bans_add(bans, &a, OFFENCE_GARBAGE, 5000, 0);
    bans_add(bans, &b, OFFENCE_ORDER, 86400000, 0);
    bans_describe(bans, 5000, 0, &text); /* the first one is over */
    ck_assert_ptr_null(strstr(text_cstr(&text), "192.0.2.1"));
    ck_assert_ptr_nonnull(strstr(text_cstr(&text), "2001:db8:1:2::/64"));
    ck_assert_ptr_nonnull(strstr(text_cstr(&text), "by order"));
    ck_assert_ptr_nonnull(strstr(text_cstr(&text), "until 19"));
    bans_free(bans);
}
END_TEST

START_TEST(what_does_not_fit_into_the_list_is_counted)
{
    struct bans *bans = bans_new();
    char buffer[1000];
    struct text text = text_on(buffer, sizeof(buffer));

    for (uint32_t i = 0; i < 100; i++) {
        union socket_address a = numbered(i);
        bans_add(bans, &a, OFFENCE_FLOODING, 1000, 0);
    }
    bans_describe(bans, 0, 0, &text);
    ck_assert(!text.cut);
    ck_assert_ptr_nonnull(strstr(text_cstr(&text), " more\n"));
    bans_free(bans);
}
END_TEST

static const struct {
    uint64_t ms;
    const char *text;
} times[] = {
    { 90000, "90 s" },
    { 600000, "0:10:00 h" },
    { 7265000, "2:01:05 h" },
    { 93600000, "1 d 02:00 h" },
};

START_TEST(times_are_written_for_people)
{
    char buffer[64];
    struct text text = text_on(buffer, sizeof(buffer));

    ban_time_add(&text, times[_i].ms);
    ck_assert_str_eq(text_cstr(&text), times[_i].text);
}
END_TEST

SUITE("bans", TEST(a_ban_ends_by_itself), TEST(a_longer_ban_stays_and_a_shorter_one_gives_way),
      TEST(a_whole_ipv6_prefix_is_banned), TEST(who_knocks_is_told_a_few_times_and_then_no_more),
      TEST(knocking_begins_the_ban_anew_where_that_is_wanted), TEST(bans_are_lifted),
      TEST(the_oldest_makes_room_when_there_are_too_many),
      TEST(the_list_tells_who_until_when_and_why), TEST(what_does_not_fit_into_the_list_is_counted),
      LOOP(times_are_written_for_people, times))
