#include "section.h"

#include "base/diag.h"

static const struct {
    const char *name;
    enum section_kind kind;
} names[] = {
    { "Binding", SECTION_BINDING },       { "Directory", SECTION_DIRECTORY },
    { "FastCGIserver", SECTION_FASTCGI }, { "VirtualHost", SECTION_HOST },
    { "UrlToolkit", SECTION_TOOLKIT },    { "FCGIserver", SECTION_FASTCGI },
};

#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

enum section_kind section_kind_of(struct slice name)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (slice_equal_nocase(name, slice_cstr(names[i].name)))
            return names[i].kind;
    }
    return SECTION_NONE;
}

const char *section_name(enum section_kind kind)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (names[i].kind == kind)
            return names[i].name;
    }
    return "";
}

const char *section_nearest(struct slice word)
{
    const char *candidates[NAME_COUNT];

    for (size_t i = 0; i < NAME_COUNT; i++)
        candidates[i] = names[i].name;
    return diag_nearest(word, candidates, NAME_COUNT);
}
