#include "gateway/http_request.h"

#include "suite.h"

static const struct {
    const char *method;
    const char *target;
    const char *fields; /* "name: value\n" ... */
    int64_t body_length;
    bool keep;
    const char *expect; /* without the fields of the sender, which another test has */
} cases[] = {
    { "GET", "/a/b?c=%41", "", -1, true, "GET /a/b?c=%41 HTTP/1.1\r\nHost: a.test:81\r\n" },
    { "GET", "/", "", -1, false, "GET / HTTP/1.1\r\nHost: a.test:81\r\n|Connection: close\r\n" },
    { "GET", "http://a.test:81/x", "", -1, true, "GET /x HTTP/1.1\r\nHost: a.test:81\r\n" },
    /* what was judged is what is asked for */
    { "GET", "/a%3Bb%20c", "", -1, true, "GET /a%3Bb%20c HTTP/1.1\r\nHost: a.test:81\r\n" },
    { "GET", "/a/../b//c/./d%20e", "", -1, true, "GET /b/c/d%20e HTTP/1.1\r\nHost: a.test:81\r\n" },
    { "GET", "/a/%2e%2e/b", "", -1, true, "GET /b HTTP/1.1\r\nHost: a.test:81\r\n" },
    /* lengths are ours */
    { "POST", "/", "Content-Length: 5\n", 5, true,
      "POST / HTTP/1.1\r\nHost: a.test:81\r\n|Content-Length: 5\r\n" },
    { "POST", "/", "Content-Length: 0\n", -1, true,
      "POST / HTTP/1.1\r\nHost: a.test:81\r\n|Content-Length: 0\r\n" },
    { "POST", "/", "Transfer-Encoding: chunked\n", 7, true,
      "POST / HTTP/1.1\r\nHost: a.test:81\r\n|Content-Length: 7\r\n" },
    /* what stays here */
    { "GET", "/",
      "Host: evil\nX-A: 1\nConnection: x-gone, close\nX-Gone: 1\nKeep-Alive: 1\nTE: trailers\n"
      "Trailer: X\nUpgrade: h2c\nProxy-Authorization: x\nProxy-Connection: x\nProxy: evil\n"
      "Expect: 100-continue\nX_A: 2\nX-B: 3\n",
      -1, true, "GET / HTTP/1.1\r\nHost: a.test:81\r\nX-A: 1\r\nX-B: 3\r\n" },
    { "GET", "/", "Cookie: own=1; a=2\nCookie: own=3\nAuthorization: Basic x\n", -1, true,
      "GET / HTTP/1.1\r\nHost: a.test:81\r\nCookie: a=2\r\nAuthorization: Basic x\r\n" },
    /* what a client says of itself is not believed */
    { "GET", "/",
      "X-Forwarded-For: 1.1.1.1\nX-Forwarded-Host: evil\nX-Forwarded-Proto: https\n"
      "X-Forwarded-Port: 1\nX-Real-IP: 1.1.1.1\nForwarded: for=1.1.1.1\n",
      -1, true, "GET / HTTP/1.1\r\nHost: a.test:81\r\n" },
};

static const char untrusted[] = "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
                                "X-Forwarded-Host: a.test:81\r\n"
                                "Forwarded: for=192.0.2.7;host=\"a.test:81\";proto=http\r\n"
                                "Via: 1.1 longhouse\r\n";

static struct arena arena;
static struct exchange x;
static struct visit visit;

static void set_address(union socket_address *address, const char *text)
{
    ck_assert(address_parse_ip(slice_cstr(text), 80, address));
}

static void begin(const char *method, const char *target, const char *fields)
{
    struct slice rest = slice_cstr(fields);
    struct slice line;
    struct slice name;
    struct slice value;

    visit = (struct visit){ .client_text = "192.0.2.7" };
    set_address(&visit.peer, "192.0.2.7");
    x = (struct exchange){ .visit = &visit };
    x.request.method_name = slice_cstr(method);
    x.request.version = 11;
    x.request.host = SLICE("a.test");
    x.request.host_port = 81;
    ck_assert_int_eq(
        target_parse(slice_cstr(target), false, false, &x.arena, &x.request.target, NULL),
        PARSE_DONE);
    while (slice_cut(rest, '\n', &line, &rest)) {
        ck_assert(slice_cut(line, ':', &name, &value));
        fields_add(&x.request.fields, &x.arena, name, slice_trim(value));
    }
}

static void end(void)
{
    arena_done(&x.arena);
    arena_done(&arena);
}

/* `text` has '|' where the fields of the sender stand; without one they are last. */
static struct slice expected(const char *text, const char *sender)
{
    struct slice before = slice_cstr(text);
    struct slice behind = { 0 };

