#include "gateway/reply.h"

#include "suite.h"

#include <stdio.h>

#define BYTES(literal) SLICE_INIT(literal)

static const struct {
    struct slice in;
    enum parse expect;
    int status;
    const char *phrase;
    int64_t length;
    unsigned fields;
    const char *body; /* PARSE_DONE: what is left */
    const char *why;
} cases[] = {
    { BYTES("Content-Type: text/plain\r\n\r\nhello"), PARSE_DONE, 200, "", -1, 1, "hello", NULL },
    { BYTES("Content-Type: text/plain\n\nhello"), PARSE_DONE, 200, "", -1, 1, "hello", NULL },
    { BYTES("Content-Type: a/b\r\nX-A: 1\n\r\n\nx"), PARSE_DONE, 200, "", -1, 2, "\nx", NULL },
    { BYTES("Status: 404 Not Here\nX-A: 1\n\n"), PARSE_DONE, 404, "Not Here", -1, 1, "", NULL },
    { BYTES("Status:404\n\n"), PARSE_DONE, 404, "", -1, 0, "", NULL },
    { BYTES("status: 599\n\n"), PARSE_DONE, 599, "", -1, 0, "", NULL },
    { BYTES("HTTP/1.1 404 Gone Fishing\r\nX-A: 1\r\n\r\n"), PARSE_DONE, 404, "Gone Fishing", -1, 1,
      "", NULL },
    { BYTES("HTTP/1.0 200 OK\nStatus: 403\n\n"), PARSE_DONE, 403, "", -1, 0, "", NULL },
    { BYTES("Location: /there\n\n"), PARSE_DONE, 302, "", -1, 1, "", NULL },
    { BYTES("Location: http://a/\nStatus: 301\n\n"), PARSE_DONE, 301, "", -1, 1, "", NULL },
    { BYTES("HTTP/1.1 200 OK\nLocation: /doc\n\n"), PARSE_DONE, 200, "OK", -1, 1, "", NULL },
    { BYTES("Content-Length: 5\nX-A: 1\n\nhello"), PARSE_DONE, 200, "", 5, 1, "hello", NULL },
    { BYTES("Content-Length: 5\nContent-Length: 5\n\n"), PARSE_DONE, 200, "", 5, 0, "", NULL },
    { BYTES("Connection: close\nTransfer-Encoding: chunked\nKeep-Alive: x\nX-A: 1\n\n"), PARSE_DONE,
      200, "", -1, 1, "", NULL },
    { BYTES("X-Sendfile: /a\nX-Accel-Redirect: /x\nx-accel-limit-rate: 1\nX-A: 1\n\n"), PARSE_DONE,
      200, "", -1, 1, "", NULL },
    { BYTES("<!--: spam\nContent-Type: text/html\n\n<p>trace"), PARSE_DONE, 200, "", -1, 1,
      "<p>trace", NULL },
    { BYTES("Content-Type: text/html\n folded\nX-A: 1\n\n"), PARSE_DONE, 200, "", -1, 2, "", NULL },
    { BYTES("Content-Type: text"), PARSE_MORE, 0, NULL, 0, 0, NULL, NULL },
    { BYTES("\n<p>no head"), PARSE_BAD, 0, NULL, 0, 0, NULL, "its head has no field" },
    { BYTES("<!--: spam\n\n<p>"), PARSE_BAD, 0, NULL, 0, 0, NULL, "its head has no field" },
    { BYTES("X-A: 1\0\n\n"), PARSE_BAD, 0, NULL, 0, 0, NULL, "NUL in its head" },
    { BYTES("X-A: 1\rX-B: 2\n\n"), PARSE_BAD, 0, NULL, 0, 0, NULL, "bare CR in its head" },
    { BYTES("Content-Length: 5\nContent-Length: 6\n\n"), PARSE_BAD, 0, NULL, 0, 0, NULL,
      "it has two different Content-Length fields" },
    { BYTES("Content-Length: 5x\n\n"), PARSE_BAD, 0, NULL, 0, 0, NULL,
      "its Content-Length is not a number" },
    { BYTES("Content-Length: -1\n\n"), PARSE_BAD, 0, NULL, 0, 0, NULL,
      "its Content-Length is not a number" },
    { BYTES("Content-Length: 99999999999999999999\n\n"), PARSE_BAD, 0, NULL, 0, 0, NULL,
      "its Content-Length is not a number" },
    { BYTES("Status: abc\n\n"), PARSE_BAD, 0, NULL, 0, 0, NULL,
      "its Status is not a number from 200 to 599" },
    { BYTES("Status: 99\n\n"), PARSE_BAD, 0, NULL, 0, 0, NULL,
      "its Status is not a number from 200 to 599" },
    { BYTES("Status: 100 Continue\n\n"), PARSE_BAD, 0, NULL, 0, 0, NULL,
      "its Status is not a number from 200 to 599" },
    { BYTES("Status: 1000\n\n"), PARSE_BAD, 0, NULL, 0, 0, NULL,
      "its Status is not a number from 200 to 599" },
    { BYTES("Status: 200OK\n\n"), PARSE_BAD, 0, NULL, 0, 0, NULL,
      "its Status is not a number from 200 to 599" },
    { BYTES("X-Sendfile: /a\nX-Sendfile: /b\n\n"), PARSE_BAD, 0, NULL, 0, 0, NULL,
      "it has two different X-Sendfile or X-Accel-Redirect fields" },
    { BYTES("HTTP/1.1 007 Bond\n\n"), PARSE_BAD, 0, NULL, 0, 0, NULL,
      "the status of its first line is not a number from 200 to 599" },
};

