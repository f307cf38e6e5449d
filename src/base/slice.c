#include "base/slice.h"

#include "base/word.h"
#include "base_private.h"

#include <stdint.h>

/*
 * ascii_lower() on eight bytes at once: bit 7 of each byte says "at least A" and "greater than Z";
 * where only the first holds, the byte is a capital, and bit 7 moved to bit 5 is what makes it
 * small.
 */
static uint64_t lower_eight(uint64_t bytes)
{
    uint64_t low = bytes & EACH_BYTE(0x7f);
    uint64_t from_a = low + EACH_BYTE(0x80 - 'A');
    uint64_t past_z = low + EACH_BYTE(0x7f - 'Z');
    uint64_t capital = (from_a ^ past_z) & ~bytes & EACH_BYTE(0x80);

    return bytes | capital >> 2;
}

static bool differ_nocase(uint64_t a, uint64_t b)
{
    return a != b && lower_eight(a) != lower_eight(b);
}

static bool equal_nocase(const char *a, const char *b, size_t len)
{
    const size_t step = sizeof(uint64_t);

    if (len >= step) {
        for (size_t i = 0; i + step < len; i += step) {
            if (differ_nocase(word_load(a + i), word_load(b + i)))
                return false;
        }
        return !differ_nocase(word_load(a + len - step), word_load(b + len - step));
    }
    if (len >= sizeof(uint32_t))
        return !differ_nocase(word_load_few(a, len), word_load_few(b, len));
    for (size_t i = 0; i < len; i++) {
        if (ascii_lower(a[i]) != ascii_lower(b[i]))
            return false;
    }
    return true;
}

bool slice_equal_secret(struct slice a, struct slice b)
{
    volatile unsigned char differ = 0; /* volatile: no early end by a clever compiler */

    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        differ |= (unsigned char)(a.at[i] ^ b.at[i]);
    return differ == 0;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
    return a.len == b.len && equal_nocase(a.at, b.at, a.len);
}

bool slice_equal_cstr(struct slice a, const char *b)
{
    return slice_equal(a, slice_cstr(b));
}

int slice_compare(struct slice a, struct slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common > 0 ? memcmp(a.at, b.at, common) : 0;

    if (order != 0)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

int slice_compare_nocase(struct slice a, struct slice b)
{
    size_t common = a.len < b.len ? a.len : b.len;

    for (size_t i = 0; i < common; i++) {
        const unsigned char left = (unsigned char)ascii_lower(a.at[i]);
        const unsigned char right = (unsigned char)ascii_lower(b.at[i]);

        if (left != right)
            return left < right ? -1 : 1;
    }
    return (a.len > b.len) - (a.len < b.len);
}

bool slice_starts(struct slice whole, struct slice with)
{
    return whole.len >= with.len && slice_equal(slice_first(whole, with.len), with);
}

bool slice_starts_nocase(struct slice whole, struct slice with)
{
    return whole.len >= with.len && equal_nocase(whole.at, with.at, with.len);
}

bool slice_ends(struct slice whole, struct slice with)
{
    return whole.len >= with.len && slice_equal(slice_skip(whole, whole.len - with.len), with);
}

bool slice_ends_nocase(struct slice whole, struct slice with)
{
    return whole.len >= with.len &&
           slice_equal_nocase(slice_skip(whole, whole.len - with.len), with);
}

struct slice slice_skip(struct slice whole, size_t n)
{
    if (n > whole.len)
        n = whole.len;
    if (n == 0) /* no arithmetic on the NULL of an empty slice */
        return whole;
    return (struct slice){ whole.at + n, whole.len - n };
}

struct slice slice_first(struct slice whole, size_t n)
{
    return (struct slice){ whole.at, n < whole.len ? n : whole.len };
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_space(char c)
{
    return is_blank(c) || c == '\r' || c == '\n';
}

static struct slice trim(struct slice whole, bool (*is_outer)(char c))
{
    size_t begin = 0;

    while (begin < whole.len && is_outer(whole.at[begin]))
        begin++;
    whole = slice_skip(whole, begin);
    while (whole.len > 0 && is_outer(whole.at[whole.len - 1]))
        whole.len--;
    return whole;
}

struct slice slice_trim(struct slice whole)
{
    return trim(whole, is_blank);
}

struct slice slice_trim_space(struct slice whole)
{
    return trim(whole, is_space);
}

static size_t offset_of(struct slice whole, const char *found)
{
    return found ? (size_t)(found - whole.at) : SLICE_NONE;
}

size_t slice_find(struct slice whole, char c)
{
    if (whole.len == 0)
        return SLICE_NONE;
    return offset_of(whole, memchr(whole.at, (unsigned char)c, whole.len));
}

size_t slice_find_last(struct slice whole, char c)
{
    if (whole.len == 0)
        return SLICE_NONE;
    return offset_of(whole, memrchr(whole.at, (unsigned char)c, whole.len));
}

size_t slice_find_slice(struct slice whole, struct slice part)
{
    if (part.len == 0)
        return 0;
    if (part.len > whole.len)
        return SLICE_NONE;
    return offset_of(whole, memmem(whole.at, whole.len, part.at, part.len));
}

bool slice_cut(struct slice whole, char c, struct slice *ret_head, struct slice *ret_tail)
{
    size_t at = slice_find(whole, c);
    bool found = at != SLICE_NONE;

    *ret_head = slice_first(whole, at);
    *ret_tail = slice_skip(whole, found ? at + 1 : whole.len);
    return found;
}

bool slice_next(struct slice *rest, char c, struct slice *ret_item)
{
    struct slice item;

    if (rest->len == 0)
        return false;

    slice_cut(*rest, c, &item, rest);
    *ret_item = slice_trim(item);
    return true;
}

char *slice_dup(struct slice text)
{
    char *made = strndup(text.len > 0 ? text.at : "", text.len);

    if (!made)
        memory_exhausted(text.len + 1);
    return made;
}
