#include "http/negotiate.h"
#include "suite.h"

#define BR   (1u << CODING_BR)
#define ZSTD (1u << CODING_ZSTD)
#define GZIP (1u << CODING_GZIP)
#define ALL  (BR | ZSTD | GZIP)

static const struct {
    const char *first; /* NULL: no field */
    const char *second;
    unsigned expect;
} cases[] = {
    { NULL, NULL, 0 },
    { "", NULL, 0 },
    { "gzip", NULL, GZIP },
    { "x-gzip", NULL, GZIP },
    { "GZip, BR", NULL, GZIP | BR },
    { "gzip, deflate, br, zstd", NULL, ALL },
    { "gzip", "br", GZIP | BR },
    { "identity", NULL, 0 },
    { "deflate", NULL, 0 },
    { "*", NULL, ALL },
    { "*;q=0", NULL, 0 },
    { "*;q=0, gzip", NULL, GZIP },
    { "gzip;q=0, *", NULL, BR | ZSTD },
    { "*, br;q=0", NULL, ZSTD | GZIP },
    { "gzip;q=1.0, br;q=0.5", NULL, GZIP | BR },
    { "gzip ; Q=0.001", NULL, GZIP },
    { "gzip;q=0", NULL, 0 },
    { "gzip;q=0.", NULL, 0 },
    { "gzip;q=0.000", NULL, 0 },
    { "gzip;q=1.", NULL, GZIP },
    { "gzip;q=1.001", NULL, 0 },
    { "gzip;q=0.0001", NULL, 0 },
    { "gzip;q=2", NULL, 0 },
    { "gzip;q=", NULL, 0 },
    { "gzip;q", NULL, 0 },
    { "gzip;q=-1", NULL, 0 },
    { "gzip;q=10", NULL, 0 },
    { "gzip;level=9", NULL, 0 },
    { "gzip;q=x, br", NULL, BR },
    { "gzip, gzip;q=0", NULL, 0 },
    { ",, gzip ,,", NULL, GZIP },
    { "gzipp, gz, brr", NULL, 0 },
};

START_TEST(only_what_is_wished_for_is_taken)
{
    struct arena arena = { 0 };
    struct fields fields = { 0 };

    fields_add_id(&fields, &arena, FIELD_ACCEPT, SLICE("*"));
    if (cases[_i].first)
        fields_add_id(&fields, &arena, FIELD_ACCEPT_ENCODING, slice_cstr(cases[_i].first));
    if (cases[_i].second)
        fields_add_id(&fields, &arena, FIELD_ACCEPT_ENCODING, slice_cstr(cases[_i].second));
    ck_assert_uint_eq(negotiate_codings(&fields), cases[_i].expect);
    arena_done(&arena);
}
END_TEST

START_TEST(each_coding_has_a_name_and_an_extension)
{
    ck_assert(slice_equal_cstr(coding_name(CODING_BR), "br"));
    ck_assert(slice_equal_cstr(coding_name(CODING_ZSTD), "zstd"));
    ck_assert(slice_equal_cstr(coding_name(CODING_GZIP), "gzip"));
    ck_assert(slice_equal_cstr(coding_extension(CODING_BR), ".br"));
    ck_assert(slice_equal_cstr(coding_extension(CODING_ZSTD), ".zst"));
    ck_assert(slice_equal_cstr(coding_extension(CODING_GZIP), ".gz"));
}
END_TEST

SUITE("negotiate", LOOP(only_what_is_wished_for_is_taken, cases),
      TEST(each_coding_has_a_name_and_an_extension))