static void check_end(const struct reply *reply, struct slice rest, int i)
{
    ck_assert_int_eq(reply->state, cases[i].expect);
    if (cases[i].expect == PARSE_BAD)
        ck_assert_str_eq(reply->why, cases[i].why);
    if (cases[i].expect != PARSE_DONE)
        return;

    struct response response = { .length = -1 };
    reply_apply(reply, &response, reply->arena);
    ck_assert_int_eq(response.status, cases[i].status);
    ck_assert(slice_equal_cstr(response.phrase, cases[i].phrase));
    ck_assert_int_eq(response.length, cases[i].length);
    ck_assert_uint_eq(response.fields.count, cases[i].fields);
    ck_assert(slice_equal_cstr(rest, cases[i].body));
}

START_TEST(a_head_is_read_at_once)
{
    struct arena arena = { 0 };
    struct reply reply;
    size_t used = 0;

    reply_init(&reply, &arena);
    reply_feed(&reply, cases[_i].in, &used);
    check_end(&reply, slice_skip(cases[_i].in, used), _i);
    arena_done(&arena);
}
END_TEST

START_TEST(a_head_cut_anywhere_reads_the_same)
{
    struct slice in = cases[_i].in;

    for (size_t cut = 0; cut <= in.len; cut++) {
        struct arena arena = { 0 };
        struct reply reply;
        size_t used = 0;
        size_t more = 0;

        reply_init(&reply, &arena);
        if (reply_feed(&reply, slice_first(in, cut), &used) == PARSE_MORE)
            reply_feed(&reply, slice_skip(in, cut), &more);
        check_end(&reply, slice_skip(in, used + more), _i);
        arena_done(&arena);
    }
}
END_TEST

START_TEST(a_head_fed_byte_by_byte_reads_the_same)
{
    struct slice in = cases[_i].in;
    struct arena arena = { 0 };
    struct reply reply;
    size_t at = 0;

    reply_init(&reply, &arena);
    while (at < in.len && reply.state == PARSE_MORE) {
        size_t used;
        reply_feed(&reply, slice_of(in.at + at, 1), &used);
        ck_assert_uint_eq(used, 1);
        at++;
    }
    check_end(&reply, slice_skip(in, at), _i);
    arena_done(&arena);
}
END_TEST

static const struct {
    struct slice in;
    const char *path; /* NULL: for the client */
} locals[] = {
    { BYTES("Location: /there?a=b\n\n"), "/there?a=b" },
    { BYTES("location:/\r\n\r\n"), "/" },
    { BYTES("Location: //host/there\n\n"), NULL },
    { BYTES("Location: there\n\n"), NULL },
    { BYTES("Location: http://host/\n\n"), NULL },
    { BYTES("Location: /there\nStatus: 302\n\n"), NULL },
    { BYTES("Location: /there\nX-Other: 1\n\n"), NULL },
    { BYTES("Location: /there\nContent-Length: 0\n\n"), NULL },
    { BYTES("Location: /there\nConnection: close\n\n"), NULL },
    { BYTES("Location: /there\nLocation: /elsewhere\n\n"), NULL },
    { BYTES("HTTP/1.1 302 Found\nLocation: /there\n\n"), NULL },
    { BYTES("X-Other: /there\n\n"), NULL },
    { BYTES("Status: 200\n\n"), NULL },
};

START_TEST(a_local_redirect_has_nothing_but_a_path)
{
    struct arena arena = { 0 };
    struct reply reply;
    struct slice path;
    size_t used;

    reply_init(&reply, &arena);
    ck_assert_int_eq(reply_feed(&reply, locals[_i].in, &used), PARSE_DONE);
    ck_assert_int_eq(reply_is_local_redirect(&reply, &path), locals[_i].path != NULL);
    if (locals[_i].path)
        ck_assert(slice_equal_cstr(path, locals[_i].path));
    arena_done(&arena);
}
END_TEST

START_TEST(a_file_that_is_wanted_is_no_field)
{
    struct slice in = SLICE("X-Sendfile: /a\nx-accel-redirect: /b c\nX-Sendfile: /a\nX-A: 1\n\n");
    struct arena arena = { 0 };
    struct reply reply;
    size_t used;

    reply_init(&reply, &arena);
    ck_assert_int_eq(reply_feed(&reply, in, &used), PARSE_DONE);
    ck_assert(reply_wants_file(&reply));
    ck_assert(slice_equal_cstr(reply.sendfile, "/a"));
    ck_assert(slice_equal_cstr(reply.accel, "/b c"));
    ck_assert_uint_eq(reply.fields.count, 1);
    arena_done(&arena);
}
END_TEST

