/* The option table as a JSON Schema (draft 7) of the YAML form, for editors and other tools. */
#include "config/manual.h"

#include "base/text.h"

#include "manual_private.h"

#include <inttypes.h>

static void put_string(FILE *out, const char *words)
{
    char room[16384];
    struct text text = text_on(room, sizeof(room));

    text_add_json(&text, slice_cstr(words));
    fwrite(room, 1, text.len, out);
}

static void put_choices(FILE *out, const struct option_row *row)
{
    fputs("{ \"enum\": [", out);
    for (size_t i = 0; row->choices[i]; i++) {
        fputs(i > 0 ? ", " : "", out);
        put_string(out, row->choices[i]);
    }
    fputs("] }", out);
}

/* A number within the limits of the row, or anything else: what it means is the server's to say. */
static void put_count(FILE *out, const struct option_row *row)
{
    fputs("{ \"anyOf\": [{ \"type\": \"integer\"", out);
    if (row->type == OPT_COUNT)
        fprintf(out, ", \"minimum\": %" PRIu64, row->least);
    if (row->type == OPT_COUNT && row->most > 0)
        fprintf(out, ", \"maximum\": %" PRIu64, row->most);
    fputs(" }, { \"type\": \"string\", \"minLength\": 1 }] }", out);
}

static void put_one_value(FILE *out, const struct option_row *row)
{
    switch (row->type) {
    case OPT_YES_NO:
        fputs("{ \"enum\": [true, false, \"yes\", \"no\", \"true\", \"false\"] }", out);
        break;
    case OPT_CHOICE:
        put_choices(out, row);
        break;
    case OPT_COUNT:
    case OPT_SIZE:
    case OPT_DURATION:
        put_count(out, row);
        break;
    case OPT_TEXT:
    case OPT_PATH:
    case OPT_WORDS:
    case OPT_LOG:
    case OPT_OWN:
    case OPT_NEEDLESS:
    case OPT_GONE:
        fputs("{ \"type\": [\"string\", \"number\", \"boolean\"] }", out);
        break;
    }
}

static void put_option(FILE *out, const struct option_row *row)
{
    fputs("        ", out);
    put_string(out, row->name);
    fputs(": { \"description\": ", out);
    put_string(out, row->text);
    if (row->fallback) {
        fputs(", \"default\": ", out);
        put_string(out, row->fallback);
    }
    fputs(", \"anyOf\": [", out);
    put_one_value(out, row);
    if (manual_repeats(row)) {
        fputs(", { \"type\": \"array\", \"items\": ", out);
        put_one_value(out, row);
        fputs(" }", out);
    }
    fputs("] }", out);
}

/* Some options of the server are those of hosts too. */
static bool is_first_of_name(const struct option_row *row, unsigned scope)
{
    const struct option_row *other = manual_next(NULL, scope);

    while (other != row && !slice_equal_cstr(slice_cstr(other->name), row->name))
        other = manual_next(other, scope);
    return other == row;
}

/* The properties of a map. */
static void put_options(FILE *out, unsigned scope, bool behind_others)
{
    for (const struct option_row *row = manual_next(NULL, scope); row;
         row = manual_next(row, scope)) {
        if (!is_first_of_name(row, scope))
            continue;
        fputs(behind_others ? ",\n" : "", out);
        put_option(out, row);
        behind_others = true;
    }
}

static void put_section(FILE *out, const struct manual_part *part)
{
    fprintf(out,
            "    \"%s\": {\n"
            "      \"type\": [\"object\", \"null\"],\n"
            "      \"properties\": {\n",
            part->name);
    put_options(out, part->scope, false);
    fputs("\n      },\n      \"additionalProperties\": false\n    },\n", out);
}

/* A list of what `item` says, or one alone: said as a condition, so that tools name the fault
 * inside. */
static void put_list_or_one(FILE *out, const char *item)
{
    fprintf(out, "{ \"if\": { \"type\": \"array\" }, \"then\": { \"items\": %s }, \"else\": %s }",
            item, item);
}

/* A map, a list of maps, or of lists of maps where order counts. */
static void put_section_use(FILE *out, const struct manual_part *part)
{
    fprintf(out, ",\n        \"%s\": { \"if\": { \"type\": \"array\" }, \"then\": { \"items\": ",
            part->name);
    put_list_or_one(out, part->reference);
    fprintf(out, " }, \"else\": %s }", part->reference);
}

static bool has_options(const struct manual_part *part)
{
    return manual_next(NULL, part->scope) != NULL;
}

void manual_write_schema(FILE *out)
{
    fputs("{\n"
          "  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n"
          "  \"title\": \"longhouse.yaml, the configuration of the web server Longhouse\",\n"
          "  \"allOf\": [",
          out);
    put_list_or_one(out, manual_parts[0].reference);
    fputs("],\n  \"definitions\": {\n", out);
    for (const struct manual_part *part = manual_parts; part->name; part++)
        if (part->scope != SCOPE_SERVER && has_options(part))
            put_section(out, part);
    fputs("    \"root\": {\n"
          "      \"type\": \"object\",\n"
          "      \"patternProperties\": { \"^x-\": true },\n"
          "      \"properties\": {\n"
          "        \"Include\": { \"type\": [\"string\", \"array\"], \"items\": { \"type\": "
          "\"string\" } }",
          out);
    put_options(out, SCOPE_SERVER | SCOPE_HOST, true);
    for (const struct manual_part *part = manual_parts; part->name; part++)
        if (part->scope != SCOPE_SERVER && has_options(part))
            put_section_use(out, part);
    fputs("\n      },\n      \"additionalProperties\": false\n    }\n  }\n}\n", out);
}
