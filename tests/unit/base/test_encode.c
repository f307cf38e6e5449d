#include "base/encode.h"

#include "slice_assert.h"
#include "suite.h"

static const struct {
    struct slice in;
    bool good;
    struct slice out;
} percents[] = {
    { SLICE_INIT(""), true, SLICE_INIT("") },
    { { NULL, 0 }, true, SLICE_INIT("") },
    { SLICE_INIT("/plain"), true, SLICE_INIT("/plain") },
    { SLICE_INIT("%41"), true, SLICE_INIT("A") },
    { SLICE_INIT("/a%20b%2Fc%2f"), true, SLICE_INIT("/a b/c/") },
    { SLICE_INIT("a+b"), true, SLICE_INIT("a+b") },
    { SLICE_INIT("%2541"), true, SLICE_INIT("%41") }, /* once, never twice */
    { SLICE_INIT("%00%ff"), true, SLICE_INIT("\0\xff") },
    { SLICE_INIT("%"), false, SLICE_INIT("") },
    { SLICE_INIT("%4"), false, SLICE_INIT("") },
    { SLICE_INIT("abc%4"), false, SLICE_INIT("") },
    { SLICE_INIT("%4g"), false, SLICE_INIT("") },
    { SLICE_INIT("%g4"), false, SLICE_INIT("") },
    { SLICE_INIT("%%41"), false, SLICE_INIT("") },
    { SLICE_INIT("%u0041"), false, SLICE_INIT("") },
    { SLICE_INIT("% 1"), false, SLICE_INIT("") },
};

START_TEST(percents_are_decoded_once)
{
    struct slice in = percents[_i].in;
    char *out = malloc(in.len + 1);
    size_t len = 4711;

    ck_assert(percent_decode(in, out, &len) == percents[_i].good);
    if (percents[_i].good)
        assert_slices(slice_of(out, len), percents[_i].out);
    else
        ck_assert_uint_eq(len, 4711);
    free(out);
}
END_TEST

START_TEST(percents_are_decoded_in_place)
{
    struct slice in = percents[_i].in;
    char *bytes = malloc(in.len + 1);
    size_t len = 0;

    if (in.len > 0)
        memcpy(bytes, in.at, in.len);
    ck_assert(percent_decode(slice_of(bytes, in.len), bytes, &len) == percents[_i].good);
    assert_slices(slice_of(bytes, len), percents[_i].out);
    free(bytes);
}
END_TEST

START_TEST(a_path_is_encoded_so_that_it_is_one_again)
{
    char room[200];
    struct text text = text_on(room, sizeof(room));

    percent_encode_path(&text, SLICE("/a b%/\xc3\xa4?#[]\"<>\\^`{|}\0\x7f"));
    assert_slice(text_slice(&text),
                 "/a%20b%25/%C3%A4%3F%23%5B%5D%22%3C%3E%5C%5E%60%7B%7C%7D%00%7F");

    text = text_on(room, sizeof(room));
    percent_encode_path(&text, SLICE("/AZaz09-._~!$&'()*+,;=:@/"));
    assert_slice(text_slice(&text), "/AZaz09-._~!$&'()*+,;=:@/");
}
END_TEST

START_TEST(each_byte_survives_the_way_there_and_back)
{
    char bytes[256];
    char room[3 * sizeof(bytes)];
    struct text text = text_on(room, sizeof(room));
    char back[sizeof(room)];
    size_t len;

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    percent_encode_path(&text, slice_of(bytes, sizeof(bytes)));
    ck_assert(!text.cut);
    ck_assert(percent_decode(text_slice(&text), back, &len));
    assert_slices(slice_of(back, len), slice_of(bytes, sizeof(bytes)));
}
END_TEST

/* RFC 4648 section 10, and bytes above ASCII. */
static const struct {
    struct slice bytes;
    const char *base64;
} pairs[] = {
    { SLICE_INIT(""), "" },
    { SLICE_INIT("f"), "Zg==" },
    { SLICE_INIT("fo"), "Zm8=" },
    { SLICE_INIT("foo"), "Zm9v" },
    { SLICE_INIT("foob"), "Zm9vYg==" },
    { SLICE_INIT("fooba"), "Zm9vYmE=" },
    { SLICE_INIT("foobar"), "Zm9vYmFy" },
    { SLICE_INIT("\0\0\0"), "AAAA" },
    { SLICE_INIT("\xff\xff\xff"), "////" },
    { SLICE_INIT("\xfb\xef\xbe"), "++++" },
    { SLICE_INIT("Aladdin:open sesame"), "QWxhZGRpbjpvcGVuIHNlc2FtZQ==" },
};

START_TEST(base64_is_that_of_the_rfc)
{
    char room[64];
    struct text text = text_on(room, sizeof(room));
    struct slice base64 = slice_cstr(pairs[_i].base64);
    char *out = malloc(base64.len / 4 * 3 + 3);
    size_t len;

    base64_encode(&text, pairs[_i].bytes);
    assert_slices(text_slice(&text), base64);
    ck_assert_uint_eq(text.len, BASE64_LEN(pairs[_i].bytes.len));
    ck_assert(base64_decode(base64, out, &len));
    assert_slices(slice_of(out, len), pairs[_i].bytes);

    while (slice_ends(base64, SLICE("=")))
        base64.len--;
    ck_assert(base64_decode(base64, out, &len));
    assert_slices(slice_of(out, len), pairs[_i].bytes);
    free(out);
}
END_TEST

static const char *const malformed[] = { "Z",      "Z===",  "=",     "==",       "====",
                                         "Zg=",    "Zm8==", "Zm9v=", "Zg==Zg==", "Z g=",
                                         "Zm9v\n", "Zm-_",  "Zm9vY", "Z=m8",     "Zm\xe4v" };

START_TEST(malformed_base64_is_refused)
{
    char out[32];
    size_t len = 4711;

    ck_assert(!base64_decode(slice_cstr(malformed[_i]), out, &len));
    ck_assert_uint_eq(len, 4711);
}
END_TEST

START_TEST(loose_bits_of_the_last_letter_are_forgiven)
{
    char out[32];
    size_t len;

    ck_assert(base64_decode(SLICE("Zh=="), out, &len));
    assert_slice(slice_of(out, len), "f");
}
END_TEST

START_TEST(hexadecimal_goes_both_ways)
{
    char room[16];
    struct text text = text_on(room, sizeof(room));

    hex_encode(&text, SLICE("\0\x0f\xa5\xff"));
    assert_slice(text_slice(&text), "000fa5ff");
    for (int c = 0; c < 256; c++) {
        const char *digits = "0123456789abcdef";
        const char *found = c ? strchr(digits, ascii_lower((char)c)) : NULL;

        ck_assert_int_eq(hex_digit((char)c), found ? (int)(found - digits) : -1);
    }
}
END_TEST

SUITE("base: encode", LOOP(percents_are_decoded_once, percents),
      LOOP(percents_are_decoded_in_place, percents),
      TEST(a_path_is_encoded_so_that_it_is_one_again),
      TEST(each_byte_survives_the_way_there_and_back), LOOP(base64_is_that_of_the_rfc, pairs),
      LOOP(malformed_base64_is_refused, malformed),
      TEST(loose_bits_of_the_last_letter_are_forgiven), TEST(hexadecimal_goes_both_ways))
