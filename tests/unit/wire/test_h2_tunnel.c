/* WebSockets over HTTP/2 (RFC 8441). */
#include "base/chunk.h"
#include "suite.h"
#include "wire/h2_client.h"

#include <string.h>

#define WINDOW 0x20000u /* of a stream: what may be on its way */

static struct house *house;
static struct h2_client *client;

static void open_tunnel(struct house *self, struct exchange *x)
{
    (void)self;
    x->response.status = 101;
    exchange_open_tunnel(x);
    exchange_send_head(x);
}

static void stay_silent(struct house *self, struct exchange *x)
{
    (void)self;
    (void)x;
}

static void begin(house_act_fn *start)
{
    house = house_new();
    house->start = start;
    house->advance = house_swallow;
    client = h2_client_new(house);
    client->method = "CONNECT";
}

static void end(void)
{
    h2_client_free(client);
    house_free(house);
    ck_assert_uint_eq(chunk_in_use(), 0);
}

/* It has so much to say, and says nothing yet. */
static int32_t ask_with(const char *protocol, const char *words, size_t len)
{
    client->body_most = 0;
    int32_t id = h2_client_upload(client, "/chat", protocol, words, len);

    h2_client_pump(client);
    return id;
}

static int32_t ask(const char *words)
{
    return ask_with(":protocol: websocket\n", words, strlen(words));
}

static struct h2_reply *say(int32_t id, size_t most)
{
    h2_client_let_go(client, id, most);
    h2_client_pump(client);
    return h2_client_reply(client, id);
}

static bool has_heard(const char *text)
{
    return house->received_len == strlen(text) && memcmp(house->received, text, strlen(text)) == 0;
}

static bool is_text(const struct h2_reply *reply, const char *text)
{
    return reply->body_len == strlen(text) && memcmp(reply->body, text, reply->body_len) == 0;
}

static void hear(const char *text)
{
    house_put(house->x, text);
    h2_client_pump(client);
}

START_TEST(both_sides_talk)
{
    begin(open_tunnel);
    int32_t id = ask("hello world");
    struct h2_reply *reply = h2_client_reply(client, id);
    ck_assert_int_eq(reply->status, 200);
    ck_assert_ptr_null(h2_reply_field(reply, "content-length"));
    ck_assert_int_eq(house->x->request.method, METHOD_GET);
    ck_assert_uint_eq(house->x->request.websocket_key.len, 24);
    ck_assert(slice_equal(house->x->request.line, SLICE("CONNECT /chat HTTP/2.0")));
    say(id, 5);
    ck_assert(has_heard("hello"));
    hear("ping");
    ck_assert(is_text(reply, "ping"));
    say(id, 11);
    ck_assert(has_heard("hello world"));
    ck_assert_int_eq(house->received_end, BODY_COMPLETE);
    ck_assert(!reply->ended);
    hear(" pong");
    house_finish(house->x, BODY_COMPLETE);
    h2_client_pump(client);
    ck_assert(is_text(reply, "ping pong"));
    ck_assert(reply->ended && reply->closed);
    ck_assert_uint_eq(reply->error, 0);
    ck_assert_uint_eq(house->cancels, 0);
    ck_assert_ptr_nonnull(house->conn);
    end();
}
END_TEST

START_TEST(a_client_that_heard_the_end_may_go_on)
{
    begin(open_tunnel);
    int32_t id = ask("and last");
    body_finish(&house->x->response.body, BODY_COMPLETE);
    h2_client_pump(client);
    ck_assert(h2_client_reply(client, id)->ended);
    house_pass(house, 60000);
    say(id, 3);
    ck_assert(has_heard("and"));
    struct h2_reply *reply = say(id, 8);
    ck_assert(has_heard("and last"));
    ck_assert_int_eq(house->received_end, BODY_COMPLETE);
    ck_assert(reply->closed);
    ck_assert_uint_eq(reply->error, 0);
    exchange_handler_done(house->x);
    h2_client_pump(client);
    ck_assert_uint_eq(house->ended, 1);
    end();
}
END_TEST

START_TEST(nobody_listens_for_what_nobody_wants)
{
    begin(open_tunnel);
    int32_t id = ask("unheard");
    body_finish(&house->x->response.body, BODY_COMPLETE);
    h2_client_pump(client);
    body_abandon(&house->x->request.body);
    exchange_handler_done(house->x);
    house_pass(house, 60000);
    h2_client_pump(client);
    ck_assert(h2_client_reply(client, id)->closed);
    ck_assert_uint_eq(h2_client_reply(client, id)->error, NGHTTP2_NO_ERROR);
    ck_assert_uint_eq(house->ended, 1);
    end();
}
END_TEST

