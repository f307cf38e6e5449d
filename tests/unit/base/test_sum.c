#include "base/sum.h"

#include "base/encode.h"
#include "slice_assert.h"
#include "suite.h"

static void check_hex(const unsigned char *sum, unsigned len, const char *expected)
{
    char hex[2 * SHA256_LEN];
    struct text text = text_on(hex, sizeof(hex));

    hex_encode(&text, slice_of(sum, len));
    assert_slice(text_slice(&text), expected);
}

/* The examples of RFC 1321 (A.5) and FIPS 180-4. */
static const struct {
    enum sum_kind kind;
    unsigned len;
    const char *text;
    const char *sum;
} cases[] = {
    { SUM_MD5, MD5_LEN, "", "d41d8cd98f00b204e9800998ecf8427e" },
    { SUM_MD5, MD5_LEN, "abc", "900150983cd24fb0d6963f7d28e17f72" },
    { SUM_MD5, MD5_LEN,
      "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "57edf4a22be3c955ac49da2e2107b67a" },
    { SUM_SHA256, SHA256_LEN, "",
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { SUM_SHA256, SHA256_LEN, "abc",
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { SUM_SHA256, SHA256_LEN, "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

START_TEST(sums_are_those_of_the_standards)
{
    const struct slice text = slice_cstr(cases[_i].text);
    const struct slice parts[] = { slice_first(text, 1), slice_skip(text, 1) };
    unsigned char bytes[SHA256_LEN];
    struct sum sum;

    sum_of(cases[_i].kind, &text, 1, bytes);
    check_hex(bytes, cases[_i].len, cases[_i].sum);
    sum_of(cases[_i].kind, parts, 2, bytes);
    check_hex(bytes, cases[_i].len, cases[_i].sum);
    sum_begin(&sum, cases[_i].kind);
    for (size_t i = 0; i < text.len; i++)
        sum_add(&sum, slice_of(text.at + i, 1));
    sum_end(&sum, bytes);
    check_hex(bytes, cases[_i].len, cases[_i].sum);
    ck_assert_ptr_null(sum.context);
}
END_TEST

/* What is left behind is found by the leak checker. */
START_TEST(one_that_is_not_wanted_any_more_is_dropped)
{
    struct sum sum = { 0 };

    sum_drop(&sum);
    sum_begin(&sum, SUM_SHA256);
    sum_add(&sum, SLICE("half"));
    sum_drop(&sum);
    sum_drop(&sum);
    ck_assert_ptr_null(sum.context);
}
END_TEST

/* RFC 4231, 4.2, 4.3 and 4.7 */
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
    { NULL, /* longer than a block: 131 bytes of 0xaa */
      131,
      { "Test Using Larger Than Block-Size Key ", "- Hash Key First" },
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
};

START_TEST(macs_are_those_of_the_rfc)
{
    const struct slice parts[] = { slice_cstr(macs[_i].data[0]), slice_cstr(macs[_i].data[1]) };
    unsigned char sum[SHA256_LEN];
    char long_key[131];

    memset(long_key, 0xaa, sizeof(long_key));
    hmac_sha256(slice_of(macs[_i].key ? macs[_i].key : long_key, macs[_i].key_len), parts, 2, sum);
    check_hex(sum, SHA256_LEN, macs[_i].sum);
}
END_TEST

SUITE("sum", LOOP(sums_are_those_of_the_standards, cases),
      TEST(one_that_is_not_wanted_any_more_is_dropped), LOOP(macs_are_those_of_the_rfc, macs))
