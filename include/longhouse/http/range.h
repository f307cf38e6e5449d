#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

/*
 * Range (RFC 9110 14): from a field value and a size to byte spans. Pure.
 */
#include "base/slice.h"

#include <stdint.h>

#define RANGES_MOST 16 /* more ranges than this: the field is ignored (14.2: protection) */

struct range {
    uint64_t first;
    uint64_t last; /* inclusive */
};

enum range_result {
    RANGE_IGNORE,      /* not bytes, malformed, too many or too overlapping: send it all (200) */
    RANGE_SATISFIABLE, /* 206 with `count` spans */
    RANGE_NOT,         /* 416 */
};

/*
 * Spans keep the order asked for; those that cannot be satisfied are left out; overlapping or
 * touching ones are joined. RANGE_IGNORE when they are more than RANGES_MOST, or together ask for
 * more than the size.
 */
enum range_result range_parse(struct slice value, uint64_t size, struct range ret[RANGES_MOST],
                              unsigned *ret_count);

#endif
