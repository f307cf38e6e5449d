#include "http/cookie.h"

#include "base/text.h"
#include "http/date.h"

#include <string.h>

/* ---- Cookie ---- */

/* NAME=VALUE with blanks around both. False: it has no name. */
static bool pair_of(struct slice piece, struct slice *ret_name, struct slice *ret_value)
{
    struct slice name;
    struct slice value;

    if (!slice_cut(piece, '=', &name, &value))
        return false;
    *ret_name = slice_trim(name);
    *ret_value = slice_trim(value);
    return ret_name->len > 0;
}

/* The piece up to the next ';' off *rest; *ret_more: a ';' was there. */
static struct slice next_piece(struct slice *rest, bool *ret_more)
{
    struct slice piece;

    *ret_more = slice_cut(*rest, ';', &piece, rest);
    return piece;
}

bool cookie_next(struct slice *rest, struct slice *ret_name, struct slice *ret_value)
{
    for (bool more = rest->len > 0; more;)
        if (pair_of(next_piece(rest, &more), ret_name, ret_value))
            return true;
    return false;
}

bool cookie_walk_next(struct cookie_walk *walk, struct slice *ret_name, struct slice *ret_value)
{
    for (;;) {
        if (cookie_next(&walk->rest, ret_name, ret_value))
            return true;
        while (walk->at < walk->fields->count && walk->fields->at[walk->at].id != FIELD_COOKIE)
            walk->at++;
        if (walk->at == walk->fields->count)
            return false;
        walk->rest = walk->fields->at[walk->at++].value;
    }
}

static bool is_named(struct slice piece, struct slice name)
{
    struct slice found;
    struct slice value;

    return pair_of(piece, &found, &value) && slice_equal(found, name);
}

static bool has_pair(struct slice value, struct slice name)
{
    for (bool more = true; more;)
        if (is_named(next_piece(&value, &more), name))
            return true;
    return false;
}

static struct slice without_blanks_before(struct slice piece)
{
    while (piece.len > 0 && (piece.at[0] == ' ' || piece.at[0] == '\t'))
        piece = slice_skip(piece, 1);
    return piece;
}

struct slice cookie_without(struct slice value, struct slice name, struct arena *arena)
{
    if (!has_pair(value, name))
        return value;

    struct text text = text_on(arena_bytes(arena, value.len), value.len);
    bool is_begun = false;
    bool is_behind = false; /* something was taken out in front */
    for (bool more = true; more;) {
        const struct slice piece = next_piece(&value, &more);

        if (is_named(piece, name)) {
            is_behind = true;
            continue;
        }
        if (is_begun)
            text_add_char(&text, ';');
        text_add(&text, is_behind && !is_begun ? without_blanks_before(piece) : piece);
        is_begun = true;
    }
    return text_slice(&text);
}

/* ---- Set-Cookie ---- */

/* Digits, perhaps behind a '-' (RFC 6265 5.2.2). */
static bool max_age_parse(struct slice text, bool *ret_ends)
{
    const bool is_negative = slice_starts(text, SLICE("-"));
    const struct slice digits = is_negative ? slice_skip(text, 1) : text;
    bool is_zero = true;

    for (size_t i = 0; i < digits.len; i++) {
        if (!ascii_is_digit(digits.at[i]))
            return false;
        is_zero = is_zero && digits.at[i] == '0';
    }
    *ret_ends = is_negative || is_zero;
    return digits.len > 0;
}

/* Also "Thu, 01-Jan-1970 00:00:01 GMT", which many programs write and no standard has. */
static bool expires_parse(struct slice text, int64_t now_s, int64_t *ret_unix_s)
{
    char copy[DATE_LEN];

    if (text.len != DATE_LEN)
        return date_parse(text, now_s, ret_unix_s);
    memcpy(copy, text.at, DATE_LEN);
    if (copy[7] == '-' && copy[11] == '-')
        copy[7] = copy[11] = ' ';
    return date_parse(slice_of(copy, DATE_LEN), now_s, ret_unix_s);
}

bool set_cookie_parse(struct slice value, int64_t now_s, struct set_cookie *ret)
{
    struct set_cookie cookie = { 0 };
    bool has_max_age = false;
    bool is_past = false;
    bool more;
    struct slice name;
    struct slice text;
    int64_t until_s;

    if (!pair_of(next_piece(&value, &more), &cookie.name, &cookie.value))
        return false;
    while (more) {
        if (!pair_of(next_piece(&value, &more), &name, &text))
            continue;
        if (slice_equal_nocase(name, SLICE("Max-Age"))) /* RFC 6265 5.3: it beats Expires */
            has_max_age = max_age_parse(text, &cookie.ends) || has_max_age;
        else if (slice_equal_nocase(name, SLICE("Expires")) && expires_parse(text, now_s, &until_s))
            is_past = until_s <= now_s;
    }
    if (!has_max_age)
        cookie.ends = is_past;
    if (cookie.value.len == 0 || slice_equal(cookie.value, SLICE("deleted")))
        cookie.ends = true;
    *ret = cookie;
    return true;
}
