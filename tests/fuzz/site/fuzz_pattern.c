/*
 * A pattern and a name, parted by the first NUL: the answer is that of a plain definition that goes
 * back and forth, as long as both are short enough for it.
 */
#include "site/pattern.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SHORT 12u

static bool plain_match(struct slice pattern, struct slice name)
{
    if (pattern.len == 0)
        return name.len == 0;
    if (pattern.at[0] != '*')
        return name.len > 0 && (pattern.at[0] == '?' || pattern.at[0] == name.at[0]) &&
               plain_match(slice_skip(pattern, 1), slice_skip(name, 1));

    bool passes_slash = pattern.len > 1 && pattern.at[1] == '*';
    pattern = slice_skip(pattern, passes_slash ? 2 : 1);
    for (;;) {
        if (plain_match(pattern, name))
            return true;
        if (name.len == 0 || (name.at[0] == '/' && !passes_slash))
            return false;
        name = slice_skip(name, 1);
    }
}

static bool plain_any(struct slice pattern, struct slice name)
{
    while (pattern.len > 0) {
        struct slice one;

        slice_cut(pattern, '|', &one, &pattern);
        if (plain_match(slice_starts(one, SLICE("/")) ? slice_skip(one, 1) : one, name))
            return true;
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice pattern;
    struct slice name;
    struct slice extension;

    slice_cut(slice_of(data, size), '\0', &pattern, &name);
    pattern = slice_first(pattern, PATTERN_MOST);

    bool matches = pattern_match(pattern, name);
    if (pattern.len <= SHORT && name.len <= SHORT)
        assert(matches == plain_any(pattern, name));
    for (struct slice rest = pattern; pattern_next_extension(&rest, &extension);)
        assert(extension.len > 0 && !slice_has(extension, '|') && !slice_has(extension, '.'));
    return 0;
}
