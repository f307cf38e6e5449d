#include "wire/conn.h"

#include "base/chunk.h"
#include "suite.h"
#include "wire/house.h"

#include <errno.h>
#include <string.h>

#define ASK    "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
#define SWITCH "HTTP/1.1 101 Switching Protocols\r\nDate: now\r\nServer: test\r\n"
#define AGREED SWITCH "Connection: Upgrade\r\n\r\n"

static void open_tunnel(struct exchange *x)
{
    x->response.status = 101;
    exchange_open_tunnel(x);
    exchange_send_head(x);
}

static void agree(struct house *house, struct exchange *x)
{
    (void)house;
    open_tunnel(x);
}

static void stay_silent(struct house *house, struct exchange *x)
{
    (void)house;
    (void)x;
}

static struct house *open_house(house_act_fn *start)
{
    struct house *house = house_new();

    house->start = start;
    house->advance = house_swallow;
    house_open(house);
    return house;
}

static void close_house(struct house *house)
{
    house_free(house);
    ck_assert_uint_eq(chunk_in_use(), 0);
}

static bool has_heard(const struct house *house, const char *text)
{
    return house->received_len == strlen(text) && memcmp(house->received, text, strlen(text)) == 0;
}

static void say(struct house *house, const char *text)
{
    house_put(house->x, text);
    house_settle(house);
}

START_TEST(what_follows_the_head_is_no_http)
{
    struct house *house = open_house(agree);

    house_feed(house, ASK);
    ck_assert_str_eq(house_written(house), AGREED);
    house_feed(house, "GET / HTTP/1.1\r\n\r\n");
    ck_assert(has_heard(house, "GET / HTTP/1.1\r\n\r\n"));
    house_forget(house);
    say(house, "HTTP/1.1 200 OK\r\n\r\n");
    ck_assert_str_eq(house_written(house), "HTTP/1.1 200 OK\r\n\r\n");
    ck_assert_uint_eq(house->begun, 1);
    transport_memory_feed_end(house->client);
    house_finish(house->x, BODY_COMPLETE);
    house_settle(house);
    ck_assert_int_eq(house->status, 101);
    ck_assert_uint_eq(house->record.body_bytes, 19);
    close_house(house);
}
END_TEST

START_TEST(what_came_before_the_answer_is_not_lost)
{
    struct house *house = open_house(stay_silent);

    house_feed(house, ASK "early");
    house_feed(house, " bird");
    ck_assert_uint_eq(house->received_len, 0);
    open_tunnel(house->x);
    house_settle(house);
    ck_assert(has_heard(house, "early bird"));
    house_finish(house->x, BODY_COMPLETE);
    close_house(house);
}
END_TEST

/* To whom it was not agreed, that is the next request. */
START_TEST(without_a_tunnel_what_follows_is_a_request)
{
    struct house *house = open_house(stay_silent);

    house_feed(house, ASK ASK);
    house_answer(house->x, "no");
    house_settle(house);
    ck_assert_uint_eq(house->begun, 2);
    house_answer(house->x, "no");
    house_settle(house);
    ck_assert_uint_eq(house->received_len, 0);
    close_house(house);
}
END_TEST

START_TEST(a_client_that_ends_its_side_still_hears)
{
    struct house *house = open_house(agree);

    house_feed(house, ASK "last");
    transport_memory_feed_end(house->client);
    house_settle(house);
    ck_assert(has_heard(house, "last"));
    ck_assert_int_eq(house->received_end, BODY_COMPLETE);
    ck_assert_ptr_nonnull(house->x);
    house_forget(house);
    say(house, "goodbye");
    ck_assert_str_eq(house_written(house), "goodbye");
    house_finish(house->x, BODY_COMPLETE);
    house_settle(house);
    ck_assert(transport_memory_closed(house->client));
    ck_assert(!transport_memory_aborted(house->client));
    ck_assert_uint_eq(house->cancels, 0);
    close_house(house);
}
END_TEST

