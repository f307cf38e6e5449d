/* How long to wait after a failure. */
#include "acme_private.h"

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
