#include "base/slice.h"
#include "suite.h"
#include "wire/house.h"

#include <string.h>

#define GET    "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
#define LINE_4 "PROXY TCP4 192.0.2.7 198.51.100.1 4711 80\r\n"
#define LINE_6 "PROXY TCP6 2001:db8:1111:2222:3333:4444:5555:6666 ::1 4711 80\r\n"

static struct visit seen;

static void start_look(struct house *house, struct exchange *x)
{
    (void)house;
    seen = *x->visit;
    house_answer(x, "hello");
}

static struct house *open_house(enum introduction introduction)
{
    struct house *house = house_new();
    struct visit visit = { .client_text = "10.0.0.1", .introduction = introduction };

    ck_assert(address_parse_ip(SLICE("10.0.0.1"), 1, &visit.client));
    visit.peer = visit.client;
    visit.client_port = 1;
    house->start = start_look;
    house->conn = conn_open(&house->loop, transport_memory_transport(house->client), &visit,
                            &house->limits, &house->exchanges, &house->owner);
    return house;
}

static const struct {
    enum introduction introduction;
    const char *bytes;
    const char *client; /* NULL: nothing is answered, the connection closed */
    unsigned port;
    const char *misled;
} cases[] = {
    { INTRODUCTION_REQUIRED, LINE_4 GET, "192.0.2.7", 4711, "" },
    { INTRODUCTION_REQUIRED, LINE_6 GET, "2001:db8:1111:2222:3333:4444:5555:6666", 4711, "" },
    { INTRODUCTION_POSSIBLE, LINE_4 GET, "192.0.2.7", 4711, "" },
    { INTRODUCTION_POSSIBLE, GET, "10.0.0.1", 1, "" },
    { INTRODUCTION_REQUIRED, "PROXY UNKNOWN\r\n" GET, "10.0.0.1", 1, "" },
    { INTRODUCTION_REQUIRED, GET, NULL, 0, "no PROXY line" },
    { INTRODUCTION_POSSIBLE, "PROXY TCP4 x\r\n" GET, NULL, 0,
      "wanted two addresses of the family and two ports" },
    { INTRODUCTION_REQUIRED, "PROXY TCP4 x\r\n" GET, NULL, 0,
      "wanted two addresses of the family and two ports" },
};

static void check(const struct house *house, int i)
{
    ck_assert_str_eq(house->misled, cases[i].misled);
    ck_assert_uint_eq(house->ended, cases[i].client != NULL);
    ck_assert_int_eq(house->conn != NULL, cases[i].client != NULL);
    if (!cases[i].client)
        return;
    ck_assert_str_eq(seen.client_text, cases[i].client);
    ck_assert_uint_eq(seen.client_port, cases[i].port);
    ck_assert_uint_eq(house->introduced, cases[i].port == 4711);
    ck_assert_int_eq(seen.believed, cases[i].port == 4711);

    char peer[ADDRESS_TEXT_MOST];
    ck_assert_str_eq(address_text(&seen.peer, peer), "10.0.0.1");
}

START_TEST(the_proxy_introduces_its_client)
{
    struct house *house = open_house(cases[_i].introduction);

    house_feed(house, cases[_i].bytes);
    check(house, _i);
    house_free(house);
}
END_TEST

START_TEST(byte_by_byte_is_as_good)
{
    struct house *house = open_house(cases[_i].introduction);

    for (const char *at = cases[_i].bytes; *at && house->conn; at++)
        house_feed(house, (char[]){ *at, '\0' });
    check(house, _i);
    house_free(house);
}
END_TEST

START_TEST(the_client_stays_for_the_whole_connection)
{
    struct house *house = open_house(INTRODUCTION_REQUIRED);

    house_feed(house, LINE_4 GET);
    house_feed(house, GET);
    ck_assert_uint_eq(house->ended, 2);
    ck_assert_str_eq(seen.client_text, "192.0.2.7");
    house_feed(house, LINE_4 GET); /* one introduction is enough: this is a bad request */
    ck_assert_int_eq(house->status, 400);
    house_free(house);
}
END_TEST

START_TEST(who_does_not_introduce_anybody_in_time_is_left)
{
    struct house *house = open_house(INTRODUCTION_REQUIRED);

    house_feed(house, "PROXY TCP4 192.0.2.7");
    house_pass(house, 9999);
    ck_assert_ptr_nonnull(house->conn);
    house_pass(house, 1);
    ck_assert_ptr_null(house->conn);
    ck_assert_str_eq(house->misled, "it did not come in time");
    house_free(house);
}
END_TEST

START_TEST(the_time_counts_for_the_first_head)
{
    struct house *house = open_house(INTRODUCTION_REQUIRED);

    house_pass(house, 6000);
    house_feed(house, LINE_4 "GET ");
    house_pass(house, 4000);
    ck_assert_int_eq(house->status, 408);
    house_free(house);
}
END_TEST

START_TEST(a_drained_house_waits_for_no_introduction)
{
    struct house *house = open_house(INTRODUCTION_REQUIRED);

    house_settle(house);
    conn_drain(house->conn);
    house_settle(house);
    ck_assert_ptr_null(house->conn);
    house_free(house);
}
END_TEST

START_TEST(http_2_may_follow)
{
    struct house *house = open_house(_i == 0 ? INTRODUCTION_REQUIRED : INTRODUCTION_POSSIBLE);
    static const char request[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                                  "\0\0\0\4\0\0\0\0\0"
                                  "\0\0\6\1\5\0\0\0\1\x82\x84\x86\x41\1a";

    house->limits.http2 = WIRE_HTTP2_ANYWAY;
    house_feed(house, LINE_4);
    transport_memory_feed(house->client, SLICE(request));
    house_settle(house);
    ck_assert_str_eq(house->line, "GET / HTTP/2.0");
    ck_assert_int_eq(house->status, 200);
    ck_assert_str_eq(seen.client_text, "192.0.2.7");
    house_free(house);
}
END_TEST

SUITE("wire/introduction", LOOP(the_proxy_introduces_its_client, cases),
      LOOP(byte_by_byte_is_as_good, cases), TEST(the_client_stays_for_the_whole_connection),
      TEST(who_does_not_introduce_anybody_in_time_is_left),
      TEST(the_time_counts_for_the_first_head), TEST(a_drained_house_waits_for_no_introduction),
      { http_2_may_follow, 2 })
