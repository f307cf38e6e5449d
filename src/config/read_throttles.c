#include "read_throttles.h"

#include "base/number.h"
#include "config/throttle_conf.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct slice next_word(struct slice *rest)
{
    size_t begin = 0;
    size_t end;

    while (begin < rest->len && is_blank(rest->at[begin]))
        begin++;
    for (end = begin; end < rest->len && !is_blank(rest->at[end]);)
        end++;
    struct slice word = slice_of(rest->at + begin, end - begin);
    *rest = slice_skip(*rest, end);
    return word;
}

/* "50000", "10000-50000". */
static bool read_speed(struct slice text, struct speed_line *line)
{
    struct slice least;
    struct slice most;

    if (!slice_cut(text, '-', &least, &most))
        most = text;
    else if (!number_parse(least, SPEED_MOST, &line->least_per_s))
        return false;
    return number_parse(most, SPEED_MOST, &line->bytes_per_s) && line->bytes_per_s > 0 &&
           line->least_per_s <= line->bytes_per_s;
}

static void read_line(struct slice text, struct speed_line *line)
{
    struct slice speed;

    line->pattern = next_word(&text);
    speed = next_word(&text);
    if (speed.len == 0)
        line->why = "there is no speed behind the pattern";
    else if (!read_speed(speed, line))
        line->why = "the speed is no number of bytes per second, or LEAST-MOST";
    else if (next_word(&text).len > 0)
        line->why = "there is something behind the speed";
}

bool speed_lines_next(struct speed_lines *walk, struct speed_line *ret)
{
    struct slice line;

    while (walk->rest.len > 0) {
        struct slice text;
        struct slice comment;

        (void)slice_cut(walk->rest, '\n', &line, &walk->rest);
        walk->number++;
        (void)slice_cut(line, '#', &text, &comment);
        text = slice_trim_space(text);
        if (text.len == 0)
            continue;
        *ret = (struct speed_line){ .line = line, .number = walk->number };
        read_line(text, ret);
        return true;
    }
    return false;
}
