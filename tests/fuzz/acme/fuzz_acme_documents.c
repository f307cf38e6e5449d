/* What an authority may say: whatever it is, what is taken keeps to the rules. */
#include "acme_private.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_https(struct slice url)
{
    return slice_starts(url, SLICE("https://"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice text = slice_of(data, size);
    struct arena arena = { 0 };
    struct directory directory;
    struct order *order = arena_new(&arena, struct order);
    struct authorization authorization;

    if (!read_directory(text, &arena, &directory))
        assert(is_https(directory.new_nonce) && is_https(directory.new_account) &&
               is_https(directory.new_order));
    if (!read_order(text, &arena, order)) {
        assert(is_https(order->finalize) && order->authorization_count > 0);
        for (unsigned i = 0; i < order->authorization_count; i++)
            assert(is_https(order->authorizations[i]));
    }
    if (!read_authorization(text, ACME_PROOF_HTTP, &arena, &authorization) &&
        authorization.challenge.len > 0)
        assert(is_https(authorization.challenge) && authorization.token.len > 0 &&
               !slice_has(authorization.token, '/') && !slice_has(authorization.token, '.'));
    (void)read_problem(text, &arena);
    arena_done(&arena);
    return 0;
}
