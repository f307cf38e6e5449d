#include "site/pattern.h"

#include <assert.h>
#include <string.h>

/* The next alternative, without the '/' it may begin with. */
static struct slice cut_alternative(struct slice *rest)
{
    struct slice alternative;

    slice_cut(*rest, '|', &alternative, rest);
    return slice_starts(alternative, SLICE("/")) ? slice_skip(alternative, 1) : alternative;
}

/* How many bytes the run of stars at `at` has; 0: there is none. */
static size_t stars(struct slice pattern, size_t at)
{
    size_t end = at;

    while (end < pattern.len && pattern.at[end] == '*')
        end++;
    return end - at;
}

/*
 * All places of the pattern at once, so that no name can make it go back: here[p] says that what
 * was read so far fits the pattern before p. A run of stars can be passed without reading anything.
 */
static void pass_stars(struct slice pattern, bool *here)
{
    for (size_t p = 0; p < pattern.len; p++) {
        if (here[p] && pattern.at[p] == '*')
            here[p + stars(pattern, p)] = true;
    }
}

/* Reads one character. False: nothing can fit any more. */
static bool read_one(struct slice pattern, char c, const bool *here, bool *next)
{
    bool alive = false;

    memset(next, 0, pattern.len + 1);
    for (size_t p = 0; p < pattern.len; p++) {
        if (!here[p])
            continue;
        if (pattern.at[p] == '*') {
            if (c == '/' && stars(pattern, p) < 2)
                continue;
            next[p] = true; /* the run goes on */
        } else if (pattern.at[p] == '?' || pattern.at[p] == c) {
            next[p + 1] = true;
        } else {
            continue;
        }
        alive = true;
    }
    return alive;
}

static bool match_alternative(struct slice pattern, struct slice name)
{
    bool rows[2][PATTERN_MOST + 1];
    unsigned now = 0;

    memset(rows[now], 0, pattern.len + 1);
    rows[now][0] = true;
    pass_stars(pattern, rows[now]);
    for (size_t i = 0; i < name.len; i++, now = !now) {
        if (!read_one(pattern, name.at[i], rows[now], rows[!now]))
            return false;
        pass_stars(pattern, rows[!now]);
    }
    return rows[now][pattern.len];
}

bool pattern_match(struct slice pattern, struct slice name)
{
    assert(pattern.len <= PATTERN_MOST);
    while (pattern.len > 0) {
        if (match_alternative(cut_alternative(&pattern), name))
            return true;
    }
    return false;
}

bool pattern_next_extension(struct slice *rest, struct slice *ret)
{
    while (rest->len > 0) {
        struct slice alternative = cut_alternative(rest);
        size_t dot = slice_find_last(alternative, '.');

        if (dot == SLICE_NONE)
            continue;

        struct slice word = slice_skip(alternative, dot + 1);
        if (word.len > 0 && !slice_has(word, '*') && !slice_has(word, '?') &&
            !slice_has(word, '/')) {
            *ret = word;
            return true;
        }
    }
    return false;
}
