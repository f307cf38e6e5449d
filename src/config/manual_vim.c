/* The option table as a syntax file of vim. */
#include "config/manual.h"

#include "base/slice.h"

#include "manual_private.h"

static const char head[] =
    "\" Vim syntax file: longhouse.conf, the configuration of the web server Longhouse.\n"
    "\" Written by `longhouse completion vim`.\n"
    "if exists('b:current_syntax')\n"
    "  finish\n"
    "endif\n"
    "syntax case ignore\n"
    "syntax match longhouseComment /\\(^\\|\\s\\)#.*$/ contains=@Spell\n"
    "syntax match longhouseVariable /\\${[^}]*}/\n"
    "syntax match longhouseInclude /^\\s*\\(include\\|set\\)\\>/\n"
    "syntax match longhouseNumber /\\<\\d\\+\\(\\.\\d\\+\\)\\?\\([KMGT]\\|ms\\|[smhdw]\\)\\?\\>/\n"
    "syntax keyword longhouseValue yes no true false none\n";

static const char tail[] = "highlight default link longhouseComment Comment\n"
                           "highlight default link longhouseVariable Identifier\n"
                           "highlight default link longhouseInclude Include\n"
                           "highlight default link longhouseNumber Number\n"
                           "highlight default link longhouseValue Constant\n"
                           "highlight default link longhouseSection Structure\n"
                           "highlight default link longhouseOption Keyword\n"
                           "highlight default link longhouseNothing Error\n"
                           "let b:current_syntax = 'longhouse'\n";

static bool is_first_of_name(const struct option_row *row)
{
    for (const struct option_row *other = option_next(NULL); other != row;
         other = option_next(other))
        if (option_has_effect(other) == option_has_effect(row) &&
            slice_equal_nocase(slice_cstr(other->name), slice_cstr(row->name)))
            return false;
    return true;
}

/* A word at the front of a line; not `keyword`, which would find it in values too. */
static void put_names(FILE *out, const char *group, bool available)
{
    for (const struct option_row *row = option_next(NULL); row; row = option_next(row))
        if (option_has_effect(row) == available && is_first_of_name(row))
            fprintf(out, "syntax match %s /^\\s*%s\\>/\n", group, row->name);
}

void manual_write_vim(FILE *out)
{
    fputs(head, out);
    for (const struct manual_part *part = manual_parts; part->name; part++)
        if (part->scope != SCOPE_SERVER)
            fprintf(out, "syntax match longhouseSection /^\\s*%s\\s*{\\@=/\n", part->name);
    put_names(out, "longhouseNothing", false);
    put_names(out, "longhouseOption", true);
    fputs(tail, out);
}
