/*
 * Whatever is sent, a path that comes out begins with '/', holds no NUL, no empty and no dot
 * segment, and is what it will always be: normalising it again changes nothing (unless a decoded
 * '%' stands in it).
 */
#include "http/target.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_segments(struct slice path)
{
    struct slice rest = slice_skip(path, 1);

    while (rest.len > 0) {
        struct slice segment;

        slice_cut(rest, '/', &segment, &rest);
        assert(segment.len > 0);
        assert(!slice_equal_cstr(segment, ".") && !slice_equal_cstr(segment, ".."));
    }
}

static void check_path(struct slice path, struct arena *arena)
{
    struct slice again;

    assert(path.len > 0 && path.at[0] == '/' && path.at[path.len] == '\0');
    for (size_t i = 0; i < path.len; i++)
        assert((unsigned char)path.at[i] >= 0x20 && path.at[i] != 0x7f);
    check_segments(path);
    if (slice_has(path, '%'))
        return;
    assert(target_normalise(path, arena, &again, NULL) == PARSE_DONE);
    assert(slice_equal(again, path));
}

static void check_target(const struct target *target, struct slice raw, struct arena *arena)
{
    struct slice path;

    assert(slice_equal(target->raw, raw) && target->raw_path.len > 0);
    assert(target->has_query || target->query.len == 0);
    assert(!slice_has(target->raw_path, '?') && !slice_has(target->query, '#'));
    check_path(target->path, arena);
    if (target->form != TARGET_ORIGIN && target->form != TARGET_ABSOLUTE)
        return;

    /* The short way for paths that are normal already leads to the same place as the long one. */
    assert(target_normalise(target->raw_path, arena, &path, NULL) == PARSE_DONE);
    assert(slice_equal(path, target->path));
}

/* The first byte chooses the method, the rest is the target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;

    struct arena arena = { 0 };
    struct slice raw = slice_of(data + 1, size - 1);
    struct parse_fault fault = { .at = SIZE_MAX };
    struct target target;
    struct slice path;

    enum parse result = target_parse(raw, data[0] == 'C', data[0] == 'O', &arena, &target, &fault);
    assert(result != PARSE_MORE);
    if (result == PARSE_DONE)
        check_target(&target, raw, &arena);
    else
        assert(fault.at <= raw.len && fault.why);

    result = target_normalise(raw, &arena, &path, &fault);
    assert(result != PARSE_MORE);
    if (result == PARSE_DONE)
        check_path(path, &arena);
    arena_done(&arena);
    return 0;
}
