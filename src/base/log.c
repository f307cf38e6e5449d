#include "base/log.h"

#include "base/text.h"
#include "base_private.h"

#include <errno.h>
#include <stdio.h>

#define LINE_MOST 4096u

static const struct slice cut_mark = SLICE_INIT(" [...]");

/* Room for the text of a line: the mark always fits behind it. */
#define TEXT_MOST (LINE_MOST - 8u)

/*
 * Bytes at the front that can be written as they are: printable ASCII and UTF-8 without the control
 * characters U+0080..U+009F, which some terminals obey. A byte that is no UTF-8 gives 0.
 */
static size_t plain_at_front(struct slice text)
{
    unsigned char first = (unsigned char)text.at[0];

    if (first < 0x20 || first == 0x7f)
        return 0;
    if (first == 0xc2 && text.len > 1 && (unsigned char)text.at[1] < 0xa0)
        return 0;
    return utf8_sequence(text);
}

static size_t count_plain(struct slice text)
{
    size_t plain = 0;

    while (plain < text.len) {
        size_t step = plain_at_front(slice_skip(text, plain));

        if (step == 0)
            break;
        plain += step;
    }
    return plain;
}

static void add_line(struct text *line, struct slice text)
{
    while (text.len > 0 && !line->cut) {
        size_t plain = count_plain(text);

        text_add(line, slice_first(text, plain));
        text = slice_skip(text, plain);
        if (text.len > 0) {
            text_add_escaped(line, slice_first(text, 1));
            text = slice_skip(text, 1);
        }
    }
}

void log_at_v(struct log *log, enum log_level level, const char *format, va_list args)
{
    char raw[LINE_MOST];
    char escaped[LINE_MOST];
    int saved_errno = errno;

    if (!log || level < log->least)
        return;

    int wanted = vsnprintf(raw, TEXT_MOST, format, args);
    size_t len = wanted < 0 ? 0 : (size_t)wanted;
    bool cut = len >= TEXT_MOST;

    if (cut)
        len = TEXT_MOST - 1;

    struct text line = text_on(escaped, TEXT_MOST);
    add_line(&line, slice_of(raw, len));
    if (cut || line.cut) {
        line.cut = false;
        line.room = LINE_MOST;
        text_add(&line, cut_mark);
    }
    log->write(log, level, text_slice(&line));
    errno = saved_errno;
}

void log_at(struct log *log, enum log_level level, const char *format, ...)
{
    va_list args;

    if (!log || level < log->least)
        return;

    va_start(args, format);
    log_at_v(log, level, format, args);
    va_end(args);
}

const char *log_level_name(enum log_level level)
{
    switch (level) {
    case LEVEL_DEBUG:
        return "debug";
    case LEVEL_INFO:
        return "info";
    case LEVEL_NOTICE:
        return "notice";
    case LEVEL_WARNING:
        return "warning";
    case LEVEL_ERROR:
        return "error";
    }
    return "unknown";
}
