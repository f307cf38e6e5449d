#ifndef BASE_SLICE_H
#define BASE_SLICE_H

/*
 * A view of bytes that somebody else owns. Not terminated, may hold NUL. {NULL, 0} and {"", 0} are
 * both the empty slice. "nocase" means ASCII letters only: no locale, never.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *at;
    size_t len;
};

#define SLICE_NONE ((size_t)-1) /* "not found" */

/* A slice of a string literal (as a constant initialiser: SLICE_INIT). */
#define SLICE(literal) ((struct slice){ (literal), sizeof(literal) - 1 })
#define SLICE_INIT(literal)                                                                        \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/* For "%.*s". */
#define SLICE_ARGS(slice) (int)(slice).len, (slice).at

static inline struct slice slice_of(const void *at, size_t len)
{
    return (struct slice){ at, len };
}

static inline struct slice slice_cstr(const char *text)
{
    return (struct slice){ text, text ? strlen(text) : 0 };
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

/* The same for secrets: how long it takes tells the lengths and nothing else. */
bool slice_equal_secret(struct slice a, struct slice b);

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_equal_cstr(struct slice a, const char *b);

/* Byte order, a shorter one before a longer one that begins with it. <0, 0, >0. */
int slice_compare(struct slice a, struct slice b);
int slice_compare_nocase(struct slice a, struct slice b);

bool slice_starts(struct slice whole, struct slice with);
bool slice_starts_nocase(struct slice whole, struct slice with);
bool slice_ends(struct slice whole, struct slice with);
bool slice_ends_nocase(struct slice whole, struct slice with);

/* Without its first `n` bytes; only its first `n` bytes. A greater `n` counts as the length. */
struct slice slice_skip(struct slice whole, size_t n);
struct slice slice_first(struct slice whole, size_t n);

/* Without spaces and tabs at both ends (`slice_trim_space`: also CR and LF). */
struct slice slice_trim(struct slice whole);
struct slice slice_trim_space(struct slice whole);

/* Offset of the first / last such byte or text, or SLICE_NONE. */
size_t slice_find(struct slice whole, char c);
size_t slice_find_last(struct slice whole, char c);
size_t slice_find_slice(struct slice whole, struct slice part);

static inline bool slice_has(struct slice whole, char c)
{
    return slice_find(whole, c) != SLICE_NONE;
}

/*
 * Splits at the first `c`: *ret_head before it, *ret_tail after it, true. Without `c`: *ret_head is
 * the whole, *ret_tail empty, false. The results may be the argument itself.
 */
bool slice_cut(struct slice whole, char c, struct slice *ret_head, struct slice *ret_tail);

/*
 * Takes the next item of a list separated by `c` off *rest, trimmed of spaces and tabs; false when
 * *rest is used up. Empty items are returned as empty slices, except that a separator at the very
 * end adds none.
 */
bool slice_next(struct slice *rest, char c, struct slice *ret_item);

/* A C string of its own, up to a NUL in the text; free() it. */
char *slice_dup(struct slice text);

#endif
