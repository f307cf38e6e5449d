#include "http/h1_chunk.h"
#include "suite.h"

#define BYTES(literal) literal, sizeof(literal) - 1

struct result {
    enum parse end; /* of the last call */
    struct parse_fault fault;
    char content[64 * 1024];
    size_t len;
    size_t used;
    struct fields trailers; /* of a whole body */
};

/* Gives the bytes away in pieces of `piece`, keeping what was not used, as a connection does. */
static void decode_into(struct arena *arena, struct slice in, size_t piece, struct result *ret)
{
    struct h1_chunk chunk = { .arena = arena };
    size_t given = 0;

    *ret = (struct result){ .end = PARSE_MORE };
    while (chunk.state != H1_CHUNK_OVER) {
        struct slice data;
        size_t used = 99;

        ret->end = h1_chunk_decode(&chunk, slice_of(in.at + ret->used, given - ret->used), &used,
                                   &data, &ret->fault);
        if (ret->end == PARSE_BAD)
            return;
        ck_assert_int_eq(ret->end == PARSE_MORE, used == 0);
        ck_assert_uint_le(data.len, used);
        if (data.len > 0)
            ck_assert_ptr_eq(data.at + data.len, in.at + ret->used + used);
        ck_assert_uint_le(ret->len + data.len, sizeof(ret->content));
        memcpy(ret->content + ret->len, data.at, data.len);
        ret->len += data.len;
        ret->used += used;
        if (ret->end == PARSE_MORE && given == in.len)
            return;
        if (ret->end == PARSE_MORE)
            given = in.len - given < piece ? in.len : given + piece;
    }
    ret->trailers = chunk.trailers;
}

static void decode(struct slice in, size_t piece, struct result *ret)
{
    decode_into(NULL, in, piece, ret);
}

