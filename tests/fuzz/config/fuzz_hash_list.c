/*
 * A line of FileHashes: it names a file, or nothing, or has a fault.
 */
#include "config/hash_list.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice line = slice_of((const char *)data, size);
    unsigned char sum[CONF_HASH_LEN];
    struct slice name;
    const char *why = hash_line_parse(line, &name, sum);

    if (why) {
        assert(strlen(why) > 0);
        return 0;
    }
    assert(name.len == 0 || (name.at > line.at && name.at + name.len <= line.at + line.len));
    assert(name.len == 0 || line.len > (size_t)2 * CONF_HASH_LEN);
    return 0;
}
