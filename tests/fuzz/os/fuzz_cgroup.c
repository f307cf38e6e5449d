/* Two texts of the kernel, cut at the first NUL: what is found fits, and begins where a mount is.
 */
#include "os/cgroup.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice membership;
    struct slice mounts;
    char place[64];

    slice_cut(slice_of(data, size), '\0', &membership, &mounts);
    memset(place, 'x', sizeof(place));
    if (cgroup_locate(membership, mounts, place, sizeof(place)))
        assert(strnlen(place, sizeof(place)) < sizeof(place));
    else
        assert(cgroup_locate(membership, SLICE(""), place, sizeof(place)) == false);
    assert(cgroup_controllers_parse(slice_of(data, size)) <=
           (CGROUP_CPU | CGROUP_MEMORY | CGROUP_PIDS));
    return 0;
}
