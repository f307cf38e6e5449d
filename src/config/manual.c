#include "config/manual.h"

#include "build.h"
#include "manual_private.h"

const char manual_head[] =
    "# Options\n"
    "\n"
    "This page is printed by the server itself (`longhouse manual`), from the table that also "
    "reads the\n"
    "configuration: what stands here is what it does.\n"
    "\n"
    "## The language\n"
    "\n"
    "```\n"
    "# a comment: from a '#' that begins the line or follows a blank\n"
    "set NAME = VALUE              a variable, replaced in the values of all later lines\n"
    "Include sites.d               a file, or all files of a folder\n"
    "\n"
    "Option = value\n"
    "\n"
    "VirtualHost {\n"
    "    Option = value\n"
    "    Option = first, \\\n"
    "        second                a line goes on after a space and a backslash\n"
    "}\n"
    "```\n"
    "\n"
    "- Names of options and sections: capitals do not matter. Values: they do, unless said\n"
    "  otherwise.\n"
    "- `Option = value` and `Option value` are the same. There are no quotes.\n"
    "- The sections are `Binding`, `VirtualHost`, `Directory` and `FastCGIserver`; they do\n"
    "  not nest, and their order is free. Options of the server stand outside sections; options of "
    "a\n"
    "  website that stand outside sections make the default host, which answers for every\n"
    "  name that no other host has. Without any, the first VirtualHost is the default host.\n"
    "- A variable is replaced wherever its name occurs, even inside a word (with a\n"
    "  warning); `${NAME}` names it exactly. `CONFIG_DIR` is the folder of the\n"
    "  configuration. A variable that is set again has its new value from that line on.\n"
    "- Include: relative paths begin at the configuration folder. In a folder, subfolders\n"
    "  come first, then files, each in alphabetical order; hidden files and what editors\n"
    "  and package managers leave behind (`~`, `.bak`, `.orig`, `.swp`, `.dpkg-old`,\n"
    "  `.dpkg-new`, `.dpkg-dist`, `.rpmsave`, `.rpmnew`, `.rpmorig`, names that begin with\n"
    "  `#`) are left out. Includes may nest 8 deep.\n"
    "- Sizes: a number, or a number and `K`, `M`, `G`, `T` (powers of 1024). Times: a\n"
    "  number, or a number and `ms`, `s`, `m`, `h`, `d`, `w` or the word. What a bare\n"
    "  number counts stands with each option.\n"
    "- Yes and no: `yes`, `true`, `no`, `false`.\n"
    "- An option that is given twice: the last one counts, with a warning, unless its text\n"
    "  says that it may be repeated.\n";

static char *show_value(const struct option_row *row, uint64_t value, char out[32])
{
    if (row->type == OPT_SIZE)
        return show_size(value, out);
    if (row->type == OPT_DURATION || row->unit > 0)
        return show_duration(value, out);
    snprintf(out, 32, "%llu", (unsigned long long)value);
    return out;
}

/* Rows of text with a greatest length say so in their grammar. */
static void write_range(FILE *out, const struct option_row *row)
{
    char least[32];
    char most[32];

    if (row->most == 0 || row->type == OPT_TEXT ||
        (row->least == 0 && row->unit == 0 && row->type == OPT_OWN))
        return;
    fprintf(out, " — %s to %s", show_value(row, row->least, least),
            show_value(row, row->most, most));
}

static void write_option(FILE *out, const struct option_row *row)
{
    fprintf(out, "\n### %s\n\n", row->name);
    fprintf(out, "`%s = %s`", row->name, row->grammar);
    if (row->fallback)
        fprintf(out, " — default `%s`", row->fallback);
    else if (row->required)
        fputs(" — required", out);
    write_range(out, row);
    fprintf(out, "\n\n%s", row->text);
    if (row->former)
        fprintf(out, " Former names: %s.", row->former);
    fputc('\n', out);
}

static void write_scope(FILE *out, unsigned scope, const char *title, const char *text)
{
    fprintf(out, "\n## %s\n\n%s\n", title, text);
    for (const struct option_row *row = manual_next(NULL, scope); row;
         row = manual_next(row, scope))
        write_option(out, row);
}

