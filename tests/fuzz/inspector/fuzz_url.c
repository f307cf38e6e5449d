/* A URL: what is taken apart lies in the text, in its order, and the target begins with a slash. */
#include "inspector/url.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice text = slice_of(data, size);
    struct arena arena = { 0 };
    struct parse_fault fault = { 0 };
    struct url url = { 0 };

    if (url_parse(text, &arena, &url, &fault) == PARSE_DONE) {
        assert(url.host.len > 0 && url.authority.len >= url.host.len);
        assert(slice_find_slice(text, url.authority) != SLICE_NONE);
        assert(slice_starts(url.target, SLICE("/")) && !slice_has(url.target, '#'));
        assert(url.port <= 65535);
    } else {
        assert(fault.why);
    }
    arena_done(&arena);
    return 0;
}
