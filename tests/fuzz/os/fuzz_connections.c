/* Any text as the table of unix sockets. */
#include "os/workload.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct connections found = { 0 };

    connections_find(slice_of(data, size), SLICE("/run/p.sock"), &found);
    assert(found.count + found.waiting <= size);
    connections_free(&found);
    return 0;
}
