#include "config/tree.h"

#include <assert.h>

void tree_init(struct tree *tree)
{
    *tree = (struct tree){ .root.is_section = true };
}

struct tree_node *tree_add(struct arena *arena, struct tree_node *parent, struct slice name)
{
    struct tree_node *node = arena_new(arena, struct tree_node);

    node->name = name;
    if (parent->last_child)
        parent->last_child->next = node;
    else
        parent->first_child = node;
    parent->last_child = node;
    return node;
}

/* The part of `piece` that stands for bytes [from, to) of the value, in columns of its line. */
static unsigned first_column(const struct tree_piece *piece, size_t from)
{
    if (!piece->verbatim || from <= piece->at)
        return piece->place.column;
    return piece->place.column + (unsigned)(from - piece->at);
}

static unsigned end_column(const struct tree_piece *piece, size_t to)
{
    size_t end = to < piece->at + piece->len ? to : piece->at + piece->len;

    if (!piece->verbatim)
        return piece->place.column + piece->place.span;
    return piece->place.column + (unsigned)(end - piece->at);
}

static const struct tree_piece *piece_of(const struct tree_piece *pieces, size_t at)
{
    const struct tree_piece *found = pieces;

    for (const struct tree_piece *piece = pieces; piece && piece->at <= at; piece = piece->next) {
        if (piece->len > 0 || piece == pieces)
            found = piece;
    }
    return found;
}

struct diag_place tree_pieces_place(const struct tree_piece *pieces, size_t at, size_t len)
{
    const struct tree_piece *piece = piece_of(pieces, at);

    if (!piece)
        return (struct diag_place){ 0 };

    struct diag_place place = piece->place;
    place.column = first_column(piece, at);
    unsigned end = end_column(piece, at + len);

    /* A caret stays on one line: bytes that were continued on the next are not underlined. */
    for (piece = piece->next; piece && piece->at < at + len && piece->place.line == place.line;
         piece = piece->next)
        end = end_column(piece, at + len);

    place.span = end > place.column ? end - place.column : 1;
    return place;
}

struct diag_place tree_place(const struct tree_node *node, struct slice part)
{
    if (!node->pieces)
        return (struct diag_place){ 0 };
    if (part.len == 0)
        return node->value_place;
    assert(part.at >= node->value.at && part.at + part.len <= node->value.at + node->value.len);
    return tree_pieces_place(node->pieces, (size_t)(part.at - node->value.at), part.len);
}

struct tree_piece *tree_pieces_cut(struct arena *arena, const struct tree_piece *pieces, size_t at,
                                   size_t len)
{
    struct tree_piece *first = NULL;
    struct tree_piece **end = &first;

    for (const struct tree_piece *piece = pieces; piece; piece = piece->next) {
        size_t from = piece->at > at ? piece->at : at;
        size_t to = piece->at + piece->len < at + len ? piece->at + piece->len : at + len;
        if (from >= to)
            continue;

        struct tree_piece *copy = arena_new(arena, struct tree_piece);
        *copy = (struct tree_piece){
            .at = from - at,
            .len = to - from,
            .verbatim = piece->verbatim,
            .place = piece->place,
        };
        copy->place.column = first_column(piece, from);
        if (piece->verbatim)
            copy->place.span = (unsigned)(to - from);
        *end = copy;
        end = &copy->next;
    }
    return first;
}
