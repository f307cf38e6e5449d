#include "base/address.h"

#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

static union socket_address ip(const char *text)
{
    union socket_address address;

    ck_assert_msg(address_parse_ip(slice_cstr(text), 0, &address), "%s", text);
    return address;
}

static const struct {
    const char *text;
    int family; /* AF_UNSPEC: no address */
    const char *shown;
} literals[] = {
    { "1.2.3.4", AF_INET, "1.2.3.4" },
    { "0.0.0.0", AF_INET, "0.0.0.0" },
    { "255.255.255.255", AF_INET, "255.255.255.255" },
    { "::", AF_INET6, "::" },
    { "[::]", AF_INET6, "::" },
    { "::1", AF_INET6, "::1" },
    { "[2001:DB8::1]", AF_INET6, "2001:db8::1" },
    { "::ffff:1.2.3.4", AF_INET6, "::ffff:1.2.3.4" },
    { "0000:0000:0000:0000:0000:ffff:255.255.255.255", AF_INET6, "::ffff:255.255.255.255" },
    { "", AF_UNSPEC, NULL },
    { "[]", AF_UNSPEC, NULL },
    { "[1.2.3.4]", AF_UNSPEC, NULL },
    { "[::1", AF_UNSPEC, NULL },
    { "::1]", AF_UNSPEC, NULL },
    { "1.2.3", AF_UNSPEC, NULL },
    { "1.2.3.4.5", AF_UNSPEC, NULL },
    { "1.2.3.256", AF_UNSPEC, NULL },
    { "1.2.3.04", AF_UNSPEC, NULL },
    { " 1.2.3.4", AF_UNSPEC, NULL },
    { "1.2.3.4 ", AF_UNSPEC, NULL },
    { "1.2.3.4:80", AF_UNSPEC, NULL },
    { "localhost", AF_UNSPEC, NULL },
    { ":::", AF_UNSPEC, NULL },
    { "fe80::1%eth0", AF_UNSPEC, NULL },
    { "0000:0000:0000:0000:0000:ffff:255.255.255.2555", AF_UNSPEC, NULL },
};

START_TEST(a_literal_is_read_and_shown)
{
    union socket_address address;
    char shown[ADDRESS_TEXT_MOST];
    bool parsed = address_parse_ip(slice_cstr(literals[_i].text), 8080, &address);

    ck_assert_int_eq(parsed, literals[_i].family != AF_UNSPEC);
    if (!parsed)
        return;
    ck_assert_int_eq(address.any.sa_family, literals[_i].family);
    ck_assert_uint_eq(address_port(&address), 8080);
    ck_assert_str_eq(address_text(&address, shown), literals[_i].shown);
}
END_TEST

START_TEST(a_literal_with_a_nul_inside_is_none)
{
    union socket_address address;

    ck_assert(!address_parse_ip(SLICE("1.2.3.4\0"), 0, &address));
    ck_assert(!address_parse_ip(SLICE("::1\0x"), 0, &address));
    ck_assert(!address_parse_target(SLICE("/run/x\0y"), &address));
}
END_TEST

#define PATH_OF_107                                                                                \
    "/23456789/23456789/23456789/23456789/23456789/23456789/23456789/23456789/23456789/23456789/"  \
    "2345678901234567"

static const struct {
    const char *text;
    const char *shown; /* NULL: no target */
} targets[] = {
    { "127.0.0.1:9000", "127.0.0.1:9000" },
    { "127.0.0.1:1", "127.0.0.1:1" },
    { "127.0.0.1:65535", "127.0.0.1:65535" },
    { "[::1]:9000", "[::1]:9000" },
    { "::1.9000", "[::1]:9000" },
    { "2001:db8::7.80", "[2001:db8::7]:80" },
    { "::ffff:1.2.3.4.80", "[::ffff:1.2.3.4]:80" },
    { "[::ffff:1.2.3.4]:80", "[::ffff:1.2.3.4]:80" },
    { "/run/php.sock", "/run/php.sock" },
    { "/run/a:80", "/run/a:80" },
    { "/", "/" },
    { PATH_OF_107, PATH_OF_107 },
    { PATH_OF_107 "8", NULL },
    { "", NULL },
    { ":", NULL },
    { ":80", NULL },
    { "127.0.0.1", NULL },
    { "127.0.0.1:", NULL },
    { "127.0.0.1:0", NULL },
    { "127.0.0.1:65536", NULL },
    { "127.0.0.1:+80", NULL },
    { "127.0.0.1: 80", NULL },
    { "127.0.0.1:80x", NULL },
    { "::1", NULL },
    { "::1:9000", NULL },
    { "::ffff:1.2.3.4", NULL },
    { "[::1]", NULL },
    { "[::1].80", NULL },
    { "[::1]80", NULL },
    { "[::1:80", NULL },
    { "localhost:80", NULL },
    { "run/php.sock", NULL },
};

