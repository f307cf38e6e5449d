/* The one place where memory that cannot be had ends the process. */
#include "base_private.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void memory_exhausted(size_t size)
{
    fprintf(stderr, "longhouse: out of memory: %zu bytes are not to be had, ending\n", size);
    abort();
}

void *memory_take(size_t size)
{
    void *memory = malloc(size);

    if (!memory)
        memory_exhausted(size);
    return memory;
}

void *memory_resize(void *memory, size_t count, size_t item_size)
{
    void *resized = reallocarray(memory, count, item_size);

    if (!resized)
        memory_exhausted(count > (size_t)-1 / item_size ? (size_t)-1 : count * item_size);
    return resized;
}
