#include "http/freshness.h"

#include "suite.h"

#define NOW_S  INT64_C(1700000000) /* Tue, 14 Nov 2023 22:13:20 GMT */
#define MOST_S 60u

static struct arena arena;

/* "name: value\n..." */
static struct fields fields_of(const char *text)
{
    struct slice rest = slice_cstr(text);
    struct fields fields = { 0 };
    struct slice line;
    struct slice name;
    struct slice value;

    while (slice_cut(rest, '\n', &line, &rest)) {
        ck_assert(slice_cut(line, ':', &name, &value));
        fields_add(&fields, &arena, name, slice_trim(value));
    }
    return fields;
}

static const struct {
    const char *fields;
    uint64_t fresh_s;
} answers[] = {
    { "", 60 },
    { "Cache-Control: public\n", 60 },
    { "Cache-Control: max-age=7\n", 7 },
    { "Cache-Control: public, MAX-AGE = \"7\"\n", 7 },
    { "Cache-Control: max-age=7000\n", 60 },
    { "Cache-Control: max-age=0\n", 0 },
    { "Cache-Control: max-age=soon\n", 0 },
    { "Cache-Control: max-age=7\nCache-Control: s-maxage=9\n", 9 },
    { "Cache-Control: max-age=70, s-maxage=0\n", 0 },
    { "Cache-Control: max-age=70\nAge: 60\n", 10 },
    { "Cache-Control: max-age=70\nAge: 70\n", 0 },
    { "Age: 500\n", 60 },
    { "Cache-Control: no-store\n", 0 },
    { "Cache-Control: max-age=9, Private\n", 0 },
    { "Cache-Control: private=\"Set-Cookie\"\n", 0 },
    { "Cache-Control: no-cache\n", 0 },
    { "Cache-Control: no-cache=\"X\", max-age=9\n", 0 },
    { "Cache-Control: x-no-store, no-stored\n", 60 },
    { "Pragma: no-cache\n", 0 },
    { "Pragma: no-cache\nCache-Control: max-age=9\n", 9 },
    { "Expires: Tue, 14 Nov 2023 22:13:30 GMT\n", 10 },
    { "Expires: Tue, 14 Nov 2023 22:13:20 GMT\n", 0 },
    { "Expires: Tue, 14 Nov 2023 23:13:20 GMT\n", 60 },
    { "Expires: 0\n", 0 },
    { "Expires: 0\nCache-Control: max-age=9\n", 9 },
};

START_TEST(an_answer_says_how_long_it_may_be_kept)
{
    const struct fields fields = fields_of(answers[_i].fields);

    ck_assert_uint_eq(freshness_s(&fields, NOW_S, MOST_S), answers[_i].fresh_s);
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *fields;
    bool wants;
} requests[] = {
    { "", false },
    { "Cache-Control: no-cache\n", true },
    { "Cache-Control: max-age=0\n", true },
    { "Cache-Control: max-age=5\n", false },
    { "Cache-Control: no-store\n", false },
    { "Pragma: No-Cache\n", true },
    { "Pragma: no-cache\nCache-Control: max-age=5\n", false },
};

START_TEST(a_client_may_want_it_anew)
{
    const struct fields fields = fields_of(requests[_i].fields);

    ck_assert_int_eq(freshness_is_wanted(&fields), requests[_i].wants);
    arena_done(&arena);
}
END_TEST

static const struct {
    const char *fields;
    uint64_t age_s;
} ages[] = {
    { "", 0 },
    { "Age: 5\n", 5 },
    { "Age: -5\n", 0 },
    { "Age: 99999999999999999999\n", 0 },
};

START_TEST(an_answer_has_an_age)
{
    const struct fields fields = fields_of(ages[_i].fields);

    ck_assert_uint_eq(freshness_age_s(&fields), ages[_i].age_s);
    arena_done(&arena);
}
END_TEST

SUITE("freshness", LOOP(an_answer_says_how_long_it_may_be_kept, answers),
      LOOP(a_client_may_want_it_anew, requests), LOOP(an_answer_has_an_age, ages))