    slice_cut(before, '|', &before, &behind);
    const struct slice parts[] = { before, slice_cstr(sender), behind, SLICE("\r\n") };
    return arena_join(&arena, parts, 4);
}

static void check(int64_t body_length, bool keep, struct slice expect)
{
    const struct http_request_plan plan = {
        .x = &x,
        .body_length = body_length,
        .keep = keep,
        .tell_authorization = true,
        .hidden_cookie = SLICE("own"),
    };
    const struct slice head = http_request_head(&plan);

    ck_assert_str_eq(arena_cstr(&arena, head), arena_cstr(&arena, expect));
}

/* TE is about one connection: it is said anew by who passes on what it asks for. */
START_TEST(who_reads_fields_behind_the_body_says_so_to_the_backend)
{
    static const char head[] = "GET / HTTP/1.1\r\nHost: a.test:81\r\n|";

    begin("GET", "/", "TE: trailers\n");
    x.request.wants_trailers = true;
    const struct slice kept[] = { slice_cstr(head), SLICE("Connection: TE\r\nTE: trailers\r\n") };
    check(-1, true, expected(arena_cstr(&arena, arena_join(&arena, kept, 2)), untrusted));
    const struct slice parts[] = { slice_cstr(head),
                                   SLICE("Connection: close, TE\r\nTE: trailers\r\n") };
    check(-1, false, expected(arena_cstr(&arena, arena_join(&arena, parts, 2)), untrusted));
    x.request.version = 10;
    ck_assert_uint_eq(slice_find_slice(http_request_head(&(struct http_request_plan){
                                           .x = &x, .body_length = -1, .keep = true }),
                                       SLICE("TE:")),
                      SLICE_NONE);
    end();
}
END_TEST

START_TEST(the_administrator_speaks_for_the_client)
{
    struct conf_pair second = { .name = SLICE("X-Key"), .value = SLICE("secret") };
    struct conf_pair first = { &second, SLICE("X-Role"), SLICE("guest") };

    begin("GET", "/", "x-role: admin\nX-Last: 1\nX-ROLE: root\n");
    const struct http_request_plan plan = {
        .x = &x,
        .body_length = -1,
        .keep = true,
        .custom = &first,
    };
    ck_assert_str_eq(
        arena_cstr(&arena, http_request_head(&plan)),
        arena_cstr(&arena, expected("GET / HTTP/1.1\r\nHost: a.test:81\r\nX-Last: 1\r\n"
                                    "X-Role: guest\r\nX-Key: secret\r\n",
                                    untrusted)));
    end();
}
END_TEST

START_TEST(a_request_is_told_as_it_was_judged)
{
    begin(cases[_i].method, cases[_i].target, cases[_i].fields);
    check(cases[_i].body_length, cases[_i].keep, expected(cases[_i].expect, untrusted));
    end();
}
END_TEST

static const struct {
    const char *asked;
    const char *path;
    unsigned skip;
    const char *expect;
} places[] = {
    { "/a/b/c?d", "", 0, "GET /a/b/c?d HTTP/1.1\r\nHost: app.test\r\n" },
    { "/a/b/c?d", "", 1, "GET /b/c?d HTTP/1.1\r\nHost: app.test\r\n" },
    { "/a/b/c?d", "", 2, "GET /c?d HTTP/1.1\r\nHost: app.test\r\n" },
    { "/a/b/c?d", "", 9, "GET /?d HTTP/1.1\r\nHost: app.test\r\n" },
    { "/a/", "", 1, "GET / HTTP/1.1\r\nHost: app.test\r\n" },
    { "/a", "/x/y", 1, "GET /x/y/ HTTP/1.1\r\nHost: app.test\r\n" },
    { "/a/b%3Bc", "/x", 1, "GET /x/b%3Bc HTTP/1.1\r\nHost: app.test\r\n" },
    { "/q/../a//b%20c", "/x", 1, "GET /x/b%20c HTTP/1.1\r\nHost: app.test\r\n" },
};

START_TEST(a_rule_says_where_and_whom_to_ask)
{
    begin("GET", places[_i].asked, "");
    const struct http_request_plan plan = {
        .x = &x,
        .body_length = -1,
        .keep = true,
        .host = SLICE("app.test"),
        .path = slice_cstr(places[_i].path),
        .skip = places[_i].skip,
    };
    ck_assert_str_eq(arena_cstr(&arena, http_request_head(&plan)),
                     arena_cstr(&arena, expected(places[_i].expect, untrusted)));
    end();
}
END_TEST

static const char asks[] = "Connection: keep-alive, Upgrade\nUpgrade: WebSocket\n"
                           "Sec-WebSocket-Key: KEY\nSec-WebSocket-Version: 13\n"
                           "Sec-WebSocket-Extensions: permessage-deflate\n";

