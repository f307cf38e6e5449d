#include "base/chunk.h"

#include "base_private.h"

#include <assert.h>
#include <stdlib.h>

/*
 * What a thread keeps at most: 64 chunks, one MiB. A sanitized build keeps none, so that a chunk
 * that is used after chunk_free() is seen.
 */
#ifdef LONGHOUSE_SANITIZED
static const size_t pool_most = 0;
#else
static const size_t pool_most = 64;
#endif

struct chunk_pool {
    struct chunk *free; /* owned; a stack, linked by link.next: the warmest chunk is taken first */
    size_t free_count;
    size_t in_use;
};

static _Thread_local struct chunk_pool pool;

static struct chunk *pool_take(void)
{
    struct chunk *chunk = pool.free;

    if (chunk) {
        pool.free = chunk->link.next ? container_of(chunk->link.next, struct chunk, link) : NULL;
        pool.free_count--;
    }
    return chunk;
}

struct chunk *chunk_new(void)
{
    struct chunk *chunk = pool_take();

    if (!chunk)
        chunk = memory_take(sizeof(struct chunk));
    chunk->link = (struct list_link){ 0 };
    chunk->begin = 0;
    chunk->end = 0;
    pool.in_use++;
    return chunk;
}

void chunk_free(struct chunk *chunk)
{
    if (!chunk)
        return;

    assert(!list_linked(&chunk->link));
    assert(pool.in_use > 0);
    pool.in_use--;
    if (pool.free_count >= pool_most) {
        free(chunk);
        return;
    }
    chunk->link.next = pool.free ? &pool.free->link : NULL;
    pool.free = chunk;
    pool.free_count++;
}

size_t chunk_in_use(void)
{
    return pool.in_use;
}

void chunk_pool_drain(void)
{
    for (struct chunk *chunk = pool_take(); chunk; chunk = pool_take())
        free(chunk);
}
