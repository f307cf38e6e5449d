#include "suite.h"
#include "wire/h1_parse.h"

#define BYTES(literal) literal, sizeof(literal) - 1
#define LINE           "GET / HTTP/1.1\r\n"
#define HOST           "Host: a\r\n"

static const struct h1_limits limits = {
    .head_bytes = 1000, .target_bytes = 100, .fields = 10, .body_bytes = 1000000
};

/* ---- finding the end ---- */

static const struct {
    const char *bytes;
    size_t len;
    size_t limit;
    enum parse expect;
    size_t head_len;
} ends[] = {
    { BYTES(""), 100, PARSE_MORE, 0 },
    { BYTES("\r"), 100, PARSE_MORE, 0 },
    { BYTES("\r\n\r\n\r\n"), 100, PARSE_MORE, 0 },
    { BYTES("\r\n\r\n\r\n"), 6, PARSE_MORE, 0 },
    { BYTES("\r\n\r\n\r\n"), 5, PARSE_BAD, 0 },
    { BYTES(LINE), 100, PARSE_MORE, 0 },
    { BYTES(LINE "\r"), 100, PARSE_MORE, 0 },
    { BYTES(LINE "\r\n"), 100, PARSE_DONE, 18 },
    { BYTES(LINE "\r\n"), 18, PARSE_DONE, 18 },
    { BYTES(LINE "\r\n"), 17, PARSE_BAD, 0 },
    { BYTES(LINE "\r\nmore\r\n\r\n"), 100, PARSE_DONE, 18 },
    { BYTES(LINE "\r\nmore\r\n\r\n"), 18, PARSE_DONE, 18 },
    { BYTES(LINE HOST "\r\n"), 100, PARSE_DONE, 27 },
    { BYTES("\r\n" LINE HOST "\r\n"), 100, PARSE_DONE, 29 },
    { BYTES("\n\r\n" LINE HOST "\r\n"), 100, PARSE_DONE, 30 },
    { BYTES("\n\r\n" LINE HOST "\r\n"), 29, PARSE_BAD, 0 },
    { BYTES("GET / HTTP/1.1\n\n"), 100, PARSE_DONE, 16 },
    { BYTES("GET / HTTP/1.1\n\r\n"), 100, PARSE_DONE, 17 },
    { BYTES(LINE "\r\r\n\r\n"), 100, PARSE_DONE, 21 },
    { BYTES("\rGET\n\n"), 100, PARSE_DONE, 6 },
    { BYTES("\r\r\n\r\n"), 100, PARSE_DONE, 5 },
    { BYTES("0123456789"), 11, PARSE_MORE, 0 },
    { BYTES("0123456789"), 10, PARSE_BAD, 0 },
};

START_TEST(the_end_of_a_head_is_found_however_it_comes)
{
    struct slice in = { ends[_i].bytes, ends[_i].len };

    for (size_t piece = 1; piece <= in.len + 1; piece++) {
        size_t scanned = 0;
        size_t head_len = 0;
        size_t given = 0;
        enum parse result = PARSE_MORE;

        while (result == PARSE_MORE && given < in.len) {
            given = in.len - given < piece ? in.len : given + piece;
            result = h1_find_head(slice_first(in, given), ends[_i].limit, &scanned, &head_len);
            ck_assert_uint_le(scanned, given);
        }
        ck_assert_int_eq(result, ends[_i].expect);
        ck_assert_uint_eq(head_len, ends[_i].head_len);
    }
}
END_TEST

static const struct {
    const char *bytes;
    size_t len;
    bool nonsense;
} beginnings[] = {
    { BYTES(""), false },
    { BYTES("\r\n\r"), false },
    { BYTES("G"), false },
    { BYTES("\r\n\nGET /\x16"), false },
    { BYTES("GET / HTTP/1.1\r\nX"), false },
    { BYTES("GET / HTTP/1.1 \r\n"), false }, /* refused, but by who reads it */
    { BYTES("GET / http/9\n"), false },
    { BYTES("PRI * HTTP/2.0\r\n"), false },
    { BYTES("\x16"), true },
    { BYTES("\x16\x03\x01\x02\x00\x01"), true },
    { BYTES("\r\n\x16\x03"), true },
    { BYTES("\x80\x2e\x01"), true },
    { BYTES("\0"), true },
    { BYTES(" GET / HTTP/1.1"), true },
    { BYTES("{\"json\":"), true },
    { BYTES("SSH-2.0-x\r\n"), true },
    { BYTES("GET /\r\n"), true },
    { BYTES("QUIT\n"), true },
};

