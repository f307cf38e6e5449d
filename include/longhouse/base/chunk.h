#ifndef BASE_CHUNK_H
#define BASE_CHUNK_H

/*
 * 16 KiB of bytes with a filled part, pooled per thread: whoever holds a chunk owns it. Idle
 * connections hold none. A chunk is given back by the thread that took it, and alone (in no list).
 */
#include "base/list.h"
#include "base/slice.h"

#include <stddef.h>
#include <stdint.h>

#define CHUNK_SIZE 16384u

struct chunk {
    struct list_link link;
    uint32_t begin; /* filled: data[begin .. end) */
    uint32_t end;
    char data[CHUNK_SIZE];
};

/* An empty chunk from the pool of this thread. Its data is not zeroed. */
struct chunk *chunk_new(void);
void chunk_free(struct chunk *chunk); /* NULL: nothing happens */

static inline size_t chunk_room(const struct chunk *chunk)
{
    return CHUNK_SIZE - chunk->end;
}

static inline struct slice chunk_filled(const struct chunk *chunk)
{
    return (struct slice){ chunk->data + chunk->begin, chunk->end - chunk->begin };
}

/* Chunks of this thread that are in use, for tests and status. */
size_t chunk_in_use(void);

/* Gives the pooled chunks of this thread back to the system. */
void chunk_pool_drain(void);

#endif
