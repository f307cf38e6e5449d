#include "base/address.h"

#include "base/number.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LITERAL_MOST INET6_ADDRSTRLEN

static const unsigned char mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

static const unsigned char *ip_bytes(const union socket_address *address)
{
    return address->any.sa_family == AF_INET ? (const unsigned char *)&address->in4.sin_addr
                                             : address->in6.sin6_addr.s6_addr;
}

static bool is_mapped(const union socket_address *address)
{
    return address->any.sa_family == AF_INET6 &&
           memcmp(address->in6.sin6_addr.s6_addr, mapped_prefix, sizeof(mapped_prefix)) == 0;
}

static bool parse_ip4(const char *literal, uint16_t port, union socket_address *ret)
{
    union socket_address address = { .in4 = { .sin_family = AF_INET, .sin_port = htons(port) } };

    if (inet_pton(AF_INET, literal, &address.in4.sin_addr) != 1)
        return false;
    *ret = address;
    return true;
}

static bool parse_ip6(const char *literal, uint16_t port, union socket_address *ret)
{
    union socket_address address = { .in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) } };

    if (inet_pton(AF_INET6, literal, &address.in6.sin6_addr) != 1)
        return false;
    *ret = address;
    return true;
}

bool address_parse_ip(struct slice text, uint16_t port, union socket_address *ret)
{
    char literal[LITERAL_MOST];
    bool bracketed = text.len >= 2 && text.at[0] == '[' && text.at[text.len - 1] == ']';

    if (bracketed)
        text = slice_of(text.at + 1, text.len - 2);
    if (text.len == 0 || text.len >= sizeof(literal) || slice_has(text, '\0'))
        return false;
    memcpy(literal, text.at, text.len);
    literal[text.len] = '\0';

    return (!bracketed && parse_ip4(literal, port, ret)) || parse_ip6(literal, port, ret);
}

static bool parse_unix(struct slice text, union socket_address *ret)
{
    union socket_address address = { .un.sun_family = AF_UNIX };

    if (text.len >= sizeof(address.un.sun_path) || slice_has(text, '\0'))
        return false;
    memcpy(address.un.sun_path, text.at, text.len);
    *ret = address;
    return true;
}

/*
 * Where host and port part: the last colon, if it is the only one or follows a bracket; else, in
 * the older form of IPv6, the last dot.
 */
static size_t port_mark(struct slice text)
{
    size_t colon = slice_find_last(text, ':');

    if (colon == SLICE_NONE || colon == 0)
        return SLICE_NONE;
    if (slice_find(text, ':') == colon || text.at[colon - 1] == ']')
        return colon;
    return text.at[0] == '[' ? SLICE_NONE : slice_find_last(text, '.');
}

bool address_parse_target(struct slice text, union socket_address *ret)
{
    if (text.len > 0 && text.at[0] == '/')
        return parse_unix(text, ret);

    size_t mark = port_mark(text);
    uint64_t port;

    if (mark == SLICE_NONE)
        return false;
    if (!number_parse(slice_skip(text, mark + 1), UINT16_MAX, &port) || port == 0)
        return false;
    return address_parse_ip(slice_first(text, mark), (uint16_t)port, ret);
}

static char *show(struct slice text, char out[ADDRESS_TEXT_MOST])
{
    assert(text.len < ADDRESS_TEXT_MOST);
    memcpy(out, text.at, text.len);
    out[text.len] = '\0';
    return out;
}

static char *unix_text(const union socket_address *address, char out[ADDRESS_TEXT_MOST])
{
    _Static_assert(ADDRESS_TEXT_MOST > sizeof(address->un.sun_path), "a path fits");
    size_t len = strnlen(address->un.sun_path, sizeof(address->un.sun_path));

    if (len == 0) /* a client rarely has a name */
        return show(SLICE("unix"), out);
    return show(slice_of(address->un.sun_path, len), out);
}

/* For each connection and each request of a program; inet_ntop(3) takes a printf for it. */
static char *ipv4_text(const unsigned char bytes[4], char out[ADDRESS_TEXT_MOST])
{
    struct text text = text_on(out, ADDRESS_TEXT_MOST);

    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            text_add_char(&text, '.');
        text_add_u64(&text, bytes[i]);
    }
    text_cstr(&text);
    return out;
}

static char *ipv6_text(const unsigned char bytes[16], char out[ADDRESS_TEXT_MOST])
{
    const char *text = inet_ntop(AF_INET6, bytes, out, ADDRESS_TEXT_MOST);

    assert(text);
    return out;
}

char *address_text(const union socket_address *address, char out[ADDRESS_TEXT_MOST])
{
    switch (address->any.sa_family) {
    case AF_INET:
        return ipv4_text(ip_bytes(address), out);
    case AF_INET6:
        return ipv6_text(ip_bytes(address), out);
    case AF_UNIX:
        return unix_text(address, out);
    default:
        return show(SLICE("unknown"), out);
    }
}

