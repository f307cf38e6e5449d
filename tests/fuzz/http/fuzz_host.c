/*
 * A host that is taken is lower case, of harmless bytes, and read again it is the same host.
 */
#include "http/target.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct slice text = slice_of(data, size);
    struct parse_fault fault = { .at = SIZE_MAX };
    struct slice host;
    struct slice again;
    unsigned port = 0;
    unsigned no_port = 99;

    switch (host_parse(text, &arena, &host, &port, &fault)) {
    case PARSE_DONE:
        assert(port <= 65535 && host.len <= 255 && host.len <= text.len);
        for (size_t i = 0; i < host.len; i++)
            assert(host.at[i] > ' ' && host.at[i] < 0x7f && !strchr("/%@,;*'\"<>\\A", host.at[i]) &&
                   host.at[i] == ascii_lower(host.at[i]));
        assert(host.len == 0 || host.at[host.len - 1] != '.');
        assert(host_parse(host, &arena, &again, &no_port, &fault) == PARSE_DONE);
        assert(slice_equal(again, host) && no_port == 0);
        break;
    case PARSE_BAD:
        assert(fault.at <= text.len && fault.why);
        break;
    case PARSE_MORE:
        assert(false);
    }
    arena_done(&arena);
    return 0;
}