START_TEST(what_can_never_become_a_head_is_seen_early)
{
    struct slice in = { beginnings[_i].bytes, beginnings[_i].len };

    ck_assert_int_eq(h1_find_nonsense(in) != NULL, beginnings[_i].nonsense);
}
END_TEST

/* ---- good heads ---- */

static enum parse parse(struct slice head, struct arena *arena, struct request *request,
                        struct h1_framing *framing, struct parse_fault *fault)
{
    *request = (struct request){ 0 };
    return h1_parse_head(arena_copy(arena, head), &limits, arena, request, framing, fault);
}

START_TEST(a_usual_request_is_read)
{
    struct arena arena = { 0 };
    struct request request;
    struct h1_framing framing;
    struct parse_fault fault;

    ck_assert_int_eq(parse(SLICE("GET /a/%62?c=d HTTP/1.1\r\nHost: WWW.Example.org:8080\r\n"
                                 "User-Agent: x y\r\nAccept:\t*/* \r\nX-Mine: 1\r\n\r\n"),
                           &arena, &request, &framing, &fault),
                     PARSE_DONE);
    ck_assert_int_eq(request.method, METHOD_GET);
    ck_assert(slice_equal_cstr(request.method_name, "GET"));
    ck_assert_int_eq(request.version, 11);
    ck_assert(slice_equal_cstr(request.line, "GET /a/%62?c=d HTTP/1.1"));
    ck_assert(slice_equal_cstr(request.target.raw, "/a/%62?c=d"));
    ck_assert(slice_equal_cstr(request.target.path, "/a/b"));
    ck_assert(slice_equal_cstr(request.target.query, "c=d"));
    ck_assert(slice_equal_cstr(request.host, "www.example.org"));
    ck_assert_uint_eq(request.host_port, 8080);
    ck_assert_uint_eq(request.fields.count, 4);
    ck_assert(slice_equal_cstr(fields_value(&request.fields, FIELD_ACCEPT), "*/*"));
    ck_assert(slice_equal_cstr(request.fields.at[3].name, "X-Mine"));
    ck_assert(!request.has_body);
    ck_assert_int_eq(request.length, 0);
    ck_assert(!request.expects_continue);
    ck_assert(!request.wants_trailers);
    ck_assert_int_eq(request.failed, 0);
    ck_assert(framing.keep_alive);
    ck_assert(!framing.chunked);
    arena_done(&arena);
}
END_TEST

#define POST "POST / HTTP/1.1\r\n" HOST

