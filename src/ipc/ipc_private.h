#ifndef IPC_PRIVATE_H
#define IPC_PRIVATE_H

/*
 * Numbers in messages: little endian, of fixed width, read through a cursor that never passes its
 * end.
 */
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

static inline unsigned char *put_u32(unsigned char *at, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        at[i] = (unsigned char)(number >> (8 * i));
    return at + 4;
}

static inline unsigned char *put_u64(unsigned char *at, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        at[i] = (unsigned char)(number >> (8 * i));
    return at + 8;
}

/* What is left to read; `short_of` stays true once something was asked for that is not there. */
struct cursor {
    struct slice rest;
    bool short_of;
};

static inline struct slice take_bytes(struct cursor *cursor, size_t len)
{
    if (len > cursor->rest.len) {
        cursor->short_of = true;
        cursor->rest = (struct slice){ 0 };
        return (struct slice){ 0 };
    }
    struct slice taken = slice_first(cursor->rest, len);
    cursor->rest = slice_skip(cursor->rest, len);
    return taken;
}

static inline uint64_t take_number(struct cursor *cursor, size_t width)
{
    struct slice bytes = take_bytes(cursor, width);
    uint64_t number = 0;

    for (size_t i = 0; i < bytes.len; i++)
        number |= (uint64_t)(unsigned char)bytes.at[i] << (8 * i);
    return number;
}

static inline uint32_t take_u32(struct cursor *cursor)
{
    return (uint32_t)take_number(cursor, 4);
}

static inline uint64_t take_u64(struct cursor *cursor)
{
    return take_number(cursor, 8);
}

#endif
