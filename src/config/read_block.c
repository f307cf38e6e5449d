#include "config/read_block.h"

#include "including.h"
#include "lines.h"
#include "section.h"
#include "variables.h"

/* What the reading of one text knows. */
struct reader {
    struct including *including;
    struct arena *arena; /* borrowed from it, as the following */
    struct diags *diags;
    struct tree *tree;
    struct line pending; /* a lone word that waits for its '{'; text.len 0: none */
    bool noted_tab;
    bool noted_brace;
    bool given_up;             /* no text at all */
    struct tree_node *section; /* open one, or NULL */
    struct tree_node *around;  /* the one that it was wrongly opened in, or NULL */
    struct tree_node nowhere;  /* parent of sections that nobody shall see */
    struct diag_place place;   /* see place_at() */
    unsigned forgiven_ends;    /* '}' of sections that were closed for the reader's own recovery */
};

static struct diag_place place_in(const struct line *line, struct slice part)
{
    return tree_pieces_place(line->pieces, (size_t)(part.at - line->text.at), part.len);
}

/* The place until the next call: diag_add() copies it. */
static const struct diag_place *place_at(struct reader *reader, const struct line *line,
                                         struct slice part)
{
    reader->place = place_in(line, part);
    return &reader->place;
}

#define add_at(reader, level, line, part, ...)                                                     \
    diag_add((reader)->diags, (level), place_at((reader), (line), (part)), __VA_ARGS__)

/* ---- bytes ---- */

