/* Whole requests to a program that speaks something like SCGI
 * (tests/support/handler/fuzz_backend.h). */
#include "handler/fuzz_backend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_backend(data, size, PROTOCOL_SCGI);
    return 0;
}