START_TEST(a_target_is_read_and_shown)
{
    union socket_address address;
    char shown[ADDRESS_TEXT_MOST];
    bool parsed = address_parse_target(slice_cstr(targets[_i].text), &address);

    ck_assert_int_eq(parsed, targets[_i].shown != NULL);
    if (parsed)
        ck_assert_str_eq(address_text_port(&address, shown), targets[_i].shown);
}
END_TEST

START_TEST(sizes_and_shapes_follow_the_family)
{
    union socket_address address, none = { .any.sa_family = AF_UNSPEC };
    char shown[ADDRESS_TEXT_MOST];

    address = ip("1.2.3.4");
    ck_assert_uint_eq(address_size(&address), sizeof(struct sockaddr_in));
    address = ip("::1");
    ck_assert_uint_eq(address_size(&address), sizeof(struct sockaddr_in6));
    ck_assert(address_parse_target(SLICE("/run/x"), &address));
    ck_assert_uint_eq(address_size(&address), offsetof(struct sockaddr_un, sun_path) + 7);
    ck_assert_uint_eq(address_port(&address), 0);

    memset(address.un.sun_path, 'x', sizeof(address.un.sun_path)); /* as the kernel may give it */
    ck_assert_uint_eq(address_size(&address), sizeof(struct sockaddr_un));
    ck_assert_uint_eq(strlen(address_text(&address, shown)), sizeof(address.un.sun_path));
    address.un.sun_path[0] = '\0';
    ck_assert_str_eq(address_text(&address, shown), "unix");
    ck_assert_str_eq(address_text_port(&address, shown), "unix");
    ck_assert_str_eq(address_text(&none, shown), "unknown");
    ck_assert_uint_eq(address_port(&none), 0);
}
END_TEST

static const struct {
    const char *a;
    const char *b;
    bool equal;
} pairs[] = {
    { "1.2.3.4", "1.2.3.4", true },
    { "1.2.3.4", "1.2.3.5", false },
    { "::1", "0:0::1", true },
    { "::1", "::2", false },
    { "1.2.3.4", "::ffff:1.2.3.4", false },
    { "0.0.0.0", "::", false },
};

START_TEST(equality_is_of_the_ip_alone)
{
    union socket_address a = ip(pairs[_i].a), b = ip(pairs[_i].b);

    if (b.any.sa_family == AF_INET)
        b.in4.sin_port = htons(80);
    ck_assert_int_eq(address_equal_ip(&a, &b), pairs[_i].equal);
    ck_assert_int_eq(address_equal_ip(&b, &a), pairs[_i].equal);
}
END_TEST

static const struct {
    const char *text;
    bool local;
} places[] = {
    { "127.0.0.1:1", true },
    { "127.255.0.9:1", true },
    { "128.0.0.1:1", false },
    { "[::1]:1", true },
    { "[::2]:1", false },
    { "[::ffff:127.0.0.1]:1", true },
    { "[::ffff:10.0.0.1]:1", false },
    { "/run/x", true },
    { "0.0.0.0:1", false },
};

START_TEST(loopback_and_unix_are_local)
{
    union socket_address address;

    ck_assert(address_parse_target(slice_cstr(places[_i].text), &address));
    ck_assert_int_eq(address_is_local(&address), places[_i].local);
}
END_TEST

static const struct {
    const char *text;
    const char *unmapped;
} mapped[] = {
    { "[::ffff:1.2.3.4]:80", "1.2.3.4:80" },
    { "[::1.2.3.4]:80", "[::1.2.3.4]:80" },
    { "[::1]:80", "[::1]:80" },
    { "1.2.3.4:80", "1.2.3.4:80" },
    { "/run/x", "/run/x" },
};

START_TEST(a_mapped_address_becomes_plain)
{
    union socket_address address;
    char shown[ADDRESS_TEXT_MOST];

    ck_assert(address_parse_target(slice_cstr(mapped[_i].text), &address));
    address_unmap(&address);
    ck_assert_str_eq(address_text_port(&address, shown), mapped[_i].unmapped);
}
END_TEST

static const struct {
    const char *text;
    unsigned len;
    unsigned char key[8];
} keys[] = {
    { "1.2.3.4:80", 4, { 1, 2, 3, 4 } },
    { "[::ffff:1.2.3.4]:80", 4, { 1, 2, 3, 4 } },
    { "[2001:db8:1:2:3:4:5:6]:80", 8, { 0x20, 1, 0x0d, 0xb8, 0, 1, 0, 2 } },
    { "/run/x", 0, { 0 } },
};

