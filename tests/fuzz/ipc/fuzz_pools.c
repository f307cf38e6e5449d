/* What decodes is encoded again to the same bytes. */
#include "ipc/pools.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct pools pools;
    struct parse_fault fault;

    if (pools_decode(slice_of(data, size), &arena, &pools, &fault) == PARSE_DONE) {
        char *back;
        size_t len;

        pools_encode(&pools, &back, &len);
        assert(len == size && memcmp(back, data, size) == 0);
        free(back);
    } else {
        assert(fault.at <= size && fault.why);
    }
    arena_done(&arena);
    return 0;
}
