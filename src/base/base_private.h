#ifndef BASE_BASE_PRIVATE_H
#define BASE_BASE_PRIVATE_H

/*
 * What the rooms of this floor share among themselves.
 */
#include "base/slice.h"

#include <stddef.h>

/* malloc() and realloc() that end the process with one line on stderr instead of failing. */
void *memory_take(size_t size);
void *memory_resize(void *memory, size_t count, size_t item_size);

/* Says that `size` bytes were not to be had, and aborts. */
_Noreturn void memory_exhausted(size_t size);

#endif