/* Names in a row, lines of a readable length. */
static void write_names(FILE *out, bool (*is_meant)(const struct option_row *row), unsigned scopes)
{
    size_t column = 0;

    for (const struct option_row *row = option_next(NULL); row; row = option_next(row)) {
        if (!(row->scopes & scopes) || !is_meant(row))
            continue;
        size_t width = strlen(row->name) + 4;
        if (column + width > 100) {
            fputs(",\n", out);
            column = 0;
        } else if (column > 0) {
            fputs(", ", out);
        }
        fprintf(out, "`%s`", row->name);
        column += width;
    }
    fputs("\n", out);
}

static bool is_needless(const struct option_row *row)
{
    return row->type == OPT_NEEDLESS;
}

static bool is_gone(const struct option_row *row)
{
    return row->type == OPT_GONE;
}

/* What hosts have as well is described there. */
static bool is_of_folders(const struct option_row *row)
{
    return option_has_effect(row) && (row->scopes & SCOPE_DIRECTORY) &&
           (row->scopes & SCOPE_HOST) && row->folder_size > 0;
}

static void write_directory(FILE *out)
{
    fputs("\n## Directory\n\n"
          "What holds for a part of a website, for the hosts that name the section in "
          "UseDirectory. These\n"
          "options of `VirtualHost` may stand here; what is given replaces what the host says, and "
          "Setenv\n"
          "adds its variables to those of the host:\n\n",
          out);
    write_names(out, is_of_folders, SCOPE_HOST);
    for (const struct option_row *row = manual_next(NULL, SCOPE_DIRECTORY); row;
         row = manual_next(row, SCOPE_DIRECTORY)) {
        if (!is_of_folders(row))
            write_option(out, row);
    }
}

static const char toolkit_text[] =
    "Rules about URLs, for the hosts that name the section in UseToolkit (docs/toolkit.md). A rule "
    "is a test\n"
    "and an action; they are tried from top to bottom. The actions:\n\n"
    "- `Rewrite URL [LOOPS] [Continue|Return]`: what fits the pattern becomes URL, in which $0 is "
    "all\n"
    "  that fits and $1 to $9 are groups. LOOPS (up to 20): again so often. Then all rules are "
    "done, "
    "or\n"
    "  go on here, or behind this section. `Use URL`: the whole URL becomes URL; all is done.\n"
    "- `Redirect [301|302|303|307|308] URL`, `DenyAccess` (403), `NotFound` (404): the answer.\n"
    "- `UseFastCGI ID`: that FastCGIserver answers, whatever the URL.\n"
    "- `Call ID`: the rules of another section, then on here. `Goto ID`: them, and then no "
    "others.\n"
    "- `Skip N`: without the next N rules. `Return`: out of this section. `Exit`: out of all.\n"
    "- `OmitRequestLog`: no line in the access log. `Ban TIME`: 403 when the rules are "
    "through,\n"
    "  and the client is banned for so long (seconds, or a number with m, h or d).\n";

static void write_without_effect(FILE *out)
{
    fputs("\n## Without effect\n\n"
          "Hiawatha needs them, and something else takes their place here: accepted with a note "
          "that says what.\n\n",
          out);
    write_names(out, is_needless, ~0u);
    fputs("\n"
          "Of older Hiawatha versions: accepted with a warning that says what it means today.\n\n",
          out);
    write_names(out, is_gone, ~0u);
}

void manual_write(FILE *out)
{
    fputs(manual_head, out);
    write_scope(
        out, SCOPE_SERVER, "Outside sections",
        "Options of the server as a whole. Options of `VirtualHost` may stand here too: they "
        "make the default host.");
    write_scope(out, SCOPE_BINDING, "Binding",
                "Where the server listens. One section for each address and port.");
    write_scope(out, SCOPE_HOST, "VirtualHost", "A website.");
    write_directory(out);
    write_scope(out, SCOPE_FASTCGI, "FastCGIserver",
                "A FastCGI program that runs already, for the hosts that name it in UseFastCGI.");
    write_scope(out, SCOPE_TOOLKIT, "UrlToolkit", toolkit_text);
    write_without_effect(out);
}
