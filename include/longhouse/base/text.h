#ifndef BASE_TEXT_H
#define BASE_TEXT_H

/*
 * A bounded text builder on memory of the caller. What does not fit is left out and `cut` is set:
 * no call overruns, callers look at `cut` once at the end. After a cut nothing more is added, so
 * that the text is always the beginning of what was meant; an escape or a number is added whole or
 * not at all.
 */
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
    char *at; /* borrowed */
    size_t len;
    size_t room; /* bytes at `at` */
    bool cut;    /* something did not fit */
};

static inline struct text text_on(char *at, size_t room)
{
    return (struct text){ .at = at, .room = room };
}

static inline struct slice text_slice(const struct text *text)
{
    return (struct slice){ text->at, text->len };
}

/* The text as a C string: writes a NUL behind it (over the last byte when full). Needs room > 0. */
const char *text_cstr(struct text *text);

void text_add(struct text *text, struct slice more);
void text_add_cstr(struct text *text, const char *more);
void text_add_char(struct text *text, char c);
void text_add_u64(struct text *text, uint64_t number);
void text_add_hex(struct text *text, uint64_t number, unsigned digits); /* digits: least width */
/* Needs room for a NUL behind what it adds. */
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Always two digits. */
void text_add_2digits(struct text *text, unsigned number);

/* "2026-11-28 13:05:07" by the local time; "?" when there is no such time. */
void text_add_local_time(struct text *text, int64_t unix_s);

/* As a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void text_add_json(struct text *text, struct slice more);

/* With & < > " ' as HTML entities. */
void text_add_html(struct text *text, struct slice more);

/*
 * For a log line: bytes below 0x20, 0x7f and above, the quote and the backslash become \xHH (quote
 * and backslash \" and \\), so that no client can end a line, colour a terminal or close a quote.
 */
void text_add_escaped(struct text *text, struct slice more);

/*
 * Length of the UTF-8 sequence at the front of `text` (RFC 3629: no overlong forms, no surrogates),
 * 0 when there is none. `text` must not be empty.
 */
size_t utf8_sequence(struct slice text);

#endif
