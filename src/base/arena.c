#include "base/arena.h"

#include "base_private.h"

#include <assert.h>
#include <malloc.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define KEPT_MOST     ((size_t)16 << 20) /* bytes that the allocator may keep for the next time */
#define BLOCK_FIRST   4096u              /* header included, as below */
#define BLOCK_LARGEST 65536u             /* blocks double from the first size up to this one */
#define BLOCK_ALIGN   alignof(max_align_t)

#define POOLED 2u /* sizes that are kept: the first, and twice that */

/*
 * What a thread keeps at most: 256 blocks of each size, three MiB. A sanitized build keeps none, so
 * that memory of an arena that is gone is not given out again, and leaves a gap behind each
 * allocation.
 */
#ifdef LONGHOUSE_SANITIZED
#include <sanitizer/asan_interface.h>
#define GAP 16u
static const size_t pool_most = 0;
#else
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define GAP                                   0u
static const size_t pool_most = 256;
#endif

struct arena_block {
    struct arena_block *next; /* owned: the older block */
    size_t size;              /* header included */
    size_t next_size;         /* of the next block that is filled bit by bit */
    alignas(max_align_t) char data[];
};

struct block_pool {
    struct arena_block *free; /* owned; linked by next */
    size_t count;
};

static _Thread_local struct block_pool pools[POOLED];

/* NULL: blocks of this size are not kept. */
static struct block_pool *pool_of(size_t size)
{
    for (unsigned i = 0; i < POOLED; i++)
        if (size == (size_t)BLOCK_FIRST << i)
            return &pools[i];
    return NULL;
}

static struct arena_block *pool_take(struct block_pool *pool)
{
    struct arena_block *block = pool ? pool->free : NULL;

    if (block) {
        pool->free = block->next;
        pool->count--;
    }
    return block;
}

static struct arena_block *block_new(size_t size)
{
    struct arena_block *block = pool_take(pool_of(size));

    if (!block)
        block = memory_take(size);
    block->size = size;
    ASAN_POISON_MEMORY_REGION(block->data, size - sizeof(struct arena_block));
    return block;
}

static void block_free(struct arena_block *block)
{
    struct block_pool *pool = pool_of(block->size);

    ASAN_UNPOISON_MEMORY_REGION(block->data, block->size - sizeof(struct arena_block));
    if (!pool || pool->count >= pool_most) {
        free(block);
        return;
    }
    block->next = pool->free;
    pool->free = block;
    pool->count++;
}

void arena_pool_drain(void)
{
    for (unsigned i = 0; i < POOLED; i++) {
        struct arena_block *block;

        while ((block = pool_take(&pools[i])) != NULL)
            free(block);
    }
}

void arena_init(struct arena *arena)
{
    *arena = (struct arena){ 0 };
}

void arena_done(struct arena *arena)
{
    struct arena_block *block = arena->blocks;

    while (block) {
        struct arena_block *older = block->next;

        block_free(block);
        block = older;
    }
    arena_init(arena);
}

/* A new block to fill bit by bit; what was left of the former one is given up. */
static char *take_from_new_block(struct arena *arena, size_t size)
{
    size_t block_size = arena->blocks ? arena->blocks->next_size : BLOCK_FIRST;
    struct arena_block *block = block_new(block_size);

    block->next = arena->blocks;
    block->next_size = block_size < BLOCK_LARGEST ? block_size * 2 : BLOCK_LARGEST;
    arena->blocks = block;
    arena->at = block->data + size;
    arena->end = (char *)block + block_size;
    return block->data;
}

/* A block for one large piece stands behind the newest block, which goes on being filled. */
static char *take_block_of_its_own(struct arena *arena, size_t size)
{
    if (size > SIZE_MAX / 2)
        memory_exhausted(size);

    struct arena_block *block = block_new(sizeof(struct arena_block) + size);
    struct arena_block *newest = arena->blocks;

    block->next_size = newest ? newest->next_size : BLOCK_FIRST;
    block->next = newest ? newest->next : NULL;
    if (newest) {
        newest->next = block;
    } else {
        arena->blocks = block;
        arena->at = (char *)block + block->size;
        arena->end = arena->at;
    }
    return block->data;
}

/*
 * `size` is not 0. Both ways out begin with a pointer aligned for any type. A call of its own: it
 * is rare, and the many that find room in the block need not save registers for it.
 */
static __attribute__((noinline)) char *take_slowly(struct arena *arena, size_t size)
{
    size_t next_size = arena->blocks ? arena->blocks->next_size : BLOCK_FIRST;

    if (size > next_size / 2)
        return take_block_of_its_own(arena, size);
    return take_from_new_block(arena, size);
}

static char *take(struct arena *arena, size_t size, size_t align)
{
    size_t asked = size;
    char *at;

    arena->used_bytes += asked;
    if (size == 0)
        size = 1; /* a pointer to nothing is still a pointer of its own */
    if (size <= SIZE_MAX - GAP)
        size += GAP;

    size_t pad = -(uintptr_t)arena->at & (align - 1);
    size_t room = (size_t)((uintptr_t)arena->end - (uintptr_t)arena->at);
    if (room >= pad && room - pad >= size) {
        at = arena->at + pad;
        arena->at = at + size;
    } else {
        at = take_slowly(arena, size);
    }
    ASAN_UNPOISON_MEMORY_REGION(at, asked);
    return at;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    return memset(take(arena, size, BLOCK_ALIGN), 0, size);
}

void *arena_room(struct arena *arena, size_t size)
{
    return take(arena, size, BLOCK_ALIGN);
}

char *arena_bytes(struct arena *arena, size_t size)
{
    return take(arena, size, 1);
}

struct slice arena_copy(struct arena *arena, struct slice text)
{
    if (text.len == 0)
        return SLICE("");
    return (struct slice){ memcpy(arena_bytes(arena, text.len), text.at, text.len), text.len };
}

char *arena_cstr(struct arena *arena, struct slice text)
{
    char *copy = arena_bytes(arena, text.len + 1);

    if (text.len > 0)
        memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    return copy;
}

struct slice arena_lower(struct arena *arena, struct slice text)
{
    char *lower = arena_bytes(arena, text.len);

    for (size_t i = 0; i < text.len; i++)
        lower[i] = ascii_lower(text.at[i]);
    return (struct slice){ lower, text.len };
}

struct slice arena_join(struct arena *arena, const struct slice *parts, size_t count)
{
    size_t len = 0;

    for (size_t i = 0; i < count; i++)
        len += parts[i].len;

    char *joined = arena_bytes(arena, len + 1);
    char *at = joined;

    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            at = mempcpy(at, parts[i].at, parts[i].len);
    }
    *at = '\0';
    return (struct slice){ joined, len };
}

struct slice arena_printf_v(struct arena *arena, const char *format, va_list args)
{
    char draft[512]; /* most texts fit, and need to be formatted only once */
    va_list again;

    va_copy(again, args);
    int len = vsnprintf(draft, sizeof(draft), format, args);
    assert(len >= 0); /* the formats are ours */

    char *text = arena_bytes(arena, (size_t)len + 1);
    if ((size_t)len < sizeof(draft))
        memcpy(text, draft, (size_t)len + 1);
    else
        vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return (struct slice){ text, (size_t)len };
}

struct slice arena_printf(struct arena *arena, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    struct slice text = arena_printf_v(arena, format, args);
    va_end(args);
    return text;
}

void arena_give_back(void)
{
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 33) /* mallinfo2() */
    if (mallinfo2().fordblks > KEPT_MOST)
        malloc_trim(0);
#endif
#endif
}
