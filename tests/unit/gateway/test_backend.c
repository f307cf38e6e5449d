#include "gateway/backend.h"

#include "suite.h"

#include <string.h>

static struct connect_conf targets[2];
static struct fastcgi_conf conf;
static struct backend_group *group;

static void begin(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        targets[i] = (struct connect_conf){ .next = i + 1 < count ? &targets[i + 1] : NULL,
                                            .text = i ? SLICE("/run/y.sock") : SLICE("/run/x.sock"),
                                            .weight = 2 };
    conf = (struct fastcgi_conf){ .id = SLICE("PHP"),
                                  .targets = targets,
                                  .target_count = count,
                                  .session_timeout_ms = 60000,
                                  .rest_failures = 3,
                                  .rest_window_ms = 10000,
                                  .slow_start_ms = 1000,
                                  .max_connections = 4 };
    group = backend_group_new(&conf);
}

START_TEST(a_target_that_fails_again_rests_longer)
{
    static const uint64_t rests[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
    uint64_t now_ms = 1000;

    begin(2);
    struct backend *backend = &group->targets[0];
    for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++) {
        ck_assert_uint_eq(backend_rest(backend, now_ms), rests[i]);
        ck_assert_uint_eq(backend_rest(backend, now_ms + 1), 0); /* it rests already */
        ck_assert(backend_is_resting(backend, now_ms + rests[i] - 1));
        now_ms += rests[i];
        ck_assert(!backend_is_resting(backend, now_ms));
    }
    backend_praise(backend, now_ms);
    ck_assert_uint_eq(backend_rest(backend, now_ms), 1000);
    backend_group_free(group);
}
END_TEST

/* RestAfter */
START_TEST(failures_within_the_window_let_it_rest)
{
    begin(2);
    struct backend *backend = &group->targets[0];
    ck_assert_uint_eq(backend_blame(group, backend, 20000), 0);
    ck_assert_uint_eq(backend_blame(group, backend, 29999), 0);
    ck_assert_uint_eq(backend_blame(group, backend, 30000), 0); /* a new window */
    ck_assert_uint_eq(backend_blame(group, backend, 30001), 0);
    ck_assert_uint_eq(backend_blame(group, backend, 30002), 1000);
    ck_assert_uint_eq(atomic_load(&backend->failed_requests), 5);
    backend_group_free(group);
}
END_TEST

START_TEST(the_only_target_never_rests_for_its_failures)
{
    begin(1);
    for (unsigned i = 0; i < 10; i++)
        ck_assert_uint_eq(backend_blame(group, &group->targets[0], 20000), 0);
    backend_group_free(group);
}
END_TEST

/* SlowStart */
START_TEST(who_came_back_gets_its_share_slowly)
{
    begin(2);
    struct backend *backend = &group->targets[0];
    ck_assert_uint_eq(backend_share(group, backend, 5000), 200);
    backend_rest(backend, 5000);
    backend_praise(backend, 6000);
    ck_assert_uint_eq(backend_share(group, backend, 6000), 1);
    ck_assert_uint_eq(backend_share(group, backend, 6500), 101);
    ck_assert_uint_eq(backend_share(group, backend, 7000), 200);
    backend_group_free(group);
}
END_TEST

START_TEST(there_is_room_below_the_bound_and_where_a_connection_is_kept)
{
    begin(2);
    struct backend *backend = &group->targets[0];
    backend->open = 3;
    ck_assert(backend_has_room(group, backend));
    backend->open = 4;
    ck_assert(!backend_has_room(group, backend));
    backend->kept_count = 1;
    ck_assert(backend_has_room(group, backend));
    backend->kept_count = 0;
    targets[0].max_connections = 5;
    ck_assert(backend_has_room(group, backend));
    targets[0].max_connections = conf.max_connections = 0;
    backend->open = 100000;
    ck_assert(backend_has_room(group, backend));
    backend_group_free(group);
}
END_TEST

