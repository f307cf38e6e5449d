#include "variables.h"

void variables_set(struct variables *variables, struct slice name, struct slice value)
{
    struct variable *variable = arena_new(variables->arena, struct variable);

    *variable = (struct variable){ .older = variables->newest, .name = name, .value = value };
    variables->newest = variable;

    for (const struct variable *v = variables->names; v; v = v->next_name) {
        if (slice_equal(v->name, name))
            return;
    }
    variable->next_name = variables->names;
    variables->names = variable;
}

/* Is there anything left to replace? */
static bool has_any_name(const struct variables *variables, struct slice text)
{
    for (const struct variable *v = variables->names; v; v = v->next_name) {
        if (slice_find_slice(text, v->name) != SLICE_NONE)
            return true;
    }
    return false;
}

static const struct variable *find(const struct variables *variables, struct slice name)
{
    for (const struct variable *v = variables->newest; v; v = v->older) {
        if (slice_equal(v->name, name))
            return v;
    }
    return NULL;
}

static bool is_word_byte(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_';
}

static bool is_word(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_word_byte(text.at[i]))
            return false;
    }
    return text.len > 0;
}

/* `${NAME}` at the front of `text`: *ret_name and the length of the whole, 0 when there is none. */
static size_t explicit_name(struct slice text, struct slice *ret_name)
{
    if (!slice_starts(text, SLICE("${")))
        return 0;

    size_t close = slice_find(slice_first(text, VARIABLES_NAME_MOST + 3), '}');
    if (close == SLICE_NONE)
        return 0;
    *ret_name = slice_trim(slice_of(text.at + 2, close - 2));
    return close + 1;
}

/* Does the name found at `at` begin or end in the middle of a word? */
static bool cuts_a_word(struct slice text, size_t at, struct slice name)
{
    size_t end = at + name.len;
    bool before = at > 0 && is_word_byte(text.at[at - 1]) && is_word_byte(name.at[0]);
    bool after =
        end < text.len && is_word_byte(text.at[end]) && is_word_byte(name.at[name.len - 1]);

    return before || after;
}

/* The text while it is written anew, stretch by stretch. */
struct rewriting {
    struct variables *variables;
    const struct placed_text *from;
    const struct variable *variable; /* the one that is replaced now */
    struct stretch *first;
    struct stretch **end;
    size_t len;
    size_t kept;   /* bytes of `from` that are written or replaced */
    bool replaced; /* at least once */
    bool warned;
};

struct stretch {
    struct stretch *next;
    struct slice text;
    struct tree_piece *pieces; /* counted from the stretch */
};

static void add_stretch(struct rewriting *to, struct slice text, struct tree_piece *pieces)
{
    struct stretch *stretch = arena_new(to->variables->arena, struct stretch);

    *stretch = (struct stretch){ .text = text, .pieces = pieces };
    *to->end = stretch;
    to->end = &stretch->next;
    to->len += text.len;
}

/* Everything before `at` that is not written yet stays as it is. */
static void keep_until(struct rewriting *to, size_t at)
{
    if (at > to->kept)
        add_stretch(
            to, slice_of(to->from->text.at + to->kept, at - to->kept),
            tree_pieces_cut(to->variables->arena, to->from->pieces, to->kept, at - to->kept));
    to->kept = at;
}

static void replace(struct rewriting *to, size_t at, size_t len)
{
    struct slice value = to->variable->value;
    struct tree_piece *piece = arena_new(to->variables->arena, struct tree_piece);

    keep_until(to, at);
    *piece = (struct tree_piece){
        .len = value.len,
        .place = tree_pieces_place(to->from->pieces, at, len),
    };
    add_stretch(to, value, piece);
    to->kept = at + len;
    to->replaced = true;
}

static void warn_about_word(struct rewriting *to, size_t at)
{
    struct slice name = to->variable->name;
    struct diag_place place = tree_pieces_place(to->from->pieces, at, name.len);

    if (to->warned)
        return;
    to->warned = true;
    diag_hint(to->variables->diags,
              diag_add(to->variables->diags, DIAG_WARNING, &place,
                       "the variable '%.*s' is replaced in the middle of a word", SLICE_ARGS(name)),
              "give the variable a longer name, and write ${%.*s} where it is meant",
              SLICE_ARGS(name));
}

static void rewrite(struct rewriting *to)
{
    struct slice text = to->from->text;
    struct slice name;

    for (size_t at = 0; at < text.len;) {
        size_t whole = explicit_name(slice_skip(text, at), &name);

        if (whole > 0 && slice_equal(name, to->variable->name)) {
            replace(to, at, whole);
            at += whole;
        } else if (whole > 0 && (is_word(name) || find(to->variables, name))) {
            at += whole; /* another one's turn, or nobody's: its name is not searched */
        } else if (slice_starts(slice_skip(text, at), to->variable->name)) {
            if (cuts_a_word(text, at, to->variable->name))
                warn_about_word(to, at);
            replace(to, at, to->variable->name.len);
            at += to->variable->name.len;
        } else {
            at++;
        }
        if (to->len > VARIABLES_VALUE_MOST)
            return;
    }
    keep_until(to, text.len);
}

/* The stretches as one text with one row of pieces. */
static void join(struct rewriting *from, struct placed_text *ret)
{
    char *bytes = arena_bytes(from->variables->arena, from->len);
    struct tree_piece **end = &ret->pieces;
    size_t at = 0;

    for (struct stretch *stretch = from->first; stretch; stretch = stretch->next) {
        if (stretch->text.len > 0)
            memcpy(bytes + at, stretch->text.at, stretch->text.len);
        for (struct tree_piece *piece = stretch->pieces; piece; piece = piece->next) {
            piece->at += at;
            *end = piece;
            end = &piece->next;
        }
        at += stretch->text.len;
    }
    *end = NULL;
    ret->text = slice_of(bytes, at);
}

static void warn_about_unknown(struct variables *variables, const struct placed_text *text)
{
    struct slice name;

    for (size_t at = 0; at < text->text.len; at++) {
        size_t whole = explicit_name(slice_skip(text->text, at), &name);
        if (whole == 0 || !is_word(name) || find(variables, name))
            continue;

        struct diag_place place = tree_pieces_place(text->pieces, at, whole);
        diag_hint(variables->diags,
                  diag_add(variables->diags, DIAG_WARNING, &place,
                           "no variable '%.*s' is set before this line", SLICE_ARGS(name)),
                  "the text stays as it is; define it with: set %.*s = VALUE", SLICE_ARGS(name));
    }
}

bool variables_apply(struct variables *variables, struct placed_text *text)
{
    struct placed_text now = *text;
    bool more = has_any_name(variables, now.text);

    warn_about_unknown(variables, text);
    for (const struct variable *v = variables->newest; v && more; v = v->older) {
        if (slice_find_slice(now.text, v->name) == SLICE_NONE)
            continue;

        struct rewriting to = { .variables = variables, .from = &now, .variable = v };
        to.end = &to.first;
        rewrite(&to);
        if (to.len > VARIABLES_VALUE_MOST) {
            struct diag_place place = tree_pieces_place(text->pieces, 0, text->text.len);
            diag_add(variables->diags, DIAG_ERROR, &place,
                     "the value grows above %u bytes when '%.*s' is replaced", VARIABLES_VALUE_MOST,
                     SLICE_ARGS(v->name));
            return false;
        }
        if (to.replaced) {
            struct placed_text next = { 0 };
            join(&to, &next);
            now = next;
            more = has_any_name(variables, now.text);
        }
    }
    *text = now;
    return true;
}
