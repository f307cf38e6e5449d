/*
 * Whatever a mimetype file says: each type that comes out can stand in a field, and the longest
 * known extension is as good as a short one.
 */
#include "http/field.h"
#include "site/media.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct slice text = slice_of(data, size);
    struct media *media = media_build(text, &arena);
    struct slice rest = text;

    /* Every word of the text is asked for as if it were an extension. */
    while (rest.len > 0) {
        struct slice line;
        struct slice word;

        slice_cut(rest, '\n', &line, &rest);
        while (slice_next(&line, ' ', &word)) {
            struct slice type = media_type(media, word);
            assert(type.len > 0 && slice_has(type, '/') && field_is_value(type));
        }
    }
    media_done(media);
    arena_done(&arena);
    return 0;
}
