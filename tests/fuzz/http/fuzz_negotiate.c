/*
 * Accept-Encoding of the client, in two fields when the input has a line end: the coding that is
 * chosen was offered, a coding that nobody names is not chosen, and who offers less is not given
 * more.
 */
#include "http/negotiate.h"

#include <assert.h>
#include <stdint.h>

static const enum coding offered[] = { CODING_BR, CODING_ZSTD, CODING_GZIP };

static bool names(struct slice text, enum coding coding)
{
    const struct slice name = coding_name(coding);

    for (size_t at = 0; at + name.len <= text.len; at++)
        if (slice_equal_nocase(slice_first(slice_skip(text, at), name.len), name))
            return true;
    return slice_has(text, '*');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice in = slice_of(data, size);
    struct arena arena = { 0 };
    struct fields fields = { 0 };
    struct slice first;
    struct slice second;

    if (slice_cut(in, '\n', &first, &second))
        fields_add(&fields, &arena, SLICE("Accept-Encoding"), slice_trim(second));
    fields_add(&fields, &arena, SLICE("accept-encoding"), slice_trim(first));

    const enum coding best = negotiate_coding(&fields, offered, 3);
    assert(best <= CODING_COUNT);
    assert(best == CODING_COUNT || names(in, best));
    for (unsigned i = 0; i < 3; i++) {
        const enum coding alone = negotiate_coding(&fields, &offered[i], 1);

        assert(alone == offered[i] || alone == CODING_COUNT);
        assert(best != offered[i] || alone == best);
    }
    assert(negotiate_coding(&fields, offered, 0) == CODING_COUNT);
    arena_done(&arena);
    return 0;
}
