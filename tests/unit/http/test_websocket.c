#include "http/websocket.h"

#include "http/field_line.h"
#include "slice_assert.h"
#include "suite.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="

/* What is asked, but for the method and the version of HTTP. */
#define UPGRADE   "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
#define VERSION   "Sec-WebSocket-Version: 13\r\n"
#define KEY_FIELD "Sec-WebSocket-Key: " KEY "\r\n"

static struct arena arena;

static struct request ask(const char *method, int version, const char *lines)
{
    struct request request = { .version = version, .method = method_of(slice_cstr(method)) };
    struct slice rest = slice_cstr(lines);

    while (rest.len > 0) {
        struct field_line line;
        size_t used = 0;

        ck_assert_int_eq(field_line_parse(rest, LINE_CRLF, &line, &used, NULL), PARSE_DONE);
        fields_add(&request.fields, &arena, line.name, line.value);
        rest = slice_skip(rest, used);
    }
    return request;
}

static const struct {
    const char *method;
    int version;
    const char *lines;
    bool has_body;
    bool asks;
} cases[] = {
    { "GET", 11, UPGRADE VERSION KEY_FIELD, false, true },
    { "GET", 11, "Upgrade: WebSocket\r\nConnection: upgrade\r\n" KEY_FIELD VERSION, false, true },
    { "GET", 11, UPGRADE "Sec-WebSocket-Version: 8\r\n" KEY_FIELD, false, true },
    { "POST", 11, UPGRADE VERSION KEY_FIELD, false, false },
    { "HEAD", 11, UPGRADE VERSION KEY_FIELD, false, false },
    { "GET", 10, UPGRADE VERSION KEY_FIELD, false, false },
    { "GET", 20, UPGRADE VERSION KEY_FIELD, false, false },
    { "GET", 11, UPGRADE VERSION KEY_FIELD, true, false },
    /* not asked for, or another protocol as well */
    { "GET", 11, VERSION KEY_FIELD, false, false },
    { "GET", 11, "Upgrade: websocket\r\n" VERSION KEY_FIELD, false, false },
    { "GET", 11, "Connection: close\r\nUpgrade: websocket\r\n" VERSION KEY_FIELD, false, false },
    { "GET", 11, "Connection: Upgrade\r\n" VERSION KEY_FIELD, false, false },
    { "GET", 11, "Connection: Upgrade\r\nUpgrade: h2c\r\n" VERSION KEY_FIELD, false, false },
    { "GET", 11, "Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n" VERSION KEY_FIELD, false,
      false },
    { "GET", 11, UPGRADE "Upgrade: h2c\r\n" VERSION KEY_FIELD, false, false },
    { "GET", 11, UPGRADE "Upgrade: websocket\r\n" VERSION KEY_FIELD, false, false },
    /* keys and versions */
    { "GET", 11, UPGRADE VERSION, false, false },
    { "GET", 11, UPGRADE KEY_FIELD, false, false },
    { "GET", 11, UPGRADE VERSION VERSION KEY_FIELD, false, false },
    { "GET", 11, UPGRADE VERSION KEY_FIELD KEY_FIELD, false, false },
    { "GET", 11, UPGRADE "Sec-WebSocket-Version: 13, 8\r\n" KEY_FIELD, false, false },
    { "GET", 11, UPGRADE "Sec-WebSocket-Version: 1300\r\n" KEY_FIELD, false, false },
    { "GET", 11, UPGRADE VERSION "Sec-WebSocket-Key: c2hvcnQ=\r\n", false, false },
    { "GET", 11, UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE!\r\n", false, false },
    { "GET", 11, UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSEh\r\n", false, false },
};

START_TEST(a_websocket_is_asked_for_in_one_way_only)
{
    struct request request = ask(cases[_i].method, cases[_i].version, cases[_i].lines);

    request.has_body = cases[_i].has_body;
    assert_slice(websocket_key_of(&request), cases[_i].asks ? KEY : "");
    arena_done(&arena);
}
END_TEST

START_TEST(the_answer_is_that_of_the_rfc)
{
    const struct slice accept = websocket_accept(SLICE(KEY), &arena); /* RFC 6455 1.3 */

    assert_slice(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    arena_done(&arena);
}
END_TEST

START_TEST(keys_of_our_own_are_good_and_never_the_same)
{
    struct request request = ask("GET", 11, UPGRADE VERSION);
    const struct slice key = websocket_make_key(&arena);

    fields_add(&request.fields, &arena, SLICE("Sec-WebSocket-Key"), key);
    ck_assert(slice_equal(websocket_key_of(&request), key));
    ck_assert(!slice_equal(websocket_make_key(&arena), key));
    arena_done(&arena);
}
END_TEST

SUITE("websocket", LOOP(a_websocket_is_asked_for_in_one_way_only, cases),
      TEST(the_answer_is_that_of_the_rfc), TEST(keys_of_our_own_are_good_and_never_the_same))
