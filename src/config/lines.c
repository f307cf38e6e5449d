#include "lines.h"

void lines_init(struct lines *lines, struct arena *arena, const struct source_text *text)
{
    *lines = (struct lines){ .arena = arena, .text = text, .rest = text->text };
    if (slice_starts(lines->rest, SLICE("\xef\xbb\xbf")))
        lines->rest = slice_skip(lines->rest, 3);
}

/* One physical line as a piece of bytes without LF or CRLF; *ret_goes_on when the next belongs to
 * it. */
static bool next_physical(struct lines *lines, struct slice *ret, bool *ret_goes_on)
{
    struct slice line;

    if (lines->rest.len == 0)
        return false;

    bool ended = slice_cut(lines->rest, '\n', &line, &lines->rest);
    if (slice_ends(line, SLICE("\r")))
        line.len--;
    lines->number++;
    *ret = line;
    *ret_goes_on = ended && slice_ends(line, SLICE(" \\"));
    return true;
}

static struct tree_piece *new_piece(struct lines *lines, struct slice physical, size_t at,
                                    size_t len)
{
    struct tree_piece *piece = arena_new(lines->arena, struct tree_piece);

    *piece = (struct tree_piece){
        .at = at,
        .len = len,
        .verbatim = true,
        .place = {
            .file = lines->text->name,
            .line = lines->number,
            .column = 1,
            .span = (unsigned)len,
            .text = physical,
        },
    };
    return piece;
}

/* The bytes of the pieces in a row. */
static struct slice join(struct lines *lines, const struct tree_piece *pieces, size_t len)
{
    char *bytes = arena_bytes(lines->arena, len);

    for (const struct tree_piece *piece = pieces; piece; piece = piece->next) {
        if (piece->len > 0)
            memcpy(bytes + piece->at, piece->place.text.at, piece->len);
    }
    return slice_of(bytes, len);
}

bool lines_next(struct lines *lines, struct line *ret)
{
    struct slice physical;
    bool goes_on;

    if (!next_physical(lines, &physical, &goes_on))
        return false;

    size_t len = physical.len - (goes_on ? 2 : 0);
    struct tree_piece *last = new_piece(lines, physical, 0, len);
    *ret = (struct line){ .text = slice_first(physical, len), .pieces = last };
    if (!goes_on)
        return true;

    while (goes_on && next_physical(lines, &physical, &goes_on)) {
        size_t used = physical.len - (goes_on ? 2 : 0);

        last->next = new_piece(lines, physical, len, used);
        last = last->next;
        len += used;
    }
    ret->text = join(lines, ret->pieces, len);
    return true;
}

size_t lines_comment(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '#' && (i == 0 || text.at[i - 1] == ' ' || text.at[i - 1] == '\t'))
            return i;
    }
    return text.len;
}