START_TEST(a_websocket_is_asked_for_in_our_words)
{
    begin("GET", "/chat", asks);
    x.request.websocket_key = SLICE("KEY");
    check(-1, false,
          expected("GET /chat HTTP/1.1\r\nHost: a.test:81\r\nSec-WebSocket-Key: KEY\r\n"
                   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"
                   "|Connection: Upgrade\r\nUpgrade: websocket\r\n",
                   untrusted));
    end();
}
END_TEST

START_TEST(without_a_key_nothing_is_asked_for)
{
    begin("GET", "/chat", asks);
    const struct http_request_plan plan = { .x = &x, .body_length = -1, .keep = true };
    const struct slice head = http_request_head(&plan);
    ck_assert_uint_eq(slice_find_slice(head, SLICE("pgrade")), SLICE_NONE);
    ck_assert_uint_eq(slice_find_slice(head, SLICE("Connection")), SLICE_NONE);
    end();
}
END_TEST

START_TEST(a_password_that_the_house_has_checked_is_not_told)
{
    begin("GET", "/", "Authorization: Basic x\n");
    const struct http_request_plan plan = { .x = &x, .body_length = -1 };
    ck_assert_uint_eq(slice_find_slice(http_request_head(&plan), SLICE("Authorization")),
                      SLICE_NONE);
    end();
}
END_TEST

START_TEST(a_path_that_a_rule_rewrote_is_asked_for)
{
    begin("GET", "/old?q", "");
    x.request.target.path = SLICE("/new place");
    check(-1, true, expected("GET /new%20place?q HTTP/1.1\r\nHost: a.test:81\r\n", untrusted));
    end();
}
END_TEST

START_TEST(what_a_trusted_proxy_says_is_extended)
{
    begin("GET", "/",
          "X-Forwarded-For: 1.1.1.1\nX-Forwarded-For: 192.0.2.7\nX-Forwarded-Host: www.test\n"
          "Forwarded: for=192.0.2.7\nVia: 1.1 front\n");
    visit.believed = true;
    visit.secure = true;
    set_address(&visit.peer, "2001:db8::1");
    check(-1, true,
          expected("GET / HTTP/1.1\r\nHost: a.test:81\r\nVia: 1.1 front\r\n",
                   "X-Forwarded-For: 1.1.1.1, 192.0.2.7, 2001:db8::1\r\n"
                   "X-Forwarded-Proto: https\r\nX-Forwarded-Host: www.test\r\n"
                   "Forwarded: for=192.0.2.7, for=\"[2001:db8::1]\";host=\"a.test:81\";"
                   "proto=https\r\nVia: 1.1 longhouse\r\n"));
    end();
}
END_TEST

START_TEST(what_a_trusted_proxy_does_not_say_is_told_of_its_client)
{
    begin("GET", "/", "");
    visit.believed = true;
    set_address(&visit.peer, "10.0.0.1");
    x.request.host_port = 0;
    x.request.version = 20;
    check(-1, true,
          expected("GET / HTTP/1.1\r\nHost: a.test\r\n",
                   "X-Forwarded-For: 192.0.2.7, 10.0.0.1\r\nX-Forwarded-Proto: http\r\n"
                   "X-Forwarded-Host: a.test\r\nForwarded: for=192.0.2.7, for=10.0.0.1;"
                   "host=\"a.test\";proto=http\r\nVia: 2.0 longhouse\r\n"));
    end();
}
END_TEST

/* A trusted proxy that asks for itself is no proxy now. */
START_TEST(a_proxy_that_speaks_for_itself_is_told_once)
{
    begin("GET", "/", "");
    visit.believed = true;
    visit.client = visit.peer;
    check(-1, true,
          expected("GET / HTTP/1.1\r\nHost: a.test:81\r\n",
                   "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
                   "X-Forwarded-Host: a.test:81\r\nForwarded: for=192.0.2.7;"
                   "host=\"a.test:81\";proto=http\r\nVia: 1.1 longhouse\r\n"));
    end();
}
END_TEST

SUITE("http_request", TEST(who_reads_fields_behind_the_body_says_so_to_the_backend),
      LOOP(a_request_is_told_as_it_was_judged, cases),
      TEST(the_administrator_speaks_for_the_client),
      LOOP(a_rule_says_where_and_whom_to_ask, places), TEST(a_websocket_is_asked_for_in_our_words),
      TEST(without_a_key_nothing_is_asked_for),
      TEST(a_password_that_the_house_has_checked_is_not_told),
      TEST(a_path_that_a_rule_rewrote_is_asked_for), TEST(what_a_trusted_proxy_says_is_extended),
      TEST(what_a_trusted_proxy_does_not_say_is_told_of_its_client),
      TEST(a_proxy_that_speaks_for_itself_is_told_once))