START_TEST(a_client_is_known_by_its_network)
{
    union socket_address address;
    unsigned char key[16];

    ck_assert(address_parse_target(slice_cstr(keys[_i].text), &address));
    ck_assert_uint_eq(address_client_key(&address, key), keys[_i].len);
    ck_assert_int_eq(memcmp(key, keys[_i].key, keys[_i].len), 0);
}
END_TEST

static const struct {
    const char *net;
    const char *address;
    bool holds;
} nets[] = {
    { "1.2.3.0/24", "1.2.3.255", true },
    { "1.2.3.0/24", "1.2.4.0", false },
    { "1.2.3.77/24", "1.2.3.1", true }, /* bits behind the mask do not count */
    { "1.2.3.0/25", "1.2.3.127", true },
    { "1.2.3.0/25", "1.2.3.128", false },
    { "1.2.3.4", "1.2.3.4", true },
    { "1.2.3.4", "1.2.3.5", false },
    { "1.2.3.4/32", "1.2.3.5", false },
    { "1.2.3.4/31", "1.2.3.5", true },
    { "0.0.0.0/0", "255.1.2.3", true },
    { "128.0.0.0/1", "127.0.0.1", false },
    { "0.0.0.0/0", "::1", false },
    { "::/0", "::1", true },
    { "::/0", "1.2.3.4", false },
    { "2001:db8::/33", "2001:db8:7fff::1", true },
    { "2001:db8::/33", "2001:db8:8000::1", false },
    { "::1/128", "::1", true },
    { "[::1]/128", "::1", true },
    { "::1", "::2", false },
    { "1.2.3.0/24", "::ffff:1.2.3.4", true },
    { "::ffff:1.2.3.0/120", "1.2.3.4", true },
    { "::ffff:1.2.3.0/120", "1.2.4.4", false },
    { "all", "1.2.3.4", true },
    { "ALL", "::1", true },
};

START_TEST(a_network_holds_its_addresses)
{
    union socket_address address = ip(nets[_i].address);
    struct address_net net;

    ck_assert(address_net_parse(slice_cstr(nets[_i].net), &net));
    ck_assert_int_eq(address_net_holds(&net, &address), nets[_i].holds);
}
END_TEST

static const char *const no_nets[] = {
    "",           "/",           "/24",  "1.2.3.4/", "1.2.3.4/33", "::/129",
    "1.2.3.4/-1", "1.2.3.4/8/8", "alle", "1.2.3/24", "/run/x",
};

START_TEST(what_is_no_network_is_refused)
{
    struct address_net net;

    ck_assert(!address_net_parse(slice_cstr(no_nets[_i]), &net));
}
END_TEST

START_TEST(unix_clients_are_in_all_only)
{
    union socket_address address;
    struct address_net net;

    ck_assert(address_parse_target(SLICE("/run/x"), &address));
    ck_assert(address_net_parse(SLICE("all"), &net));
    ck_assert(address_net_holds(&net, &address));
    ck_assert(address_net_parse(SLICE("0.0.0.0/0"), &net));
    ck_assert(!address_net_holds(&net, &address));
}
END_TEST

static const struct {
    const char *whole;
    const char *network;
} hidden[] = {
    { "192.0.2.77", "192.0.2.0" },
    { "2001:db8:1:2:3:4:5:6", "2001:db8:1::" },
    { "::ffff:192.0.2.77", "192.0.2.0" },
};

START_TEST(what_is_left_of_an_address_is_its_network)
{
    union socket_address address;
    char text[ADDRESS_TEXT_MOST];

    ck_assert(address_parse_ip(slice_cstr(hidden[_i].whole), 80, &address));
    address_anonymize(&address);
    ck_assert_str_eq(address_text(&address, text), hidden[_i].network);
}
END_TEST

SUITE("address", LOOP(what_is_left_of_an_address_is_its_network, hidden),
      LOOP(a_literal_is_read_and_shown, literals), TEST(a_literal_with_a_nul_inside_is_none),
      LOOP(a_target_is_read_and_shown, targets), TEST(sizes_and_shapes_follow_the_family),
      LOOP(equality_is_of_the_ip_alone, pairs), LOOP(loopback_and_unix_are_local, places),
      LOOP(a_mapped_address_becomes_plain, mapped), LOOP(a_client_is_known_by_its_network, keys),
      LOOP(a_network_holds_its_addresses, nets), LOOP(what_is_no_network_is_refused, no_nets),
      TEST(unix_clients_are_in_all_only))
