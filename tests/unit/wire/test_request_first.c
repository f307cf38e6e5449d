/* To a trusted proxy the answer begins when the request is in. */
#include "suite.h"
#include "wire/house.h"

#include <string.h>

#define POST "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"

static void start_early(struct house *house, struct exchange *x)
{
    (void)house;
    house_head(x, 200, -1);
    house_put(x, "early");
}

static void advance_swallow(struct house *house, struct exchange *x)
{
    house_swallow(house, x);
}

static struct house *open_house(bool shared)
{
    struct house *house = house_new();
    const struct visit visit = { .client_text = "10.0.0.1", .shared = shared };

    house->start = start_early;
    house->conn = conn_open(&house->loop, transport_memory_transport(house->client), &visit,
                            &house->limits, &house->exchanges, &house->owner);
    return house;
}

static bool began(struct house *house)
{
    return strncmp(house_written(house), "HTTP/1.1 200", 12) == 0;
}

START_TEST(a_client_of_its_own_gets_the_answer_as_it_comes)
{
    struct house *house = open_house(false);

    house_feed(house, POST "12345");
    ck_assert(began(house));
    house_free(house);
}
END_TEST

START_TEST(a_proxy_gets_it_when_the_request_is_in)
{
    struct house *house = open_house(true);

    house->advance = advance_swallow;
    house_feed(house, POST "12345");
    house_pass(house, 2500);
    ck_assert_str_eq(house_written(house), "");
    house_feed(house, "67890");
    ck_assert(began(house));
    ck_assert_uint_eq(house->received_len, 10);
    house_free(house);
}
END_TEST

START_TEST(a_chunked_request_is_in_with_its_last_chunk)
{
    struct house *house = open_house(true);

    house_feed(house,
               "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    ck_assert_str_eq(house_written(house), "");
    house_feed(house, "0\r\n\r\n");
    ck_assert(began(house));
    house_free(house);
}
END_TEST

START_TEST(a_request_without_a_body_is_in_at_once)
{
    struct house *house = open_house(true);

    house_feed(house, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ck_assert(began(house));
    house_free(house);
}
END_TEST

START_TEST(a_whole_answer_waits_for_nothing)
{
    struct house *house = open_house(true);

    house_feed(house, POST "12345");
    house_finish(house->x, BODY_COMPLETE);
    house_settle(house);
    ck_assert(began(house));
    house_free(house);
}
END_TEST

START_TEST(nobody_waits_for_a_body_that_is_not_wanted)
{
    struct house *house = open_house(true);

    house_feed(house, POST "12345");
    body_abandon(&house->x->request.body);
    house_settle(house);
    ck_assert(began(house));
    house_free(house);
}
END_TEST

START_TEST(an_answer_that_fills_its_queue_goes_out)
{
    struct house *house = open_house(true);

    house_feed(house, POST "12345");
    while (body_room(&house->x->response.body) > 0)
        house_put(house->x, "0123456789012345678901234567890123456789012345678901234567890123");
    house_settle(house);
    ck_assert(began(house));
    house_free(house);
}
END_TEST

START_TEST(a_handler_that_reads_nothing_is_not_waited_for)
{
    struct house *house = open_house(true);
    char piece[4097] = "";

    memset(piece, 'x', sizeof(piece) - 1);
    house_feed(house, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n");
    while (body_room(&house->x->request.body) > 0)
        house_feed(house, piece);
    house_feed(house, piece);
    house_pass(house, 1999);
    ck_assert_str_eq(house_written(house), "");
    house_pass(house, 1);
    ck_assert(began(house));
    house_free(house);
}
END_TEST

SUITE("wire/request_first", TEST(a_client_of_its_own_gets_the_answer_as_it_comes),
      TEST(a_proxy_gets_it_when_the_request_is_in),
      TEST(a_chunked_request_is_in_with_its_last_chunk),
      TEST(a_request_without_a_body_is_in_at_once), TEST(a_whole_answer_waits_for_nothing),
      TEST(nobody_waits_for_a_body_that_is_not_wanted),
      TEST(an_answer_that_fills_its_queue_goes_out),
      TEST(a_handler_that_reads_nothing_is_not_waited_for))
