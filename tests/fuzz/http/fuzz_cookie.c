/*
 * What is found lies within the field; without one cookie the others are the same, in order; what a
 * Set-Cookie gives is the first pair.
 */
#include "http/cookie.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_inside(struct slice part, struct slice whole)
{
    return part.at >= whole.at && part.at + part.len <= whole.at + whole.len;
}

static void check_removal(struct slice in, struct slice gone, struct arena *arena)
{
    struct slice rest = in;
    struct slice left = cookie_without(in, gone, arena);
    struct slice name;
    struct slice value;
    struct slice other_name;
    struct slice other_value;

    assert(left.len <= in.len);
    while (cookie_next(&rest, &name, &value)) {
        if (slice_equal(name, gone))
            continue;
        assert(cookie_next(&left, &other_name, &other_value));
        assert(slice_equal(name, other_name) && slice_equal(value, other_value));
    }
    assert(!cookie_next(&left, &other_name, &other_value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    struct slice rest = in;
    struct slice name;
    struct slice value;
    struct set_cookie set;
    struct arena arena;
    unsigned count = 0;

    arena_init(&arena);
    while (cookie_next(&rest, &name, &value) && count++ < 50) {
        assert(name.len > 0 && is_inside(name, in) && is_inside(value, in));
        check_removal(in, name, &arena);
    }
    assert(cookie_without(in, SLICE(";"), &arena).at == in.at);
    if (set_cookie_parse(in, 1700000000, &set)) {
        struct slice again = in;

        assert(set.name.len > 0 && cookie_next(&again, &name, &value));
        assert(slice_equal(name, set.name) && slice_equal(value, set.value));
    }
    arena_done(&arena);
    return 0;
}
