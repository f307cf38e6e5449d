#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

/*
 * Numbers out of text: digits only, no sign, no blanks, no locale. Results are written only on
 * success.
 */
#include "base/slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Decimal, at most `most`. False for an empty text, another byte, or a greater number. */
bool number_parse(struct slice text, uint64_t most, uint64_t *ret);

/* Hexadecimal without prefix, at most 16 digits. */
bool number_parse_hex(struct slice text, uint64_t *ret);

/*
 * A size in bytes: digits, then optionally blanks and a unit: B, K/KB/KiB, M/MB/MiB, G/GB/GiB, T...
 * (all powers of 1024, any case). Without a unit the number counts `bare_unit_bytes`. False on
 * overflow.
 */
bool number_parse_size(struct slice text, uint64_t bare_unit_bytes, uint64_t *ret_bytes);

/*
 * A duration in milliseconds: digits, then optionally blanks and a unit: ms, s/sec/second(s),
 * m/min/minute(s), h/hour(s), d/day(s), w/week(s) (any case). Without a unit the number counts
 * `bare_unit_ms`. False on overflow.
 */
bool number_parse_duration(struct slice text, uint64_t bare_unit_ms, uint64_t *ret_ms);

#endif
