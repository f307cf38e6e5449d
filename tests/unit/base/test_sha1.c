#include "base/sha1.h"

#include "base/encode.h"
#include "slice_assert.h"
#include "suite.h"

/* FIPS 180-2, appendix A, and lengths on both sides of a block and of the room for a length. */
static const struct {
    const char *text;
    const char *sum;
} cases[] = {
    { "", "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
    { "abc", "a9993e364706816aba3e25717850c26c9cd0d89d" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1" },
    { "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
      "b37a4f2cc0624f1690f64606cf385945b2bec4ea" },
    { "0123456789012345678901234567890123456789012345678901234",
      "9f3a4ce7f66b1b74c34da2c5d732c39f81e0f8df" },
    { "0123456789012345678901234567890123456789012345678901234567890123",
      "cf0800f7644ace3cb4c3fa33388d3ba0ea3c8b6e" },
    { "01234567890123456789012345678901234567890123456789012345678901230123456789012345678901234567"
      "890123456789012345678901234567890123456789",
      "2ad4ef0d8c7e82841b8831189a78f2ee19d0a7ee" },
};

START_TEST(sums_are_those_of_the_standard)
{
    unsigned char sum[SHA1_LEN];
    char hex[2 * SHA1_LEN];
    struct text text = text_on(hex, sizeof(hex));

    sha1(slice_cstr(cases[_i].text), sum);
    hex_encode(&text, slice_of(sum, sizeof(sum)));
    assert_slice(text_slice(&text), cases[_i].sum);
}
END_TEST

SUITE("sha1", LOOP(sums_are_those_of_the_standard, cases))
