#include "base/encode.h"

#include <stdint.h>

int hex_digit(char c)
{
    if (ascii_is_digit(c))
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool percent_decode(struct slice in, char *out, size_t *ret_len)
{
    size_t len = 0;

    while (in.len > 0) {
        size_t plain = slice_find(in, '%');

        if (plain == SLICE_NONE)
            plain = in.len;
        if (plain > 0)
            memmove(out + len, in.at, plain); /* `out` may be in.at itself */
        len += plain;
        in = slice_skip(in, plain);
        if (in.len == 0)
            break;

        int high = in.len >= 3 ? hex_digit(in.at[1]) : -1;
        int low = in.len >= 3 ? hex_digit(in.at[2]) : -1;
        if (high < 0 || low < 0)
            return false;
        out[len++] = (char)(high << 4 | low);
        in = slice_skip(in, 3);
    }
    *ret_len = len;
    return true;
}

/* RFC 3986 3.3: pchar and '/'. */
static bool stays_in_path(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) ||
           (c != '\0' && strchr("-._~!$&'()*+,;=:@/", c) != NULL);
}

void percent_encode_path(struct text *text, struct slice path)
{
    static const char digits[] = "0123456789ABCDEF"; /* RFC 3986 2.1: capitals */
    size_t plain = 0;                                /* bytes at the front that stay */

    while (plain < path.len && !text->cut) {
        unsigned char c = (unsigned char)path.at[plain];

        if (stays_in_path((char)c)) {
            plain++;
            continue;
        }
        text_add(text, slice_first(path, plain));
        text_add_char(text, '%');
        text_add_char(text, digits[c >> 4]);
        text_add_char(text, digits[c & 0xf]);
        path = slice_skip(path, plain + 1);
        plain = 0;
    }
    text_add(text, path);
}

static const char base64_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct text *text, struct slice in)
{
    while (in.len > 0 && !text->cut) {
        uint32_t bits = (uint32_t)(unsigned char)in.at[0] << 16;

        if (in.len > 1)
            bits |= (uint32_t)(unsigned char)in.at[1] << 8;
        if (in.len > 2)
            bits |= (uint32_t)(unsigned char)in.at[2];

        char group[4] = { base64_letters[bits >> 18 & 0x3f], base64_letters[bits >> 12 & 0x3f], '=',
                          '=' };
        if (in.len > 1)
            group[2] = base64_letters[bits >> 6 & 0x3f];
        if (in.len > 2)
            group[3] = base64_letters[bits & 0x3f];
        text_add(text, slice_of(group, sizeof(group)));
        in = slice_skip(in, 3);
    }
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (ascii_is_digit(c))
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* Without its padding; false when there is some and it does not fill the last group of four. */
static bool take_padding_off(struct slice *in)
{
    size_t padding = 0;

    while (padding < 2 && padding < in->len && in->at[in->len - 1 - padding] == '=')
        padding++;
    if (padding > 0 && in->len % 4 != 0)
        return false;
    in->len -= padding;
    return true;
}

/*
 * Bits of the last letter that belong to no byte may be anything: RFC 4648 3.5 allows to refuse
 * them, but even RFC 6455 has such a key as its example.
 */
bool base64_decode(struct slice in, char *out, size_t *ret_len)
{
    uint32_t bits = 0;
    unsigned bit_count = 0;
    size_t len = 0;

    if (!take_padding_off(&in) || in.len % 4 == 1)
        return false;

    for (size_t i = 0; i < in.len; i++) {
        int value = base64_value(in.at[i]);

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            out[len++] = (char)(bits >> bit_count & 0xff);
        }
    }
    *ret_len = len;
    return true;
}

void hex_encode(struct text *text, struct slice in)
{
    for (size_t i = 0; i < in.len && !text->cut; i++)
        text_add_hex(text, (unsigned char)in.at[i], 2);
}