static const struct {
    const char *bytes;
    size_t len;
    const char *content;
    size_t rest; /* bytes behind the body */
} good[] = {
    { BYTES("0\r\n\r\n"), "", 0 },
    { BYTES("0\r\n\r\nGET / HTTP/1.1\r\n"), "", 16 },
    { BYTES("5\r\nhello\r\n0\r\n\r\n"), "hello", 0 },
    { BYTES("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), "hello world", 0 },
    { BYTES("00000000000000a\r\n0123456789\r\n000\r\n\r\n"), "0123456789", 0 },
    { BYTES("0000000000000001\r\nx\r\n0\r\n\r\n"), "x", 0 },
    { BYTES("A\r\n0123456789\r\n0\r\n\r\n"), "0123456789", 0 },
    { BYTES("4\r\n\r\n\r\n\r\n0\r\n\r\n"), "\r\n\r\n", 0 },
    { BYTES("1;a\r\nx\r\n0;b=c\r\n\r\n"), "x", 0 },
    { BYTES("1 ; a = \"b;\xc3\xa4\"\r\nx\r\n0\t;\r\n\r\n"), "x", 0 },
    { BYTES("1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\nmore"), "x", 4 },
};

START_TEST(the_content_is_the_same_in_pieces_of_any_size)
{
    static struct result result;
    struct slice in = { good[_i].bytes, good[_i].len };

    for (size_t piece = 1; piece <= in.len; piece++) {
        decode(in, piece, &result);
        ck_assert_int_eq(result.end, PARSE_DONE);
        ck_assert_uint_eq(result.len, strlen(good[_i].content));
        ck_assert_mem_eq(result.content, good[_i].content, result.len);
        ck_assert_uint_eq(in.len - result.used, good[_i].rest);
    }
}
END_TEST

START_TEST(trailers_are_kept_for_who_wants_them)
{
    static struct result result;
    const struct slice in = SLICE("1\r\nx\r\n0\r\nA: b \r\nC:\r\n\r\n");
    struct arena arena = { 0 };

    for (size_t piece = 1; piece <= in.len; piece++) {
        decode_into(&arena, in, piece, &result);
        ck_assert_uint_eq(result.trailers.count, 2);
        ck_assert(slice_equal_cstr(result.trailers.at[0].name, "A"));
        ck_assert(slice_equal_cstr(result.trailers.at[0].value, "b"));
        ck_assert(slice_equal_cstr(result.trailers.at[1].name, "C"));
        ck_assert_uint_eq(result.trailers.at[1].value.len, 0);
    }
    arena_done(&arena);
    decode(in, in.len, &result);
    ck_assert_uint_eq(result.trailers.count, 0);
}
END_TEST

START_TEST(an_unfinished_body_waits_at_every_byte)
{
    static struct result result;

    for (size_t len = 0; len < good[_i].len - good[_i].rest; len++) {
        decode(slice_of(good[_i].bytes, len), len ? len : 1, &result);
        ck_assert_int_eq(result.end, PARSE_MORE);
    }
}
END_TEST

static const struct {
    const char *bytes;
    size_t len;
    size_t at; /* given as one piece */
    const char *why;
} bad[] = {
    { BYTES("x\r\n"), 0, "chunk size is no hexadecimal number" },
    { BYTES("\r\n"), 0, "chunk size is no hexadecimal number" },
    { BYTES(" 1\r\n"), 0, "chunk size is no hexadecimal number" },
    { BYTES("-1\r\n"), 0, "chunk size is no hexadecimal number" },
    { BYTES("+1\r\n"), 0, "chunk size is no hexadecimal number" },
    { BYTES(";a\r\n"), 0, "chunk size is no hexadecimal number" },
    { BYTES("0x1\r\n"), 1, "chunk size is no hexadecimal number" },
    { BYTES("1_0\r\n"), 1, "chunk size is no hexadecimal number" },
    { BYTES("1 0\r\n"), 1, "chunk size is no hexadecimal number" },
    { BYTES("1\0\r\n"), 1, "chunk size is no hexadecimal number" },
    { BYTES("1 \r\n"), 1, "blanks behind the chunk size" },
    { BYTES("00000000000000001\r\n"), 16, "chunk size has more than 16 digits" },
    { BYTES("10000000000000000"), 16, "chunk size has more than 16 digits" },
    { BYTES("1\nx\r\n"), 1, "bare LF in chunk framing" },
    { BYTES("1;a\nx\r\n"), 3, "bare LF in chunk framing" },
    { BYTES("1\rx"), 1, "control byte in chunk framing" },
    { BYTES("1\r\r\n"), 1, "control byte in chunk framing" },
    { BYTES("1;a\rb\r\n"), 1, "control byte in chunk framing" },
    { BYTES("1;a\r\rb\n"), 1, "control byte in chunk framing" },
    { BYTES("1;a\0b\r\n"), 1, "control byte in chunk framing" },
    { BYTES("1;\x7f\r\n"), 1, "control byte in chunk framing" },
    { BYTES("1\r\nxy\r\n"), 1, "chunk is longer than its size" },
    { BYTES("1\r\nx\n0\r\n"), 1, "chunk is longer than its size" },
    { BYTES("1\r\nx\rx"), 2, "bare CR in chunk framing" },
    { BYTES("0\r\nA : b\r\n\r\n"), 4, "blank in field name" },
    { BYTES("0\r\nA: b\n\r\n"), 7, "bare LF at the end of a line" },
    { BYTES("0\r\n\n"), 3, "bare LF at the end of a line" },
    { BYTES("0\r\nGET / HTTP/1.1\r\n"), 6, "blank in field name" },
};

START_TEST(bad_framing_is_refused_in_pieces_of_any_size)
{
    static struct result result;
    struct slice in = { bad[_i].bytes, bad[_i].len };

    for (size_t piece = 1; piece < in.len; piece++) {
        decode(in, piece, &result);
        ck_assert_int_eq(result.end, PARSE_BAD);
    }
}
END_TEST

START_TEST(a_refusal_tells_place_and_reason)
{
    struct h1_chunk chunk = { 0 };
    struct slice in = { bad[_i].bytes, bad[_i].len };
    struct parse_fault fault;
    struct slice data;
    size_t used = 0;

    while (h1_chunk_decode(&chunk, in, &used, &data, &fault) != PARSE_BAD)
        in = slice_skip(in, used);
    ck_assert_str_eq(fault.why, bad[_i].why);
    /* Content ends a call: the place counts from behind it. */
    size_t behind = (size_t)(in.at - bad[_i].bytes);
    ck_assert_uint_eq(fault.at, behind > 0 ? fault.at : bad[_i].at);
    ck_assert_uint_le(behind + fault.at, bad[_i].len);

    chunk = (struct h1_chunk){ 0 };
    in = slice_of(bad[_i].bytes, bad[_i].len);
    while (h1_chunk_decode(&chunk, in, &used, &data, NULL) != PARSE_BAD)
        in = slice_skip(in, used);
}
END_TEST

/* ---- limits ---- */

/* "1;eee...\r\nx\r\n": how many chunks with `len` bytes of extension (semicolon included) go
 * through? */
static unsigned chunks_until_refused(size_t len)
{
    struct h1_chunk chunk = { 0 };
    static char bytes[8192];
    unsigned count = 0;

    memset(bytes, 'e', sizeof(bytes));
    memcpy(bytes, "1;", 2);
    memcpy(bytes + 1 + len, "\r\nx\r\n", 5);
    for (;;) {
        struct slice in = slice_of(bytes, len + 6);

        while (in.len > 0) {
            struct slice data;
            struct parse_fault fault;
            size_t used = 0;

            if (h1_chunk_decode(&chunk, in, &used, &data, &fault) == PARSE_BAD) {
                ck_assert_str_eq(fault.why, "too many chunk extensions");
                return count;
            }
            in = slice_skip(in, used);
        }
        count++;
    }
}

START_TEST(extensions_are_limited_over_all_chunks)
{
    ck_assert_uint_eq(chunks_until_refused(4096), 1);
    ck_assert_uint_eq(chunks_until_refused(4097), 0);
    ck_assert_uint_eq(chunks_until_refused(1), 4096);
    ck_assert_uint_eq(chunks_until_refused(1000), 4);
}
END_TEST

START_TEST(an_extension_without_end_is_refused_when_it_is_too_long)
{
    struct h1_chunk chunk = { 0 };
    static char bytes[4200];
    struct slice data;
    struct parse_fault fault;
    size_t used = 0;

    memset(bytes, ';', sizeof(bytes));
    bytes[0] = '1';
    ck_assert_int_eq(h1_chunk_decode(&chunk, slice_of(bytes, 4097), &used, &data, &fault),
                     PARSE_MORE);
    ck_assert_int_eq(h1_chunk_decode(&chunk, slice_of(bytes, 4098), &used, &data, &fault),
                     PARSE_BAD);
}
END_TEST

START_TEST(trailers_are_limited_whether_they_end_or_not)
{
    static char bytes[9000];
    struct slice data;
    struct parse_fault fault;
    size_t used = 0;

    memset(bytes, 'a', sizeof(bytes));
    memcpy(bytes, "A:", 2);
    struct h1_chunk chunk = { .state = H1_CHUNK_TRAILER };
    ck_assert_int_eq(h1_chunk_decode(&chunk, slice_of(bytes, 8192), &used, &data, &fault),
                     PARSE_MORE);
    ck_assert_int_eq(h1_chunk_decode(&chunk, slice_of(bytes, 8193), &used, &data, &fault),
                     PARSE_BAD);
    ck_assert_str_eq(fault.why, "too many trailers");

    memcpy(bytes + 8190, "\r\nA:b\r\n", 7);
    ck_assert_int_eq(h1_chunk_decode(&chunk, slice_of(bytes, 8192), &used, &data, &fault),
                     PARSE_DONE);
    ck_assert_uint_eq(used, 8192);
    ck_assert_int_eq(h1_chunk_decode(&chunk, slice_of(bytes + 8192, 5), &used, &data, &fault),
                     PARSE_BAD);
    ck_assert_str_eq(fault.why, "too many trailers");
}
END_TEST

START_TEST(the_greatest_size_is_taken_and_counted_down)
{
    struct h1_chunk chunk = { 0 };
    struct slice in = SLICE("ffffffffffffffff\r\nabc");
    struct slice data;
    struct parse_fault fault;
    size_t used = 0;

    ck_assert_int_eq(h1_chunk_decode(&chunk, in, &used, &data, &fault), PARSE_DONE);
    ck_assert(slice_equal_cstr(data, "abc"));
    ck_assert_uint_eq(chunk.left, UINT64_MAX - 3);
    ck_assert_int_eq(chunk.state, H1_CHUNK_DATA);
}
END_TEST

START_TEST(behind_the_end_nothing_is_read)
{
    struct h1_chunk chunk = { .state = H1_CHUNK_OVER };
    struct slice data;
    size_t used = 99;

    ck_assert_int_eq(h1_chunk_decode(&chunk, SLICE("GET"), &used, &data, NULL), PARSE_DONE);
    ck_assert_uint_eq(used, 0);
    ck_assert_uint_eq(data.len, 0);
}
END_TEST

SUITE("h1_chunk", LOOP(the_content_is_the_same_in_pieces_of_any_size, good),
      TEST(trailers_are_kept_for_who_wants_them),
      LOOP(an_unfinished_body_waits_at_every_byte, good),
      LOOP(bad_framing_is_refused_in_pieces_of_any_size, bad),
      LOOP(a_refusal_tells_place_and_reason, bad), TEST(extensions_are_limited_over_all_chunks),
      TEST(an_extension_without_end_is_refused_when_it_is_too_long),
      TEST(trailers_are_limited_whether_they_end_or_not),
      TEST(the_greatest_size_is_taken_and_counted_down), TEST(behind_the_end_nothing_is_read))
