/*
 * What is read names a user without control bytes, and Digest only with all its parts; the same
 * bytes give the same.
 */
#include "http/authorization.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_user(struct slice user)
{
    for (size_t i = 0; i < user.len; i++)
        assert((unsigned char)user.at[i] >= 0x20 && user.at[i] != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice value = slice_of(data, size);
    struct authorization first;
    struct authorization again;
    const char *why = NULL;
    struct arena arena;

    arena_init(&arena);
    if (authorization_parse(value, &arena, &first, &why)) {
        check_user(first.user);
        assert(!slice_has(first.user, ':') || first.scheme == AUTH_DIGEST);
        if (first.scheme == AUTH_DIGEST)
            assert(first.nc_text.len == 8 && first.response.at && first.uri.at && first.cnonce.at);
        assert(authorization_parse(value, &arena, &again, &why));
        assert(slice_equal(first.user, again.user) && slice_equal(first.password, again.password));
    } else {
        assert(why);
    }
    arena_done(&arena);
    return 0;
}
