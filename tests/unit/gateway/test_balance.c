#include "gateway/balance.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

static struct connect_conf targets[3];
static struct fastcgi_conf conf;
static struct backend_group *group;
static union socket_address nobody = { .any.sa_family = AF_UNIX };
static const bool none[3];

static void begin(unsigned count, uint64_t session_ms)
{
    for (unsigned i = 0; i < count; i++)
        targets[i] = (struct connect_conf){ .next = i + 1 < count ? &targets[i + 1] : NULL,
                                            .text = SLICE("/run/x.sock") };
    conf = (struct fastcgi_conf){ .id = SLICE("PHP"),
                                  .targets = targets,
                                  .target_count = count,
                                  .session_timeout_ms = session_ms };
    group = backend_group_new(&conf);
}

static union socket_address client(unsigned number)
{
    return (union socket_address){ .in4 = { .sin_family = AF_INET,
                                            .sin_addr.s_addr = htonl(0xc0000200 + number) } };
}

START_TEST(targets_take_turns)
{
    begin(3, 0);
    for (int i = 0; i < 7; i++)
        ck_assert_int_eq(balance_choose(group, &nobody, 1000, none), i % 3);
    backend_group_free(group);
}
END_TEST

START_TEST(one_target_is_always_tried_once)
{
    const bool tried[1] = { true };

    begin(1, 1000);
    ck_assert_ptr_null(group->sticky);
    backend_failed(&group->targets[0], 1000);
    ck_assert_int_eq(balance_choose(group, &nobody, 1000, none), 0);
    ck_assert_int_eq(balance_choose(group, &nobody, 1000, tried), BALANCE_NOBODY);
    backend_group_free(group);
}
END_TEST

START_TEST(a_resting_target_is_left_out_until_its_time)
{
    begin(2, 0);
    ck_assert_uint_eq(backend_failed(&group->targets[0], 1000), 1000);
    ck_assert_uint_eq(backend_failed(&group->targets[0], 1500), 0);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(balance_choose(group, &nobody, 1999, none), 1);
    unsigned first = 0;
    for (int i = 0; i < 4; i++)
        first += balance_choose(group, &nobody, 2000, none) == 0;
    ck_assert_uint_eq(first, 2);
    backend_group_free(group);
}
END_TEST

START_TEST(a_target_that_fails_again_rests_longer)
{
    static const uint64_t rests[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
    uint64_t now_ms = 1000;

    begin(2, 0);
    for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
        ck_assert_uint_eq(backend_failed(&group->targets[0], now_ms), rests[i]);
        now_ms += rests[i];
    }
    backend_reached(&group->targets[0]);
    ck_assert_uint_eq(backend_failed(&group->targets[0], now_ms), 1000);
    backend_group_free(group);
}
END_TEST

START_TEST(with_all_resting_all_are_tried)
{
    bool tried[2] = { false };

    begin(2, 0);
    backend_failed(&group->targets[0], 1000);
    backend_failed(&group->targets[1], 1000);
    for (unsigned i = 0; i < 2; i++) {
        int chosen = balance_choose(group, &nobody, 1000, tried);
        ck_assert_int_ge(chosen, 0);
        ck_assert(!tried[chosen]);
        tried[chosen] = true;
    }
    ck_assert_int_eq(balance_choose(group, &nobody, 1000, tried), BALANCE_NOBODY);
    backend_group_free(group);
}
END_TEST

START_TEST(a_client_stays_with_its_target_while_it_is_there)
{
    union socket_address a = client(1);
    bool tried[3] = { false };

    begin(3, 60000);
    int own = balance_choose(group, &a, 1000, none);
    balance_settle(group, &a, 1000, (unsigned)own);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(balance_choose(group, &a, 1000 + 59999, none), own);

    tried[own] = true; /* this request was refused there */
    int other = balance_choose(group, &a, 2000, tried);
    ck_assert_int_ne(other, own);
    balance_settle(group, &a, 2000, (unsigned)other);
    ck_assert_int_eq(balance_choose(group, &a, 2000, none), other);

    backend_failed(&group->targets[other], 2000);
    ck_assert_int_ne(balance_choose(group, &a, 2000, none), other);
    backend_group_free(group);
}
END_TEST

START_TEST(the_state_is_told)
{
    char bytes[1024];
    struct text text = text_on(bytes, sizeof(bytes));

    begin(2, 60000);
    backend_failed(&group->targets[1], 1000);
    backend_group_describe(group, &text);
    ck_assert_ptr_nonnull(strstr(text_cstr(&text), "FastCGI PHP, clients stay"));
    ck_assert_ptr_nonnull(strstr(text_cstr(&text), "down /run/x.sock: 0 now"));

    text = text_on(bytes, sizeof(bytes));
    backend_group_describe_json(group, &text);
    ck_assert_str_eq(text_cstr(&text),
                     "{\"id\":\"PHP\",\"sticky\":true,\"targets\":["
                     "{\"target\":\"/run/x.sock\",\"health\":\"up\",\"now\":0,\"requests\":0,"
                     "\"failed\":0},"
                     "{\"target\":\"/run/x.sock\",\"health\":\"down\",\"now\":0,\"requests\":0,"
                     "\"failed\":0}]}");
    backend_group_free(group);
}
END_TEST

SUITE("balance", TEST(targets_take_turns), TEST(one_target_is_always_tried_once),
      TEST(a_resting_target_is_left_out_until_its_time),
      TEST(a_target_that_fails_again_rests_longer), TEST(with_all_resting_all_are_tried),
      TEST(a_client_stays_with_its_target_while_it_is_there), TEST(the_state_is_told))
