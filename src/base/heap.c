#include "base/heap.h"

#include "base_private.h"

#include <assert.h>
#include <stdlib.h>

#define WAYS       4u /* children of a node: four keys are compared out of one cache line of pointers */
#define FIRST_ROOM 16u

void heap_done(struct heap *heap)
{
    free(heap->items);
    *heap = (struct heap){ 0 };
}

static void set_at(struct heap *heap, uint32_t index, struct heap_item *item)
{
    heap->items[index] = item;
    item->place = index + 1;
}

/* Moves the hole at `index` towards the root until `item` fits in. */
static void sift_up(struct heap *heap, uint32_t index, struct heap_item *item)
{
    while (index > 0) {
        uint32_t parent = (index - 1) / WAYS;

        if (heap->items[parent]->key <= item->key)
            break;
        set_at(heap, index, heap->items[parent]);
        index = parent;
    }
    set_at(heap, index, item);
}

/* The child of `index` with the least key, or heap->count when it has none. */
static uint32_t least_child(const struct heap *heap, uint32_t index)
{
    uint64_t first = (uint64_t)index * WAYS + 1;
    uint32_t least;

    if (first >= heap->count)
        return heap->count;

    least = (uint32_t)first;
    for (uint32_t i = least + 1; i < heap->count && i - (uint32_t)first < WAYS; i++) {
        if (heap->items[i]->key < heap->items[least]->key)
            least = i;
    }
    return least;
}

/* Moves the hole at `index` towards the leaves until `item` fits in. */
static void sift_down(struct heap *heap, uint32_t index, struct heap_item *item)
{
    for (;;) {
        uint32_t child = least_child(heap, index);

        if (child == heap->count || item->key <= heap->items[child]->key)
            break;
        set_at(heap, index, heap->items[child]);
        index = child;
    }
    set_at(heap, index, item);
}

static void settle(struct heap *heap, uint32_t index, struct heap_item *item)
{
    if (index > 0 && item->key < heap->items[(index - 1) / WAYS]->key)
        sift_up(heap, index, item);
    else
        sift_down(heap, index, item);
}

static uint32_t index_of(const struct heap *heap, const struct heap_item *item)
{
    assert(heap_holds(item) && item->place <= heap->count);
    assert(heap->items[item->place - 1] == item);
    return item->place - 1;
}

void heap_push(struct heap *heap, struct heap_item *item, uint64_t key)
{
    assert(!heap_holds(item));
    if (heap->count == heap->room) {
        assert(heap->room <= UINT32_MAX / 2);
        heap->room = heap->room ? heap->room * 2 : FIRST_ROOM;
        heap->items = memory_resize(heap->items, heap->room, sizeof(struct heap_item *));
    }

    item->key = key;
    sift_up(heap, heap->count++, item);
}

void heap_remove(struct heap *heap, struct heap_item *item)
{
    if (!heap_holds(item))
        return;

    uint32_t index = index_of(heap, item);
    struct heap_item *last = heap->items[--heap->count];

    if (last != item)
        settle(heap, index, last);
    item->place = HEAP_NOWHERE;
}

void heap_move(struct heap *heap, struct heap_item *item, uint64_t key)
{
    uint32_t index = index_of(heap, item);

    item->key = key;
    settle(heap, index, item);
}
