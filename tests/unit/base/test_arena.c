#include "base/arena.h"

#include "slice_assert.h"
#include "suite.h"

#include <pthread.h>
#include <stdalign.h>
#include <stdint.h>

START_TEST(a_new_arena_owns_nothing)
{
    struct arena arena;

    arena_init(&arena);
    ck_assert_ptr_null(arena.blocks);
    arena_done(&arena);
    arena_done(&arena); /* as after arena_init() */

    struct arena zero = { 0 };
    ck_assert_ptr_nonnull(arena_alloc(&zero, 8));
    arena_done(&zero);
    ck_assert_ptr_null(zero.blocks);
    ck_assert_uint_eq(zero.used_bytes, 0);
}
END_TEST

static const size_t sizes[] = { 0,    1,    2,    15,   16,   17,    100,   1000,   2047,   2048,
                                2049, 4000, 4064, 4096, 8192, 16000, 65536, 100000, 3000000 };

static bool all_zero(const unsigned char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

START_TEST(allocations_are_aligned_zeroed_and_apart)
{
    enum { PIECES = 20 };
    struct arena arena = { 0 };
    size_t size = sizes[_i];
    unsigned char *pieces[PIECES];

    for (int i = 0; i < PIECES; i++) {
        arena_bytes(&arena, 3); /* puts the next one on a crooked place */
        pieces[i] = arena_alloc(&arena, size);
        ck_assert_ptr_nonnull(pieces[i]);
        ck_assert_uint_eq((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        ck_assert(all_zero(pieces[i], size));
        memset(pieces[i], i + 1, size);
    }
    for (int i = 0; i < PIECES && size > 0; i++) {
        ck_assert_uint_eq(pieces[i][0], i + 1);
        ck_assert_uint_eq(pieces[i][size - 1], i + 1);
    }
    ck_assert_uint_eq(arena.used_bytes, PIECES * (size + 3));
    arena_done(&arena);
}
END_TEST

START_TEST(room_is_aligned_and_its_own)
{
    struct arena arena = { 0 };
    unsigned char *former = NULL;

    for (int i = 0; i < 200; i++) {
        arena_bytes(&arena, 3);
        unsigned char *room = arena_room(&arena, 40);

        ck_assert_uint_eq((uintptr_t)room % alignof(max_align_t), 0);
        memset(room, i, 40);
        if (former)
            ck_assert(former[0] == i - 1 && former[39] == i - 1);
        former = room;
    }
    arena_done(&arena);
}
END_TEST

START_TEST(memory_that_was_used_before_is_zeroed_again)
{
    for (int round = 0; round < 3; round++) {
        struct arena arena = { 0 };
        unsigned char *bytes = arena_alloc(&arena, 1500);

        ck_assert(all_zero(bytes, 1500));
        memset(bytes, 0xaa, 1500);
        arena_done(&arena);
    }
    arena_pool_drain();
    arena_pool_drain();
}
END_TEST

START_TEST(a_large_piece_does_not_end_the_block_that_is_being_filled)
{
    struct arena arena = { 0 };
    char *before = arena_bytes(&arena, 10);

    arena_bytes(&arena, 1000000);
    char *after = arena_bytes(&arena, 10);
    ck_assert_int_lt(after - before, 4096);
    ck_assert_int_gt(after - before, 0);
    arena_done(&arena);
}
END_TEST

START_TEST(many_small_pieces_keep_their_bytes)
{
    struct arena arena = { 0 };
    uint32_t **numbers = arena_array(&arena, uint32_t *, 20000);

    for (uint32_t i = 0; i < 20000; i++) {
        numbers[i] = arena_new(&arena, uint32_t);
        *numbers[i] = i;
    }
    for (uint32_t i = 0; i < 20000; i++)
        ck_assert_uint_eq(*numbers[i], i);
    arena_done(&arena);
}
END_TEST

START_TEST(texts_are_copied)
{
    struct arena arena = { 0 };
    char source[] = "Host: A.Example";
    struct slice copy = arena_copy(&arena, slice_cstr(source));
    char *cstr = arena_cstr(&arena, slice_of(source, 4));
    struct slice lower = arena_lower(&arena, slice_of("\xc4OZ[@`{z", 8));
    struct slice nothing = { NULL, 0 };

    source[0] = 'X';
    assert_slice(copy, "Host: A.Example");
    ck_assert_str_eq(cstr, "Host");
    assert_slice(lower, "\xc4oz[@`{z");
    ck_assert_str_eq(arena_cstr(&arena, nothing), "");
    ck_assert_uint_eq(arena_copy(&arena, nothing).len, 0);
    ck_assert_uint_eq(arena_lower(&arena, nothing).len, 0);
    arena_done(&arena);
}
END_TEST

START_TEST(parts_are_joined)
{
    struct arena arena = { 0 };
    const struct slice parts[] = {
        SLICE_INIT("/srv"), SLICE_INIT(""), { NULL, 0 }, SLICE_INIT("/www"), SLICE_INIT("/")
    };
    struct slice joined = arena_join(&arena, parts, 5);

    assert_slice(joined, "/srv/www/");
    ck_assert_int_eq(joined.at[joined.len], '\0');
    ck_assert_str_eq(arena_join(&arena, NULL, 0).at, "");
    arena_done(&arena);
}
END_TEST

static const int widths[] = { 1, 510, 511, 512, 513, 5000, 100000 };

START_TEST(formatted_texts_may_have_any_length)
{
    struct arena arena = { 0 };
    struct slice text = arena_printf(&arena, "%0*d", widths[_i], 7);

    ck_assert_uint_eq(text.len, widths[_i]);
    ck_assert_int_eq(text.at[text.len - 1], '7');
    ck_assert_int_eq(text.at[text.len], '\0');
    arena_done(&arena);
}
END_TEST

static void *drop(void *arena)
{
    arena_done(arena);
    arena_pool_drain();
    return NULL;
}

START_TEST(another_thread_may_drop_a_frozen_arena)
{
    struct arena arena = { 0 };
    pthread_t thread;

    for (int i = 0; i < 1000; i++)
        arena_alloc(&arena, 100);
    ck_assert_int_eq(pthread_create(&thread, NULL, drop, &arena), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_ptr_null(arena.blocks);
}
END_TEST

SUITE("base: arena", TEST(a_new_arena_owns_nothing),
      LOOP(allocations_are_aligned_zeroed_and_apart, sizes), TEST(room_is_aligned_and_its_own),
      TEST(memory_that_was_used_before_is_zeroed_again),
      TEST(a_large_piece_does_not_end_the_block_that_is_being_filled),
      TEST(many_small_pieces_keep_their_bytes), TEST(texts_are_copied), TEST(parts_are_joined),
      LOOP(formatted_texts_may_have_any_length, widths),
      TEST(another_thread_may_drop_a_frozen_arena))
