#include "gateway/http_answer.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

#define OK "HTTP/1.1 200 OK\r\n"

struct result {
    struct arena arena;
    char interims[256]; /* "103 Link " */
    struct http_answer answer;
    enum parse end; /* of the last call */
    char content[256];
    size_t len;
    struct slice rest;
};

static void add_names(char *to, const struct fields *fields)
{
    for (uint32_t i = 0; i < fields->count; i++) {
        strncat(to, fields->at[i].name.at, fields->at[i].name.len);
        strcat(to, " ");
    }
}

static enum parse take_heads(struct result *result, struct slice *bytes)
{
    struct http_answer *answer = &result->answer;
    enum parse end;

    while ((end = http_answer_head(answer, bytes)) == PARSE_DONE &&
           answer->state == HTTP_ANSWER_HEAD) {
        char *to = result->interims + strlen(result->interims);

        snprintf(to, sizeof(result->interims) - strlen(result->interims), "%d ", answer->status);
        add_names(to, &answer->fields);
    }
    return end;
}

/* Content that comes in whatever pieces; what is left behind the answer is in `rest`. */
static void give(struct result *result, struct slice bytes)
{
    struct http_answer *answer = &result->answer;
    struct slice part;

    if (answer->state == HTTP_ANSWER_HEAD)
        result->end = take_heads(result, &bytes);
    while (result->end != PARSE_BAD && answer->state != HTTP_ANSWER_HEAD &&
           answer->state != HTTP_ANSWER_OVER) {
        result->end = http_answer_body(answer, &bytes, &part);
        if (result->end != PARSE_DONE)
            break;
        ck_assert_uint_le(result->len + part.len, sizeof(result->content));
        if (part.len > 0)
            memcpy(result->content + result->len, part.at, part.len);
        result->len += part.len;
    }
    result->rest = bytes;
}

static void begin(struct result *result, bool is_to_head)
{
    *result = (struct result){ .end = PARSE_MORE };
    http_answer_init(&result->answer, &result->arena, is_to_head);
}

static void end(struct result *result)
{
    arena_done(&result->arena);
}

static const struct {
    struct slice in;
    bool is_to_head;
    int status;
    enum http_answer_state state; /* at the end */
    int64_t length;
    bool keeps;
    const char *fields;
    const char *content;
    const char *rest;
} good[] = {
    { SLICE_INIT(OK "Content-Length: 5\r\n\r\nhello"), false, 200, HTTP_ANSWER_OVER, 5, true, "",
      "hello", "" },
    { SLICE_INIT(OK "Content-Length: 5\r\n\r\nhello, world"), false, 200, HTTP_ANSWER_OVER, 5, true,
      "", "hello", ", world" },
    { SLICE_INIT(OK "Content-Length: 5\r\n\r\nhel"), false, 200, HTTP_ANSWER_LENGTH, 5, true, "",
      "hel", "" },
    { SLICE_INIT(OK "Content-Length: 2, 2\r\nContent-Length: 2\r\n\r\nab"), false, 200,
      HTTP_ANSWER_OVER, 2, true, "", "ab", "" },
    { SLICE_INIT(OK "Content-Length: 0\r\n\r\n"), false, 200, HTTP_ANSWER_OVER, 0, true, "", "",
      "" },
    { SLICE_INIT(OK "Content-Length: 1\r\nConnection: close\r\n\r\na"), false, 200,
      HTTP_ANSWER_OVER, 1, false, "", "a", "" },
    { SLICE_INIT("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na"), false, 200, HTTP_ANSWER_OVER, 1,
      false, "", "a", "" },
    { SLICE_INIT(OK "Transfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n"
                    "X-Trailer: 1\r\n\r\nmore"),
      false, 200, HTTP_ANSWER_OVER, -1, true, "", "hello!", "more" },
    { SLICE_INIT(OK "X-A: 1\r\n\r\nto the end"), false, 200, HTTP_ANSWER_TO_END, -1, false, "X-A ",
      "to the end", "" },
    { SLICE_INIT("HTTP/1.1 404 Not\tHere \xc3\xa9\r\nX: \r\n\r\n"), true, 404, HTTP_ANSWER_OVER, -1,
      true, "X ", "", "" },
    { SLICE_INIT(OK "Content-Length: 77\r\n\r\n"), true, 200, HTTP_ANSWER_OVER, 77, true, "", "",
      "" },
    { SLICE_INIT(OK "Transfer-Encoding: chunked\r\n\r\n"), true, 200, HTTP_ANSWER_OVER, -1, true,
      "", "", "" },
    { SLICE_INIT("HTTP/1.1 204\r\n\r\n"), false, 204, HTTP_ANSWER_OVER, -1, true, "", "", "" },
    { SLICE_INIT("HTTP/1.1 304 Same\r\nContent-Length: 9\r\nETag: \"a\"\r\n\r\nHTTP"), false, 304,
      HTTP_ANSWER_OVER, 9, true, "ETag ", "", "HTTP" },
    { SLICE_INIT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" OK
                 "Content-Length: 1\r\n\r\na"),
      false, 200, HTTP_ANSWER_OVER, 1, true, "", "a", "" },
    { SLICE_INIT(OK "Connection: x-own, Keep-Alive\r\nX-Own: 1\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\n"
                    "X-Sendfile: /etc/passwd\r\nX-Accel-Redirect: /x\r\nX-Accel-Buffering: no\r\n"
                    "Trailer: X\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n"),
      false, 200, HTTP_ANSWER_OVER, 0, true, "Set-Cookie Set-Cookie ", "", "" },
};

