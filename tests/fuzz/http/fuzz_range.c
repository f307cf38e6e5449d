/*
 * Spans lie within the content, do not touch each other, and together ask for no more than there
 * is.
 */
#include "http/range.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool apart(struct range a, struct range b)
{
    return (a.last < b.first && b.first - a.last > 1) || (b.last < a.first && a.first - b.last > 1);
}

/* The first eight bytes are the size of the content, the rest is the field. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t content = 0;

    if (size < sizeof(content))
        return 0;
    for (size_t i = 0; i < sizeof(content); i++)
        content = content << 8 | data[i];

    struct slice value = slice_of(data + sizeof(content), size - sizeof(content));
    struct range spans[RANGES_MOST];
    unsigned count = 0;
    uint64_t left = content;

    if (range_parse(value, content, spans, &count) != RANGE_SATISFIABLE)
        return 0;
    assert(count >= 1 && count <= RANGES_MOST);
    for (unsigned i = 0; i < count; i++) {
        assert(spans[i].first <= spans[i].last && spans[i].last < content);
        uint64_t len = spans[i].last - spans[i].first + 1;
        assert(len <= left);
        left -= len;
        for (unsigned k = 0; k < i; k++)
            assert(apart(spans[i], spans[k]));
    }
    return 0;
}
