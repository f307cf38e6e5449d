#ifndef BASE_ARENA_H
#define BASE_ARENA_H

/*
 * Bump memory: allocate freely, never free singly, drop the whole. One per exchange, one per
 * configuration. Allocation does not fail: every size that comes from outside is checked against a
 * limit where it enters; true exhaustion ends the process. Blocks come from a small pool of the
 * thread, so an arena must be used and dropped by one thread (a frozen snapshot, which is only
 * read, may be dropped by any).
 */
#include "base/slice.h"

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* owned; newest first */
    char *at;                   /* next free byte of the newest block */
    char *end;
    size_t used_bytes; /* sum of what was asked for */
};

/* An arena of zero bytes: {0} is a valid arena and owns nothing until the first allocation. */
void arena_init(struct arena *arena);

/* Gives everything back; the arena is as after arena_init(). */
void arena_done(struct arena *arena);

/* `size` zeroed bytes, aligned for any type. size 0 gives a valid pointer to nothing. */
void *arena_alloc(struct arena *arena, size_t size);

#define arena_new(arena, type)          ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (count)))

/* Room for what the caller writes as a whole before anybody reads it: aligned for any type, not
 * zeroed. */
void *arena_room(struct arena *arena, size_t size);

/* `size` bytes that the caller will overwrite: aligned to 1, not zeroed. */
char *arena_bytes(struct arena *arena, size_t size);

/* Copies; arena_cstr() adds a NUL, arena_lower() makes ASCII letters small. */
struct slice arena_copy(struct arena *arena, struct slice text);
char *arena_cstr(struct arena *arena, struct slice text);
struct slice arena_lower(struct arena *arena, struct slice text);

/* The concatenation of `count` slices (terminated by a NUL that is not counted). */
struct slice arena_join(struct arena *arena, const struct slice *parts, size_t count);

/* Formatted text; the slice is followed by a NUL that is not counted. */
struct slice arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct slice arena_printf_v(struct arena *arena, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));

/* Gives the pooled blocks of this thread back to the system (before a thread ends). */
void arena_pool_drain(void);

/* After a large one is done with: what the allocator has kept of it goes back to the system, if
 * that is worth it. What is given back has to be asked for again the next time. */
void arena_give_back(void);

#endif
