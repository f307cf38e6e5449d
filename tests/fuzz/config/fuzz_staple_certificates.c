/* What is handed on of a PEM text has no key, and nothing of it is left out the next time. */
#include "config/acme_conf.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    const struct slice text = slice_of((const char *)data, size);

    if (size > 1 << 16 || slice_has(text, '\0')) /* files of texts have none */
        return 0;
    const struct slice alone = staple_certificates(text, &arena);
    assert(alone.len <= 2 * size);
    assert(slice_find_slice(alone, SLICE("\n-----BEGIN PRIVATE KEY")) == SLICE_NONE);
    assert(slice_equal(staple_certificates(alone, &arena), alone));
    arena_done(&arena);
    return 0;
}
