#include "base/diag.h"

#include "base/table.h"
#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#define GUTTER_LEAST 5 /* columns for the line number */

void diags_init(struct diags *diags, struct arena *arena)
{
    *diags = (struct diags){ .arena = arena };
    diags->end = &diags->first;
}

static void count_level(struct diags *diags, enum diag_level level)
{
    switch (level) {
    case DIAG_NOTE:
        diags->notes++;
        break;
    case DIAG_WARNING:
        diags->warnings++;
        break;
    case DIAG_ERROR:
        diags->errors++;
        break;
    }
}

struct diag *diag_add(struct diags *diags, enum diag_level level, const struct diag_place *place,
                      const char *format, ...)
{
    struct diag *diag = arena_new(diags->arena, struct diag);
    va_list args;

    diag->level = level;
    if (place)
        diag->place = *place;
    va_start(args, format);
    diag->message = arena_printf_v(diags->arena, format, args);
    va_end(args);

    *diags->end = diag;
    diags->end = &diag->next;
    count_level(diags, level);
    return diag;
}

void diag_hint(struct diags *diags, struct diag *diag, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    diag->hint = arena_printf_v(diags->arena, format, args);
    va_end(args);
}

/* One diag with what it is sorted by. */
struct ranked {
    const struct diag *diag;
    size_t file; /* 0 for the file named first, and so on */
    size_t added;
};

static int compare_ranked(const void *left, const void *right)
{
    const struct ranked *a = left;
    const struct ranked *b = right;
    unsigned line_a = a->diag->place.line;
    unsigned line_b = b->diag->place.line;

    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    if (line_a != line_b)
        return line_a < line_b ? -1 : 1;
    return a->added < b->added ? -1 : 1; /* so that qsort() keeps the order of one line */
}

static size_t rank_of_file(struct arena *arena, struct table *files, const char *name)
{
    struct slice key = slice_cstr(name ? name : "");
    size_t *known = table_find(files, key);

    if (!known) {
        known = arena_new(arena, size_t);
        *known = files->count;
        table_put(files, key, known);
    }
    return *known;
}

/* All diags in the order in which they are shown. */
static struct ranked *rank(const struct diags *diags, size_t *ret_count)
{
    size_t room = (size_t)diags->errors + diags->warnings + diags->notes;
    struct ranked *ranked = arena_array(diags->arena, struct ranked, room);
    struct table files = { 0 };
    size_t count = 0;

    for (const struct diag *diag = diags->first; diag; diag = diag->next) {
        assert(count < room);
        ranked[count] = (struct ranked){
            .diag = diag,
            .file = rank_of_file(diags->arena, &files, diag->place.file),
            .added = count,
        };
        count++;
    }
    table_done(&files);
    if (count > 1)
        qsort(ranked, count, sizeof(struct ranked), compare_ranked);
    *ret_count = count;
    return ranked;
}

/* How one run of diags_print() paints; every text is empty without colours. */
struct paint {
    const char *place;
    const char *levels[DIAG_ERROR + 1];
    const char *caret;
    const char *end;
};

static const struct paint colourless = {
    .place = "",
    .levels = { [DIAG_NOTE] = "", [DIAG_WARNING] = "", [DIAG_ERROR] = "" },
    .caret = "",
    .end = "",
};

static const struct paint coloured = {
    .place = "\033[1m",
    .levels = {
        [DIAG_NOTE] = "\033[1;36m",
        [DIAG_WARNING] = "\033[1;35m",
        [DIAG_ERROR] = "\033[1;31m",
    },
    .caret = "\033[1;32m",
    .end = "\033[0m",
};

static const char *level_name(enum diag_level level)
{
    switch (level) {
    case DIAG_NOTE:
        return "note";
    case DIAG_WARNING:
        return "warning";
    case DIAG_ERROR:
        return "error";
    }
    return "fault";
}

/*
 * Bytes of the character at the front. Control characters and bytes that are no UTF-8 are one wide
 * and shown as '?', so that no file can move the cursor or colour the terminal.
 */
static size_t next_character(struct slice text, bool *ret_shown)
{
    unsigned char first = (unsigned char)text.at[0];
    size_t len = utf8_sequence(text);
    bool is_control = (first < 0x20 && first != '\t') || first == 0x7f ||
                      (first == 0xc2 && len == 2 && (unsigned char)text.at[1] < 0xa0);

    *ret_shown = len > 0 && !is_control;
    return len > 0 ? len : 1;
}

static void print_clean(FILE *out, struct slice text)
{
    while (text.len > 0) {
        bool shown;
        size_t len = next_character(text, &shown);

        if (shown)
            fwrite(text.at, 1, len, out);
        else
            fputc('?', out);
        text = slice_skip(text, len);
    }
}

/* As wide as print_clean() of the same text: a tab stays a tab, each other character becomes
 * `mark`. */
