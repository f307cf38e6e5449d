/* What is read is within the bytes, and the same whatever follows the list. */
#include "server_name.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    struct slice name = server_name_first(in);

    if (name.len == 0)
        return 0;
    assert(name.at >= in.at + 5 && name.at + name.len <= in.at + in.len);
    assert(in.at[(name.at - in.at) - 3] == 0);

    const size_t used = 2 + ((size_t)data[0] << 8 | data[1]);
    assert(slice_equal(server_name_first(slice_first(in, used)), name));
    return 0;
}
