/*
 * Whatever is taken for an address, shown and read again, is the same address.
 */
#include "base/address.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_ip(struct slice text)
{
    union socket_address address, again;
    char shown[ADDRESS_TEXT_MOST];
    unsigned char key[16];

    if (!address_parse_ip(text, 80, &address))
        return;
    assert(address_parse_ip(slice_cstr(address_text(&address, shown)), 80, &again));
    assert(address_equal_ip(&address, &again));
    address_unmap(&address);
    assert(address_client_key(&address, key) == (address.any.sa_family == AF_INET ? 4 : 8));
}

static void try_target(struct slice text)
{
    union socket_address address, again;
    char shown[ADDRESS_TEXT_MOST];

    if (!address_parse_target(text, &address))
        return;
    assert(address_parse_target(slice_cstr(address_text_port(&address, shown)), &again));
    assert(address_size(&address) == address_size(&again));
    assert(memcmp(&address, &again, address_size(&address)) == 0);
}

static void try_net(struct slice text)
{
    struct address_net net;

    if (address_net_parse(text, &net) && !net.all)
        assert(address_net_holds(&net, &net.base) || net.base.any.sa_family == AF_INET6);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice text = slice_of(data, size);

    try_ip(text);
    try_target(text);
    try_net(text);
    return 0;
}
