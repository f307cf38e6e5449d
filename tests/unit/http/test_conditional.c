#include "http/conditional.h"
#include "suite.h"

#define NOW_S INT64_C(784200000)
#define AT    "Sun, 06 Nov 1994 08:49:37 GMT"
#define EARLY "Sun, 06 Nov 1994 08:49:36 GMT"
#define LATE  "Sun, 06 Nov 1994 08:49:38 GMT"
#define AT_S  INT64_C(784111777)

struct given {
    enum field_id id;
    const char *value;
};

static struct fields make_fields(struct arena *arena, const struct given *given, size_t count)
{
    struct fields fields = { 0 };

    fields_add_id(&fields, arena, FIELD_HOST, SLICE("a"));
    for (size_t i = 0; i < count && given[i].value; i++)
        fields_add_id(&fields, arena, given[i].id, slice_cstr(given[i].value));
    return fields;
}

static const struct {
    struct given given[3];
    enum method method;
    enum condition expect;
    const char *etag; /* NULL: "a" in quotes */
    bool undated;
} cases[] = {
    { { { 0, NULL } }, METHOD_GET, CONDITION_GO, NULL, false },

    /* If-None-Match */
    { { { FIELD_IF_NONE_MATCH, "\"a\"" } }, METHOD_GET, CONDITION_NOT_MODIFIED, NULL, false },
    { { { FIELD_IF_NONE_MATCH, "\"a\"" } }, METHOD_HEAD, CONDITION_NOT_MODIFIED, NULL, false },
    { { { FIELD_IF_NONE_MATCH, "\"a\"" } }, METHOD_PUT, CONDITION_FAILED, NULL, false },
    { { { FIELD_IF_NONE_MATCH, "W/\"a\"" } }, METHOD_GET, CONDITION_NOT_MODIFIED, NULL, false },
    { { { FIELD_IF_NONE_MATCH, "\"a\"" } }, METHOD_GET, CONDITION_NOT_MODIFIED, "W/\"a\"", false },
    { { { FIELD_IF_NONE_MATCH, "*" } }, METHOD_GET, CONDITION_NOT_MODIFIED, NULL, false },
    { { { FIELD_IF_NONE_MATCH, "*" } }, METHOD_GET, CONDITION_NOT_MODIFIED, "", false },
    { { { FIELD_IF_NONE_MATCH, "\"b\"" } }, METHOD_GET, CONDITION_GO, NULL, false },
    { { { FIELD_IF_NONE_MATCH, "\"b\", \"a\"" } },
      METHOD_GET,
      CONDITION_NOT_MODIFIED,
      NULL,
      false },
    { { { FIELD_IF_NONE_MATCH, "\"b,\"a" } }, METHOD_GET, CONDITION_GO, NULL, false },
    { { { FIELD_IF_NONE_MATCH, "\"x,y\",,\t\"a\" " } },
      METHOD_GET,
      CONDITION_NOT_MODIFIED,
      NULL,
      false },
    { { { FIELD_IF_NONE_MATCH, "\"x,y\"" } },
      METHOD_GET,
      CONDITION_NOT_MODIFIED,
      "\"x,y\"",
      false },
    { { { FIELD_IF_NONE_MATCH, "\"b\"" }, { FIELD_IF_NONE_MATCH, "\"a\"" } },
      METHOD_GET,
      CONDITION_NOT_MODIFIED,
      NULL,
      false },
    { { { FIELD_IF_NONE_MATCH, "a" } }, METHOD_GET, CONDITION_GO, NULL, false },
    { { { FIELD_IF_NONE_MATCH, "\"a" } }, METHOD_GET, CONDITION_GO, NULL, false },
    { { { FIELD_IF_NONE_MATCH, "w/\"a\"" } }, METHOD_GET, CONDITION_GO, NULL, false },
    { { { FIELD_IF_NONE_MATCH, "bad, \"a\"" } }, METHOD_GET, CONDITION_NOT_MODIFIED, NULL, false },
    { { { FIELD_IF_NONE_MATCH, "" } }, METHOD_GET, CONDITION_GO, NULL, false },
    { { { FIELD_IF_NONE_MATCH, "\"\"" } }, METHOD_GET, CONDITION_GO, "", false },

    /* If-Modified-Since */
    { { { FIELD_IF_MODIFIED_SINCE, AT } }, METHOD_GET, CONDITION_NOT_MODIFIED, NULL, false },
    { { { FIELD_IF_MODIFIED_SINCE, LATE } }, METHOD_HEAD, CONDITION_NOT_MODIFIED, NULL, false },
    { { { FIELD_IF_MODIFIED_SINCE, EARLY } }, METHOD_GET, CONDITION_GO, NULL, false },
    { { { FIELD_IF_MODIFIED_SINCE, AT } }, METHOD_POST, CONDITION_GO, NULL, false },
    { { { FIELD_IF_MODIFIED_SINCE, "yesterday" } }, METHOD_GET, CONDITION_GO, NULL, false },
    { { { FIELD_IF_MODIFIED_SINCE, AT } }, METHOD_GET, CONDITION_GO, NULL, true },
    { { { FIELD_IF_MODIFIED_SINCE, AT }, { FIELD_IF_MODIFIED_SINCE, AT } },
      METHOD_GET,
      CONDITION_GO,
      NULL,
      false },
    { { { FIELD_IF_MODIFIED_SINCE, LATE }, { FIELD_IF_NONE_MATCH, "\"b\"" } },
      METHOD_GET,
      CONDITION_GO,
      NULL,
      false },
    { { { FIELD_IF_MODIFIED_SINCE, EARLY }, { FIELD_IF_NONE_MATCH, "\"a\"" } },
      METHOD_GET,
      CONDITION_NOT_MODIFIED,
      NULL,
      false },

    /* If-Match */
    { { { FIELD_IF_MATCH, "\"a\"" } }, METHOD_GET, CONDITION_GO, NULL, false },
    { { { FIELD_IF_MATCH, "*" } }, METHOD_PUT, CONDITION_GO, NULL, false },
    { { { FIELD_IF_MATCH, "\"b\", \"a\"" } }, METHOD_PUT, CONDITION_GO, NULL, false },
    { { { FIELD_IF_MATCH, "\"b\"" } }, METHOD_GET, CONDITION_FAILED, NULL, false },
    { { { FIELD_IF_MATCH, "W/\"a\"" } }, METHOD_GET, CONDITION_FAILED, NULL, false },
    { { { FIELD_IF_MATCH, "\"a\"" } }, METHOD_GET, CONDITION_FAILED, "W/\"a\"", false },
    { { { FIELD_IF_MATCH, "\"a\"" } }, METHOD_GET, CONDITION_FAILED, "", false },
    { { { FIELD_IF_MATCH, "a" } }, METHOD_GET, CONDITION_FAILED, NULL, false },
    { { { FIELD_IF_MATCH, "" } }, METHOD_GET, CONDITION_FAILED, NULL, false },

    /* If-Unmodified-Since */
    { { { FIELD_IF_UNMODIFIED_SINCE, AT } }, METHOD_GET, CONDITION_GO, NULL, false },
    { { { FIELD_IF_UNMODIFIED_SINCE, EARLY } }, METHOD_GET, CONDITION_FAILED, NULL, false },
    { { { FIELD_IF_UNMODIFIED_SINCE, EARLY } }, METHOD_PUT, CONDITION_FAILED, NULL, false },
    { { { FIELD_IF_UNMODIFIED_SINCE, EARLY } }, METHOD_GET, CONDITION_GO, NULL, true },
    { { { FIELD_IF_UNMODIFIED_SINCE, "soon" } }, METHOD_GET, CONDITION_GO, NULL, false },
    { { { FIELD_IF_UNMODIFIED_SINCE, EARLY }, { FIELD_IF_MATCH, "\"a\"" } },
      METHOD_GET,
      CONDITION_GO,
      NULL,
      false },

    /* Both steps. */
    { { { FIELD_IF_NONE_MATCH, "\"a\"" }, { FIELD_IF_MATCH, "\"a\"" } },
      METHOD_GET,
      CONDITION_NOT_MODIFIED,
      NULL,
      false },
    { { { FIELD_IF_NONE_MATCH, "\"a\"" }, { FIELD_IF_MATCH, "\"b\"" } },
      METHOD_GET,
      CONDITION_FAILED,
      NULL,
      false },
    { { { FIELD_IF_MODIFIED_SINCE, AT }, { FIELD_IF_UNMODIFIED_SINCE, AT } },
      METHOD_GET,
      CONDITION_NOT_MODIFIED,
      NULL,
      false },
};

