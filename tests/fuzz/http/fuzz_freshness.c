/*
 * Cache-Control, Expires, Age and Pragma, a line each: no answer is kept longer than it may be,
 * none that says so is kept at all, and older ones are not kept longer.
 */
#include "http/freshness.h"

#include <assert.h>
#include <stdint.h>

#define MOST_S 60u
#define NOW_S  INT64_C(1700000000)

static const struct slice names[] = { SLICE_INIT("Cache-Control"), SLICE_INIT("Expires"),
                                      SLICE_INIT("Age"), SLICE_INIT("Pragma") };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of(data, size);
    struct arena arena = { 0 };
    struct fields fields = { 0 };
    struct slice line;

    for (unsigned i = 0; i < 8 && rest.len > 0; i++) {
        slice_cut(rest, '\n', &line, &rest);
        fields_add(&fields, &arena, names[i % 4], slice_trim(line));
    }
    const uint64_t fresh_s = freshness_s(&fields, NOW_S, MOST_S);
    assert(fresh_s <= MOST_S);
    assert(fresh_s == 0 || !cache_control_has(&fields, SLICE("no-store")));
    assert(freshness_s(&fields, NOW_S, MOST_S / 2) <= fresh_s);
    assert(freshness_s(&fields, NOW_S + 1, MOST_S) <= fresh_s);

    fields_add(&fields, &arena, SLICE("Cache-Control"), SLICE("a=b, No-Cache=\"x\""));
    assert(freshness_is_wanted(&fields));
    assert(freshness_s(&fields, NOW_S, MOST_S) == 0);
    arena_done(&arena);
    return 0;
}
