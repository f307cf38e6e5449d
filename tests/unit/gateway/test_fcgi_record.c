#include "gateway/fcgi_record.h"

#include "suite.h"

#include <stdlib.h>

#define BYTES(literal)           SLICE_INIT(literal)
#define HEAD(type, len, padding) "\x01" type "\x00\x01" len padding "\x00"

/* ---- reading ---- */

/* What came, as a text: "o[bytes]" stdout, "e[bytes]" stderr, "E<app>/<status>", "?<type>", "!"
 * bad. */
struct story {
    char text[4096];
    size_t len;
    char last; /* stream of the last piece: pieces of one stream run together */
};

static void tell(struct story *story, const char *text, size_t len)
{
    ck_assert_uint_lt(story->len + len, sizeof(story->text));
    memcpy(story->text + story->len, text, len);
    story->len += len;
    story->text[story->len] = '\0';
}

static void tell_piece(struct story *story, const struct fcgi_piece *piece)
{
    char text[64];
    char kind = piece->type == FCGI_STDOUT ? 'o' : piece->type == FCGI_STDERR ? 'e' : '?';

    if (piece->type == FCGI_END_REQUEST) {
        snprintf(text, sizeof(text), "E%u/%u", piece->app_status, piece->status);
        tell(story, text, strlen(text));
        kind = 'E';
    } else if (kind == '?') {
        snprintf(text, sizeof(text), "?%d", (int)piece->type);
        tell(story, text, strlen(text));
    } else {
        if (kind != story->last)
            tell(story, &kind, 1);
        if (piece->content.len == 0)
            tell(story, ".", 1);
        tell(story, piece->content.at, piece->content.len);
    }
    story->last = kind;
}

/* False: the bytes are bad. */
static bool feed(struct fcgi_reader *reader, struct slice bytes, struct story *story)
{
    for (;;) {
        struct fcgi_piece piece;
        struct parse_fault fault;

        switch (fcgi_reader_next(reader, &bytes, &piece, &fault)) {
        case PARSE_DONE:
            tell_piece(story, &piece);
            break;
        case PARSE_MORE:
            ck_assert_uint_eq(bytes.len, 0);
            return true;
        case PARSE_BAD:
            ck_assert_ptr_nonnull(fault.why);
            tell(story, "!", 1);
            return false;
        }
    }
}

static const struct {
    struct slice in;
    const char *story;
} reads[] = {
    { BYTES(HEAD("\x06", "\0\5", "\3") "helloppp"), "ohello" },
    { BYTES(HEAD("\x06", "\0\2", "\0") "he" HEAD("\x06", "\0\3", "\0") "llo" HEAD("\x06", "\0\0",
                                                                                  "\0")),
      "ohello." },
    { BYTES(HEAD("\x06", "\0\1", "\0") "a" HEAD("\x07", "\0\1",
                                                "\7") "b1234567" HEAD("\x06", "\0\1", "\0") "c"),
      "oaeboc" },
    { BYTES(HEAD("\x03", "\0\10", "\0") "\0\0\1\2\0\0\0\0"), "E258/0" },
    { BYTES(HEAD("\x03", "\0\10", "\2") "\0\0\0\0\2\0\0\0pp" HEAD("\x06", "\0\0", "\0")),
      "E0/2o." },
    { BYTES("\x01\x0b\0\0\0\10\0\0"
            "12345678" HEAD("\x06", "\0\1", "\0") "a"),
      "?11oa" },
    { BYTES("\x02\x06\0\1\0\0\0\0"), "!" },
    { BYTES("\x01\x06\0\2\0\0\0\0"), "!" },
    { BYTES("\x01\x03\0\1\0\7\0\0"), "!" },
    { BYTES("HTTP/1.1 200 OK\r\n\r\n"), "!" },
};

START_TEST(records_are_read)
{
    struct fcgi_reader reader = { 0 };
    struct story story = { 0 };

    feed(&reader, reads[_i].in, &story);
    ck_assert_str_eq(story.text, reads[_i].story);
}
END_TEST

START_TEST(records_cut_anywhere_read_the_same)
{
    struct slice in = reads[_i].in;

    for (size_t cut = 0; cut <= in.len; cut++) {
        struct fcgi_reader reader = { 0 };
        struct story story = { 0 };

        if (feed(&reader, slice_first(in, cut), &story))
            feed(&reader, slice_skip(in, cut), &story);
        ck_assert_str_eq(story.text, reads[_i].story);
    }
}
END_TEST

START_TEST(records_fed_byte_by_byte_read_the_same)
{
    struct slice in = reads[_i].in;
    struct fcgi_reader reader = { 0 };
    struct story story = { 0 };

    for (size_t i = 0; i < in.len && feed(&reader, slice_of(in.at + i, 1), &story); i++)
        ;
    ck_assert_str_eq(story.text, reads[_i].story);
}
END_TEST

START_TEST(the_longest_record_with_the_longest_padding)
{
    static char bytes[8 + 65535 + 255 + 8];
    struct fcgi_reader reader = { 0 };
    struct slice in = slice_of(bytes, sizeof(bytes));
    struct fcgi_piece piece;
    struct parse_fault fault;

    memcpy(bytes, "\x01\x06\0\1\xff\xff\xff\0", 8);
    memcpy(bytes + 8 + 65535 + 255, "\x01\x06\0\1\0\0\0\0", 8);
    ck_assert_int_eq(fcgi_reader_next(&reader, &in, &piece, &fault), PARSE_DONE);
    ck_assert_uint_eq(piece.content.len, 65535);
    ck_assert_int_eq(fcgi_reader_next(&reader, &in, &piece, &fault), PARSE_DONE);
    ck_assert_uint_eq(piece.content.len, 0);
    ck_assert_int_eq(fcgi_reader_next(&reader, &in, &piece, &fault), PARSE_MORE);
}
END_TEST

