#ifndef BASE_HEAP_H
#define BASE_HEAP_H

/*
 * Intrusive 4-ary min-heap of 64-bit keys. Items are embedded in what they belong to; the heap only
 * holds pointers. An item that is in no heap has place HEAP_NOWHERE; {0} counts as "in no heap" as
 * well, because places start at 1.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_NOWHERE 0u

struct heap_item {
    uint64_t key;
    uint32_t place; /* position in the heap + 1 */
};

struct heap {
    struct heap_item **items; /* owned array */
    uint32_t count;
    uint32_t room;
};

void heap_done(struct heap *heap); /* frees the array; items are left with their places */

static inline struct heap_item *heap_least(const struct heap *heap)
{
    return heap->count ? heap->items[0] : NULL;
}

static inline bool heap_holds(const struct heap_item *item)
{
    return item->place != HEAP_NOWHERE;
}

/* The item must be in no heap. */
void heap_push(struct heap *heap, struct heap_item *item, uint64_t key);

/* Does nothing for an item in no heap. */
void heap_remove(struct heap *heap, struct heap_item *item);

/* Changes the key of an item in the heap. */
void heap_move(struct heap *heap, struct heap_item *item, uint64_t key);

#endif