static void print_as_wide(FILE *out, struct slice text, char tab, char mark)
{
    while (text.len > 0) {
        bool shown;
        size_t len = next_character(text, &shown);

        fputc(text.at[0] == '\t' ? tab : mark, out);
        text = slice_skip(text, len);
    }
}

static void print_head(FILE *out, const struct diag *diag, const struct paint *paint)
{
    const struct diag_place *place = &diag->place;

    if (place->file) {
        fputs(paint->place, out);
        print_clean(out, slice_cstr(place->file));
        if (place->line > 0)
            fprintf(out, ":%u", place->line);
        if (place->line > 0 && place->column > 0)
            fprintf(out, ":%u", place->column);
        fprintf(out, ": %s", paint->end);
    }
    fprintf(out, "%s%s: %s", paint->levels[diag->level], level_name(diag->level), paint->end);
    print_clean(out, diag->message);
    fputc('\n', out);
}

static void print_caret(FILE *out, const struct diag_place *place, const struct paint *paint)
{
    struct slice before = slice_first(place->text, place->column - 1);
    struct slice marked = slice_skip(place->text, place->column - 1);
    bool shown;

    print_as_wide(out, before, '\t', ' ');
    fprintf(out, "%s^", paint->caret);
    marked = slice_first(marked, place->span);
    if (marked.len > 0)
        print_as_wide(out, slice_skip(marked, next_character(marked, &shown)), '~', '~');
    fputs(paint->end, out);
}

static void print_source(FILE *out, const struct diag_place *place, const struct paint *paint,
                         int gutter)
{
    fprintf(out, "%*u | ", gutter, place->line);
    print_clean(out, place->text);
    fputc('\n', out);
    if (place->column == 0)
        return;

    fprintf(out, "%*s | ", gutter, "");
    print_caret(out, place, paint);
    fputc('\n', out);
}

static void print_diag(FILE *out, const struct diag *diag, const struct paint *paint)
{
    char number[16];
    int digits = snprintf(number, sizeof(number), "%u", diag->place.line);
    int gutter = digits > GUTTER_LEAST ? digits : GUTTER_LEAST;

    print_head(out, diag, paint);
    if (diag->place.line > 0 && diag->place.text.len > 0)
        print_source(out, &diag->place, paint, gutter);
    if (diag->hint.len > 0) {
        fprintf(out, "%*s = ", gutter, "");
        print_clean(out, diag->hint);
        fputc('\n', out);
    }
}

void diags_print(const struct diags *diags, FILE *out, bool colours)
{
    size_t count;
    const struct ranked *ranked = rank(diags, &count);

    for (size_t i = 0; i < count; i++)
        print_diag(out, ranked[i].diag, colours ? &coloured : &colourless);
}

/* Longer words are near to nothing: no name that people misspell comes close to this. */
#define WORD_MOST 127u

/* How many slips are forgiven: none in a word of one or two letters, one for each three letters
 * else. */
static size_t forgiven(size_t len)
{
    return len / 3;
}

static size_t least_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same_letter(char a, char b)
{
    return ascii_lower(a) == ascii_lower(b);
}

/*
 * Damerau-Levenshtein distance (optimal string alignment: insert, delete, replace, swap two
 * neighbours). Three rows of the usual matrix are enough: row i is distances of the first i letters
 * of `a`.
 */
static size_t edit_distance(struct slice a, struct slice b)
{
    size_t rows[3][WORD_MOST + 1];
    size_t *older = rows[0];
    size_t *old = rows[1];
    size_t *row = rows[2];

    assert(a.len <= WORD_MOST && b.len <= WORD_MOST);
    for (size_t j = 0; j <= b.len; j++)
        old[j] = j;

    for (size_t i = 1; i <= a.len; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = old[j - 1] + !same_letter(a.at[i - 1], b.at[j - 1]);

            row[j] = least_of(replaced, least_of(old[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(a.at[i - 1], b.at[j - 2]) &&
                same_letter(a.at[i - 2], b.at[j - 1]))
                row[j] = least_of(row[j], older[j - 2] + 1);
        }

        size_t *spare = older;
        older = old;
        old = row;
        row = spare;
    }
    return old[b.len];
}

const char *diag_nearest(struct slice word, const char *const *candidates, size_t count)
{
    const char *nearest = NULL;
    size_t best = SIZE_MAX;

    if (word.len == 0 || word.len > WORD_MOST)
        return NULL;

    for (size_t i = 0; i < count; i++) {
        struct slice candidate = slice_cstr(candidates[i]);

        if (candidate.len > WORD_MOST)
            continue;
        size_t distance = edit_distance(word, candidate);
        size_t longer = word.len > candidate.len ? word.len : candidate.len;
        if (distance < best && distance <= forgiven(longer)) {
            best = distance;
            nearest = candidates[i];
        }
    }
    return nearest;
}
