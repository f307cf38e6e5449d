#include "gateway/backend.h"
#include "handler/two_programs.h"
#include "suite.h"

#include <string.h>

#define KEY    "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define SWITCH "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
#define AGREED SWITCH "Sec-WebSocket-Accept: " ACCEPT "\r\nSec-WebSocket-Protocol: chat\r\n\r\n"

static struct two_programs *two;
static struct visitor *v;

static void begin(void)
{
    two = two_programs_open_http();
    v = two->v;
}

static void end(void)
{
    ck_assert_uint_eq(atomic_load(&two->groups[0]->targets[0].tunnels), 0);
    two_programs_close(two);
}

static void add(struct exchange *x, const char *name, const char *value)
{
    fields_add(&x->request.fields, &x->arena, slice_cstr(name), slice_cstr(value));
}

static void prepare(struct exchange *x)
{
    add(x, "Connection", "keep-alive, Upgrade");
    add(x, "Upgrade", "websocket");
    add(x, "Sec-WebSocket-Key", KEY);
    add(x, "Sec-WebSocket-Version", "13");
    add(x, "Sec-WebSocket-Protocol", "chat");
}

static void prepare_h2(struct exchange *x)
{
    x->request.version = 20;
    x->request.websocket_key = SLICE(KEY); /* the wire's */
    add(x, "sec-websocket-version", "13");
    add(x, "sec-websocket-key", "nobody looks at it");
    add(x, "sec-websocket-protocol", "chat");
}

static struct fastcgi_fake *ask(void (*how)(struct exchange *x))
{
    visitor_ask(v, "GET", "/chat", VISITOR_NO_BODY, how);
    return two_programs_accept(two, 0);
}

static struct fastcgi_fake *agree(void)
{
    struct fastcgi_fake *fake = ask(prepare);

    raw_say(two, fake, AGREED);
    fake->pending_len = 0;
    return fake;
}

static bool is_closed(struct fastcgi_fake *fake)
{
    fastcgi_fake_read(fake, SIZE_MAX);
    return fake->closed;
}

START_TEST(the_handshake_goes_to_and_fro)
{
    begin();
    struct fastcgi_fake *fake = ask(prepare);
    ck_assert(raw_has_heard(fake, SLICE("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")));
    ck_assert(raw_has_heard(fake, SLICE("\r\nSec-WebSocket-Key: " KEY "\r\n")));
    ck_assert(raw_has_heard(fake, SLICE("\r\nSec-WebSocket-Version: 13\r\n")));
    raw_say(two, fake, AGREED);
    ck_assert_int_eq(v->status, 101);
    ck_assert_ptr_nonnull(strstr(v->fields, "Upgrade: websocket\n"));
    ck_assert_ptr_nonnull(strstr(v->fields, "Sec-WebSocket-Accept: " ACCEPT "\n"));
    ck_assert_ptr_nonnull(strstr(v->fields, "Sec-WebSocket-Protocol: chat\n"));
    ck_assert(v->x->response.is_tunnel);
    ck_assert_uint_eq(atomic_load(&two->groups[0]->targets[0].tunnels), 1);
    visitor_leave(v, RESET_CLIENT_GONE);
    ck_assert(is_closed(fake));
    end();
}
END_TEST

START_TEST(over_http2_the_key_is_ours_and_stays_here)
{
    begin();
    struct fastcgi_fake *fake = ask(prepare_h2);
    ck_assert(raw_has_heard(fake, SLICE("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                        "Sec-WebSocket-Key: " KEY "\r\n"
                                        "Sec-WebSocket-Version: 13\r\n\r\n")));
    ck_assert(!raw_has_heard(fake, SLICE("sec-websocket-key")));
    ck_assert(!raw_has_heard(fake, SLICE("sec-websocket-version")));
    raw_say(two, fake, AGREED);
    ck_assert_int_eq(v->status, 101);
    ck_assert_ptr_null(strstr(v->fields, "Upgrade"));
    ck_assert_ptr_null(strstr(v->fields, "Sec-WebSocket-Accept"));
    ck_assert_ptr_nonnull(strstr(v->fields, "Sec-WebSocket-Protocol: chat\n"));
    visitor_leave(v, RESET_CLIENT_GONE);
    end();
}
END_TEST

