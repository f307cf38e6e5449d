/* What decodes is encoded again to the same bytes. */
#include "ipc/handover.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct handover message;
    struct parse_fault fault;
    unsigned char head[HANDOVER_HEAD];
    struct iovec parts[2];

    if (handover_decode(slice_of(data, size), &message, &fault) != PARSE_DONE) {
        assert(fault.at <= HANDOVER_HEAD && fault.why);
        return 0;
    }
    assert(handover_encode(&message, head, parts) == (size > HANDOVER_HEAD ? 2 : 1));
    assert(memcmp(head, data, HANDOVER_HEAD) == 0);
    assert(HANDOVER_HEAD + parts[1].iov_len == size);
    return 0;
}
