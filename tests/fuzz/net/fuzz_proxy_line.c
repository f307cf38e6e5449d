/*
 * What is read is within the bytes and stays the same whatever follows; less of it is never wrong.
 */
#include "net/proxy_line.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = slice_of(data, size);
    struct proxy_line line = { 0 };
    struct proxy_line again;
    struct parse_fault fault = { 0 };
    size_t used = 0;
    size_t used_again;
    enum parse parse = proxy_line_parse(in, &line, &used, &fault);

    assert(parse != PARSE_BAD || fault.why);
    assert(parse != PARSE_MORE || size < PROXY_LINE_MOST);
    assert(!proxy_line_is_none(in) || parse == PARSE_BAD);
    if (parse != PARSE_DONE)
        return 0;
    assert(used > 0 && used <= size && used <= PROXY_LINE_MOST);
    assert(!line.told || line.client.any.sa_family == AF_INET ||
           line.client.any.sa_family == AF_INET6);
    assert(proxy_line_parse(slice_first(in, used), &again, &used_again, NULL) == PARSE_DONE);
    assert(used_again == used && again.told == line.told && again.secure == line.secure);
    assert(!line.told || address_equal_ip(&line.client, &again.client));
    assert(proxy_line_parse(slice_first(in, used - 1), &again, &used_again, NULL) == PARSE_MORE);
    return 0;
}
