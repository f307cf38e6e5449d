#include "base/text.h"

#include "base/word.h"
#include "base_private.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

const char *text_cstr(struct text *text)
{
    assert(text->room > 0);
    if (text->len == text->room) {
        text->len--;
        text->cut = true;
    }
    text->at[text->len] = '\0';
    return text->at;
}

/*
 * Room for a piece that must stay whole (an escape, a character), or NULL. Once something is cut
 * nothing more is added: the text is always the beginning of what was meant.
 */
static char *claim(struct text *text, size_t len)
{
    if (text->cut || len > text->room - text->len) {
        text->cut = true;
        return NULL;
    }

    char *at = text->at + text->len;
    text->len += len;
    return at;
}

static void add_whole(struct text *text, const char *piece, size_t len)
{
    char *at = claim(text, len);

    if (at)
        memcpy(at, piece, len);
}

void text_add(struct text *text, struct slice more)
{
    size_t left = text->room - text->len;
    struct slice fits = slice_first(more, text->cut ? 0 : left);

    if (fits.len > 0)
        memcpy(text->at + text->len, fits.at, fits.len);
    text->len += fits.len;
    if (fits.len < more.len)
        text->cut = true;
}

void text_add_cstr(struct text *text, const char *more)
{
    text_add(text, slice_cstr(more));
}

void text_add_char(struct text *text, char c)
{
    char *at = claim(text, 1);

    if (at)
        *at = c;
}

void text_add_u64(struct text *text, uint64_t number)
{
    char digits[20];
    size_t first = sizeof(digits);

    do
        digits[--first] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    add_whole(text, digits + first, sizeof(digits) - first);
}

static const char hex_digits[] = "0123456789abcdef";

void text_add_hex(struct text *text, uint64_t number, unsigned digits)
{
    unsigned width = 1;

    while (width < 16 && number >> (4 * width) > 0)
        width++;
    for (; digits > width; digits--)
        text_add_char(text, '0');

    char hex[16];
    for (unsigned i = width; i-- > 0; number >>= 4)
        hex[i] = hex_digits[number & 0xf];
    add_whole(text, hex, width);
}

void text_printf(struct text *text, const char *format, ...)
{
    size_t left = text->cut ? 0 : text->room - text->len;
    va_list args;

    va_start(args, format);
    int wanted = vsnprintf(left > 0 ? text->at + text->len : NULL, left, format, args);
    va_end(args);

    assert(wanted >= 0); /* the formats are ours */
    if ((size_t)wanted < left) {
        text->len += (size_t)wanted;
    } else if (wanted > 0) {
        text->len += left > 0 ? left - 1 : 0;
        text->cut = true;
    }
}

void text_add_2digits(struct text *text, unsigned number)
{
    const char digits[2] = { (char)('0' + number / 10 % 10), (char)('0' + number % 10) };

    add_whole(text, digits, sizeof(digits));
}

void text_add_local_time(struct text *text, int64_t unix_s)
{
    const time_t time = (time_t)unix_s;
    char out[48] = "?";
    struct tm tm;

    if (localtime_r(&time, &tm))
        strftime(out, sizeof(out), "%Y-%m-%d %H:%M:%S", &tm);
    add_whole(text, out, strlen(out));
}

static bool is_tail(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* RFC 3629 section 4: the second byte's range depends on the first, all later ones are 80..BF. */
size_t utf8_sequence(struct slice text)
{
    unsigned char first = (unsigned char)text.at[0];
    unsigned char least = 0x80;
    unsigned char most = 0xbf;
    size_t len;

    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    len = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (text.len < len)
        return 0;

    if (first == 0xe0)
        least = 0xa0; /* below: overlong */
    else if (first == 0xed)
        most = 0x9f; /* above: surrogates */
    else if (first == 0xf0)
        least = 0x90; /* below: overlong */
    else if (first == 0xf4)
        most = 0x8f; /* above: past U+10FFFF */

    unsigned char second = (unsigned char)text.at[1];
    if (second < least || second > most)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if (!is_tail(text.at[i]))
            return 0;
    }
    return len;
}

