/* The sections of the manual, whatever its form. */
#include "manual_private.h"

#define REFERENCE(name_) "{ \"$ref\": \"#/definitions/" name_ "\" }"
#define SECTION(scope_, name_)                                                                     \
    {                                                                                              \
        .scope = (scope_), .name = (name_), .reference = REFERENCE(name_)                          \
    }

const struct manual_part manual_parts[] = {
    { .scope = SCOPE_SERVER, .name = "Outside sections", .reference = REFERENCE("root") },
    SECTION(SCOPE_BINDING, "Binding"),
    SECTION(SCOPE_HOST, "VirtualHost"),
    SECTION(SCOPE_DIRECTORY, "Directory"),
    SECTION(SCOPE_FASTCGI, "FastCGIserver"),
    SECTION(SCOPE_TOOLKIT, "UrlToolkit"),
    { 0 },
};

const struct option_row *manual_next(const struct option_row *row, unsigned scope)
{
    do
        row = option_next(row);
    while (row && !(option_has_effect(row) && (row->scopes & scope)));
    return row;
}

bool manual_repeats(const struct option_row *row)
{
    return row->repeat == REPEAT_APPENDS || row->type == OPT_WORDS;
}
