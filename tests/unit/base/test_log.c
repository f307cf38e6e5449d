#include "base/log.h"

#include "slice_assert.h"
#include "suite.h"

#include <errno.h>

struct memory_log {
    struct log log;
    char line[8192];
    size_t len;
    enum log_level level;
    unsigned count;
};

static void remember(struct log *log, enum log_level level, struct slice line)
{
    struct memory_log *memory = (struct memory_log *)log;

    ck_assert_uint_le(line.len, sizeof(memory->line));
    memcpy(memory->line, line.at, line.len);
    memory->len = line.len;
    memory->level = level;
    memory->count++;
    errno = EIO; /* what a sink may leave behind */
}

static struct slice last_line(const struct memory_log *memory)
{
    return slice_of(memory->line, memory->len);
}

START_TEST(a_line_goes_to_the_sink)
{
    struct memory_log memory = { .log = { .least = LEVEL_DEBUG, .write = remember } };

    log_warning(&memory.log, "fcgi %s: resting it for %u s", "php", 30u);
    assert_slice(last_line(&memory), "fcgi php: resting it for 30 s");
    ck_assert_int_eq(memory.level, LEVEL_WARNING);
    log_debug(&memory.log, "%s", "");
    assert_slice(last_line(&memory), "");
    ck_assert_uint_eq(memory.count, 2);
}
END_TEST

START_TEST(lines_below_the_least_level_are_not_made)
{
    struct memory_log memory = { .log = { .least = LEVEL_NOTICE, .write = remember } };

    log_debug(&memory.log, "no");
    log_info(&memory.log, "no");
    ck_assert_uint_eq(memory.count, 0);
    log_notice(&memory.log, "yes");
    log_warning(&memory.log, "yes");
    log_error(&memory.log, "yes");
    ck_assert_uint_eq(memory.count, 3);
    log_error(NULL, "nowhere %d", 1);
}
END_TEST

START_TEST(errno_is_left_alone_and_may_be_printed)
{
    struct memory_log memory = { .log = { .least = LEVEL_DEBUG, .write = remember } };

    errno = ENOENT;
    log_error(&memory.log, "cannot open: %s", strerror(errno));
    ck_assert_int_eq(errno, ENOENT);
}
END_TEST

static const struct {
    const char *text;
    const char *line;
} forgeries[] = {
    { "a\nforged line", "a\\x0aforged line" },
    { "\r\n\t\x1b[31m\x7f", "\\x0d\\x0a\\x09\\x1b[31m\\x7f" },
    { "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
    { "\xf0\x9f\x8f\xa0", "\xf0\x9f\x8f\xa0" },
    { "csi \xc2\x9b"
      "31m",
      "csi \\xc2\\x9b31m" },
    { "\xc2\xa0", "\xc2\xa0" },
    { "latin \xe4 \x80", "latin \\xe4 \\x80" },
    { "cut \xe2\x82", "cut \\xe2\\x82" },
    { "\"quoted\" \\x41", "\"quoted\" \\x41" },
};

START_TEST(nothing_can_forge_a_line_or_drive_a_terminal)
{
    struct memory_log memory = { .log = { .least = LEVEL_DEBUG, .write = remember } };

    log_info(&memory.log, "%s", forgeries[_i].text);
    assert_slice(last_line(&memory), forgeries[_i].line);
}
END_TEST

static const struct {
    int width;
    bool cut;
} widths[] = { { 4000, false }, { 4087, false }, { 4088, true }, { 4096, true }, { 100000, true } };

START_TEST(a_long_line_is_cut_and_says_so)
{
    struct memory_log memory = { .log = { .least = LEVEL_DEBUG, .write = remember } };

    log_info(&memory.log, "%*d", widths[_i].width, 7);
    ck_assert_uint_le(memory.len, 4096);
    ck_assert(slice_ends(last_line(&memory), SLICE(" [...]")) == widths[_i].cut);
    if (!widths[_i].cut)
        ck_assert_uint_eq(memory.len, widths[_i].width);
}
END_TEST

START_TEST(a_line_that_grows_by_its_escapes_is_cut_as_well)
{
    struct memory_log memory = { .log = { .least = LEVEL_DEBUG, .write = remember } };
    char bells[2001];

    memset(bells, '\a', 2000);
    bells[2000] = '\0';
    log_info(&memory.log, "%s", bells);
    ck_assert_uint_le(memory.len, 4096);
    ck_assert(slice_starts(last_line(&memory), SLICE("\\x07\\x07")));
    ck_assert(slice_ends(last_line(&memory), SLICE("\\x07 [...]")));
}
END_TEST

START_TEST(each_level_has_a_name)
{
    ck_assert_str_eq(log_level_name(LEVEL_DEBUG), "debug");
    ck_assert_str_eq(log_level_name(LEVEL_INFO), "info");
    ck_assert_str_eq(log_level_name(LEVEL_NOTICE), "notice");
    ck_assert_str_eq(log_level_name(LEVEL_WARNING), "warning");
    ck_assert_str_eq(log_level_name(LEVEL_ERROR), "error");
}
END_TEST

SUITE("base: log", TEST(a_line_goes_to_the_sink), TEST(lines_below_the_least_level_are_not_made),
      TEST(errno_is_left_alone_and_may_be_printed),
      LOOP(nothing_can_forge_a_line_or_drive_a_terminal, forgeries),
      LOOP(a_long_line_is_cut_and_says_so, widths),
      TEST(a_line_that_grows_by_its_escapes_is_cut_as_well), TEST(each_level_has_a_name))
