/* What decodes is encoded again to the same bytes. */
#include "ipc/spawn.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct spawn_message message;
    struct parse_fault fault;
    unsigned char head[SPAWN_HEAD_MOST];
    struct iovec parts[SPAWN_PARTS_MOST];

    if (spawn_decode(slice_of(data, size), &message, &fault) != PARSE_DONE) {
        assert(fault.at <= size && fault.why);
        return 0;
    }

    int count = spawn_encode(&message, head, parts);
    size_t at = 0;
    assert(count > 0);
    for (int i = 0; i < count; i++) {
        assert(parts[i].iov_len <= size - at);
        assert(parts[i].iov_len == 0 ||
               memcmp(parts[i].iov_base, data + at, parts[i].iov_len) == 0);
        at += parts[i].iov_len;
    }
    assert(at == size);
    return 0;
}
