/* How long to wait after a failure. */
#include "acme_private.h"

#include "base/sum.h"

#include <string.h>

#define LEAST_S 60u
#define MOST_S  UINT64_C(21600)
#define GROWTH  3u /* authorities count failures by the hour */

uint64_t pause_after_s(unsigned failures, uint64_t asked_s)
{
    uint64_t pause_s = LEAST_S;

    for (unsigned i = 1; i < failures && pause_s < MOST_S; i++)
        pause_s *= GROWTH;
    if (pause_s > MOST_S)
        pause_s = MOST_S;
    return asked_s > pause_s ? asked_s : pause_s;
}

uint64_t spread_s(const char *name, uint64_t number, uint64_t most_s)
{
    const struct slice parts[] = { slice_cstr(name), slice_of(&number, sizeof(number)) };
    unsigned char sum[SHA256_LEN];
    uint64_t dice;

    sum_of(SUM_SHA256, parts, 2, sum);
    memcpy(&dice, sum, sizeof(dice));
    return most_s > 0 ? dice % most_s : 0;
}