static const struct {
    const char *head;
    bool has_body;
    bool chunked;
    int64_t length;
    bool expects_continue;
    bool keep_alive;
} framings[] = {
    { LINE HOST "\r\n", false, false, 0, false, true },
    { POST "Content-Length: 5\r\n\r\n", true, false, 5, false, true },
    { POST "Content-Length: 0\r\n\r\n", false, false, 0, false, true },
    { POST "Content-Length: 00005\r\n\r\n", true, false, 5, false, true },
    { POST "Content-Length: 1000000\r\n\r\n", true, false, 1000000, false, true },
    { POST "Content-Length: 5, 5\r\n\r\n", true, false, 5, false, true },
    { POST "Content-Length: 5\r\nX: y\r\nContent-Length: 05\r\n\r\n", true, false, 5, false, true },
    { LINE HOST "Content-Length: 5\r\n\r\n", true, false, 5, false, true },
    { POST "Transfer-Encoding: chunked\r\n\r\n", true, true, -1, false, true },
    { POST "Transfer-Encoding: Chunked\r\n\r\n", true, true, -1, false, true },
    { POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", true, false, 5, true, true },
    { POST "Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n", true, true, -1, true,
      true },
    { POST "Expect: 100-continue\r\n\r\n", false, false, 0, false, true },
    { POST "Expect:\r\nContent-Length: 5\r\n\r\n", true, false, 5, false, true },
    { LINE HOST "Connection: close\r\n\r\n", false, false, 0, false, false },
    { LINE HOST "Connection: x, CLOSE\r\n\r\n", false, false, 0, false, false },
    { LINE HOST "Connection: keep-alive\r\nConnection: close\r\n\r\n", false, false, 0, false,
      false },
    { LINE HOST "Connection: upgrade\r\n\r\n", false, false, 0, false, true },
    { "GET / HTTP/1.0\r\n\r\n", false, false, 0, false, false },
    { "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false, false, 0, false, true },
    { "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false, false, 0, false, false },
    { "POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n", true, false, 5, false,
      false },
    { "POST / HTTP/1.0\r\nContent-Length: 5\r\nExpect: wonders\r\n\r\n", true, false, 5, false,
      false },
};

START_TEST(the_framing_follows_the_fields)
{
    struct arena arena = { 0 };
    struct request request;
    struct h1_framing framing;
    struct parse_fault fault;

    ck_assert_int_eq(parse(slice_cstr(framings[_i].head), &arena, &request, &framing, &fault),
                     PARSE_DONE);
    ck_assert_int_eq(request.has_body, framings[_i].has_body);
    ck_assert_int_eq(framing.chunked, framings[_i].chunked);
    ck_assert_int_eq(request.length, framings[_i].length);
    ck_assert_int_eq(request.expects_continue, framings[_i].expects_continue);
    ck_assert_int_eq(framing.keep_alive, framings[_i].keep_alive);

    /* Whoever looks at the field finds one plain number. */
    ck_assert_uint_le(fields_count_id(&request.fields, FIELD_CONTENT_LENGTH), 1);
    ck_assert(!slice_has(fields_value(&request.fields, FIELD_CONTENT_LENGTH), ','));
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *head;
    enum method method;
    const char *host;
    unsigned port;
    const char *host_field;
    const char *path;
} hosts[] = {
    { LINE "Host: A.org.\r\n\r\n", METHOD_GET, "a.org", 0, "A.org.", "/" },
    { LINE "Host:\r\n\r\n", METHOD_GET, "", 0, "", "/" },
    { LINE "host: [::1]:80\r\n\r\n", METHOD_GET, "[::1]", 80, "[::1]:80", "/" },
    { "GET / HTTP/1.0\r\n\r\n", METHOD_GET, "", 0, "", "/" },
    { "GET / HTTP/1.0\r\nHost: a\r\n\r\n", METHOD_GET, "a", 0, "a", "/" },
    { "GET http://B.org:81/x HTTP/1.1\r\nHost: a:80\r\n\r\n", METHOD_GET, "b.org", 81, "B.org:81",
      "/x" },
    { "GET http://b/x HTTP/1.1\r\nHost: a:80\r\n\r\n", METHOD_GET, "b", 0, "b", "/x" },
    { "GET http://b/x HTTP/1.0\r\n\r\n", METHOD_GET, "b", 0, "", "/x" },
    { "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", METHOD_OPTIONS, "a", 0, "a", "/" },
    { "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", METHOD_TRACE, "a", 0, "a", "/" },
    { "PROPFIND /x HTTP/1.1\r\nHost: a\r\n\r\n", METHOD_OTHER, "a", 0, "a", "/x" },
    { "\r\n\r\n" LINE HOST "\r\n", METHOD_GET, "a", 0, "a", "/" },
    { "GET /\xc3\xa4?[x]=\xff HTTP/1.1\r\nHost: a\r\n\r\n", METHOD_GET, "a", 0, "a", "/\xc3\xa4" },
};

START_TEST(a_request_names_its_host_and_path)
{
    struct arena arena = { 0 };
    struct request request;
    struct h1_framing framing;
    struct parse_fault fault;

    ck_assert_int_eq(parse(slice_cstr(hosts[_i].head), &arena, &request, &framing, &fault),
                     PARSE_DONE);
    ck_assert_int_eq(request.method, hosts[_i].method);
    ck_assert(slice_equal_cstr(request.host, hosts[_i].host));
    ck_assert_uint_eq(request.host_port, hosts[_i].port);
    ck_assert(slice_equal_cstr(fields_value(&request.fields, FIELD_HOST), hosts[_i].host_field));
    ck_assert_str_eq(request.target.path.at, hosts[_i].path);
    arena_done(&arena);
}
END_TEST

START_TEST(trailers_are_wanted_when_te_says_so)
{
    struct arena arena = { 0 };
    struct request request;
    struct h1_framing framing;
    struct parse_fault fault;

    ck_assert_int_eq(
        parse(SLICE(LINE HOST "TE: gzip, trailers\r\n\r\n"), &arena, &request, &framing, &fault),
        PARSE_DONE);
    ck_assert(request.wants_trailers);
    arena_done(&arena);
}
END_TEST

/* ---- bad heads ---- */

#define TEN     "xxxxxxxxxx"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const struct {
    const char *bytes;
    size_t len;
    int status;
    const char *why;
} bad[] = {
    /* request line */
    { BYTES("GET /\r\n\r\n"), 400, "fewer than three parts in the request line" },
    { BYTES("GET\r\n\r\n"), 400, "fewer than three parts in the request line" },
    { BYTES("\r\n"), 400, "request line does not end in CRLF" },
    { BYTES(""), 400, "request line does not end in CRLF" },
    { BYTES("GET / HTTP/1.1"), 400, "request line does not end in CRLF" },
    { BYTES("GET / HTTP/1.1\n" HOST "\r\n"), 400, "request line does not end in CRLF" },
    { BYTES("\n" LINE HOST "\r\n"), 400, "request line does not end in CRLF" },
    { BYTES(" GET / HTTP/1.1\r\n" HOST "\r\n"), 400, "method is no token" },
    { BYTES("G\tT / HTTP/1.1\r\n" HOST "\r\n"), 400, "method is no token" },
    { BYTES("\xc3\xa4 / HTTP/1.1\r\n" HOST "\r\n"), 400, "method is no token" },
    { BYTES("GET  / HTTP/1.1\r\n" HOST "\r\n"), 400, "more than three parts in the request line" },
    { BYTES("GET /  HTTP/1.1\r\n" HOST "\r\n"), 400, "more than three parts in the request line" },
    { BYTES("GET /a b HTTP/1.1\r\n" HOST "\r\n"), 400,
      "more than three parts in the request line" },
    { BYTES("GET / HTTP/1.1 \r\n" HOST "\r\n"), 400, "more than three parts in the request line" },
    { BYTES("GET / HTTP/1.1\r\r\n" HOST "\r\n"), 400, "malformed version" },
    { BYTES("GET / http/1.1\r\n" HOST "\r\n"), 400, "malformed version" },
    { BYTES("GET / HTTP/11\r\n" HOST "\r\n"), 400, "malformed version" },
    { BYTES("GET / HTTP/1.10\r\n" HOST "\r\n"), 400, "malformed version" },
    { BYTES("GET / HTTP/1.\r\n" HOST "\r\n"), 400, "malformed version" },
    { BYTES("GET / ICY/1.1\r\n" HOST "\r\n"), 400, "malformed version" },
    { BYTES("GET / \r\n" HOST "\r\n"), 400, "malformed version" },
    { BYTES("GET / HTTP/1.2\r\n" HOST "\r\n"), 505, "version is neither HTTP/1.0 nor HTTP/1.1" },
    { BYTES("GET / HTTP/0.9\r\n" HOST "\r\n"), 505, "version is neither HTTP/1.0 nor HTTP/1.1" },
    { BYTES("PRI * HTTP/2.0\r\n\r\n"), 505, "version is neither HTTP/1.0 nor HTTP/1.1" },
    { BYTES("GET /" HUNDRED " HTTP/1.1\r\n" HOST "\r\n"), 414, "target is too long" },
    { BYTES("GET * HTTP/1.1\r\n" HOST "\r\n"), 400, "target '*' is only for OPTIONS" },
    { BYTES("GET /%00 HTTP/1.1\r\n" HOST "\r\n"), 400, "NUL in path" },
    { BYTES("GET /../x HTTP/1.1\r\n" HOST "\r\n"), 400, "'..' leads above the root" },
    { BYTES("GET /\r HTTP/1.1\r\n" HOST "\r\n"), 400, "byte that does not belong in a target" },
    { BYTES("GET /a#b HTTP/1.1\r\n" HOST "\r\n"), 400, "byte that does not belong in a target" },
    { BYTES("GET www.example.org/ HTTP/1.1\r\n" HOST "\r\n"), 400,
      "target is neither a path nor an http URL" },
    { BYTES("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nContent-Length: 0\r\n\r\n"), 400,
      "CONNECT with a body" },
    { BYTES("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\nTransfer-Encoding: chunked\r\n\r\n"), 400,
      "CONNECT with a body" },
    { BYTES("CONNECT / HTTP/1.1\r\nHost: a:443\r\n\r\n"), 400,
      "byte that does not belong in a host" },

    /* fields */
    { BYTES(LINE HOST "A : b\r\n\r\n"), 400, "blank in field name" },
    { BYTES(LINE " A: b\r\n" HOST "\r\n"), 400, "folded field line" },
    { BYTES(LINE HOST "A: b\r\n c\r\n\r\n"), 400, "folded field line" },
    { BYTES(LINE HOST "A: b\rc\r\n\r\n"), 400, "bare CR in field value" },
    { BYTES(LINE HOST "A: b\n\r\n"), 400, "bare LF at the end of a line" },
    { BYTES(LINE HOST "A: b\0\r\n\r\n"), 400, "NUL in field value" },
    { BYTES(LINE HOST "A\r\n\r\n"), 400, "field line without colon" },
    { BYTES(LINE HOST "\n"), 400, "bare LF at the end of a line" },
    { BYTES(LINE HOST "\r\r\n\r\n"), 400, "field name is no token" },
    { BYTES(LINE HOST), 400, "head ends within a line" },
    { BYTES(LINE HOST "\r\nx"), 400, "empty line within the head" },
    { BYTES(LINE HOST
            "1: \r\n2: \r\n3: \r\n4: \r\n5: \r\n6: \r\n7: \r\n8: \r\n9: \r\n10: \r\n\r\n"),
      431, "too many fields" },
    { BYTES(LINE HOST
            "A: " HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED
            "\r\n\r\n"),
      431, "head is too long" },

    /* host */
    { BYTES(LINE "\r\n"), 400, "no Host field" },
    { BYTES(LINE HOST HOST "\r\n"), 400, "several Host fields" },
    { BYTES("GET / HTTP/1.0\r\n" HOST HOST "\r\n"), 400, "several Host fields" },
    { BYTES("GET http://a/ HTTP/1.1\r\n\r\n"), 400, "no Host field" },
    { BYTES(LINE "Host: a, b\r\n\r\n"), 400, "byte that does not belong in a host" },
    { BYTES(LINE "Host: a/b\r\n\r\n"), 400, "byte that does not belong in a host" },
    { BYTES("GET http://a:x/ HTTP/1.1\r\n" HOST "\r\n"), 400, "port is not between 1 and 65535" },
    { BYTES("GET http://a/ HTTP/1.1\r\nHost: b c\r\n\r\n"), 400,
      "byte that does not belong in a host" },

    /* framing */
    { BYTES(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), 400,
      "differing Content-Lengths" },
    { BYTES(POST "Content-Length: 5, 6\r\n\r\n"), 400, "differing Content-Lengths" },
    { BYTES(POST "Content-Length: 5,\r\n\r\n"), 400, "Content-Length is no number of bytes" },
    { BYTES(POST "Content-Length:\r\n\r\n"), 400, "Content-Length is no number of bytes" },
    { BYTES(POST "Content-Length: +5\r\n\r\n"), 400, "Content-Length is no number of bytes" },
    { BYTES(POST "Content-Length: -5\r\n\r\n"), 400, "Content-Length is no number of bytes" },
    { BYTES(POST "Content-Length: 0x5\r\n\r\n"), 400, "Content-Length is no number of bytes" },
    { BYTES(POST "Content-Length: 5 5\r\n\r\n"), 400, "Content-Length is no number of bytes" },
    { BYTES(POST "Content-Length: 9223372036854775808\r\n\r\n"), 400,
      "Content-Length is no number of bytes" },
    { BYTES(POST "Content-Length: 9223372036854775807\r\n\r\n"), 413,
      "Content-Length is over the limit" },
    { BYTES(POST "Content-Length: 1000001\r\n\r\n"), 413, "Content-Length is over the limit" },
    { BYTES(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), 400,
      "Content-Length with Transfer-Encoding" },
    { BYTES(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: \r\n\r\n"), 400,
      "Transfer-Encoding does not say chunked once" },
    { BYTES(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"), 501,
      "transfer coding is not chunked" },
    { BYTES(POST "Transfer-Encoding: identity\r\n\r\n"), 501, "transfer coding is not chunked" },
    { BYTES(POST "Transfer-Encoding: xchunked\r\n\r\n"), 501, "transfer coding is not chunked" },
    { BYTES(POST "Transfer-Encoding: chunked;q=1\r\n\r\n"), 501, "transfer coding is not chunked" },
    { BYTES(POST "Transfer-Encoding: chunked, chunked\r\n\r\n"), 400,
      "Transfer-Encoding does not say chunked once" },
    { BYTES(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400,
      "Transfer-Encoding does not say chunked once" },
    { BYTES(POST "Transfer-Encoding:\r\n\r\n"), 400,
      "Transfer-Encoding does not say chunked once" },
    { BYTES("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400,
      "Transfer-Encoding in HTTP/1.0" },
    { BYTES(POST "Expect: wonders\r\n\r\n"), 417, "expectation is not 100-continue" },
    { BYTES(POST "Expect: 100-continue, more\r\n\r\n"), 417, "expectation is not 100-continue" },
};

START_TEST(a_bad_head_is_refused_with_status_and_reason)
{
    struct arena arena = { 0 };
    struct request request;
    struct h1_framing framing = { .keep_alive = true, .chunked = true };
    struct parse_fault fault;
    struct slice head = { bad[_i].bytes, bad[_i].len };

    ck_assert_int_eq(parse(head, &arena, &request, &framing, &fault), PARSE_BAD);
    ck_assert_int_eq(request.failed, bad[_i].status);
    ck_assert_str_eq(request.failed_why, bad[_i].why);
    ck_assert_str_eq(fault.why, bad[_i].why);
    ck_assert_uint_le(fault.at, head.len);
    ck_assert(!framing.keep_alive);
    ck_assert(request.version == 10 || request.version == 11);
    ck_assert_int_eq(parse(head, &arena, &request, &framing, NULL), PARSE_BAD);
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *head;
    const char *line;
} lines[] = {
    { "\r\nGET /a b HTTP/1.1\r\n\r\n", "GET /a b HTTP/1.1" },
    { "\x16\x03\x01 hello\r\n\r\n", "\x16\x03\x01 hello" },
    { "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1" },
    { "GET / HTTP/1.1\r\nbad\r\n\r\n", "GET / HTTP/1.1" },
    { "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/9.9" },
};

START_TEST(the_line_of_a_refused_request_is_kept_for_the_log)
{
    struct arena arena = { 0 };
    struct request request;
    struct h1_framing framing;
    struct parse_fault fault;

    ck_assert_int_eq(parse(slice_cstr(lines[_i].head), &arena, &request, &framing, &fault),
                     PARSE_BAD);
    ck_assert(slice_equal_cstr(request.line, lines[_i].line));
    arena_done(&arena);
}
END_TEST

START_TEST(limits_of_zero_are_no_limits)
{
    static const struct h1_limits none = { 0 };
    struct arena arena = { 0 };
    struct request request = { 0 };
    struct h1_framing framing;
    struct parse_fault fault;

    ck_assert_int_eq(h1_parse_head(SLICE(POST "Content-Length: 9223372036854775807\r\n\r\n"), &none,
                                   &arena, &request, &framing, &fault),
                     PARSE_DONE);
    ck_assert_int_eq(request.length, INT64_MAX);
    arena_done(&arena);
}
END_TEST

SUITE("h1_parse", LOOP(the_end_of_a_head_is_found_however_it_comes, ends),
      LOOP(what_can_never_become_a_head_is_seen_early, beginnings), TEST(a_usual_request_is_read),
      LOOP(the_framing_follows_the_fields, framings),
      LOOP(a_request_names_its_host_and_path, hosts), TEST(trailers_are_wanted_when_te_says_so),
      LOOP(a_bad_head_is_refused_with_status_and_reason, bad),
      LOOP(the_line_of_a_refused_request_is_kept_for_the_log, lines),
      TEST(limits_of_zero_are_no_limits))