START_TEST(an_nph_program_does_not_frame)
{
    struct slice in = SLICE("HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    struct arena arena = { 0 };
    struct reply reply;
    size_t used;

    reply_init(&reply, &arena);
    reply.nph = true;
    ck_assert_int_eq(reply_feed(&reply, in, &used), PARSE_BAD);
    ck_assert_ptr_nonnull(strstr(reply.why, "Transfer-Encoding"));
    arena_done(&arena);
}
END_TEST

START_TEST(a_head_that_is_given_is_not_looked_for)
{
    struct arena arena = { 0 };
    struct fields fields = { 0 };
    struct response response = { 0 };
    struct reply reply;
    size_t used = 9;

    fields_add(&fields, &arena, SLICE("Content-Type"), SLICE("text/html"));
    reply_init(&reply, &arena);
    reply_give_head(&reply, 404, &fields);
    ck_assert_int_eq(reply_feed(&reply, SLICE(""), &used), PARSE_MORE);
    ck_assert_int_eq(reply_feed(&reply, SLICE("Status: 200\n\nbody"), &used), PARSE_DONE);
    ck_assert_uint_eq(used, 0);
    reply_apply(&reply, &response, &arena);
    ck_assert_int_eq(response.status, 404);
    ck_assert_int_eq(response.length, -1);
    ck_assert_uint_eq(response.fields.count, 1);

    reply_init(&reply, &arena);
    reply_give_head(&reply, 404, &fields);
    ck_assert_int_eq(reply_end(&reply), PARSE_BAD);
    ck_assert_str_eq(reply.why, "it gave no output");
    arena_done(&arena);
}
END_TEST

static const struct {
    struct slice in;
    const char *why;
} ends[] = {
    { BYTES(""), "it gave no output" },
    { BYTES("hello"), "its output has no head" },
    { BYTES("<html>\n<body>\n"), "its output has no head" },
    { BYTES("Content-Type: text/plain\n"),
      "its output ends before the empty line behind the head" },
    { BYTES("Content-Type: text/plain\r\nX-"),
      "its output ends before the empty line behind the head" },
};

START_TEST(an_end_inside_the_head_says_what_is_missing)
{
    struct arena arena = { 0 };
    struct reply reply;
    size_t used;

    reply_init(&reply, &arena);
    reply_feed(&reply, ends[_i].in, &used);
    ck_assert_int_eq(reply_end(&reply), PARSE_BAD);
    ck_assert_str_eq(reply.why, ends[_i].why);
    ck_assert(slice_equal(slice_of(reply.sample, reply.sample_len), ends[_i].in));
    arena_done(&arena);
}
END_TEST

/* Repeats one line until the reply changes its mind. */
static const char *feed_for_ever(const char *line)
{
    struct arena arena = { 0 };
    struct reply reply;
    size_t used;

    reply_init(&reply, &arena);
    while (reply.state == PARSE_MORE)
        reply_feed(&reply, slice_cstr(line), &used);
    arena_done(&arena);
    return reply.why;
}

START_TEST(a_head_without_end_is_refused)
{
    char line[1001];

    memset(line, 'a', 1000);
    line[1000] = '\0';
    ck_assert_str_eq(feed_for_ever(line), "its head is longer than 64 KiB");
    memcpy(line, "X-A: ", 5);
    line[999] = '\n';
    ck_assert_str_eq(feed_for_ever(line), "its head is longer than 64 KiB");
    ck_assert_str_eq(feed_for_ever("X-A: 1\n"), "its head has more than 100 fields");
    ck_assert_str_eq(feed_for_ever("<p>html</p>\n"), "it does not begin with a head");
}
END_TEST

START_TEST(a_dropped_line_is_remembered)
{
    struct arena arena = { 0 };
    struct reply reply;
    size_t used;

    reply_init(&reply, &arena);
    reply_feed(&reply, SLICE("<!--: spam\nContent-Type: text/html\n\n"), &used);
    ck_assert_uint_eq(reply.dropped_lines, 1);
    ck_assert_ptr_nonnull(reply.dropped_why);
    arena_done(&arena);
}
END_TEST

SUITE("reply", LOOP(a_head_is_read_at_once, cases), LOOP(a_head_cut_anywhere_reads_the_same, cases),
      LOOP(a_head_fed_byte_by_byte_reads_the_same, cases),
      LOOP(an_end_inside_the_head_says_what_is_missing, ends), TEST(a_head_without_end_is_refused),
      TEST(a_dropped_line_is_remembered), TEST(an_nph_program_does_not_frame),
      TEST(a_head_that_is_given_is_not_looked_for),
      LOOP(a_local_redirect_has_nothing_but_a_path, locals),
      TEST(a_file_that_is_wanted_is_no_field))
