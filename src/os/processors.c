#include "os/processors.h"

#include <sched.h>
#include <unistd.h>

unsigned processors_count(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 0;

    if (count <= 0) { /* more processors than the set holds */
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        count = online > 0 ? (int)online : 1;
    }
    return (unsigned)count;
}