START_TEST(a_client_that_heard_the_end_may_go_on)
{
    struct house *house = open_house(agree);

    house_feed(house, ASK);
    body_finish(&house->x->response.body, BODY_COMPLETE);
    house_settle(house);
    ck_assert(transport_memory_finished(house->client));
    ck_assert(!transport_memory_closed(house->client));
    house_feed(house, "still here");
    ck_assert(has_heard(house, "still here"));
    transport_memory_feed_end(house->client);
    house_settle(house);
    ck_assert_int_eq(house->received_end, BODY_COMPLETE);
    ck_assert(transport_memory_closed(house->client));
    exchange_handler_done(house->x);
    house_settle(house);
    ck_assert_uint_eq(house->ended, 1);
    close_house(house);
}
END_TEST

START_TEST(nobody_listens_for_what_nobody_wants)
{
    struct house *house = open_house(agree);

    house_feed(house, ASK);
    body_finish(&house->x->response.body, BODY_COMPLETE);
    house_settle(house);
    body_abandon(&house->x->request.body);
    exchange_handler_done(house->x);
    house_settle(house);
    ck_assert_uint_eq(house->ended, 1);
    transport_memory_feed_end(house->client);
    house_settle(house);
    ck_assert(transport_memory_closed(house->client));
    close_house(house);
}
END_TEST

START_TEST(a_client_that_breaks_off_is_gone)
{
    struct house *house = open_house(agree);

    house_feed(house, ASK);
    transport_memory_break(house->client, ECONNRESET);
    house_settle(house);
    ck_assert_uint_eq(house->cancels, 1);
    ck_assert_int_eq(house->cancel_reason, RESET_CLIENT_GONE);
    close_house(house);
}
END_TEST

START_TEST(a_full_queue_holds_the_client)
{
    static char much[2 * BODY_HIGH + 1];
    struct house *house = open_house(agree);

    house->advance = stay_silent;
    memset(much, 'm', sizeof(much) - 1);
    house_feed(house, ASK);
    house_feed(house, much);
    ck_assert_uint_eq(body_waiting(&house->x->request.body), BODY_HIGH);
    ck_assert_uint_gt(transport_memory_unread(house->client), 0);
    house->advance = house_swallow;
    exchange_wake(house->x);
    house_settle(house);
    ck_assert(has_heard(house, much));
    house_finish(house->x, BODY_COMPLETE);
    close_house(house);
}
END_TEST

START_TEST(silence_is_nothing_to_the_wire)
{
    struct house *house = open_house(agree);

    house_feed(house, ASK);
    house_pass(house, 3600000);
    ck_assert_uint_eq(house->ended, 0);
    house_feed(house, "late");
    ck_assert(has_heard(house, "late"));
    house_finish(house->x, BODY_COMPLETE);
    close_house(house);
}
END_TEST

START_TEST(a_house_that_drains_lets_it_go_on)
{
    struct house *house = open_house(agree);

    house_feed(house, ASK);
    conn_drain(house->conn);
    house_settle(house);
    house_feed(house, "on");
    ck_assert(has_heard(house, "on"));
    conn_end(house->conn, RESET_DRAIN);
    house_settle(house);
    ck_assert_int_eq(house->cancel_reason, RESET_DRAIN);
    close_house(house);
}
END_TEST

SUITE("h1_tunnel", TEST(what_follows_the_head_is_no_http),
      TEST(what_came_before_the_answer_is_not_lost),
      TEST(without_a_tunnel_what_follows_is_a_request),
      TEST(a_client_that_ends_its_side_still_hears), TEST(a_client_that_heard_the_end_may_go_on),
      TEST(nobody_listens_for_what_nobody_wants), TEST(a_client_that_breaks_off_is_gone),
      TEST(a_full_queue_holds_the_client), TEST(silence_is_nothing_to_the_wire),
      TEST(a_house_that_drains_lets_it_go_on))