static void check_good(const struct result *result, int i)
{
    const struct http_answer *answer = &result->answer;
    char names[256] = "";

    ck_assert_int_ne(result->end, PARSE_BAD);
    ck_assert_int_eq(answer->state, good[i].state);
    ck_assert_int_eq(answer->status, good[i].status);
    ck_assert_int_eq(answer->length, good[i].length);
    ck_assert_int_eq(answer->keeps, good[i].keeps);
    add_names(names, &answer->fields);
    ck_assert_str_eq(names, good[i].fields);
    ck_assert(slice_equal_cstr(slice_of(result->content, result->len), good[i].content));
}

START_TEST(an_answer_is_read_at_once)
{
    struct result result;

    begin(&result, good[_i].is_to_head);
    give(&result, good[_i].in);
    check_good(&result, _i);
    ck_assert(slice_equal_cstr(result.rest, good[_i].rest));
    end(&result);
}
END_TEST

START_TEST(an_answer_in_pieces_of_any_size_reads_the_same)
{
    const size_t whole = good[_i].in.len - strlen(good[_i].rest);
    struct result once;

    begin(&once, good[_i].is_to_head);
    give(&once, good[_i].in);
    for (size_t size = 1; size < whole; size++) {
        struct result result;

        begin(&result, good[_i].is_to_head);
        for (size_t at = 0; at < whole; at += size) {
            ck_assert(at == 0 || result.answer.state != HTTP_ANSWER_OVER);
            give(&result, slice_first(slice_skip(slice_first(good[_i].in, whole), at), size));
            ck_assert_uint_eq(result.rest.len, 0);
        }
        check_good(&result, _i);
        ck_assert_uint_eq(result.answer.head_len, once.answer.head_len);
        end(&result);
    }
    end(&once);
}
END_TEST

static const struct {
    struct slice in;
    const char *announced;
    const char *trailers;
} behind[] = {
    { SLICE_INIT(OK "Transfer-Encoding: chunked\r\nTrailer: X-Sum, Content-Length\r\n\r\n"
                    "1\r\na\r\n0\r\nX-Sum: 1\r\nContent-Length: 9\r\nX-Also: 2\r\n\r\n"),
      "X-Sum", "X-Sum X-Also " },
    { SLICE_INIT(OK "Transfer-Encoding: chunked\r\nConnection: x-own\r\n\r\n"
                    "0\r\nX-Own: 1\r\nUpgrade: x\r\nX-Accel-Redirect: /x\r\nX-B: 1\r\n\r\n"),
      "", "X-B " },
    { SLICE_INIT(OK "Content-Length: 1\r\nTrailer: X-Sum\r\n\r\na"), "", "" },
};

START_TEST(fields_behind_the_body_are_read_in_pieces_of_any_size)
{
    for (size_t size = 1; size <= behind[_i].in.len; size++) {
        struct result result;
        char names[256] = "";

        begin(&result, false);
        for (size_t at = 0; at < behind[_i].in.len; at += size)
            give(&result, slice_first(slice_skip(behind[_i].in, at), size));
        ck_assert_int_eq(result.answer.state, HTTP_ANSWER_OVER);
        ck_assert(slice_equal_cstr(result.answer.announced, behind[_i].announced));
        add_names(names, &result.answer.trailers);
        ck_assert_str_eq(names, behind[_i].trailers);
        end(&result);
    }
}
END_TEST

