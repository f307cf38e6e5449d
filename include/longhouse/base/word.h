#ifndef BASE_WORD_H
#define BASE_WORD_H

/*
 * Texts by eight bytes at a time, for looks through names and values that many requests bring. The
 * order of the bytes within a word is that of the machine.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes from wherever they stand. */
static inline uint64_t word_load(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return word;
}

/* Of four to seven bytes: the first four and the last four, some of them twice. */
static inline uint64_t word_load_few(const char *at, size_t len)
{
    uint32_t first;
    uint32_t last;

    memcpy(&first, at, sizeof(first));
    memcpy(&last, at + len - sizeof(last), sizeof(last));
    return (uint64_t)first << 32 | last;
}

#endif
