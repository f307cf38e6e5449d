#include "net/proxy_line.h"

#include "base/number.h"

#include <string.h>

#define TEXT_MOST   107u /* section 2.1: "\r\n" included */
#define HEAD_LEN    16u  /* of version 2: signature, command, family, length */
#define ADDRESSES_4 12u
#define ADDRESSES_6 36u
#define ADDRESSES_U 216u

static const struct slice text_begin = SLICE_INIT("PROXY ");
static const struct slice signature = SLICE_INIT("\r\n\r\n\0\r\nQUIT\n");

static bool may_begin(struct slice in, struct slice begin)
{
    size_t len = in.len < begin.len ? in.len : begin.len;

    return slice_equal(slice_first(in, len), slice_first(begin, len));
}

bool proxy_line_is_none(struct slice in)
{
    return !may_begin(in, text_begin) && !may_begin(in, signature);
}

/* ---- version 1 ---- */

static bool parse_port(struct slice text, uint16_t *ret)
{
    uint64_t port;

    if (!number_parse(text, UINT16_MAX, &port))
        return false;
    *ret = (uint16_t)port;
    return true;
}

/* "192.0.2.1 198.51.100.1 4711 80", all of one family. */
static bool parse_ends(struct slice rest, sa_family_t family, union socket_address *ret)
{
    struct slice words[4];
    union socket_address ends[2];
    uint16_t ports[2];

    for (unsigned i = 0; i < 4; i++) {
        bool more = slice_cut(rest, ' ', &words[i], &rest);

        if (words[i].len == 0 || more != (i < 3))
            return false;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (!parse_port(words[2 + i], &ports[i]) || words[i].at[0] == '[' ||
            !address_parse_ip(words[i], ports[i], &ends[i]) || ends[i].any.sa_family != family)
            return false;
    }
    *ret = ends[0];
    return true;
}

static enum parse parse_text(struct slice in, struct proxy_line *ret, size_t *ret_used,
                             struct parse_fault *ret_fault)
{
    struct proxy_line line = { 0 };
    size_t end = slice_find(slice_first(in, TEXT_MOST), '\n');
    struct slice family;

    if (end == SLICE_NONE) {
        if (in.len < TEXT_MOST)
            return PARSE_MORE;
        return parse_bad(ret_fault, TEXT_MOST, "the line is longer than 107 bytes");
    }
    if (in.at[end - 1] != '\r')
        return parse_bad(ret_fault, end, "the line does not end with CR LF");

    struct slice rest = slice_skip(slice_first(in, end - 1), text_begin.len);
    slice_cut(rest, ' ', &family, &rest);
    if (slice_equal(family, SLICE("TCP4")))
        line.told = parse_ends(rest, AF_INET, &line.client);
    else if (slice_equal(family, SLICE("TCP6")))
        line.told = parse_ends(rest, AF_INET6, &line.client);
    else if (!slice_equal(family, SLICE("UNKNOWN")))
        return parse_bad(ret_fault, text_begin.len, "the family is not TCP4, TCP6 or UNKNOWN");
    if (!line.told && !slice_equal(family, SLICE("UNKNOWN")))
        return parse_bad(ret_fault, text_begin.len + family.len,
                         "wanted two addresses of the family and two ports");

    address_unmap(&line.client);
    *ret = line;
    *ret_used = end + 1;
    return PARSE_DONE;
}

/* ---- version 2 ---- */

static unsigned byte_at(struct slice in, size_t at)
{
    return (unsigned char)in.at[at];
}

static uint16_t number_at(struct slice in, size_t at)
{
    return (uint16_t)(byte_at(in, at) << 8 | byte_at(in, at + 1));
}

static void read_client_4(struct slice addresses, union socket_address *ret)
{
    *ret = (union socket_address){ .in4 = { .sin_family = AF_INET } };
    memcpy(&ret->in4.sin_addr, addresses.at, 4);
    memcpy(&ret->in4.sin_port, addresses.at + 8, 2);
}

