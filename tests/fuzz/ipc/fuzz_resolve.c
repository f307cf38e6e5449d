/* What decodes is encoded again to the same bytes. */
#include "ipc/resolve.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct resolve_message message;
    struct parse_fault fault;
    char back[RESOLVE_MESSAGE_MOST];

    if (resolve_decode(slice_of((const char *)data, size), &message, &fault) != PARSE_DONE) {
        assert(fault.at <= size && fault.why);
        return 0;
    }
    assert(resolve_encode(&message, back) == size);
    assert(memcmp(back, data, size) == 0);
    return 0;
}