START_TEST(a_target_is_drained_by_its_name)
{
    begin(2);
    ck_assert(!backend_group_drain(group, SLICE("/run/z.sock"), true));
    ck_assert(backend_group_drain(group, SLICE("/run/y.sock"), true));
    ck_assert(!group->targets[0].drained && group->targets[1].drained);
    ck_assert(backend_group_drain(group, SLICE("/run/y.sock"), false));
    ck_assert(!group->targets[1].drained);
    backend_group_free(group);
}
END_TEST

START_TEST(the_state_is_told)
{
    char bytes[1024];
    struct text text = text_on(bytes, sizeof(bytes));

    begin(2);
    backend_rest(&group->targets[1], 1000);
    group->targets[0].open = 3;
    group->targets[0].kept_count = 2;
    atomic_store(&group->targets[0].tunnels, 1);
    group->waited = 7;
    backend_group_describe(group, 1500, &text);
    ck_assert_str_eq(text_cstr(&text),
                     "FastCGI PHP, clients stay with their target\n"
                     "  0 waiting now, 7 had to wait, 0 were turned away\n"
                     "  up      /run/x.sock: 0 now, 0 requests, 0 failed; 3 of 4 connections, 2 "
                     "kept, 1 WebSocket\n"
                     "  resting /run/y.sock: 0 now, 0 requests, 0 failed; 0 of 4 connections\n");

    text = text_on(bytes, sizeof(bytes));
    backend_group_describe_json(group, 2500, &text);
    ck_assert_str_eq(
        text_cstr(&text),
        "{\"id\":\"PHP\",\"sticky\":true,\"waiting\":0,\"waited\":7,\"turned_away\":0,"
        "\"targets\":["
        "{\"target\":\"/run/x.sock\",\"health\":\"up\",\"drained\":false,\"now\":0,"
        "\"requests\":0,\"failed\":0,\"connections\":3,\"kept\":2,\"websockets\":1,\"most\":4},"
        "{\"target\":\"/run/y.sock\",\"health\":\"down\",\"drained\":false,\"now\":0,"
        "\"requests\":0,\"failed\":0,\"connections\":0,\"kept\":0,\"websockets\":0,\"most\":4}]}");
    group->targets[0].kept_count = 0;
    backend_group_free(group);
}
END_TEST

START_TEST(a_target_of_the_next_generation_is_as_the_former_was)
{
    struct connect_conf other = { .text = SLICE("/run/y.sock"), .weight = 1 };
    struct fastcgi_conf changed = { .id = SLICE("PHP"), .targets = &other, .target_count = 1 };

    begin(2);
    backend_rest(&group->targets[1], 1000);
    atomic_store(&group->targets[1].requests, 7);
    ck_assert(backend_group_drain(group, SLICE("/run/y.sock"), true));
    struct backend_group *next = backend_group_new(&changed);
    backend_group_inherit(next, group);
    backend_group_free(group);
    ck_assert(backend_is_resting(&next->targets[0], 1500));
    ck_assert(next->targets[0].drained);
    ck_assert_uint_eq(next->targets[0].weight, 1);
    ck_assert_uint_eq(atomic_load(&next->targets[0].requests), 7);
    backend_group_free(next);
}
END_TEST

START_TEST(the_key_is_known)
{
    begin(1);
    ck_assert(backend_group_has_key(group, SLICE("")));
    backend_group_set_key(group, SLICE("a"));
    ck_assert(backend_group_has_key(group, SLICE("a")));
    ck_assert(!backend_group_has_key(group, SLICE("b")));
    backend_group_free(group);
}
END_TEST

SUITE("backend", TEST(a_target_of_the_next_generation_is_as_the_former_was), TEST(the_key_is_known),
      TEST(a_target_that_fails_again_rests_longer), TEST(failures_within_the_window_let_it_rest),
      TEST(the_only_target_never_rests_for_its_failures), TEST(who_came_back_gets_its_share_slowly),
      TEST(there_is_room_below_the_bound_and_where_a_connection_is_kept),
      TEST(a_target_is_drained_by_its_name), TEST(the_state_is_told))