char *address_text_port(const union socket_address *address, char out[ADDRESS_TEXT_MOST])
{
    char literal[ADDRESS_TEXT_MOST];

    address_text(address, literal);
    switch (address->any.sa_family) {
    case AF_INET:
        snprintf(out, ADDRESS_TEXT_MOST, "%.*s:%u", LITERAL_MOST, literal, address_port(address));
        return out;
    case AF_INET6:
        snprintf(out, ADDRESS_TEXT_MOST, "[%.*s]:%u", LITERAL_MOST, literal, address_port(address));
        return out;
    default:
        return show(slice_cstr(literal), out);
    }
}

socklen_t address_size(const union socket_address *address)
{
    switch (address->any.sa_family) {
    case AF_INET:
        return sizeof(address->in4);
    case AF_INET6:
        return sizeof(address->in6);
    case AF_UNIX: {
        size_t len = strnlen(address->un.sun_path, sizeof(address->un.sun_path));
        size_t end = len < sizeof(address->un.sun_path); /* the NUL, where there is one */
        return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + end);
    }
    default:
        return sizeof(address->any);
    }
}

void address_set_port(union socket_address *address, uint16_t port)
{
    if (address->any.sa_family == AF_INET)
        address->in4.sin_port = htons(port);
    else if (address->any.sa_family == AF_INET6)
        address->in6.sin6_port = htons(port);
}

uint16_t address_port(const union socket_address *address)
{
    switch (address->any.sa_family) {
    case AF_INET:
        return ntohs(address->in4.sin_port);
    case AF_INET6:
        return ntohs(address->in6.sin6_port);
    default:
        return 0;
    }
}

bool address_equal_ip(const union socket_address *a, const union socket_address *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    switch (a->any.sa_family) {
    case AF_INET:
        return a->in4.sin_addr.s_addr == b->in4.sin_addr.s_addr;
    case AF_INET6:
        return memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr)) == 0;
    case AF_UNIX:
        return strncmp(a->un.sun_path, b->un.sun_path, sizeof(a->un.sun_path)) == 0;
    default:
        return false;
    }
}

bool address_is_local(const union socket_address *address)
{
    union socket_address plain = *address;

    address_unmap(&plain);
    switch (plain.any.sa_family) {
    case AF_INET:
        return ip_bytes(&plain)[0] == 127;
    case AF_INET6:
        return memcmp(&plain.in6.sin6_addr, &in6addr_loopback, sizeof(in6addr_loopback)) == 0;
    default:
        return plain.any.sa_family == AF_UNIX;
    }
}

void address_unmap(union socket_address *address)
{
    if (!is_mapped(address))
        return;

    union socket_address plain = {
        .in4 = { .sin_family = AF_INET, .sin_port = address->in6.sin6_port },
    };
    memcpy(&plain.in4.sin_addr, address->in6.sin6_addr.s6_addr + sizeof(mapped_prefix), 4);
    *address = plain;
}

unsigned address_client_key(const union socket_address *address, unsigned char ret[16])
{
    union socket_address plain = *address;
    unsigned len = 0;

    address_unmap(&plain);
    if (plain.any.sa_family == AF_INET)
        len = 4;
    else if (plain.any.sa_family == AF_INET6)
        len = 8;
    if (len > 0)
        memcpy(ret, ip_bytes(&plain), len);
    return len;
}

void address_anonymize(union socket_address *address)
{
    address_unmap(address);
    if (address->any.sa_family == AF_INET)
        address->in4.sin_addr.s_addr &= htonl(0xffffff00);
    else if (address->any.sa_family == AF_INET6)
        memset(address->in6.sin6_addr.s6_addr + 6, 0, 10);
}

bool address_net_parse(struct slice text, struct address_net *ret)
{
    struct address_net net = { .bits = 0 };
    struct slice base, bits_text;

    if (slice_equal_nocase(text, SLICE("all"))) {
        *ret = (struct address_net){ .all = true };
        return true;
    }

    bool has_bits = slice_cut(text, '/', &base, &bits_text);
    if (!address_parse_ip(base, 0, &net.base))
        return false;

    const uint64_t most = net.base.any.sa_family == AF_INET ? 32 : 128;
    uint64_t bits = most;
    if (has_bits && !number_parse(bits_text, most, &bits))
        return false;
    if (is_mapped(&net.base) && bits >= 96) { /* clients come unmapped */
        address_unmap(&net.base);
        bits -= 96;
    }
    net.bits = (uint8_t)bits;
    *ret = net;
    return true;
}

bool address_net_holds(const struct address_net *net, const union socket_address *address)
{
    union socket_address plain = *address;

    if (net->all)
        return true;
    address_unmap(&plain);
    if (plain.any.sa_family != net->base.any.sa_family || plain.any.sa_family == AF_UNIX)
        return false;

    const unsigned char *a = ip_bytes(&net->base);
    const unsigned char *b = ip_bytes(&plain);
    const unsigned whole = net->bits / 8;
    const unsigned char mask = (unsigned char)(0xff << (8 - net->bits % 8));

    return memcmp(a, b, whole) == 0 && (net->bits % 8 == 0 || ((a[whole] ^ b[whole]) & mask) == 0);
}
