#ifndef TESTS_SLICE_ASSERT_H
#define TESTS_SLICE_ASSERT_H

/*
 * Compares a slice with a string, or with another slice, and shows both when they differ.
 */
#include "base/slice.h"

#include <check.h>

#define assert_slices(got, expected)                                                               \
    do {                                                                                           \
        struct slice got_ = (got);                                                                 \
        struct slice expected_ = (expected);                                                       \
        ck_assert_msg(slice_equal(got_, expected_), "%s is '%.*s' (%zu), not '%.*s' (%zu)", #got,  \
                      SLICE_ARGS(got_), got_.len, SLICE_ARGS(expected_), expected_.len);           \
    } while (0)

#define assert_slice(got, text) assert_slices((got), slice_cstr(text))

#endif
