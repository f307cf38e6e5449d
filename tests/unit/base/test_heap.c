#include "base/heap.h"

#include "suite.h"

#define ITEMS 500u

static const uint64_t seeds[] = { 0, 1, 4711, UINT64_C(0xfeedfacecafebeef), UINT64_MAX };

/* The same numbers in each run: a linear congruence, upper bits. */
static uint32_t next_random(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*state >> 33);
}

static void check_order(const struct heap *heap)
{
    for (uint32_t i = 0; i < heap->count; i++) {
        ck_assert_uint_eq(heap->items[i]->place, i + 1);
        if (i > 0)
            ck_assert(heap->items[(i - 1) / 4]->key <= heap->items[i]->key);
    }
}

START_TEST(an_empty_heap_has_no_least)
{
    struct heap heap = { 0 };
    struct heap_item item = { 0 };

    ck_assert_ptr_null(heap_least(&heap));
    ck_assert(!heap_holds(&item));
    heap_remove(&heap, &item);
    heap_done(&heap);
}
END_TEST

START_TEST(items_come_out_in_the_order_of_their_keys)
{
    static struct heap_item items[ITEMS];
    struct heap heap = { 0 };
    uint64_t state = seeds[_i];
    uint64_t last = 0;

    for (uint32_t i = 0; i < ITEMS; i++)
        heap_push(&heap, &items[i], next_random(&state) % 300);
    check_order(&heap);
    for (uint32_t i = 0; i < ITEMS; i++) {
        struct heap_item *least = heap_least(&heap);

        ck_assert_uint_ge(least->key, last);
        last = least->key;
        heap_remove(&heap, least);
        ck_assert(!heap_holds(least));
    }
    ck_assert_ptr_null(heap_least(&heap));
    heap_done(&heap);
}
END_TEST

START_TEST(keys_move_and_items_leave_from_anywhere)
{
    static struct heap_item items[ITEMS];
    struct heap heap = { 0 };
    uint64_t state = seeds[_i];
    uint32_t held = 0;

    for (uint32_t step = 0; step < 3000; step++) {
        struct heap_item *item = &items[next_random(&state) % ITEMS];
        uint64_t key = next_random(&state) % 1000;

        if (!heap_holds(item)) {
            heap_push(&heap, item, key);
            held++;
        } else if (next_random(&state) % 2 == 0) {
            heap_move(&heap, item, key);
        } else {
            heap_remove(&heap, item);
            held--;
        }
        ck_assert_uint_eq(heap.count, held);
        if (step % 100 == 0)
            check_order(&heap);
    }
    check_order(&heap);
    heap_done(&heap);
}
END_TEST

START_TEST(the_greatest_keys_are_ordinary_keys)
{
    struct heap heap = { 0 };
    struct heap_item never = { 0 };
    struct heap_item soon = { 0 };

    heap_push(&heap, &never, UINT64_MAX);
    heap_push(&heap, &soon, UINT64_MAX - 1);
    ck_assert_ptr_eq(heap_least(&heap), &soon);
    heap_move(&heap, &never, 0);
    ck_assert_ptr_eq(heap_least(&heap), &never);
    heap_done(&heap);
}
END_TEST

SUITE("base: heap", TEST(an_empty_heap_has_no_least),
      LOOP(items_come_out_in_the_order_of_their_keys, seeds),
      LOOP(keys_move_and_items_leave_from_anywhere, seeds),
      TEST(the_greatest_keys_are_ordinary_keys))
