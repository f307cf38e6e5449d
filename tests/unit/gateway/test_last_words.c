#include "gateway/last_words.h"

#include "base/chunk.h"
#include "base/container.h"
#include "suite.h"

#include <stdio.h>

/* A log that keeps its lines. */
struct kept_log {
    struct log log;
    char lines[600][256];
    unsigned count;
};

static void keep_line(struct log *log, enum log_level level, struct slice line)
{
    struct kept_log *kept = container_of(log, struct kept_log, log);

    ck_assert_int_eq(level, LEVEL_WARNING);
    ck_assert_uint_lt(kept->count, 600);
    snprintf(kept->lines[kept->count++], 256, "%.*s", SLICE_ARGS(line));
}

static struct kept_log kept;
static struct last_words words;

static void begin(void)
{
    kept = (struct kept_log){ .log.write = keep_line };
    last_words_init(&words, &kept.log, "id", SLICE("host"), SLICE("/a.cgi"));
}

static void say(const char *text)
{
    last_words_add(&words, slice_cstr(text));
}

START_TEST(one_line_is_one_line_however_it_was_cut)
{
    begin();
    say("fir");
    say("st\nsecond\r\n\n  \nthi");
    ck_assert_uint_eq(kept.count, 2);
    say("rd");
    last_words_end(&words);
    last_words_end(&words);

    ck_assert_uint_eq(kept.count, 3);
    ck_assert_str_eq(kept.lines[0], "id host: /a.cgi: first");
    ck_assert_str_eq(kept.lines[1], "id host: /a.cgi: second");
    ck_assert_str_eq(kept.lines[2], "id host: /a.cgi: third");
    last_words_done(&words);
    ck_assert_uint_eq(chunk_in_use(), 0);
}
END_TEST

START_TEST(a_program_cannot_forge_a_line)
{
    begin();
    say("bad\x1b[31m red\n");
    ck_assert_ptr_null(strchr(kept.lines[0], '\x1b'));
    last_words_done(&words);
}
END_TEST

START_TEST(a_flood_is_cut_off_and_counted)
{
    begin();
    for (unsigned i = 0; i < 1000; i++)
        say("again\n");
    last_words_end(&words);
    ck_assert_uint_eq(kept.count, LAST_WORDS_LINES + 1);
    ck_assert_str_eq(kept.lines[LAST_WORDS_LINES],
                     "id host: /a.cgi: ... 800 more lines suppressed");
    last_words_done(&words);
}
END_TEST

START_TEST(a_flood_of_bytes_is_cut_off_too)
{
    char line[1000];

    begin();
    memset(line, 'x', sizeof(line));
    line[999] = '\n';
    for (unsigned i = 0; i < 100; i++)
        last_words_add(&words, slice_of(line, sizeof(line)));
    last_words_end(&words);
    ck_assert_uint_eq(kept.count, LAST_WORDS_BYTES / 999 + 1);
    last_words_done(&words);
}
END_TEST

START_TEST(a_long_line_is_logged_in_pieces)
{
    char line[LAST_WORDS_LINE + 10];

    begin();
    memset(line, 'x', sizeof(line));
    last_words_add(&words, slice_of(line, sizeof(line)));
    ck_assert_uint_eq(kept.count, 1);
    last_words_end(&words);
    ck_assert_uint_eq(kept.count, 2);
    last_words_done(&words);
}
END_TEST

START_TEST(the_tail_is_what_was_said_last)
{
    char out[64];

    begin();
    ck_assert_uint_eq(last_words_tail(&words, out, sizeof(out)).len, 0);
    for (unsigned i = 0; i < 3000; i++) { /* the ring goes round */
        char line[32];
        snprintf(line, sizeof(line), "line %u\n", i);
        say(line);
    }
    struct slice tail = last_words_tail(&words, out, 21);
    ck_assert(slice_equal_cstr(tail, "line 2998\nline 2999"));

    char all[LAST_WORDS_KEPT * 2];
    ck_assert_uint_le(last_words_tail(&words, all, sizeof(all)).len, LAST_WORDS_KEPT);
    last_words_done(&words);
}
END_TEST

START_TEST(more_than_is_kept_in_one_piece)
{
    static char much[LAST_WORDS_KEPT * 3];
    char out[8];

    begin();
    memset(much, 'a', sizeof(much));
    memcpy(much + sizeof(much) - 4, "wxyz", 4);
    last_words_add(&words, slice_of(much, sizeof(much)));
    ck_assert(slice_equal_cstr(last_words_tail(&words, out, 4), "wxyz"));
    last_words_done(&words);
}
END_TEST

START_TEST(the_end_of_a_flood_is_told_when_the_request_failed)
{
    begin();
    for (unsigned i = 0; i < LAST_WORDS_LINES; i++)
        say("again\n");
    last_words_repeat_end(&words); /* all of it is in the log */
    ck_assert_uint_eq(kept.count, LAST_WORDS_LINES);
    say("and once more\n\nwhy it died");
    last_words_repeat_end(&words);
    ck_assert_str_eq(kept.lines[kept.count - 2], "id host: /a.cgi: at its end: and once more");
    ck_assert_str_eq(kept.lines[kept.count - 1], "id host: /a.cgi: at its end: why it died");
    last_words_done(&words);
}
END_TEST

SUITE("last_words", TEST(the_end_of_a_flood_is_told_when_the_request_failed),
      TEST(one_line_is_one_line_however_it_was_cut), TEST(a_program_cannot_forge_a_line),
      TEST(a_flood_is_cut_off_and_counted), TEST(a_flood_of_bytes_is_cut_off_too),
      TEST(a_long_line_is_logged_in_pieces), TEST(the_tail_is_what_was_said_last),
      TEST(more_than_is_kept_in_one_piece))
