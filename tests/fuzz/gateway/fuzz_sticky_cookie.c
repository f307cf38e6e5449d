/* What is taken for ours is, byte for byte, what we write for the same target and end; and nothing
 * is taken for it in another section. */
#include "gateway/sticky_cookie.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct sticky_secret secret = sticky_secret_of(SLICE("0123456789abcdef"));
    const struct slice text = slice_of(data, size);
    char again[STICKY_COOKIE_LEN + 1];
    struct sticky_cookie cookie;

    if (sticky_cookie_read(&secret, SLICE("APP"), text, &cookie)) {
        sticky_cookie_write(&secret, SLICE("APP"), &cookie, again);
        assert(size == STICKY_COOKIE_LEN && memcmp(again, data, size) == 0);
        assert(!sticky_cookie_read(&secret, SLICE("OTHER"), text, &cookie));
    }
    return 0;
}