START_TEST(who_speaks_before_it_is_agreed_to_is_cut)
{
    begin(stay_silent);
    int32_t id = ask("early");
    struct h2_reply *reply = say(id, 5);
    ck_assert(reply->closed);
    ck_assert_uint_eq(reply->error, NGHTTP2_PROTOCOL_ERROR);
    ck_assert_uint_eq(house->cancels, 1);
    ck_assert_uint_eq(house->received_len, 0);
    ck_assert_str_eq(house->cause, "the client spoke before the tunnel was agreed to");
    end();
}
END_TEST

START_TEST(who_has_ended_before_is_over_at_once)
{
    begin(stay_silent);
    ask("");
    open_tunnel(house, house->x);
    h2_client_pump(client);
    ck_assert_int_eq(house->x->request.body.end, BODY_COMPLETE);
    house_finish(house->x, BODY_COMPLETE);
    h2_client_pump(client);
    ck_assert_uint_eq(house->ended, 1);
    end();
}
END_TEST

static const struct {
    const char *protocol;
    int failed;
} refused[] = {
    { ":protocol: connect-udp\n", 501 },
    { ":protocol: WebSocket\n", 501 },
    { ":protocol: websocket\ncontent-length: 5\n", 400 },
};

START_TEST(other_protocols_are_refused)
{
    begin(NULL);
    say(ask_with(refused[_i].protocol, "12345", 5), 5);
    ck_assert_int_eq(house->failed, refused[_i].failed);
    end();
}
END_TEST

START_TEST(plain_connect_opens_a_tunnel_as_well)
{
    begin(open_tunnel);
    int32_t id = h2_client_ask_raw(client, ":method: CONNECT\n:authority: localhost:22\n");
    h2_client_pump(client);
    struct h2_reply *reply = h2_client_reply(client, id);
    ck_assert_int_eq(reply->status, 200);
    ck_assert_int_eq(house->x->request.method, METHOD_CONNECT);
    ck_assert(slice_equal(house->x->request.target.authority, SLICE("localhost:22")));
    ck_assert(slice_equal(house->x->request.line, SLICE("CONNECT localhost:22 HTTP/2.0")));
    hear("ping");
    ck_assert(is_text(reply, "ping"));
    house_finish(house->x, BODY_COMPLETE);
    h2_client_pump(client);
    ck_assert(reply->ended);
    end();
}
END_TEST

static void refuse(struct house *self, struct exchange *x)
{
    (void)self;
    house_head(x, 403, 2);
    house_put(x, "no");
    house_finish(x, BODY_COMPLETE);
}

START_TEST(a_refusal_is_an_answer)
{
    begin(refuse);
    int32_t id = ask("unheard");
    ck_assert_int_eq(h2_client_reply(client, id)->status, 403);
    ck_assert(is_text(h2_client_reply(client, id), "no"));
    ck_assert(h2_client_reply(client, id)->ended);
    end();
}
END_TEST

START_TEST(who_takes_nothing_holds_the_client)
{
    static char much[3 * WINDOW];

    begin(open_tunnel);
    house->advance = stay_silent;
    memset(much, 'm', sizeof(much));
    int32_t id = ask_with(":protocol: websocket\n", much, sizeof(much));
    say(id, sizeof(much));
    ck_assert_uint_eq(body_waiting(&house->x->request.body), WINDOW);
    house_pass(house, 3600000); /* no rate is asked for */
    ck_assert_uint_eq(house->ended, 0);
    house->advance = house_swallow;
    for (unsigned i = 0; i < 100 && house->received_end != BODY_COMPLETE; i++) {
        exchange_wake(house->x);
        h2_client_pump(client);
    }
    ck_assert_uint_eq(house->received_len, sizeof(much));
    house_finish(house->x, BODY_COMPLETE);
    h2_client_pump(client);
    end();
}
END_TEST

SUITE("h2_tunnel", TEST(both_sides_talk), TEST(a_client_that_heard_the_end_may_go_on),
      TEST(nobody_listens_for_what_nobody_wants), TEST(who_speaks_before_it_is_agreed_to_is_cut),
      TEST(who_has_ended_before_is_over_at_once), LOOP(other_protocols_are_refused, refused),
      TEST(plain_connect_opens_a_tunnel_as_well), TEST(a_refusal_is_an_answer),
      TEST(who_takes_nothing_holds_the_client))