static void add_hex_escape(struct text *text, const char *prefix, size_t prefix_len, char c)
{
    char *at = claim(text, prefix_len + 2);

    if (!at)
        return;
    at = mempcpy(at, prefix, prefix_len);
    at[0] = hex_digits[(unsigned char)c >> 4];
    at[1] = hex_digits[(unsigned char)c & 0xf];
}

static void add_json_escape(struct text *text, char c)
{
    switch (c) {
    case '"':
        add_whole(text, "\\\"", 2);
        break;
    case '\\':
        add_whole(text, "\\\\", 2);
        break;
    case '\n':
        add_whole(text, "\\n", 2);
        break;
    case '\r':
        add_whole(text, "\\r", 2);
        break;
    case '\t':
        add_whole(text, "\\t", 2);
        break;
    default:
        add_hex_escape(text, "\\u00", 4, c);
    }
}

/* RFC 8259 section 7. */
void text_add_json(struct text *text, struct slice more)
{
    text_add_char(text, '"');
    while (more.len > 0 && !text->cut) {
        size_t len = utf8_sequence(more);
        char c = more.at[0];

        if (len == 0)
            add_whole(text, "\xef\xbf\xbd", 3); /* U+FFFD */
        else if ((unsigned char)c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
            add_json_escape(text, c);
        else
            add_whole(text, more.at, len);
        more = slice_skip(more, len > 0 ? len : 1);
    }
    text_add_char(text, '"');
}

static const char *html_entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void text_add_html(struct text *text, struct slice more)
{
    size_t plain = 0; /* bytes at the front that need no entity */

    while (plain < more.len && !text->cut) {
        const char *entity = html_entity(more.at[plain]);

        if (!entity) {
            plain++;
            continue;
        }
        text_add(text, slice_first(more, plain));
        add_whole(text, entity, strlen(entity));
        more = slice_skip(more, plain + 1);
        plain = 0;
    }
    text_add(text, more);
}

static bool is_plain_in_log(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* The top bit of each byte that is `c`; one above such a byte may be marked with it. */
static uint64_t marks_of(uint64_t word, unsigned char c)
{
    uint64_t differs = word ^ EACH_BYTE(c);

    return (differs - EACH_BYTE(0x01)) & ~differs;
}

/* False: all eight are plain. True: the caller looks closer. */
static bool may_need_escape(const char *at)
{
    uint64_t word = word_load(at);
    uint64_t control = (word - EACH_BYTE(0x20)) & ~word;
    uint64_t marks =
        word | control | marks_of(word, '"') | marks_of(word, '\\') | marks_of(word, 0x7f);
    return (marks & EACH_BYTE(0x80)) != 0;
}

/* How many bytes at the front are plain, eight at a time: targets and user agents are long. */
static size_t plain_in_log(struct slice text)
{
    size_t i = 0;

    while (text.len - i >= sizeof(uint64_t) && !may_need_escape(text.at + i))
        i += sizeof(uint64_t);
    if (i > 0 && text.len - i < sizeof(uint64_t) &&
        !may_need_escape(text.at + text.len - sizeof(uint64_t)))
        return text.len; /* some were looked at twice */
    while (i < text.len && is_plain_in_log(text.at[i]))
        i++;
    return i;
}

void text_add_escaped(struct text *text, struct slice more)
{
    size_t plain = plain_in_log(more);

    while (plain < more.len && !text->cut) {
        char c = more.at[plain];

        text_add(text, slice_first(more, plain));
        if (c == '"' || c == '\\')
            add_whole(text, c == '"' ? "\\\"" : "\\\\", 2);
        else
            add_hex_escape(text, "\\x", 2, c);
        more = slice_skip(more, plain + 1);
        plain = plain_in_log(more);
    }
    text_add(text, more);
}
