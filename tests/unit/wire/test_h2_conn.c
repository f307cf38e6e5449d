/* The life of an HTTP/2 connection: how it begins, idles, drains, and what ends it. */
#include "base/chunk.h"
#include "base/text.h"
#include "suite.h"
#include "wire/h2_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

static struct house *house;
static struct h2_client *client;
static struct exchange *asked[256]; /* as they were begun */

static void open_client(house_act_fn *start)
{
    house = house_new();
    house->start = start;
    client = h2_client_new(house);
}

static void close_client(void)
{
    h2_client_free(client);
    house_free(house);
    ck_assert_uint_eq(chunk_in_use(), 0);
}

static void wait_for_test(struct house *self, struct exchange *x)
{
    asked[self->begun - 1] = x;
}

static bool is_text(const struct h2_reply *reply, const char *text)
{
    return reply->body_len == strlen(text) && memcmp(reply->body, text, reply->body_len) == 0;
}

/* Nothing more is written; closed when the client has heard it, or after two seconds. */
static bool has_left(void)
{
    return transport_memory_finished(house->client) || !house->conn;
}

/* ---- the beginning ---- */

static const struct {
    enum wire_http2 http2;
    const char *first;
    const char *answer; /* how it begins */
} openings[] = {
    { WIRE_HTTP2_NEVER, PREFACE, "HTTP/1.1 505 " },
    { WIRE_HTTP2_BY_ALPN, PREFACE, "HTTP/1.1 505 " }, /* there is no TLS */
    { WIRE_HTTP2_ANYWAY, PREFACE "\0\0\0\4\0\0\0\0\0", "" },
    { WIRE_HTTP2_ANYWAY, "PRI * HTTP/2.0\r\n\r\nXX", "HTTP/1.1 505 " },
    { WIRE_HTTP2_ANYWAY, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 " },
    { WIRE_HTTP2_ANYWAY, "PUT / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 " },
};

START_TEST(the_first_bytes_tell_the_protocol)
{
    for (size_t step = 1; step < 100; step += 7) {
        house = house_new();
        house->limits.http2 = openings[_i].http2;
        transport_memory_read_step(house->client, step);
        house_open(house);
        house_feed(house, openings[_i].first);
        ck_assert_int_eq(
            strncmp(house_written(house), openings[_i].answer, strlen(openings[_i].answer)), 0);
        house_free(house);
        ck_assert_uint_eq(chunk_in_use(), 0);
    }
}
END_TEST

START_TEST(a_preface_that_stays_half_is_closed_in_time)
{
    house = house_new();
    house->limits.http2 = WIRE_HTTP2_ANYWAY;
    house_open(house);
    house_feed(house, "PRI * HTTP/2.0\r\n");
    house_pass(house, 9999);
    ck_assert_ptr_nonnull(house->conn);
    house_pass(house, 1);
    ck_assert_int_eq(strncmp(house_written(house), "HTTP/1.1 408 ", 13), 0);
    house_free(house);
}
END_TEST

START_TEST(one_that_says_nothing_or_leaves_is_no_news)
{
    house = house_new();
    house->limits.http2 = WIRE_HTTP2_ANYWAY;
    house_open(house);
    if (_i == 0) {
        house_settle(house);
        transport_memory_feed_end(house->client);
        house_settle(house);
    } else if (_i == 1) {
        house_settle(house);
        conn_drain(house->conn);
        house_pass(house, 1000);
    } else {
        house_pass(house, 10000);
    }
    ck_assert_ptr_null(house->conn);
    ck_assert_uint_eq(house->begun, 0);
    house_free(house);
}
END_TEST

/* ---- idle ---- */

START_TEST(an_idle_connection_is_told_and_closed)
{
    open_client(NULL);
    h2_client_get(client, "/");
    h2_client_pump(client);
    house_pass(house, 4999);
    h2_client_pump(client);
    ck_assert_uint_eq(client->goaways, 0);
    house_pass(house, 1);
    h2_client_pump(client);
    ck_assert_uint_eq(client->goaways, 1);
    ck_assert_uint_eq(client->goaway_error, NGHTTP2_NO_ERROR);
    ck_assert(has_left());
    ck_assert_str_eq(house->misbehaved, "");
    close_client();
}
END_TEST

START_TEST(pings_do_not_keep_it)
{
    open_client(NULL);
    for (int i = 0; i < 10; i++) {
        nghttp2_submit_ping(client->session, NGHTTP2_FLAG_NONE, NULL);
        h2_client_pump(client);
        house_pass(house, 1000);
    }
    h2_client_pump(client);
    ck_assert_uint_ge(client->pings, 9);
    ck_assert_uint_eq(client->goaways, 1);
    close_client();
}
END_TEST

START_TEST(a_handler_may_take_its_time)
{
    open_client(wait_for_test);
    int32_t id = h2_client_get(client, "/");

    h2_client_pump(client);
    house_pass(house, 3600000);
    house_answer(asked[0], "late");
    h2_client_pump(client);
    ck_assert(is_text(h2_client_reply(client, id), "late"));
    close_client();
}
END_TEST

/* ---- leaving in peace ---- */

/* To nghttp2 the first GOAWAY is the end when it has asked for nothing; it answers the PING. */
static void leaves_in_peace(void)
{
    h2_client_pump(client);
    ck_assert_uint_ge(client->goaways, 1);
    ck_assert_uint_eq(client->goaway_error, NGHTTP2_NO_ERROR);
    ck_assert(has_left());
    ck_assert_str_eq(house->misbehaved, "");
}

START_TEST(drain_answers_what_crossed_the_notice)
{
    open_client(wait_for_test);
    h2_client_get(client, "/1");
    h2_client_pump(client);

    conn_drain(house->conn);
    int32_t crossing = h2_client_get(client, "/2"); /* the client has not heard of it */
    h2_client_send(client);
    house_settle(house);
    ck_assert_uint_eq(house->begun, 2);
    h2_client_pump(client);
    ck_assert_uint_eq(client->goaways, 2);
    ck_assert_int_eq(client->goaway_last, crossing);
    ck_assert_uint_eq(client->goaway_error, NGHTTP2_NO_ERROR);
    ck_assert(!has_left());

    house_answer(asked[0], "one");
    h2_client_pump(client);
    ck_assert(!has_left());
    house_answer(asked[1], "two");
    h2_client_pump(client);
    ck_assert(is_text(h2_client_reply(client, 1), "one"));
    ck_assert(is_text(h2_client_reply(client, crossing), "two"));
    ck_assert(has_left());
    close_client();
}
END_TEST

START_TEST(an_idle_one_leaves_when_the_client_has_heard_it)
{
    open_client(NULL);
    h2_client_get(client, "/");
    h2_client_pump(client);
    conn_drain(house->conn);
    house_settle(house);
    ck_assert(!has_left());
    leaves_in_peace();
    close_client();
}
END_TEST

START_TEST(what_crosses_the_notice_of_an_idle_one_is_answered)
{
    open_client(NULL);
    conn_drain(house->conn);
    int32_t crossing = h2_client_get(client, "/");

    h2_client_send(client);
    h2_client_pump(client);
    ck_assert(is_text(h2_client_reply(client, crossing), "hello"));
    leaves_in_peace();
    close_client();
}
END_TEST

START_TEST(a_deaf_client_is_not_waited_for)
{
    open_client(NULL);
    conn_drain(house->conn);
    house_pass(house, 999);
    ck_assert(!has_left());
    house_pass(house, 1);
    ck_assert(has_left());
    house_pass(house, 2000);
    ck_assert_ptr_null(house->conn);
    close_client();
}
END_TEST

static void answer_and_close(struct house *self, struct exchange *x)
{
    (void)self;
    x->response.close = true;
    house_answer(x, "bye");
}

START_TEST(a_handler_may_end_the_connection)
{
    open_client(answer_and_close);
    int32_t id = h2_client_get(client, "/");

    h2_client_pump(client);
    ck_assert(is_text(h2_client_reply(client, id), "bye"));
    leaves_in_peace();
    close_client();
}
END_TEST

START_TEST(the_last_one_is_told_at_once)
{
    open_client(NULL);
    conn_make_last(house->conn);
    leaves_in_peace();
    close_client();
}
END_TEST

/* ---- another generation ---- */

static const char *const bindings[] = { "former", "next" };

START_TEST(it_moves_while_requests_are_under_way)
{
    struct wire_limits others;

    open_client(wait_for_test);
    int32_t former = h2_client_get(client, "/");

    h2_client_pump(client);
    ck_assert(conn_can_move(house->conn));
    others = house->limits;
    conn_move(house->conn, bindings[1], &others);
    house->limits.first_head_ms = 0; /* nobody looks at them any more */
    h2_client_get(client, "/");
    h2_client_pump(client);
    ck_assert_ptr_null(asked[0]->visit->binding);
    ck_assert_ptr_eq(asked[1]->visit->binding, bindings[1]);
    house_answer(asked[0], "former");
    h2_client_pump(client);
    ck_assert(is_text(h2_client_reply(client, former), "former"));
    ck_assert_uint_eq(client->goaways, 0);
    house_free(house);
    h2_client_free(client);
}
END_TEST

START_TEST(where_http_2_is_not_spoken_any_more_it_leaves)
{
    struct wire_limits others;

    open_client(NULL);
    others = house->limits;
    others.http2 = WIRE_HTTP2_BY_ALPN;
    conn_move(house->conn, bindings[1], &others);
    leaves_in_peace();
    close_client();
}
END_TEST

/* ---- the end ---- */

static const struct {
    enum reset_reason reason;
    uint32_t error;
} ends[] = {
    { RESET_DRAIN, NGHTTP2_NO_ERROR },
    { RESET_BANNED, NGHTTP2_ENHANCE_YOUR_CALM },
};

START_TEST(the_end_cancels_with_its_reason)
{
    open_client(wait_for_test);
    h2_client_get(client, "/");
    h2_client_get(client, "/");
    h2_client_pump(client);
    conn_end(house->conn, ends[_i].reason);
    h2_client_pump(client);
    ck_assert_uint_eq(house->cancels, 2);
    ck_assert_int_eq(house->cancel_reason, ends[_i].reason);
    ck_assert_uint_eq(house->ended, 2);
    ck_assert_uint_eq(client->goaway_error, ends[_i].error);
    ck_assert(transport_memory_aborted(house->client));
    close_client();
}
END_TEST

START_TEST(a_client_that_leaves_ends_all_handlers)
{
    open_client(wait_for_test);
    for (int i = 0; i < 5; i++)
        h2_client_get(client, "/");
    h2_client_pump(client);
    if (_i == 0)
        transport_memory_feed_end(house->client);
    else
        transport_memory_break(house->client, ECONNRESET);
    house_settle(house);
    ck_assert_uint_eq(house->cancels, 5);
    ck_assert_uint_eq(house->ended, 5);
    ck_assert_ptr_null(house->conn);
    close_client();
}
END_TEST

START_TEST(a_client_that_leaves_within_a_head_leaves_nothing_behind)
{
    open_client(NULL);
    h2_client_frame(client, NGHTTP2_HEADERS, 0, 1, SLICE("\x82"));
    house_settle(house);
    transport_memory_feed_end(house->client);
    house_settle(house);
    ck_assert_uint_eq(house->begun, 0);
    ck_assert_uint_eq(house->ended, 1);
    ck_assert_ptr_null(house->conn);
    close_client();
}
END_TEST

static void answer_much(struct house *self, struct exchange *x)
{
    static char much[200000];

    (void)self;
    memset(much, 'm', sizeof(much));
    house_head(x, 200, -1);
    body_put_bytes(&x->response.body, slice_of(much, sizeof(much)));
    house_finish(x, BODY_COMPLETE);
}

START_TEST(a_slow_transport_gets_it_in_pieces)
{
    open_client(answer_much);
    transport_memory_room(house->client, 100);
    int32_t id = h2_client_get(client, "/");

    for (int i = 0; i < 300; i++) {
        h2_client_pump(client);
        transport_memory_room(house->client, 1000);
    }
    ck_assert_uint_eq(h2_client_reply(client, id)->body_len, 200000);
    ck_assert(h2_client_reply(client, id)->ended);
    close_client();
}
END_TEST

START_TEST(a_transport_that_takes_nothing_is_given_up)
{
    open_client(answer_much);
    transport_memory_room(house->client, 5000);
    h2_client_get(client, "/");
    h2_client_pump(client);
    house_pass(house, 3999);
    ck_assert_ptr_nonnull(house->conn);
    house_pass(house, 1);
    ck_assert_ptr_null(house->conn);
    ck_assert_str_eq(house->cause, "the client was too slow");
    close_client();
}
END_TEST

/* ---- who wears the house out ---- */

/* The last frame is GOAWAY, if the client has not read it; which error it tells. */
static uint32_t last_words(void)
{
    const struct slice written = transport_memory_written(house->client);
    const unsigned char *last = (const unsigned char *)written.at + written.len - 17;

    if (written.len == 0)
        return client->goaway_error;
    ck_assert_uint_ge(written.len, 17);
    ck_assert_uint_eq(last[3], NGHTTP2_GOAWAY);
    return last[16];
}

static void ends_for(const char *why)
{
    house_settle(house);
    ck_assert_ptr_nonnull(strstr(house->misbehaved, why));
    ck_assert_uint_eq(last_words(), NGHTTP2_ENHANCE_YOUR_CALM);
    ck_assert(has_left());
    ck_assert_ptr_null(house->x);
    ck_assert_uint_ge(house->ended, house->begun);
    house_pass(house, 2000);
    ck_assert_ptr_null(house->conn);
    close_client();
}

static void flood(uint8_t type, uint8_t flags, int32_t id, struct slice payload)
{
    for (int i = 0; i < 2000; i++)
        h2_client_frame(client, type, flags, id, payload);
}

static const struct {
    uint8_t type;
    struct slice payload;
} floods[] = {
    { NGHTTP2_PING, SLICE_INIT("12345678") },
    { NGHTTP2_SETTINGS, SLICE_INIT("") },
    { NGHTTP2_SETTINGS, SLICE_INIT("\0\4\0\0\xff\xff") },
    { NGHTTP2_WINDOW_UPDATE, SLICE_INIT("\0\0\0\1") },
    { NGHTTP2_PRIORITY_UPDATE, SLICE_INIT("\0\0\0\1u=1") },
};

START_TEST(frames_that_carry_nothing_are_not_taken_without_end)
{
    open_client(NULL);
    flood(floods[_i].type, 0, 0, floods[_i].payload);
    ends_for("a flood of");
}
END_TEST

START_TEST(unknown_frames_are_skipped_but_not_without_end)
{
    static char junk[16000];

    open_client(NULL);
    for (int i = 0; i < 60; i++)
        h2_client_frame(client, 0x77, 0, 0, slice_of(junk, sizeof(junk)));
    int32_t id = h2_client_get(client, "/");
    h2_client_pump(client);
    ck_assert(is_text(h2_client_reply(client, id), "hello"));
    for (int i = 0; i < 6; i++)
        h2_client_frame(client, 0x77, 0, 0, slice_of(junk, sizeof(junk)));
    ends_for("a flood of unknown frames");
}
END_TEST

START_TEST(frames_about_a_stream_are_not_taken_without_end)
{
    open_client(wait_for_test);
    client->body_most = 0;
    int32_t id = h2_client_upload(client, "/", NULL, "x", 1);

    h2_client_pump(client);
    if (_i == 0)
        flood(NGHTTP2_DATA, 0, id, SLICE(""));
    else
        flood(NGHTTP2_PRIORITY, 0, id, SLICE("\0\0\0\0\1"));
    ends_for("a flood of frames that carry nothing");
}
END_TEST

START_TEST(requests_are_not_taken_back_without_end)
{
    open_client(wait_for_test);
    for (int i = 0; i < 210 && !has_left(); i++) {
        int32_t id = h2_client_get(client, "/");

        h2_client_send(client);
        house_settle(house);
        nghttp2_submit_rst_stream(client->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
        h2_client_send(client);
        house_settle(house);
    }
    ck_assert_uint_eq(house->begun, 201);
    ck_assert_uint_eq(house->cancels, 201);
    ends_for("taken back or malformed");
}
END_TEST

START_TEST(a_burst_of_requests_taken_back_is_cut_short)
{
    open_client(wait_for_test);
    for (int i = 0; i < 250; i++) {
        const int32_t id = h2_client_get(client, "/");

        h2_client_send(client);
        nghttp2_submit_rst_stream(client->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
        h2_client_send(client);
    }
    ends_for("taken back or malformed"); /* most never met a handler */
}
END_TEST

START_TEST(malformed_requests_are_not_reset_without_end)
{
    open_client(NULL);
    for (int i = 0; i < 250 && !has_left(); i++) {
        h2_client_ask(client, "GET", "/", "connection: x\n");
        h2_client_pump(client);
    }
    ends_for("taken back or malformed");
}
END_TEST

START_TEST(a_head_does_not_go_on_without_end)
{
    open_client(NULL);
    h2_client_frame(client, NGHTTP2_HEADERS, 0, 1, SLICE("\x82"));
    for (int i = 0; i < 100; i++)
        h2_client_frame(client, NGHTTP2_CONTINUATION, 0, 1, SLICE(""));
    h2_client_pump(client);
    ck_assert_str_ne(house->misbehaved, "");
    ck_assert(has_left());
    ck_assert_uint_eq(house->begun, 0);
    close_client();
}
END_TEST

/* Frames that carry something are no better than empty ones. */
START_TEST(a_head_in_a_hundred_frames_ends_the_connection)
{
    open_client(NULL);
    h2_client_frame(client, NGHTTP2_HEADERS, 0, 1, SLICE("\x82\0\1b\x7e")); /* 126 bytes follow */
    for (int i = 0; i < 100; i++)
        h2_client_frame(client, NGHTTP2_CONTINUATION, 0, 1, SLICE("x"));
    h2_client_pump(client);
    ck_assert_ptr_nonnull(strstr(house->misbehaved, "CONTINUATION frames"));
    ck_assert(has_left());
    ck_assert_uint_eq(house->begun, 0);
    close_client();
}
END_TEST

START_TEST(a_head_that_does_not_come_in_time_ends_the_connection)
{
    open_client(NULL);
    h2_client_frame(client, NGHTTP2_HEADERS, 0, 1, SLICE("\x82"));
    house_pass(house, 9999);
    ck_assert_str_eq(house->misbehaved, "");
    house_pass(house, 1);
    ends_for("did not come in time");
}
END_TEST

/* A large field, put into the table once, named often: each byte becomes thousands. */
START_TEST(a_small_block_does_not_become_a_large_head)
{
    static char block[20000];
    struct text text = text_on(block, sizeof(block));

    open_client(NULL);
    text_add(&text, SLICE("\x82\x84\x86\x41\x01"
                          "a")); /* GET / http a */
    text_add(&text, SLICE("\x40\x01"
                          "b\x7f\x81\x1e")); /* b: 4000 bytes, kept in the table */
    for (int i = 0; i < 4000; i++)
        text_add_char(&text, 'x');
    for (int i = 0; i < 9000; i++)
        text_add_char(&text, '\xbe'); /* the newest entry again */
    h2_client_frame(client, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, text_slice(&text));
    ends_for("is a bomb");
}
END_TEST

START_TEST(a_client_that_does_not_read_is_not_heard)
{
    open_client(NULL);
    transport_memory_room(house->client, 0);
    for (int i = 0; i < 900; i++)
        h2_client_frame(client, NGHTTP2_PING, 0, 0, SLICE("12345678"));
    for (int i = 0; i < 900; i++)
        house_settle(house);
    ck_assert_ptr_nonnull(house->conn);
    transport_memory_room(house->client, TRANSPORT_MEMORY_UNLIMITED);
    house_settle(house);
    ck_assert_uint_eq(transport_memory_unread(house->client), 0);
    close_client();
}
END_TEST

static const struct {
    struct slice bytes;
    uint32_t error;
} wrongs[] = {
    { SLICE_INIT("\0\0\1\6\0\0\0\0\0x"), NGHTTP2_FRAME_SIZE_ERROR },      /* PING of one byte */
    { SLICE_INIT("\xff\xff\xff\0\0\0\0\0\1"), NGHTTP2_FRAME_SIZE_ERROR }, /* too long */
    { SLICE_INIT("\0\0\0\0\0\0\0\0\0"), NGHTTP2_PROTOCOL_ERROR },         /* DATA for stream 0 */
    { SLICE_INIT("\0\0\1\1\4\0\0\0\1\x80"), NGHTTP2_COMPRESSION_ERROR },  /* entry 0 */
    { SLICE_INIT("\0\0\4\x8\0\0\0\0\0\x7f\xff\xff\xff"), NGHTTP2_FLOW_CONTROL_ERROR },
};

START_TEST(what_breaks_the_protocol_ends_the_connection)
{
    open_client(wait_for_test);
    h2_client_get(client, "/");
    if (_i == 3)
        house->start = NULL;
    h2_client_pump(client);
    transport_memory_feed(house->client, wrongs[_i].bytes);
    h2_client_pump(client);
    ck_assert_ptr_nonnull(strstr(house->misbehaved, "the client broke the rules of HTTP/2"));
    ck_assert_uint_eq(client->goaway_error, wrongs[_i].error);
    ck_assert(has_left());
    ck_assert_uint_eq(house->ended, house->begun);
    close_client();
}
END_TEST

SUITE("h2_conn", LOOP(the_first_bytes_tell_the_protocol, openings),
      TEST(a_preface_that_stays_half_is_closed_in_time),
      { one_that_says_nothing_or_leaves_is_no_news, 3 },
      TEST(an_idle_connection_is_told_and_closed), TEST(pings_do_not_keep_it),
      TEST(a_handler_may_take_its_time), TEST(drain_answers_what_crossed_the_notice),
      TEST(an_idle_one_leaves_when_the_client_has_heard_it),
      TEST(what_crosses_the_notice_of_an_idle_one_is_answered),
      TEST(a_deaf_client_is_not_waited_for), TEST(a_handler_may_end_the_connection),
      TEST(the_last_one_is_told_at_once), TEST(it_moves_while_requests_are_under_way),
      TEST(where_http_2_is_not_spoken_any_more_it_leaves),
      LOOP(the_end_cancels_with_its_reason, ends), { a_client_that_leaves_ends_all_handlers, 2 },
      TEST(a_client_that_leaves_within_a_head_leaves_nothing_behind),
      TEST(a_slow_transport_gets_it_in_pieces), TEST(a_transport_that_takes_nothing_is_given_up),
      LOOP(frames_that_carry_nothing_are_not_taken_without_end, floods),
      TEST(unknown_frames_are_skipped_but_not_without_end),
      { frames_about_a_stream_are_not_taken_without_end, 2 },
      TEST(requests_are_not_taken_back_without_end),
      TEST(a_burst_of_requests_taken_back_is_cut_short),
      TEST(malformed_requests_are_not_reset_without_end), TEST(a_head_does_not_go_on_without_end),
      TEST(a_head_in_a_hundred_frames_ends_the_connection),
      TEST(a_head_that_does_not_come_in_time_ends_the_connection),
      TEST(a_small_block_does_not_become_a_large_head),
      TEST(a_client_that_does_not_read_is_not_heard),
      LOOP(what_breaks_the_protocol_ends_the_connection, wrongs))
