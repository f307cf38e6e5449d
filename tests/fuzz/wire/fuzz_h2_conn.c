/* A whole HTTP/2 connection (tests/support/wire/fuzz_conn.h): what comes behind the preface and an
 * empty SETTINGS frame. */
#include "wire/fuzz_conn.h"

#define OPENING "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_conn(data, size, WIRE_HTTP2_ANYWAY, SLICE(OPENING));
    return 0;
}
