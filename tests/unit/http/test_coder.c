#include "http/coder.h"

#include "http/decoder.h"
#include "suite.h"

#include <string.h>

#define PLAIN_LEN 100000

static const enum coding codings[] = { CODING_BR, CODING_ZSTD, CODING_GZIP };

static const struct {
    enum coding coding;
    enum effort effort;
} all[] = {
    { CODING_BR, EFFORT_FULL },   { CODING_BR, EFFORT_HALF },   { CODING_BR, EFFORT_LEAST },
    { CODING_ZSTD, EFFORT_FULL }, { CODING_ZSTD, EFFORT_HALF }, { CODING_ZSTD, EFFORT_LEAST },
    { CODING_GZIP, EFFORT_FULL }, { CODING_GZIP, EFFORT_HALF }, { CODING_GZIP, EFFORT_LEAST },
};

static char plain[PLAIN_LEN];
static char coded[2 * PLAIN_LEN];
static char decoded[PLAIN_LEN + 1];

static void write_plain(void)
{
    static const char words[] = "the quick brown fox jumps over the lazy dog ";

    for (size_t i = 0; i < PLAIN_LEN; i++)
        plain[i] = (char)(words[i % (sizeof(words) - 1)] + (i % 97 == 0));
}

static size_t put(struct coder *coder, enum coder_act act, struct slice in, size_t at)
{
    bool is_done = false;

    while (!is_done) {
        size_t len = 0;

        is_done = coder_step(coder, act, &in, coded + at, sizeof(coded) - at, &len);
        at += len;
    }
    ck_assert_uint_eq(in.len, 0);
    return at;
}

START_TEST(what_comes_out_is_what_went_in_and_is_shorter)
{
    const enum coding coding = all[_i].coding;
    bool ended = false;

    write_plain();
    for (unsigned again = 0; again < 2; again++) {
        struct coder *coder = coder_open(coding, all[_i].effort);
        size_t len = put(coder, CODER_TAKE, slice_of(plain, PLAIN_LEN), 0);

        ck_assert_uint_eq(coders_in_use(), 1);
        len = put(coder, CODER_END, SLICE(""), len);
        coder_close(coder);
        ck_assert_uint_lt(len, PLAIN_LEN / 4);
        ck_assert_uint_eq(decode(coding, slice_of(coded, len), decoded, sizeof(decoded), &ended),
                          PLAIN_LEN);
        ck_assert(ended && memcmp(decoded, plain, PLAIN_LEN) == 0);
    }
    ck_assert_uint_eq(coders_in_use(), 0);
    coder_pool_drain();
}
END_TEST

START_TEST(more_effort_makes_less_bytes)
{
    size_t len[EFFORT_COUNT];

    write_plain();
    for (unsigned i = 0; i < EFFORT_COUNT; i++) {
        struct coder *coder = coder_open(codings[_i], (enum effort)i);

        len[i] = put(coder, CODER_END, slice_of(plain, PLAIN_LEN), 0);
        coder_close(coder);
    }
    ck_assert_uint_lt(len[EFFORT_FULL], len[EFFORT_LEAST]);
    coder_pool_drain();
}
END_TEST

START_TEST(at_a_flush_all_that_was_taken_is_out)
{
    struct coder *coder = coder_open(codings[_i], EFFORT_FULL);
    bool ended = true;
    size_t len = put(coder, CODER_TAKE, SLICE("data: 1\n\n"), 0);

    len = put(coder, CODER_FLUSH, SLICE(""), len);
    ck_assert_uint_eq(decode(codings[_i], slice_of(coded, len), decoded, sizeof(decoded), &ended),
                      9);
    ck_assert(!ended && memcmp(decoded, "data: 1\n\n", 9) == 0);
    coder_close(coder); /* in the middle */
    coder_pool_drain();
}
END_TEST

SUITE("coder", LOOP(what_comes_out_is_what_went_in_and_is_shorter, all),
      LOOP(more_effort_makes_less_bytes, codings),
      LOOP(at_a_flush_all_that_was_taken_is_out, codings))
