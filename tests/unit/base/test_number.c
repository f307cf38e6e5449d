#include "base/number.h"

#include "suite.h"

#define UNTOUCHED UINT64_C(987654321)

struct number_case {
    const char *text;
    uint64_t given; /* the greatest number, or the unit of a bare number */
    bool good;
    uint64_t expect;
};

static const struct number_case decimals[] = {
    { "0", UINT64_MAX, true, 0 },
    { "007", UINT64_MAX, true, 7 },
    { "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
    { "18446744073709551616", UINT64_MAX, false, 0 },
    { "18446744073709551620", UINT64_MAX, false, 0 },
    { "99999999999999999999999", UINT64_MAX, false, 0 },
    { "65535", 65535, true, 65535 },
    { "65536", 65535, false, 0 },
    { "9223372036854775807", INT64_MAX, true, INT64_MAX },
    { "9223372036854775808", INT64_MAX, false, 0 },
    { "0", 0, true, 0 },
    { "000", 0, true, 0 },
    { "1", 0, false, 0 },
    { "10", 5, false, 0 },
    { "5", 5, true, 5 },
    { "6", 5, false, 0 },
    { "", 10, false, 0 },
    { NULL, 10, false, 0 },
    { "+1", 10, false, 0 },
    { "-1", 10, false, 0 },
    { " 1", 10, false, 0 },
    { "1 ", 10, false, 0 },
    { "1a", 10, false, 0 },
    { "0x1", 10, false, 0 },
    { "1_0", 100, false, 0 },
    { "\xb2", 100, false, 0 },
};

START_TEST(a_decimal_number_is_digits_only)
{
    const struct number_case *this = &decimals[_i];
    uint64_t number = UNTOUCHED;

    ck_assert(number_parse(slice_cstr(this->text), this->given, &number) == this->good);
    ck_assert_uint_eq(number, this->good ? this->expect : UNTOUCHED);
}
END_TEST

START_TEST(a_nul_is_no_digit)
{
    uint64_t number;

    ck_assert(!number_parse(SLICE("1\0"), 100, &number));
    ck_assert(!number_parse_hex(SLICE("1\0"), &number));
    ck_assert(!number_parse_size(SLICE("1k\0"), 1, &number));
}
END_TEST

static const struct number_case hexes[] = {
    { "0", 0, true, 0 },
    { "aBcD09", 0, true, 0xabcd09 },
    { "ffffffffffffffff", 0, true, UINT64_MAX },
    { "0000000000000001", 0, true, 1 },
    { "00000000000000001", 0, false, 0 },
    { "", 0, false, 0 },
    { "0x1", 0, false, 0 },
    { "g", 0, false, 0 },
    { "-1", 0, false, 0 },
    { "1 ", 0, false, 0 },
};

START_TEST(a_hexadecimal_number_has_at_most_sixteen_digits)
{
    const struct number_case *this = &hexes[_i];
    uint64_t number = UNTOUCHED;

    ck_assert(number_parse_hex(slice_cstr(this->text), &number) == this->good);
    ck_assert_uint_eq(number, this->good ? this->expect : UNTOUCHED);
}
END_TEST

#define MIB (UINT64_C(1024) * 1024)

static const struct number_case sizes[] = {
    { "0", 1024, true, 0 },
    { "5", 1, true, 5 },
    { "5", 1024, true, 5120 },
    { "5B", 1024, true, 5 },
    { "5k", 1, true, 5120 },
    { "5 KB", 1, true, 5120 },
    { "5\tkib", 1, true, 5120 },
    { "200M", 1, true, 200 * MIB },
    { "200 mb", 1, true, 200 * MIB },
    { "200MiB", 1, true, 200 * MIB },
    { "3G", 1, true, 3072 * MIB },
    { "3gb", 1, true, 3072 * MIB },
    { "3 GiB", 1, true, 3072 * MIB },
    { "1T", 1, true, MIB *MIB },
    { "1TB", 1, true, MIB *MIB },
    { "1 tib", 1, true, MIB *MIB },
    { "16777215T", 1, true, 16777215 * MIB *MIB },
    { "16777216T", 1, false, 0 },
    { "18446744073709551615", 1, true, UINT64_MAX },
    { "18446744073709551615", 2, false, 0 },
    { "18446744073709551616", 1, false, 0 },
    { "", 1, false, 0 },
    { "k", 1, false, 0 },
    { " 5k", 1, false, 0 },
    { "5 ", 1, false, 0 },
    { "5k ", 1, false, 0 },
    { "5 k b", 1, false, 0 },
    { "5kk", 1, false, 0 },
    { "5x", 1, false, 0 },
    { "5.5k", 1, false, 0 },
    { "-5k", 1, false, 0 },
    { "5ki", 1, false, 0 },
};

START_TEST(a_size_may_have_a_unit)
{
    const struct number_case *this = &sizes[_i];
    uint64_t number = UNTOUCHED;

    ck_assert(number_parse_size(slice_cstr(this->text), this->given, &number) == this->good);
    ck_assert_uint_eq(number, this->good ? this->expect : UNTOUCHED);
}
END_TEST

static const struct number_case durations[] = {
    { "0", 1000, true, 0 },
    { "3", 1000, true, 3000 },
    { "3", 60000, true, 180000 },
    { "30s", 1, true, 30000 },
    { "30 S", 1, true, 30000 },
    { "250ms", 1000, true, 250 },
    { "1 second", 1, true, 1000 },
    { "2 seconds", 1, true, 2000 },
    { "2sec", 1, true, 2000 },
    { "5 minutes", 1, true, 300000 },
    { "1 Minute", 1, true, 60000 },
    { "5min", 1, true, 300000 },
    { "5m", 1, true, 300000 },
    { "1h", 1, true, 3600000 },
    { "1 hour", 1, true, 3600000 },
    { "2 hours", 1, true, 7200000 },
    { "1d", 1, true, 86400000 },
    { "1 day", 1, true, 86400000 },
    { "2 days", 1, true, 172800000 },
    { "1w", 1, true, 604800000 },
    { "1 week", 1, true, 604800000 },
    { "4 weeks", 1, true, 2419200000 },
    { "30500568904 w", 1, true, UINT64_C(18446744073139200000) },
    { "30500568905 w", 1, false, 0 },
    { "5 fortnights", 1, false, 0 },
    { "5 minutess", 1, false, 0 },
    { "s", 1, false, 0 },
    { "", 1, false, 0 },
    { "5 s s", 1, false, 0 },
};

START_TEST(a_duration_may_have_a_unit)
{
    const struct number_case *this = &durations[_i];
    uint64_t number = UNTOUCHED;

    ck_assert(number_parse_duration(slice_cstr(this->text), this->given, &number) == this->good);
    ck_assert_uint_eq(number, this->good ? this->expect : UNTOUCHED);
}
END_TEST

SUITE("base: number", LOOP(a_decimal_number_is_digits_only, decimals), TEST(a_nul_is_no_digit),
      LOOP(a_hexadecimal_number_has_at_most_sixteen_digits, hexes),
      LOOP(a_size_may_have_a_unit, sizes), LOOP(a_duration_may_have_a_unit, durations))