/* ---- writing ---- */

/* Reads name-value pairs of one record; every record must hold whole pairs. Returns their number.
 */
static unsigned count_pairs(struct slice content)
{
    unsigned count = 0;

    while (content.len > 0) {
        size_t lens[2];

        for (unsigned i = 0; i < 2; i++) {
            const unsigned char *at = (const unsigned char *)content.at;
            ck_assert_uint_ge(content.len, *at & 0x80 ? 4 : 1);
            lens[i] = *at & 0x80 ? (size_t)(at[0] & 0x7f) << 24 | (size_t)at[1] << 16 |
                                       (size_t)at[2] << 8 | at[3]
                                 : *at;
            content = slice_skip(content, *at & 0x80 ? 4 : 1);
        }
        ck_assert_uint_ge(content.len, lens[0] + lens[1]);
        content = slice_skip(content, lens[0] + lens[1]);
        count++;
    }
    return count;
}

/* Walks over what was written; the number of pairs. */
static unsigned check_params(struct slice bytes, unsigned *ret_records)
{
    unsigned pairs = 0;
    bool ended = false;

    *ret_records = 0;
    ck_assert(slice_starts(bytes, SLICE("\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0")));
    bytes = slice_skip(bytes, 16);
    while (bytes.len > 0) {
        const unsigned char *head = (const unsigned char *)bytes.at;

        ck_assert(!ended);
        ck_assert_uint_ge(bytes.len, 8);
        size_t content = (size_t)head[4] << 8 | head[5];
        size_t padding = head[6];
        ck_assert_uint_eq(head[1], FCGI_PARAMS);
        ck_assert_uint_le(content + padding, 65535);
        ck_assert_uint_eq((content + padding) % 8, 0);
        for (size_t i = 0; i < padding; i++)
            ck_assert_int_eq(bytes.at[8 + content + i], 0);
        pairs += count_pairs(slice_of(bytes.at + 8, content));
        ended = content == 0;
        *ret_records += content > 0;
        bytes = slice_skip(bytes, 8 + content + padding);
    }
    ck_assert(ended);
    return pairs;
}

START_TEST(a_few_pairs_are_one_record)
{
    struct arena arena = { 0 };
    struct fcgi_params params;
    unsigned records;

    fcgi_params_init(&params, &arena, 65536, FCGI_RESPONDER, false);
    ck_assert(params.sink.put(&params.sink, SLICE("A"), SLICE("b")));
    ck_assert(params.sink.put(&params.sink, SLICE("EMPTY"), SLICE("")));
    struct slice bytes = fcgi_params_end(&params);
    ck_assert_uint_eq(check_params(bytes, &records), 2);
    ck_assert_uint_eq(records, 1);
    ck_assert(slice_equal(bytes, SLICE("\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0"
                                       "\1\4\0\1\0\13\5\0\1\1Ab\5\0EMPTY\0\0\0\0\0"
                                       "\1\4\0\1\0\0\0\0")));
    arena_done(&arena);
}
END_TEST

START_TEST(pairs_never_straddle_records)
{
    static char value[30000];
    static const size_t lens[] = { 127, 128, 20000, 30000, 30000, 1, 29990, 5539, 30000 };
    struct arena arena = { 0 };
    struct fcgi_params params;
    unsigned records;

    memset(value, 'v', sizeof(value));
    fcgi_params_init(&params, &arena, 1 << 20, FCGI_RESPONDER, false);
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
        ck_assert(params.sink.put(&params.sink, SLICE("NAME"), slice_of(value, lens[i])));
    ck_assert_uint_eq(check_params(fcgi_params_end(&params), &records), 9);
    ck_assert_uint_eq(records, 3);
    arena_done(&arena);
}
END_TEST

START_TEST(a_pair_fits_a_record_to_the_last_byte)
{
    static char value[FCGI_CONTENT_MOST];
    struct arena arena = { 0 };
    struct fcgi_params params;
    unsigned records;

    fcgi_params_init(&params, &arena, 1 << 20, FCGI_RESPONDER, false);
    ck_assert(params.sink.put(&params.sink, SLICE("N"), slice_of(value, FCGI_CONTENT_MOST - 6)));
    ck_assert(!params.sink.put(&params.sink, SLICE("N"), slice_of(value, FCGI_CONTENT_MOST - 5)));
    ck_assert(params.sink.put(&params.sink, SLICE("A"), SLICE("b")));
    ck_assert_uint_eq(check_params(fcgi_params_end(&params), &records), 2);
    ck_assert_uint_eq(records, 2);
    arena_done(&arena);
}
END_TEST

START_TEST(all_pairs_together_have_a_limit)
{
    struct arena arena = { 0 };
    struct fcgi_params params;

    fcgi_params_init(&params, &arena, 10, FCGI_RESPONDER, false);
    ck_assert(params.sink.put(&params.sink, SLICE("AAA"), SLICE("bbbbb")));
    ck_assert(!params.sink.put(&params.sink, SLICE("A"), SLICE("")));
    arena_done(&arena);
}
END_TEST

SUITE("fcgi_record", LOOP(records_are_read, reads), LOOP(records_cut_anywhere_read_the_same, reads),
      LOOP(records_fed_byte_by_byte_read_the_same, reads),
      TEST(the_longest_record_with_the_longest_padding), TEST(a_few_pairs_are_one_record),
      TEST(pairs_never_straddle_records), TEST(a_pair_fits_a_record_to_the_last_byte),
      TEST(all_pairs_together_have_a_limit))
