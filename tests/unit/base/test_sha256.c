#include "base/sha256.h"

#include "base/encode.h"
#include "slice_assert.h"
#include "suite.h"

static void check_hex(const unsigned char sum[SHA256_LEN], const char *expected)
{
    char hex[2 * SHA256_LEN];
    struct text text = text_on(hex, sizeof(hex));

    hex_encode(&text, slice_of(sum, SHA256_LEN));
    assert_slice(text_slice(&text), expected);
}

/* FIPS 180-4's examples, and every length round a block. */
static const struct {
    const char *text; /* NULL: so many letters a */
    size_t len;
    const char *sum;
} cases[] = {
    { "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { NULL, 55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318" },
    { NULL, 56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a" },
    { NULL, 63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34" },
    { NULL, 64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb" },
    { NULL, 65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0" },
};

static struct slice text_of(int i, char many[65])
{
    memset(many, 'a', 65);
    return slice_of(cases[i].text ? cases[i].text : many, cases[i].len);
}

START_TEST(sums_are_those_of_the_standard)
{
    unsigned char sum[SHA256_LEN];
    struct sha256 sha;
    char many[65];

    sha256_init(&sha);
    sha256_add(&sha, text_of(_i, many));
    sha256_end(&sha, sum);
    check_hex(sum, cases[_i].sum);
    sha256_of(text_of(_i, many), sum);
    check_hex(sum, cases[_i].sum);
}
END_TEST

START_TEST(byte_by_byte_gives_the_same)
{
    unsigned char sum[SHA256_LEN];
    struct sha256 sha;
    char many[65];
    struct slice text = text_of(_i, many);

    sha256_init(&sha);
    for (size_t i = 0; i < text.len; i++)
        sha256_add(&sha, slice_of(text.at + i, 1));
    sha256_end(&sha, sum);
    check_hex(sum, cases[_i].sum);
}
END_TEST

/* RFC 4231, 4.2, 4.3 and 4.4 */
static const struct {
    const char *key;
    size_t key_len;
    const char *data[2];
    const char *sum;
} macs[] = {
    { "\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v\v",
      20,
      { "Hi There", "" },
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
    { "Jefe",
      4,
      { "what do ya want ", "for nothing?" },
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
};

START_TEST(macs_are_those_of_the_rfc)
{
    const struct slice parts[] = { slice_cstr(macs[_i].data[0]), slice_cstr(macs[_i].data[1]) };
    unsigned char sum[SHA256_LEN];

    hmac_sha256(slice_of(macs[_i].key, macs[_i].key_len), parts, 2, sum);
    check_hex(sum, macs[_i].sum);
}
END_TEST

SUITE("sha256", LOOP(sums_are_those_of_the_standard, cases),
      LOOP(byte_by_byte_gives_the_same, cases), LOOP(macs_are_those_of_the_rfc, macs))
