/* The option table as the man page longhouse.conf(5), in roff. */
#include "config/manual.h"

#include "base/slice.h"

#include "manual_private.h"

/* One byte of a line; a '.' or "'" at the front would be an order. */
static void put_byte(FILE *out, char c, bool is_first)
{
    if (is_first && (c == '.' || c == '\''))
        fputs("\\&", out);
    if (c == '\\')
        fputs("\\e", out);
    else if (c == '-')
        fputs("\\-", out);
    else
        fputc(c, out);
}

static void put_plain(FILE *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        put_byte(out, text.at[i], i == 0);
}

static void put_code(FILE *out, struct slice line)
{
    put_plain(out, line);
    fputc('\n', out);
}

/* `code` is bold. */
static void put_text(FILE *out, struct slice line)
{
    bool bold = false;
    bool is_first = true;

    for (size_t i = 0; i < line.len; i++) {
        if (line.at[i] == '`') {
            fputs(bold ? "\\fR" : "\\fB", out);
            bold = !bold;
        } else {
            put_byte(out, line.at[i], is_first);
        }
        is_first = false;
    }
    if (bold)
        fputs("\\fR", out);
    fputc('\n', out);
}

static void put_line(FILE *out, struct slice line, bool *is_code)
{
    if (slice_starts(line, SLICE("```"))) {
        fputs(*is_code ? ".fi\n.RE\n" : ".PP\n.RS 4\n.nf\n", out);
        *is_code = !*is_code;
    } else if (*is_code) {
        put_code(out, line);
    } else if (slice_starts(line, SLICE("## "))) {
        fputs(".SH ", out);
        put_text(out, slice_skip(line, 3));
    } else if (slice_starts(line, SLICE("- "))) {
        fputs(".IP \\(bu 2\n", out);
        put_text(out, slice_skip(line, 2));
    } else if (line.len == 0) {
        fputs(".PP\n", out);
    } else {
        put_text(out, slice_trim_space(line));
    }
}

void manual_roff(FILE *out, const char *text)
{
    struct slice rest = slice_cstr(text);
    bool is_code = false;

    while (rest.len > 0) {
        struct slice line;

        slice_cut(rest, '\n', &line, &rest);
        put_line(out, line, &is_code);
    }
}

static void put_option(FILE *out, const struct option_row *row)
{
    fputs(".TP\n.B ", out);
    put_text(out, slice_cstr(row->name));
    fputs("\\fI", out);
    put_text(out, slice_cstr(row->grammar));
    fputs("\\fR", out);
    if (row->fallback) {
        fputs("(default \\fB", out);
        put_plain(out, slice_cstr(row->fallback));
        fputs("\\fR)\n", out);
    }
    fputs(row->required ? "(required)\n.br\n" : ".br\n", out);
    put_text(out, slice_cstr(row->text));
}

/* The chapter of the language, without the title above it. */
static struct slice language(void)
{
    struct slice head = slice_cstr(manual_head);
    size_t at = slice_find_slice(head, SLICE("## "));

    return at == SLICE_NONE ? head : slice_skip(head, at);
}

void manual_write_man(FILE *out)
{
    fputs(".TH LONGHOUSE.CONF 5 \"\" \"Longhouse " LONGHOUSE_VERSION "\"\n"
          ".SH NAME\nlonghouse.conf \\- configuration of the web server longhouse(8)\n",
          out);
    manual_roff(out, language().at);
    for (const struct manual_part *part = manual_parts; part->name; part++) {
        const struct option_row *row = manual_next(NULL, part->scope);

        if (row)
            fprintf(out, ".SH %s\n", part->name);
        for (; row; row = manual_next(row, part->scope))
            put_option(out, row);
    }
    fputs(".SH SEE ALSO\n.BR longhouse (8)\n", out);
}
