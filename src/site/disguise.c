#include "site/disguise.h"

#include "base/encode.h"

/* ---- one character at a time ---- */

static int hex_pair(struct slice text, size_t at)
{
    int high;
    int low;

    if (at + 2 > text.len)
        return -1;
    high = hex_digit(text.at[at]);
    low = hex_digit(text.at[at + 1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* "%3c", "%253c", "%25253c": its length; 0: it is none. */
static size_t percent_len(struct slice text, size_t at, int *ret)
{
    size_t digits = at + 1;

    while (hex_pair(text, digits) == '%')
        digits += 2;
    *ret = hex_pair(text, digits);
    if (*ret < 0 && digits > at + 1) { /* a '%' that was encoded, and no more */
        digits -= 2;
        *ret = '%';
    }
    return *ret < 0 ? 0 : digits + 2 - at;
}

/* "\u003c": only what is one byte. */
static size_t json_len(struct slice text, size_t at, int *ret)
{
    if (!slice_starts_nocase(slice_skip(text, at), SLICE("\\u00")))
        return 0;
    *ret = hex_pair(text, at + 4);
    return *ret < 0 || *ret >= 0x80 ? 0 : 6;
}

/* The character at `at`, and how many bytes spell it. */
static char spelt(struct slice text, size_t at, size_t *ret_len)
{
    int c = -1;
    size_t len = 0;

    if (text.at[at] == '%')
        len = percent_len(text, at, &c);
    else if (text.at[at] == '\\')
        len = json_len(text, at, &c);
    *ret_len = len > 0 ? len : 1;
    if (len > 0)
        return (char)c;
    return text.at[at];
}

/* ---- whole texts ---- */

struct slice disguise_undo(struct slice text, char *out)
{
    size_t filled = 0;

    for (size_t at = 0, len; at < text.len; at += len) {
        const bool is_blank = text.at[at] == '+';

        out[filled] = spelt(text, at, &len);
        if (is_blank)
            out[filled] = ' ';
        filled++;
    }
    return slice_of(out, filled);
}

static bool is_white(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

/* Where the comment that begins at `at` ends; `at`: there is none. One without an end is none: what
 * is behind it counts. */
static size_t comment_end(struct slice text, size_t at, bool *no_more)
{
    const struct slice rest = slice_skip(text, at);
    size_t end;

    if (*no_more || !slice_starts(rest, SLICE("/*")))
        return at;
    end = slice_find_slice(slice_skip(rest, 2), SLICE("*/"));
    *no_more = end == SLICE_NONE;
    return *no_more ? at : at + end + 4;
}

static struct slice squeeze(struct slice text)
{
    char *out = (char *)text.at;
    size_t filled = 0;
    size_t at = 0;
    bool no_more_comments = false;

    while (at < text.len) {
        const size_t end = comment_end(text, at, &no_more_comments);
        const bool is_blank = end > at || (is_white(text.at[at]) && text.at[at] != '\n');

        if (!is_blank)
            out[filled++] = text.at[at];
        else if (filled == 0 || out[filled - 1] != ' ')
            out[filled++] = ' ';
        at = end > at ? end : at + 1;
    }
    return slice_of(out, filled);
}

struct slice disguise_undo_sql(struct slice text, char *out)
{
    size_t filled = 0;

    for (size_t at = 0, len; at < text.len; at += len) {
        const char raw = text.at[at];
        const char c = spelt(text, at, &len);

        out[filled] = c;
        if (raw == '&')
            out[filled] = '\n';
        else if (raw == '+' || is_white(c))
            out[filled] = ' ';
        filled++;
    }
    return squeeze(slice_of(out, filled));
}

/* ---- scripts ---- */

static bool goes_on_with(struct slice text, size_t at, const char *word)
{
    size_t len;

    for (; *word; word++, at += len)
        if (at >= text.len || ascii_lower(spelt(text, at, &len)) != *word)
            return false;
    return true;
}

bool disguise_find_script(struct slice text, struct slice *ret_at)
{
    for (size_t at = 0, len; at < text.len; at += len) {
        if (spelt(text, at, &len) != '<' || !goes_on_with(text, at + len, "script"))
            continue;
        *ret_at = slice_of(text.at + at, len);
        return true;
    }
    return false;
}

void disguise_tame(struct slice at)
{
    char *bytes = (char *)at.at;

    if (at.len == 1) {
        bytes[0] = '_';
        return;
    }
    bytes[at.len - 2] = '5'; /* 3c: '<'; 5f: '_' */
    bytes[at.len - 1] = 'f';
}