/* There any success would be taken for a WebSocket. */
START_TEST(over_http2_a_page_is_no_consent)
{
    begin();
    struct fastcgi_fake *fake = ask(prepare_h2);
    raw_say(two, fake, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    ck_assert_int_eq(v->status, 502);
    ck_assert(visitor_log_has(v, "asked for a WebSocket, and answers with a page"));
    end();
}
END_TEST

START_TEST(over_http2_a_refusal_is_passed_on)
{
    begin();
    struct fastcgi_fake *fake = ask(prepare_h2);
    raw_say(two, fake, "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
    ck_assert_int_eq(v->status, 403);
    two_programs_check_body(two, "no");
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(both_sides_are_heard)
{
    begin();
    struct fastcgi_fake *fake = ask(prepare);
    raw_say(two, fake, AGREED "with it");
    two_programs_check_body(two, "with it");
    fake->pending_len = 0;
    visitor_send(v, "hello");
    fastcgi_fake_read(fake, SIZE_MAX);
    ck_assert(slice_equal(raw_heard(fake), SLICE("hello")));
    raw_say(two, fake, ", and then");
    two_programs_check_body(two, "with it, and then");
    visitor_end_body(v, BODY_COMPLETE);
    ck_assert(is_closed(fake));
    ck_assert_int_eq(v->end, BODY_OPEN);
    raw_say(two, fake, ", and last");
    raw_hang_up(two, fake);
    two_programs_check_body(two, "with it, and then, and last");
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert_uint_eq(v->line_count, 0);
    end();
}
END_TEST

START_TEST(its_time_is_not_that_of_an_answer)
{
    begin();
    struct fastcgi_fake *fake = agree();
    visitor_pass(v, TUNNEL_IDLE_MS - 1);
    ck_assert_int_eq(v->end, BODY_OPEN);
    raw_say(two, fake, "not idle");
    visitor_pass(v, TUNNEL_IDLE_MS - 1);
    ck_assert_int_eq(v->end, BODY_OPEN);
    visitor_pass(v, 1);
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert(is_closed(fake));
    ck_assert(visitor_log_has(v, "was closed: nothing was said for 10 min"));
    ck_assert_uint_eq(v->line_count, 1);
    end();
}
END_TEST

START_TEST(a_rule_says_how_long_it_may_be_silent)
{
    const struct proxy_conf rule = { .option = "WebSocket",
                                     .wait_ms = 5000,
                                     .tunnel_idle_ms = 60000 };

    begin();
    two->verdict.proxy = &rule;
    agree();
    visitor_pass(v, 60000);
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert(visitor_log_has(v, "nothing was said for 1 min"));
    end();
}
END_TEST

START_TEST(a_connection_that_breaks_is_said)
{
    begin();
    struct fastcgi_fake *fake = agree();
    visitor_send(v, "unread"); /* then closing resets a unix socket */
    raw_hang_up(two, fake);
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert(visitor_log_has(v, "its connection broke (Connection reset by peer)"));
    end();
}
END_TEST

/* What a backend may say instead. */
static const struct {
    const char *said;
    int status;
    const char *line; /* NULL: none */
} others[] = {
    { "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", 403, NULL },
    { "HTTP/1.1 426 Old\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n", 426, NULL },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", 200, NULL },
    { SWITCH "\r\n", 502, "does not fit the key" },
    { SWITCH "Sec-WebSocket-Accept: " KEY "\r\n\r\n", 502, "does not fit the key" },
    { SWITCH "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", 502,
      "does not fit the key" },
    { "HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n"
      "Sec-WebSocket-Accept: " ACCEPT "\r\n\r\n",
      502, "to another than WebSocket" },
};

START_TEST(another_answer_is_one_like_any_other)
{
    begin();
    struct fastcgi_fake *fake = ask(prepare);
    raw_say(two, fake, others[_i].said);
    ck_assert_int_eq(v->status, others[_i].status);
    ck_assert_int_eq(v->end, BODY_COMPLETE);
    ck_assert(is_closed(fake)); /* it serves nobody else */
    ck_assert_uint_eq(v->line_count, others[_i].line != NULL);
    ck_assert(!others[_i].line || visitor_log_has(v, others[_i].line));
    end();
}
END_TEST

SUITE("http_tunnel", TEST(the_handshake_goes_to_and_fro),
      TEST(over_http2_the_key_is_ours_and_stays_here), TEST(over_http2_a_page_is_no_consent),
      TEST(over_http2_a_refusal_is_passed_on), TEST(both_sides_are_heard),
      TEST(its_time_is_not_that_of_an_answer), TEST(a_rule_says_how_long_it_may_be_silent),
      TEST(a_connection_that_breaks_is_said), LOOP(another_answer_is_one_like_any_other, others))