static const struct {
    struct slice in;
    const char *why;
} bad[] = {
    { SLICE_INIT("HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"),
      "its first line does not end in CR LF" },
    { SLICE_INIT("SSH-2.0-OpenSSH\r\n\r\n"), "it does not begin with 'HTTP/'" },
    { SLICE_INIT("http/1.1 200 OK\r\n\r\n"), "it does not begin with 'HTTP/'" },
    { SLICE_INIT("\r\n" OK "\r\n"), "it does not begin with 'HTTP/'" },
    { SLICE_INIT("HTTP/2.0 200 OK\r\n\r\n"), "its version is neither HTTP/1.0 nor HTTP/1.1" },
    { SLICE_INIT("HTTP/1.1  200 OK\r\n\r\n"), "its status is not a number from 100 to 599" },
    { SLICE_INIT("HTTP/1.1 20 OK\r\n\r\n"), "its status is not a number from 100 to 599" },
    { SLICE_INIT("HTTP/1.1 2000\r\n\r\n"), "its status is not a number from 100 to 599" },
    { SLICE_INIT("HTTP/1.1 600 OK\r\n\r\n"), "its status is not a number from 100 to 599" },
    { SLICE_INIT("HTTP/1.1 101 Go\r\nUpgrade: x\r\n\r\n"),
      "it changes the protocol (101), which nobody asked for" },
    { SLICE_INIT("HTTP/1.1 200 O\rK\r\n\r\n"), "control bytes in its first line" },
    { SLICE_INIT(OK "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      "it has both Content-Length and Transfer-Encoding" },
    { SLICE_INIT(OK "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"),
      "it has two different Content-Lengths" },
    { SLICE_INIT(OK "Content-Length: 5, 6\r\n\r\n"), "it has two different Content-Lengths" },
    { SLICE_INIT(OK "Content-Length: +5\r\n\r\n"), "its Content-Length is not a number" },
    { SLICE_INIT(OK "Content-Length: 5 5\r\n\r\n"), "its Content-Length is not a number" },
    { SLICE_INIT(OK "Content-Length:\r\n\r\n"), "its Content-Length is not a number" },
    { SLICE_INIT(OK "Content-Length: 99999999999999999999\r\n\r\n"),
      "its Content-Length is not a number" },
    { SLICE_INIT(OK "Transfer-Encoding: gzip, chunked\r\n\r\n"),
      "its Transfer-Encoding is not 'chunked', once" },
    { SLICE_INIT(OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
      "its Transfer-Encoding is not 'chunked', once" },
    { SLICE_INIT(OK "Transfer-Encoding: xchunked\r\n\r\n"),
      "its Transfer-Encoding is not 'chunked', once" },
    { SLICE_INIT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
      "it has Transfer-Encoding, and says HTTP/1.0" },
};

START_TEST(what_has_two_meanings_is_refused_in_pieces_of_any_size)
{
    for (size_t size = 1; size <= bad[_i].in.len; size++) {
        struct result result;

        begin(&result, false);
        for (size_t at = 0; at < bad[_i].in.len && result.end != PARSE_BAD; at += size)
            give(&result, slice_first(slice_skip(bad[_i].in, at), size));
        ck_assert_int_eq(result.end, PARSE_BAD);
        ck_assert_str_eq(result.answer.why, bad[_i].why);
        end(&result);
    }
}
END_TEST

static const struct slice wrong_lines[] = {
    SLICE_INIT(OK "X-A: 1\r\n folded\r\n\r\n"),
    SLICE_INIT(OK "X-A : 1\r\n\r\n"),
    SLICE_INIT(OK "X-A: 1\nX-B: 2\r\n\r\n"),
    SLICE_INIT(OK "X-A: 1\rX-B: 2\r\n\r\n"),
    SLICE_INIT(OK "X-A: \0\r\n\r\n"),
    SLICE_INIT(OK "no colon\r\n\r\n"),
    SLICE_INIT(OK "X-A: 1\r\n\n"),
    SLICE_INIT(OK "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"),
    SLICE_INIT(OK "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"),
    SLICE_INIT(OK "Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n"),
    SLICE_INIT(OK "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n"),
    SLICE_INIT(OK "Transfer-Encoding: chunked\r\n\r\n0\r\nno trailer\r\n\r\n"),
};

START_TEST(a_line_that_is_none_is_refused)
{
    struct result result;

    begin(&result, false);
    give(&result, wrong_lines[_i]);
    ck_assert_int_eq(result.end, PARSE_BAD);
    ck_assert_ptr_nonnull(result.answer.why);
    end(&result);
}
END_TEST

#define SWITCH   "HTTP/1.1 101 Switching Protocols\r\n"
#define TO_WS    "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
#define ACCEPTED "Sec-WebSocket-Accept: Right=\r\n"

START_TEST(a_protocol_that_was_asked_for_follows)
{
    struct result result;

    begin(&result, false);
    result.answer.accept = SLICE("Right=");
    struct slice in = SLICE("HTTP/1.1 103 Early\r\nX-Hint: 1\r\n\r\n" SWITCH TO_WS ACCEPTED
                            "Sec-WebSocket-Protocol: a\r\n\r\nHTTP/1.1 200 no HTTP\r\n\r\n");
    ck_assert_int_eq(take_heads(&result, &in), PARSE_DONE);
    ck_assert_str_eq(result.interims, "103 X-Hint ");
    ck_assert_int_eq(result.answer.state, HTTP_ANSWER_SWITCHED);
    ck_assert_int_eq(result.answer.status, 101);
    ck_assert(!result.answer.keeps);
    ck_assert_uint_eq(result.answer.fields.count, 1); /* the protocol */
    ck_assert(slice_equal(in, SLICE("HTTP/1.1 200 no HTTP\r\n\r\n")));
    end(&result);
}
END_TEST

static const struct {
    struct slice in;
    const char *why;
} wrong_switches[] = {
    { SLICE_INIT("HTTP/1.0 101 Go\r\n" TO_WS ACCEPTED "\r\n"),
      "it changes the protocol (101), and says HTTP/1.0" },
    { SLICE_INIT(SWITCH ACCEPTED "\r\n"),
      "it changes the protocol (101) to another than WebSocket" },
    { SLICE_INIT(SWITCH "Upgrade: websocket\r\n" ACCEPTED "\r\n"),
      "it changes the protocol (101) to another than WebSocket" },
    { SLICE_INIT(SWITCH "Connection: upgrade\r\nUpgrade: h2c\r\n" ACCEPTED "\r\n"),
      "it changes the protocol (101) to another than WebSocket" },
    { SLICE_INIT(SWITCH TO_WS "Upgrade: h2c\r\n" ACCEPTED "\r\n"),
      "it changes the protocol (101) to another than WebSocket" },
    { SLICE_INIT(SWITCH TO_WS "\r\n"),
      "its Sec-WebSocket-Accept does not fit the key that was sent" },
    { SLICE_INIT(SWITCH TO_WS "Sec-WebSocket-Accept: right=\r\n\r\n"),
      "its Sec-WebSocket-Accept does not fit the key that was sent" },
    { SLICE_INIT(SWITCH TO_WS ACCEPTED ACCEPTED "\r\n"),
      "its Sec-WebSocket-Accept does not fit the key that was sent" },
    { SLICE_INIT(SWITCH TO_WS ACCEPTED "Content-Length: 5\r\n\r\nhello"),
      "it changes the protocol (101), and announces a body" },
    { SLICE_INIT(SWITCH TO_WS ACCEPTED "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
      "it changes the protocol (101), and announces a body" },
};

START_TEST(another_protocol_is_refused)
{
    struct result result;

    begin(&result, false);
    result.answer.accept = SLICE("Right=");
    give(&result, wrong_switches[_i].in);
    ck_assert_int_eq(result.end, PARSE_BAD);
    ck_assert_str_eq(result.answer.why, wrong_switches[_i].why);
    end(&result);
}
END_TEST

START_TEST(interim_answers_without_end_are_refused)
{
    const struct slice interim = SLICE("HTTP/1.1 103 Early\r\n\r\n");
    struct result result;
    size_t bytes = 0;

    begin(&result, false);
    for (; result.end != PARSE_BAD; bytes += interim.len) {
        ck_assert_uint_le(bytes, HTTP_ANSWER_HEAD_MOST);
        give(&result, interim);
    }
    ck_assert_str_eq(result.answer.why, "it has said 1xx more than 32 times, and no answer");
    ck_assert_uint_eq(bytes, (HTTP_ANSWER_INTERIMS_MOST + 1) * interim.len);
    end(&result);
}
END_TEST

START_TEST(interim_answers_share_the_room_of_the_head)
{
    struct slice interim;
    struct result result;
    struct arena arena = { 0 };
    size_t bytes = 0;

    interim = arena_printf(&arena, "HTTP/1.1 103 Early\r\nX: %04000d\r\n\r\n", 1);
    begin(&result, false);
    for (; result.end != PARSE_BAD; bytes += interim.len) {
        ck_assert_uint_le(bytes, HTTP_ANSWER_HEAD_MOST);
        result.interims[0] = '\0';
        give(&result, interim);
    }
    ck_assert_str_eq(result.answer.why, "its head is longer than 64 KiB");
    arena_done(&arena);
    end(&result);
}
END_TEST

START_TEST(interim_answers_are_told_in_pieces_of_any_size)
{
    static const struct slice in =
        SLICE_INIT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n"
                   "Connection: x-own\r\nX-Own: 1\r\nContent-Length: 5\r\nUpgrade: h2c\r\n"
                   "X-Sendfile: /etc/passwd\r\nX-Accel-Redirect: /x\r\nX-Hiawatha-Ban: 9\r\n"
                   "X-Longhouse-Cache: 9\r\nTransfer-Encoding: chunked\r\nX-B: 1\r\n\r\n"
                   "HTTP/1.1 199\r\nX-C: 1\r\n\r\n" OK "X-D: 1\r\nContent-Length: 1\r\n\r\na");

    for (size_t size = 1; size <= in.len; size++) {
        struct result result;

        begin(&result, false);
        for (size_t at = 0; at < in.len; at += size)
            give(&result, slice_first(slice_skip(in, at), size));
        ck_assert_str_eq(result.interims, "100 103 Link X-B 199 X-C ");
        ck_assert_int_eq(result.answer.state, HTTP_ANSWER_OVER);
        ck_assert_int_eq(result.answer.status, 200);
        ck_assert_uint_eq(result.answer.fields.count, 1);
        end(&result);
    }
}
END_TEST

START_TEST(a_head_without_end_is_refused)
{
    struct result result;
    size_t bytes = 0;

    begin(&result, false);
    give(&result, SLICE(OK "X-A: "));
    for (; result.end != PARSE_BAD; bytes += 16) {
        ck_assert_uint_le(bytes, HTTP_ANSWER_HEAD_MOST);
        give(&result, SLICE("aaaaaaaaaaaaaaaa"));
    }
    ck_assert_str_eq(result.answer.why, "its head is longer than 64 KiB");
    end(&result);
}
END_TEST

START_TEST(more_than_a_hundred_fields_behind_the_body_are_refused)
{
    struct result result;

    begin(&result, false);
    give(&result, SLICE(OK "Transfer-Encoding: chunked\r\n\r\n0\r\n"));
    for (unsigned i = 0; i < HTTP_ANSWER_FIELDS_MOST + 1; i++)
        give(&result, SLICE("X: 1\r\n"));
    ck_assert_int_ne(result.end, PARSE_BAD);
    give(&result, SLICE("\r\n"));
    ck_assert_int_eq(result.end, PARSE_BAD);
    ck_assert_str_eq(result.answer.why, "more than 100 fields stand behind its body");
    end(&result);
}
END_TEST

START_TEST(more_than_a_hundred_fields_are_refused)
{
    struct result result;

    begin(&result, false);
    give(&result, SLICE(OK));
    for (unsigned i = 0; i < HTTP_ANSWER_FIELDS_MOST + 1; i++)
        give(&result, SLICE("X: 1\r\n"));
    give(&result, SLICE("\r\n"));
    ck_assert_int_eq(result.end, PARSE_BAD);
    ck_assert_str_eq(result.answer.why, "its head has more than 100 fields");
    end(&result);
}
END_TEST

SUITE("http_answer", LOOP(an_answer_is_read_at_once, good),
      LOOP(an_answer_in_pieces_of_any_size_reads_the_same, good),
      LOOP(what_has_two_meanings_is_refused_in_pieces_of_any_size, bad),
      LOOP(a_line_that_is_none_is_refused, wrong_lines),
      TEST(a_protocol_that_was_asked_for_follows),
      LOOP(another_protocol_is_refused, wrong_switches),
      TEST(interim_answers_without_end_are_refused),
      TEST(interim_answers_share_the_room_of_the_head),
      TEST(interim_answers_are_told_in_pieces_of_any_size), TEST(a_head_without_end_is_refused),
      TEST(more_than_a_hundred_fields_are_refused),
      TEST(more_than_a_hundred_fields_behind_the_body_are_refused),
      LOOP(fields_behind_the_body_are_read_in_pieces_of_any_size, behind))
