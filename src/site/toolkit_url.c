/* New URLs out of old ones, and which of them may stand in Location. */
#include "toolkit_private.h"

#include "base/encode.h"
#include "base/text.h"

struct slice toolkit_url(const struct target *target, struct arena *arena)
{
    size_t room = target->path.len * 3 + target->query.len + 1;
    struct text text = text_on(arena_bytes(arena, room), room);

    percent_encode_path(&text, target->path);
    if (target->has_query) {
        text_add_char(&text, '?');
        text_add(&text, target->query);
    }
    return text_slice(&text);
}

/* ---- replacing ---- */

/* The group that `text` names at `at`, or NULL: it is a byte like others. */
static const struct slice *group_at(struct slice text, size_t at, const struct slice *groups)
{
    if (text.at[at] != '$' || at + 1 >= text.len || !ascii_is_digit(text.at[at + 1]))
        return NULL;
    return &groups[text.at[at + 1] - '0'];
}

static void add_expanded(struct text *out, struct slice text, const struct slice *groups)
{
    for (size_t i = 0; i < text.len; i++) {
        const struct slice *group = group_at(text, i, groups);

        if (group) {
            text_add(out, *group);
            i++;
        } else {
            text_add_char(out, text.at[i]);
        }
    }
}

static size_t expanded_len(struct slice text, const struct slice *groups)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        const struct slice *group = group_at(text, i, groups);

        len += group ? group->len : 1;
        i += group != NULL;
    }
    return len;
}

bool toolkit_replace(struct slice url, const struct slice groups[REGEX_GROUPS], struct slice text,
                     struct arena *arena, struct slice *ret)
{
    size_t before = (size_t)(groups[0].at - url.at);
    size_t room = url.len - groups[0].len + expanded_len(text, groups);

    if (room > TOOLKIT_URL_MOST)
        return false;
    struct text out = text_on(arena_bytes(arena, room), room);
    text_add(&out, slice_first(url, before));
    add_expanded(&out, text, groups);
    text_add(&out, slice_skip(url, before + groups[0].len));
    *ret = text_slice(&out);
    return true;
}

/* ---- Location ---- */

/* How much of `text` is a scheme with its "://"; 0: none. */
static size_t scheme_len(struct slice text)
{
    size_t len = 0;

    while (len < text.len && (ascii_is_alpha(text.at[len]) || ascii_is_digit(text.at[len]) ||
                              text.at[len] == '+' || text.at[len] == '-' || text.at[len] == '.'))
        len++;
    return len > 0 && slice_starts(slice_skip(text, len), SLICE("://")) ? len + 3 : 0;
}

/* How much of `text` names another place: "https://host", "//host"; 0: none of it. */
static size_t origin_len(struct slice text)
{
    size_t len = slice_starts(text, SLICE("//")) ? 2 : scheme_len(text);

    if (len == 0)
        return 0;
    while (len < text.len && !strchr("/?#$", text.at[len]))
        len++;
    return len;
}

static bool must_be_encoded(char c)
{
    unsigned char byte = (unsigned char)c;

    return byte <= ' ' || byte >= 0x7f || strchr("\"<>\\^`{|}", c) != NULL;
}

static void add_percent(struct text *out, char c)
{
    static const char digits[] = "0123456789ABCDEF";

    text_add_char(out, '%');
    text_add_char(out, digits[(unsigned char)c >> 4]);
    text_add_char(out, digits[(unsigned char)c & 15]);
}

static void add_encoded(struct text *out, struct slice url)
{
    for (size_t i = 0; i < url.len; i++) {
        if (must_be_encoded(url.at[i]))
            add_percent(out, url.at[i]);
        else
            text_add_char(out, url.at[i]);
    }
}

struct slice toolkit_location(struct slice url, struct slice text, struct arena *arena)
{
    size_t room = url.len * 3 + 1;
    struct text out = text_on(arena_bytes(arena, room), room);
    struct slice origin = slice_first(text, origin_len(text));
    bool leaves = origin.len > 0 && slice_starts(url, origin);

    if (leaves) {
        text_add(&out, origin);
        url = slice_skip(url, origin.len);
        bool is_whole = origin.at[origin.len - 1] != '/';
        if (is_whole && url.len > 0 && !strchr("/?#", url.at[0]))
            text_add_char(&out, '/'); /* not one more letter of the host */
    } else {
        while (slice_starts(url, SLICE("/")))
            url = slice_skip(url, 1);
        text_add_char(&out, '/');
    }
    add_encoded(&out, url);
    return text_slice(&out);
}
