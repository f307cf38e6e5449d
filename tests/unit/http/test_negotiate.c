#include "http/negotiate.h"
#include "suite.h"

#define NONE CODING_COUNT

/* What is offered: "b" br, "z" zstd, "g" gzip, in their order. */
static unsigned read_offer(const char *letters, enum coding ret[CODING_COUNT])
{
    unsigned count = 0;

    for (; *letters; letters++)
        ret[count++] = *letters == 'b' ? CODING_BR : *letters == 'z' ? CODING_ZSTD : CODING_GZIP;
    return count;
}

static const struct {
    const char *first; /* NULL: no field */
    const char *second;
    const char *offered;
    enum coding expect;
} cases[] = {
    { NULL, NULL, "bzg", NONE },
    { "", NULL, "bzg", NONE },
    { "gzip", NULL, "bzg", CODING_GZIP },
    { "x-gzip", NULL, "bzg", CODING_GZIP },
    { "gzip", NULL, "bz", NONE },
    { "gzip", NULL, "", NONE },
    { "GZip, BR", NULL, "bzg", CODING_BR },
    { "gzip, deflate, br, zstd", NULL, "bzg", CODING_BR },
    { "gzip, deflate, br, zstd", NULL, "zg", CODING_ZSTD },
    { "gzip", "br", "bzg", CODING_BR },
    { "identity", NULL, "bzg", NONE },
    { "deflate", NULL, "bzg", NONE },
    { "*", NULL, "bzg", CODING_BR },
    { "*", NULL, "g", CODING_GZIP },
    { "*", NULL, "gbz", CODING_GZIP },
    { "gzip, br, zstd", NULL, "zbg", CODING_ZSTD },
    { "gzip, br, zstd;q=0.9", NULL, "zgb", CODING_GZIP },
    { "*;q=0", NULL, "bzg", NONE },
    { "*;q=0, gzip", NULL, "bzg", CODING_GZIP },
    { "br;q=0, *", NULL, "bzg", CODING_ZSTD },
    { "*, br;q=0, zstd;q=0", NULL, "bzg", CODING_GZIP },
    { "gzip;q=1.0, br;q=0.5", NULL, "bzg", CODING_GZIP },
    { "gzip;q=1.0, br;q=0.5", NULL, "b", CODING_BR },
    { "gzip;q=0.123, br;q=0.12, zstd;q=0.1", NULL, "bzg", CODING_GZIP },
    { "gzip;q=0.5, *;q=0.7", NULL, "zg", CODING_ZSTD },
    { "gzip;q=0.5, identity", NULL, "bzg", NONE },
    { "gzip;q=0.5, identity;q=0.5", NULL, "bzg", CODING_GZIP },
    { "gzip;q=0.5, identity;q=0.499", NULL, "bzg", CODING_GZIP },
    { "identity;q=0", NULL, "bzg", NONE },
    { "identity;q=0, gzip;q=0.001", NULL, "bzg", CODING_GZIP },
    { "identity;q=0, *;q=0.5", NULL, "bzg", CODING_BR },
    { "gzip ; Q=0.001", NULL, "bzg", CODING_GZIP },
    { "gzip;q=0", NULL, "bzg", NONE },
    { "gzip;q=0.", NULL, "bzg", NONE },
    { "gzip;q=0.000", NULL, "bzg", NONE },
    { "gzip;q=1.", NULL, "bzg", CODING_GZIP },
    { "gzip;q=1.001", NULL, "bzg", NONE },
    { "gzip;q=0.0001", NULL, "bzg", NONE },
    { "gzip;q=2", NULL, "bzg", NONE },
    { "gzip;q=", NULL, "bzg", NONE },
    { "gzip;q", NULL, "bzg", NONE },
    { "gzip;q=-1", NULL, "bzg", NONE },
    { "gzip;q=10", NULL, "bzg", NONE },
    { "gzip;level=9", NULL, "bzg", NONE },
    { "gzip;q=x, br", NULL, "bzg", CODING_BR },
    { "gzip, gzip;q=0", NULL, "bzg", NONE },
    { ",, gzip ,,", NULL, "bzg", CODING_GZIP },
    { "gzipp, gz, brr", NULL, "bzg", NONE },
};

START_TEST(what_the_client_likes_best_is_taken)
{
    struct arena arena = { 0 };
    struct fields fields = { 0 };
    enum coding offered[CODING_COUNT];
    const unsigned count = read_offer(cases[_i].offered, offered);

    fields_add_id(&fields, &arena, FIELD_ACCEPT, SLICE("*"));
    if (cases[_i].first)
        fields_add_id(&fields, &arena, FIELD_ACCEPT_ENCODING, slice_cstr(cases[_i].first));
    if (cases[_i].second)
        fields_add_id(&fields, &arena, FIELD_ACCEPT_ENCODING, slice_cstr(cases[_i].second));
    ck_assert_uint_eq(negotiate_coding(&fields, offered, count), cases[_i].expect);
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

SUITE("negotiate", LOOP(what_the_client_likes_best_is_taken, cases),
      TEST(each_coding_has_a_name_and_an_extension))