START_TEST(conditions_are_judged_in_their_order)
{
    struct arena arena = { 0 };
    struct fields fields = make_fields(&arena, cases[_i].given, 3);
    struct validators validators = {
        .etag = slice_cstr(cases[_i].etag ? cases[_i].etag : "\"a\""),
        .modified_s = cases[_i].undated ? -1 : AT_S,
    };

    ck_assert_int_eq(conditional_judge(&fields, cases[_i].method, &validators, NOW_S),
                     cases[_i].expect);
    arena_done(&arena);
}
END_TEST

static const struct {
    struct given given[2];
    const char *etag;
    int64_t modified_s;
    int64_t now_s;
    bool obeyed;
} ranges[] = {
    { { { 0, NULL } }, "\"a\"", AT_S, NOW_S, true },
    { { { FIELD_IF_RANGE, "\"a\"" } }, "\"a\"", AT_S, NOW_S, true },
    { { { FIELD_IF_RANGE, "\"b\"" } }, "\"a\"", AT_S, NOW_S, false },
    { { { FIELD_IF_RANGE, "W/\"a\"" } }, "W/\"a\"", AT_S, NOW_S, false },
    { { { FIELD_IF_RANGE, "\"a\"" } }, "W/\"a\"", AT_S, NOW_S, false },
    { { { FIELD_IF_RANGE, "\"a\"" } }, "", AT_S, NOW_S, false },
    { { { FIELD_IF_RANGE, "\"a\", \"a\"" } }, "\"a\"", AT_S, NOW_S, false },
    { { { FIELD_IF_RANGE, "*" } }, "\"a\"", AT_S, NOW_S, false },
    { { { FIELD_IF_RANGE, AT } }, "\"a\"", AT_S, NOW_S, true },
    { { { FIELD_IF_RANGE, LATE } }, "\"a\"", AT_S, NOW_S, false },
    { { { FIELD_IF_RANGE, EARLY } }, "\"a\"", AT_S, NOW_S, false },
    { { { FIELD_IF_RANGE, AT } }, "\"a\"", -1, NOW_S, false },
    { { { FIELD_IF_RANGE, AT } }, "\"a\"", AT_S, AT_S, false },
    { { { FIELD_IF_RANGE, AT } }, "\"a\"", AT_S, AT_S + 1, true },
    { { { FIELD_IF_RANGE, "" } }, "\"a\"", AT_S, NOW_S, false },
    { { { FIELD_IF_RANGE, "\"a\"" }, { FIELD_IF_RANGE, "\"a\"" } }, "\"a\"", AT_S, NOW_S, false },
};

START_TEST(if_range_lets_only_the_same_content_through)
{
    struct arena arena = { 0 };
    struct fields fields = make_fields(&arena, ranges[_i].given, 2);
    struct validators validators = { .etag = slice_cstr(ranges[_i].etag),
                                     .modified_s = ranges[_i].modified_s };

    ck_assert_int_eq(conditional_if_range(&fields, &validators, ranges[_i].now_s),
                     ranges[_i].obeyed);
    arena_done(&arena);
}
END_TEST

SUITE("conditional", LOOP(conditions_are_judged_in_their_order, cases),
      LOOP(if_range_lets_only_the_same_content_through, ranges))