static bool is_control(char c)
{
    unsigned char byte = (unsigned char)c;

    return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

/* False when the line cannot be read; it has been reported. */
static bool check_bytes(struct reader *reader, const struct line *line, size_t comment)
{
    size_t nul = slice_find(line->text, '\0');

    if (nul != SLICE_NONE) {
        diag_hint(reader->diags,
                  add_at(reader, DIAG_ERROR, line, slice_of(line->text.at + nul, 1),
                         "a NUL byte: this is not a text file"),
                  "the rest of the file is not read; write it as UTF-8 (or ASCII) text");
        reader->given_up = true;
        return false;
    }
    for (size_t i = 0; i < comment; i++) {
        if (is_control(line->text.at[i])) {
            add_at(reader, DIAG_ERROR, line, slice_of(line->text.at + i, 1),
                   "a control byte (0x%02x) inside the line",
                   (unsigned)(unsigned char)line->text.at[i]);
            return false;
        }
    }
    return true;
}

/* A comment swallows the lines that its own end joins to it: Hiawatha's rule, and seldom meant. */
static void warn_about_comment(struct reader *reader, const struct line *line, size_t comment)
{
    const struct tree_piece *piece = line->pieces;

    while (piece && piece->at + piece->len < comment)
        piece = piece->next;
    if (comment == line->text.len || !piece || !piece->next)
        return;
    diag_hint(reader->diags,
              add_at(reader, DIAG_WARNING, line, slice_skip(line->text, comment),
                     "the comment goes on in the next line"),
              "its line ends in a space and a backslash; remove them if that is not meant");
}

/* ---- parts of a line ---- */

/* NAME [=] VALUE, cut into its parts. */
struct statement {
    struct slice name;
    struct slice value;
    bool has_equals;
    bool has_tab; /* between the name and '=' or the value */
};

static struct statement cut_statement(struct slice text)
{
    struct statement statement = { 0 };
    size_t at = 0;

    while (at < text.len && text.at[at] != ' ' && text.at[at] != '\t' && text.at[at] != '=')
        at++;
    statement.name = slice_first(text, at);
    while (at < text.len && (text.at[at] == ' ' || text.at[at] == '\t')) {
        statement.has_tab |= text.at[at] == '\t';
        at++;
    }
    if (at < text.len && text.at[at] == '=') {
        statement.has_equals = true;
        at++;
    }
    statement.value = slice_trim_space(slice_skip(text, at));
    return statement;
}

/* ---- sections ---- */

/*
 * A section begins in a section. Indented deeper it is meant so, and its end leads back to the
 * outer one; otherwise the '}' of the outer one was forgotten. Either way reading goes on as the
 * writer sees it.
 */
static void fault_nested(struct reader *reader, const struct line *line, struct slice name)
{
    struct diag_place place = place_in(line, name);
    struct tree_node *outer = reader->section;
    bool meant = place.column > outer->name_place.column && !reader->around;
    struct diag *diag = diag_add(reader->diags, DIAG_ERROR, &place,
                                 "'%.*s' begins inside '%.*s' of line %u: sections do not nest",
                                 SLICE_ARGS(name), SLICE_ARGS(outer->name), outer->name_place.line);

    if (meant) {
        diag_hint(reader->diags, diag, "move it behind the '}' of '%.*s'", SLICE_ARGS(outer->name));
        reader->around = reader->section;
    } else {
        diag_hint(reader->diags, diag, "is the '}' of '%.*s' missing?", SLICE_ARGS(outer->name));
        outer->unclosed = true;
        reader->forgiven_ends++;
    }
}

static void open_section(struct reader *reader, const struct line *line, struct slice name)
{
    struct tree_node *parent = &reader->tree->root;
    struct slice word = cut_statement(name).name;

    if (word.len < name.len) {
        diag_hint(reader->diags,
                  add_at(reader, DIAG_ERROR, line, name,
                         "'%.*s' is no section name, but the line ends in '{'", SLICE_ARGS(name)),
                  "a section begins with its name and '{' alone: VirtualHost {");
        if (section_kind_of(word) == SECTION_NONE)
            parent = &reader->nowhere;
    }
    if (reader->section)
        fault_nested(reader, line, name);

    struct tree_node *node = tree_add(reader->arena, parent, word);
    node->is_section = true;
    node->name_place = place_in(line, name);
    node->value_place = node->name_place;
    reader->section = node;
}

static void close_section(struct reader *reader, const struct line *line, struct slice brace)
{
    if (reader->section) {
        reader->section = reader->around;
        reader->around = NULL;
        return;
    }
    if (reader->forgiven_ends > 0) {
        reader->forgiven_ends--;
        return;
    }
    diag_hint(reader->diags,
              add_at(reader, DIAG_ERROR, line, brace, "'}' closes nothing: no section is open"),
              "remove it, or look for a '}' too many above");
}

/* The lone word of the line before got no '{'. */
static void drop_pending(struct reader *reader)
{
    struct line *line = &reader->pending;
    struct slice word = slice_trim_space(line->text);

    if (line->text.len == 0)
        return;
    struct diag *diag =
        add_at(reader, DIAG_ERROR, line, word, "'%.*s' has no value", SLICE_ARGS(word));
    if (section_kind_of(word) != SECTION_NONE)
        diag_hint(reader->diags, diag, "a section begins with: %s {",
                  section_name(section_kind_of(word)));
    else
        diag_hint(reader->diags, diag, "write: %.*s = VALUE", SLICE_ARGS(word));
    line->text.len = 0;
}

static void open_pending(struct reader *reader, const struct line *line, struct slice brace)
{
    struct line before = reader->pending;

    if (before.text.len == 0) {
        diag_hint(reader->diags,
                  add_at(reader, DIAG_ERROR, line, brace, "'{' without the name of a section"),
                  "write: VirtualHost {");
        reader->forgiven_ends++;
        return;
    }
    if (!reader->noted_brace)
        add_at(reader, DIAG_NOTE, line, brace,
               "'{' on a line of its own is read, but Hiawatha wants it behind the name");
    reader->noted_brace = true;
    reader->pending.text.len = 0;
    open_section(reader, &before, slice_trim_space(before.text));
}

/* ---- statements ---- */

/* The value with its variables replaced. */
static bool substitute(struct reader *reader, const struct line *line, struct slice raw,
                       struct placed_text *ret)
{
    ret->text = raw;
    ret->pieces =
        tree_pieces_cut(reader->arena, line->pieces, (size_t)(raw.at - line->text.at), raw.len);
    return variables_apply(&reader->including->variables, ret);
}

static void read_option(struct reader *reader, const struct line *line,
                        const struct statement *statement)
{
    struct tree_node *parent = reader->section ? reader->section : &reader->tree->root;
    struct placed_text value;

    if (statement->value.at[0] == '{' && section_kind_of(statement->name) != SECTION_NONE) {
        diag_hint(reader->diags,
                  add_at(reader, DIAG_ERROR, line, statement->value,
                         "a section does not fit on one line"),
                  "end the line behind '{', write each option on a line of its own, then '}'");
        return;
    }
    if (!substitute(reader, line, statement->value, &value))
        return;

    struct tree_node *node = tree_add(reader->arena, parent, statement->name);
    node->value = value.text;
    node->raw_value = statement->value;
    node->name_place = place_in(line, statement->name);
    node->value_place = place_in(line, statement->value);
    node->pieces = value.pieces;
}

static void read_set(struct reader *reader, const struct line *line,
                     const struct statement *statement)
{
    struct slice name;
    struct slice value;

    bool complete = slice_cut(statement->value, '=', &name, &value);
    name = slice_trim(name);
    value = slice_trim(value);
    if (!complete || name.len == 0 || value.len == 0) {
        diag_hint(reader->diags,
                  add_at(reader, DIAG_ERROR, line, statement->value,
                         "'set' wants a name, '=' and a value"),
                  "write: set NAME = VALUE");
        return;
    }
    if (name.len > VARIABLES_NAME_MOST) {
        add_at(reader, DIAG_ERROR, line, name, "the name of a variable has at most %u bytes",
               VARIABLES_NAME_MOST);
        return;
    }
    variables_set(&reader->including->variables, name, value);
}

static void read_include(struct reader *reader, const struct line *line,
                         const struct statement *statement)
{
    const char *refused = reader->section ? "Include stands outside sections only"
                                          : including_refused(reader->including);
    struct diag_place place = place_in(line, statement->value);
    struct placed_text path;

    if (refused) {
        add_at(reader, DIAG_ERROR, line, statement->name, "%s", refused);
        return;
    }
    if (statement->has_equals)
        add_at(reader, DIAG_NOTE, line, statement->name,
               "Include is written without '=' (Hiawatha would take it as part of the path)");
    if (reader->including->depth > 1)
        add_at(reader, DIAG_NOTE, line, statement->name,
               "Include inside an included file is read, but not by Hiawatha");
    if (substitute(reader, line, statement->value, &path))
        including_find(reader->including, &place, path.text);
}

static bool is_quoted(struct slice value)
{
    char quote = value.at[0];

    return value.len > 1 && (quote == '"' || quote == '\'') && value.at[value.len - 1] == quote;
}

/* Of few options quotes are the form, not the value. */
static bool wants_quotes(struct slice name)
{
    return slice_equal_nocase(name, SLICE("LogFormat"));
}

/* Small things that Hiawatha reads otherwise than people mean. */
static void look_twice(struct reader *reader, const struct line *line,
                       const struct statement *statement)
{
    if (statement->has_tab && statement->has_equals && !reader->noted_tab) {
        add_at(reader, DIAG_NOTE, line, statement->name,
               "a tab before '=' is read, but Hiawatha wants spaces there");
        reader->noted_tab = true;
    }
    if (is_quoted(statement->value) && !wants_quotes(statement->name))
        diag_hint(reader->diags,
                  add_at(reader, DIAG_WARNING, line, statement->value,
                         "the quotes are part of the value"),
                  "values are written without quotes, with blanks and all");
    if (slice_ends(statement->value, SLICE(" \\")))
        diag_hint(reader->diags,
                  add_at(reader, DIAG_WARNING, line,
                         slice_of(statement->value.at + statement->value.len - 1, 1),
                         "this backslash is part of the value"),
                  "a line goes on when it ends in a space and a backslash with nothing behind");
}

static void read_statement(struct reader *reader, const struct line *line, struct slice text)
{
    struct statement statement = cut_statement(text);

    if (statement.name.len == 0) {
        add_at(reader, DIAG_ERROR, line, text, "a name is missing before '='");
    } else if (statement.value.len == 0 && !statement.has_equals) {
        reader->pending = *line;
        reader->pending.text =
            slice_first(line->text, (size_t)(text.at - line->text.at) + text.len);
    } else if (statement.value.len == 0) {
        diag_hint(reader->diags,
                  add_at(reader, DIAG_ERROR, line, statement.name, "'%.*s' has no value",
                         SLICE_ARGS(statement.name)),
                  "write a value behind '=', or remove the line to keep the default");
    } else if (statement.value.at[0] == '=') {
        add_at(reader, DIAG_ERROR, line, slice_first(statement.value, 1), "one '=' is enough");
    } else {
        look_twice(reader, line, &statement);
        if (slice_equal_nocase(statement.name, SLICE("set")))
            read_set(reader, line, &statement);
        else if (slice_equal_nocase(statement.name, SLICE("Include")))
            read_include(reader, line, &statement);
        else
            read_option(reader, line, &statement);
    }
}

static void read_line(struct reader *reader, const struct line *line)
{
    size_t comment = lines_comment(line->text);
    struct slice text = slice_trim_space(slice_first(line->text, comment));

    if (!check_bytes(reader, line, comment))
        return;
    warn_about_comment(reader, line, comment);
    if (text.len == 0)
        return;

    if (slice_equal(text, SLICE("{"))) {
        open_pending(reader, line, text);
        return;
    }
    drop_pending(reader);
    if (slice_equal(text, SLICE("}"))) {
        close_section(reader, line, text);
    } else if (text.at[0] == '}') {
        diag_hint(
            reader->diags,
            add_at(reader, DIAG_ERROR, line, slice_skip(text, 1), "'}' stands alone on its line"),
            "move this to the next line");
        close_section(reader, line, slice_first(text, 1));
    } else if (slice_ends(text, SLICE("{"))) {
        open_section(reader, line, slice_trim(slice_first(text, text.len - 1)));
    } else {
        read_statement(reader, line, text);
    }
}

static void check_closed(struct reader *reader)
{
    if (!reader->section || reader->given_up)
        return;
    reader->section->unclosed = true;
    diag_hint(reader->diags,
              diag_add(reader->diags, DIAG_ERROR, &reader->section->name_place,
                       "'%.*s' is never closed", SLICE_ARGS(reader->section->name)),
              "write '}' on a line of its own behind its last option");
}

bool block_read_text(struct including *including, const struct source_text *text)
{
    struct reader reader = {
        .including = including,
        .arena = including->arena,
        .diags = including->diags,
        .tree = including->tree,
    };
    struct lines lines;
    struct line line;

    lines_init(&lines, reader.arena, text);
    while (!reader.given_up && lines_next(&lines, &line))
        read_line(&reader, &line);
    drop_pending(&reader);
    check_closed(&reader);
    return true;
}

void read_block(const struct source_text *text, struct source *source, struct arena *arena,
                struct diags *diags, struct tree *ret)
{
    struct including including;

    including_init(&including, source, arena, diags, ret);
    including_read_by(&including, text, block_read_text);
}
