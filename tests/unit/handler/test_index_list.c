#include "index_list.h"

#include "slice_assert.h"
#include "suite.h"

#include <stdio.h>

/* In the order that is expected. */
static const char *const names[] = {
    "1",   "2",    "010", "10", "10a",       "A",          "a", "a1",       "a2",
    "a10", "a10b", "ab",  "B",  "file9.txt", "file10.txt", "z", "\xc3\xa4",
};

START_TEST(names_are_ordered_as_people_do)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (size_t j = 0; j < sizeof(names) / sizeof(names[0]); j++) {
            const int order = index_name_compare(slice_cstr(names[i]), slice_cstr(names[j]));

            ck_assert_msg((order < 0) == (i < j) && (order > 0) == (i > j), "'%s' and '%s': %d",
                          names[i], names[j], order);
        }
}
END_TEST

static struct arena arena;
static struct index_list list;

static void begin(enum index_order order, bool reversed)
{
    arena_init(&arena);
    index_list_init(&list, &arena, order, reversed);
}

static void add(const char *name, uint64_t size, int64_t modified_s, bool is_folder)
{
    const struct index_entry entry = { slice_cstr(name), size, modified_s, is_folder };

    index_list_add(&list, &entry);
}

/* The names in order, with blanks between. */
static const char *taken(void)
{
    static char out[200];
    const struct index_entry *entry;
    size_t len = 0;

    out[0] = '\0';
    index_list_close(&list);
    while ((entry = index_list_next(&list)) != NULL)
        len += (size_t)snprintf(out + len, sizeof(out) - len, "%s%.*s", len > 0 ? " " : "",
                                SLICE_ARGS(entry->name));
    ck_assert_ptr_null(index_list_next(&list));
    arena_done(&arena);
    return out;
}

static const struct {
    enum index_order order;
    bool reversed;
    const char *expect;
} orders[] = {
    { INDEX_BY_NAME, false, "d1 d2 a b c" }, { INDEX_BY_NAME, true, "d2 d1 c b a" },
    { INDEX_BY_SIZE, false, "d1 d2 b c a" }, { INDEX_BY_SIZE, true, "d2 d1 a c b" },
    { INDEX_BY_DATE, false, "d2 d1 c a b" }, { INDEX_BY_DATE, true, "d1 d2 b a c" },
};

START_TEST(folders_come_first_and_then_the_order_asked_for)
{
    begin(orders[_i].order, orders[_i].reversed);
    add("a", 300, 20, false);
    add("d1", 9, 50, true);
    add("c", 100, 10, false);
    add("b", 100, 30, false);
    add("d2", 5, 40, true);
    ck_assert_uint_eq(list.entries, 5);
    ck_assert_uint_eq(list.folders, 2);
    ck_assert_uint_eq(list.bytes, 500);
    ck_assert_str_eq(taken(), orders[_i].expect);
}
END_TEST

START_TEST(an_empty_list_has_nothing)
{
    begin(INDEX_BY_NAME, false);
    ck_assert_str_eq(taken(), "");
}
END_TEST

/* Around the length of a run, and many of them. */
static const unsigned counts[] = { 1, 511, 512, 513, 1024, 1025, 20000 };

START_TEST(many_runs_come_out_as_one)
{
    const struct index_entry *entry;
    const unsigned count = counts[_i];
    uint64_t last = 0;
    unsigned seen = 0;
    char name[20];

    begin(INDEX_BY_SIZE, false);
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%u", i);
        add(name, (uint64_t)i * 7919 % 20011, 0, false);
    }
    index_list_close(&list);
    while ((entry = index_list_next(&list)) != NULL) {
        ck_assert_uint_ge(entry->size, last);
        last = entry->size;
        seen++;
    }
    ck_assert_uint_eq(seen, count);
    arena_done(&arena);
}
END_TEST

SUITE("index list", TEST(names_are_ordered_as_people_do),
      LOOP(folders_come_first_and_then_the_order_asked_for, orders),
      TEST(an_empty_list_has_nothing), LOOP(many_runs_come_out_as_one, counts))
