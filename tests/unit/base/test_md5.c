#include "base/md5.h"

#include "base/encode.h"
#include "slice_assert.h"
#include "suite.h"

/* RFC 1321, A.5 */
static const struct {
    const char *text;
    const char *sum;
} cases[] = {
    { "", "d41d8cd98f00b204e9800998ecf8427e" },
    { "a", "0cc175b9c0f1b6a831c399e269772661" },
    { "abc", "900150983cd24fb0d6963f7d28e17f72" },
    { "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
    { "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
      "d174ab98d277d9f5a5611c2c9f419d9f" },
    { "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
      "57edf4a22be3c955ac49da2e2107b67a" },
};

static void check_sum(struct md5 *md5, const char *expected)
{
    unsigned char sum[MD5_LEN];
    char hex[2 * MD5_LEN];
    struct text text = text_on(hex, sizeof(hex));

    md5_end(md5, sum);
    hex_encode(&text, slice_of(sum, sizeof(sum)));
    assert_slice(text_slice(&text), expected);
}

START_TEST(sums_are_those_of_the_rfc)
{
    struct md5 md5;

    md5_init(&md5);
    md5_add(&md5, slice_cstr(cases[_i].text));
    check_sum(&md5, cases[_i].sum);
}
END_TEST

START_TEST(byte_by_byte_gives_the_same)
{
    struct md5 md5;

    md5_init(&md5);
    for (const char *at = cases[_i].text; *at; at++)
        md5_add(&md5, slice_of(at, 1));
    check_sum(&md5, cases[_i].sum);
}
END_TEST

/* The padding takes one block or two. */
START_TEST(every_length_round_a_block_has_its_own_sum)
{
    static const struct {
        size_t len;
        const char *sum;
    } lengths[] = {
        { 55, "ef1772b6dff9a122358552954ad0df65" }, { 56, "3b0c8ac703f828b04c6c197006d17218" },
        { 57, "652b906d60af96844ebd21b674f35e93" }, { 63, "b06521f39153d618550606be297466d5" },
        { 64, "014842d480b571495a4a0363793f7367" }, { 65, "c743a45e0d2e6a95cb859adae0248435" },
    };
    char many[65];

    memset(many, 'a', sizeof(many));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct md5 md5;

        md5_init(&md5);
        md5_add(&md5, slice_of(many, lengths[i].len));
        check_sum(&md5, lengths[i].sum);
    }
}
END_TEST

SUITE("md5", LOOP(sums_are_those_of_the_rfc, cases), LOOP(byte_by_byte_gives_the_same, cases),
      TEST(every_length_round_a_block_has_its_own_sum))
