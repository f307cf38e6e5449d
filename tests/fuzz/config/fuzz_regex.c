/*
 * A pattern and a text, parted by the first NUL: whatever the pattern, it is told where it is
 * wrong, or it is compiled; a match comes to an end, and its groups are parts of the text. Looking
 * only whether it fits must not say anything else.
 */
#include "config/regex.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_groups(const struct slice *groups, struct slice text)
{
    assert(groups[0].at);
    for (unsigned i = 0; i < REGEX_GROUPS; i++)
        assert(!groups[i].at ||
               (groups[i].at >= text.at && groups[i].at + groups[i].len <= text.at + text.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct regex_scratch scratch = { 0 };
    struct slice groups[REGEX_GROUPS];
    struct parse_fault fault = { 0 };
    struct slice pattern;
    struct slice text;

    slice_cut(slice_of(data, size), '\0', &pattern, &text);
    if (!text.at)
        text = SLICE("");
    struct regex *regex = regex_compile(pattern, size % 2, &fault);
    if (!regex) {
        assert(fault.why && fault.at <= pattern.len);
        return 0;
    }
    enum regex_word fits = regex_match(regex, text, &scratch, NULL);
    enum regex_word word = regex_match(regex, text, &scratch, groups);
    if (word == REGEX_FITS)
        check_groups(groups, text);
    assert(word == fits || word == REGEX_GIVES_UP);
    regex_scratch_done(&scratch);
    regex_free(regex);
    return 0;
}