static void read_client_6(struct slice addresses, union socket_address *ret)
{
    *ret = (union socket_address){ .in6 = { .sin6_family = AF_INET6 } };
    memcpy(&ret->in6.sin6_addr, addresses.at, 16);
    memcpy(&ret->in6.sin6_port, addresses.at + 32, 2);
    address_unmap(ret);
}

/* What follows the addresses: type, length and value, again and again (section 2.2). */
static bool read_extras(struct slice extras, struct proxy_line *line)
{
    enum { TYPE_SSL = 0x20, CLIENT_SSL = 1 };

    while (extras.len > 0) {
        if (extras.len < 3 || extras.len - 3 < number_at(extras, 1))
            return false;

        struct slice value = slice_first(slice_skip(extras, 3), number_at(extras, 1));
        if (byte_at(extras, 0) == TYPE_SSL && value.len > 0)
            line->secure = byte_at(value, 0) & CLIENT_SSL;
        extras = slice_skip(extras, 3 + value.len);
    }
    return true;
}

/* How many bytes the addresses of a family take; SLICE_NONE: there is no such family. */
static size_t addresses_len(unsigned family)
{
    switch (family) {
    case 0x00: /* unspecified */
        return 0;
    case 0x11: /* TCP over IPv4 */
    case 0x12: /* UDP */
        return ADDRESSES_4;
    case 0x21:
    case 0x22:
        return ADDRESSES_6;
    case 0x31: /* unix sockets */
    case 0x32:
        return ADDRESSES_U;
    default:
        return SLICE_NONE;
    }
}

static enum parse parse_command(struct slice in, unsigned family, struct proxy_line *ret,
                                struct parse_fault *ret_fault)
{
    struct proxy_line line = { 0 };
    struct slice content = slice_skip(in, HEAD_LEN);
    size_t len = addresses_len(family);

    if (len == SLICE_NONE)
        return parse_bad(ret_fault, 13, "unknown address family or transport");
    if (content.len < len)
        return parse_bad(ret_fault, 14, "too short for the addresses of its family");
    if (family == 0x11)
        read_client_4(content, &line.client);
    else if (family == 0x21)
        read_client_6(content, &line.client);
    line.told = family == 0x11 || family == 0x21;
    if (line.told && !read_extras(slice_skip(content, len), &line))
        return parse_bad(ret_fault, HEAD_LEN + len, "an extra is longer than what is there");
    *ret = line;
    return PARSE_DONE;
}

static enum parse parse_binary(struct slice in, struct proxy_line *ret, size_t *ret_used,
                               struct parse_fault *ret_fault)
{
    enum { LOCAL = 0x20, PROXY = 0x21 };

    if (in.len < HEAD_LEN)
        return PARSE_MORE;

    unsigned command = byte_at(in, 12);
    size_t len = HEAD_LEN + number_at(in, 14);
    if (command != LOCAL && command != PROXY)
        return parse_bad(ret_fault, 12, "the version is not 2, or the command is unknown");
    if (len > PROXY_LINE_MOST)
        return parse_bad(ret_fault, 14, "it is longer than 8192 bytes");
    if (in.len < len)
        return PARSE_MORE;

    /* LOCAL: the proxy looks whether we live; whatever else it says is to be skipped. */
    if (command == LOCAL) {
        *ret = (struct proxy_line){ 0 };
    } else {
        enum parse parse = parse_command(slice_first(in, len), byte_at(in, 13), ret, ret_fault);
        if (parse != PARSE_DONE)
            return parse;
    }
    *ret_used = len;
    return PARSE_DONE;
}

enum parse proxy_line_parse(struct slice in, struct proxy_line *ret, size_t *ret_used,
                            struct parse_fault *ret_fault)
{
    if (proxy_line_is_none(in))
        return parse_bad(ret_fault, 0, "no PROXY line");
    if (may_begin(in, text_begin))
        return in.len < text_begin.len ? PARSE_MORE : parse_text(in, ret, ret_used, ret_fault);
    return parse_binary(in, ret, ret_used, ret_fault);
}
