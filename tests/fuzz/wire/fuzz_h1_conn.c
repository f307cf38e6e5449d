/* A whole HTTP/1 connection (tests/support/wire/fuzz_conn.h). */
#include "wire/fuzz_conn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_conn(data, size, WIRE_HTTP2_NEVER, SLICE(""));
    return 0;
}
