#include "gateway/balance.h"

#include "suite.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static struct connect_conf targets[3];
static struct fastcgi_conf conf;
static struct backend_group *group;
static union socket_address nobody = { .any.sa_family = AF_UNIX };
static bool all[3] = { true, true, true };

static void begin(unsigned count, enum conf_balance balance)
{
    for (unsigned i = 0; i < count; i++)
        targets[i] = (struct connect_conf){ .next = i + 1 < count ? &targets[i + 1] : NULL,
                                            .text = SLICE("/run/x.sock"),
                                            .weight = 1 };
    conf = (struct fastcgi_conf){
        .id = SLICE("PHP"), .targets = targets, .target_count = count, .balance = balance
    };
    group = backend_group_new(&conf);
}

static union socket_address client(unsigned number)
{
    return (union socket_address){ .in4 = { .sin_family = AF_INET,
                                            .sin_addr.s_addr = htonl(0xc0000200 + number) } };
}

/* Which targets get the next choices, in order. */
static const char *choices(unsigned count, const bool *fit)
{
    static char text[64];

    for (unsigned i = 0; i < count; i++)
        text[i] = (char)('0' + balance_choose(group, &nobody, 1000, fit));
    text[count] = '\0';
    return text;
}

/* Balance */
START_TEST(targets_take_turns)
{
    const bool fit[3] = { true, false, true };
    const bool unfit[3] = { false };

    begin(3, BALANCE_ROUND_ROBIN);
    ck_assert_str_eq(choices(7, all), "0120120");
    ck_assert_str_eq(choices(3, fit), "220");
    ck_assert_int_eq(balance_choose(group, &nobody, 1000, unfit), BALANCE_NOBODY);
    backend_group_free(group);
}
END_TEST

START_TEST(a_heavy_target_is_asked_more_often_but_not_in_a_row)
{
    begin(3, BALANCE_ROUND_ROBIN);
    group->targets[0].weight = 3;
    ck_assert_str_eq(choices(10, all), "0102001020");
    backend_group_free(group);
}
END_TEST

START_TEST(the_least_loaded_goes_first_by_weight)
{
    begin(3, BALANCE_LEAST_CONN);
    group->targets[0].open = 2;
    group->targets[1].open = 5;
    group->targets[1].kept_count = 4; /* idle: no load */
    group->targets[2].open = 2;
    ck_assert_int_eq(balance_choose(group, &nobody, 1000, all), 1);
    group->targets[2].weight = 3; /* (2 + 1) / 3 is less than (1 + 1) / 1 */
    ck_assert_int_eq(balance_choose(group, &nobody, 1000, all), 2);
    group->targets[2].open = 8;
    ck_assert_int_eq(balance_choose(group, &nobody, 1000, all), 1);
    group->targets[1].kept_count = 0;
    backend_group_free(group);
}
END_TEST

START_TEST(equally_loaded_ones_take_turns)
{
    begin(3, BALANCE_LEAST_CONN);
    ck_assert_str_eq(choices(6, all), "012012");
    backend_group_free(group);
}
END_TEST

/* Three targets at addresses of their own: the hash is of the address. */
static void begin_hash(void)
{
    begin(3, BALANCE_HASH);
    for (unsigned i = 0; i < 3; i++)
        group->targets[i].address = client(100 + i);
}

START_TEST(a_client_has_its_target_and_keeps_it_when_another_goes)
{
    bool fit[3] = { true, true, true };
    unsigned counts[3] = { 0 };
    unsigned moved = 0;

    begin_hash();
    for (unsigned i = 0; i < 90; i++) {
        union socket_address a = client(i);
        const int own = balance_choose(group, &a, 1000, fit);

        ck_assert_int_eq(balance_choose(group, &a, 2000, fit), own);
        counts[own]++;
        fit[2] = false;
        const int then = balance_choose(group, &a, 1000, fit);
        fit[2] = true;
        moved += own != then;
        if (own != 2)
            ck_assert_int_eq(then, own);
    }
    ck_assert_uint_eq(moved, counts[2]);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_gt(counts[i], 15);
    backend_group_free(group);
}
END_TEST

START_TEST(a_weight_wins_clients_in_proportion)
{
    unsigned of_first = 0;

    begin_hash();
    group->targets[0].weight = 8;
    for (unsigned i = 0; i < 100; i++) {
        union socket_address a = client(i);

        of_first += balance_choose(group, &a, 1000, all) == 0;
    }
    ck_assert_uint_gt(of_first, 65);
    ck_assert_uint_lt(of_first, 95);
    backend_group_free(group);
}
END_TEST

START_TEST(an_overloaded_target_is_passed_over_for_the_clients_next_one)
{
    union socket_address a = client(7);
    bool fit[3] = { true, true, true };

    begin_hash();
    const int own = balance_choose(group, &a, 1000, fit);
    group->targets[own].open = 10;
    const int next = balance_choose(group, &a, 1000, fit);
    ck_assert_int_ne(next, own);
    for (unsigned i = 0; i < 3; i++)
        fit[i] = (int)i == own;
    ck_assert_int_eq(balance_choose(group, &a, 1000, fit), own); /* nobody else: then it has to */
    backend_group_free(group);
}
END_TEST

/* Whatever the load, and in proportion to the weights. */
START_TEST(a_name_has_its_target)
{
    const struct siphash_key key = { 1, 2 };
    const struct siphash_key other_key = { 1, 3 };
    bool fit[3] = { true, true, true };
    unsigned moved = 0;

    begin_hash();
    for (unsigned i = 0; i < 100; i++) {
        char text[16];
        const struct slice name = slice_of(text, (size_t)snprintf(text, sizeof(text), "s%u", i));
        const int own = balance_choose_by_name(group, key, name, fit);

        group->targets[own].open += 10;
        ck_assert_int_eq(balance_choose_by_name(group, key, name, fit), own);
        moved += balance_choose_by_name(group, other_key, name, fit) != own;
        fit[own] = false;
        ck_assert_int_ne(balance_choose_by_name(group, key, name, fit), own);
        fit[own] = true;
        const int gone = (own + 1) % 3; /* another one: it does not move for that */
        fit[gone] = false;
        ck_assert_int_eq(balance_choose_by_name(group, key, name, fit), own);
        fit[gone] = true;
    }
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_gt(group->targets[i].open, 100);
    ck_assert_uint_gt(moved, 30);
    memset(fit, 0, sizeof(fit));
    ck_assert_int_eq(balance_choose_by_name(group, key, SLICE("s"), fit), BALANCE_NOBODY);
    backend_group_free(group);
}
END_TEST

SUITE("balance", TEST(targets_take_turns),
      TEST(a_heavy_target_is_asked_more_often_but_not_in_a_row),
      TEST(the_least_loaded_goes_first_by_weight), TEST(equally_loaded_ones_take_turns),
      TEST(a_client_has_its_target_and_keeps_it_when_another_goes),
      TEST(a_weight_wins_clients_in_proportion),
      TEST(an_overloaded_target_is_passed_over_for_the_clients_next_one),
      TEST(a_name_has_its_target))
