#include "base/table.h"

#include "suite.h"

#include <stdio.h>

#define NAMES 1000u

static char names[NAMES][16];

static struct slice name(unsigned i)
{
    snprintf(names[i], sizeof(names[i]), "name-%u", i);
    return slice_cstr(names[i]);
}

START_TEST(an_empty_table_finds_nothing)
{
    struct table table = { 0 };
    size_t place = 0;

    ck_assert_ptr_null(table_find(&table, SLICE("a")));
    ck_assert_ptr_null(table_remove(&table, SLICE("a")));
    ck_assert_ptr_null(table_next(&table, &place));
    table_done(&table);
}
END_TEST

START_TEST(a_value_is_put_replaced_and_removed)
{
    struct table table = { 0 };
    char first_key[] = "key";
    char second_key[] = "key";
    int first = 1;
    int second = 2;
    size_t place = 0;

    ck_assert_ptr_null(table_put(&table, slice_cstr(first_key), &first));
    ck_assert_ptr_eq(table_put(&table, slice_cstr(second_key), &second), &first);
    ck_assert_uint_eq(table.count, 1);
    first_key[0] = 'x'; /* the former key is no longer borrowed */
    ck_assert_ptr_eq(table_find(&table, SLICE("key")), &second);
    ck_assert_ptr_eq(table_next(&table, &place)->key.at, second_key);
    ck_assert_ptr_null(table_find(&table, SLICE("KEY")));
    ck_assert_ptr_null(table_find(&table, SLICE("ke")));
    ck_assert_ptr_eq(table_remove(&table, SLICE("key")), &second);
    ck_assert_ptr_null(table_remove(&table, SLICE("key")));
    ck_assert_uint_eq(table.count, 0);
    table_done(&table);
}
END_TEST

START_TEST(the_empty_key_is_a_key)
{
    struct table table = { 0 };
    struct slice nothing = { NULL, 0 };
    int value = 1;

    table_put(&table, nothing, &value);
    ck_assert_uint_eq(table.count, 1);
    ck_assert_ptr_eq(table_find(&table, SLICE("")), &value);
    ck_assert_ptr_eq(table_find(&table, nothing), &value);
    ck_assert_ptr_eq(table_remove(&table, nothing), &value);
    table_done(&table);
}
END_TEST

START_TEST(many_entries_come_and_go)
{
    static int values[NAMES];
    struct table table = { 0 };

    for (unsigned i = 0; i < NAMES; i++) {
        ck_assert_ptr_null(table_put(&table, name(i), &values[i]));
        ck_assert(table.count * 10 <= table.room * 7);
    }
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = round; i < NAMES; i += 3)
            ck_assert_ptr_eq(table_remove(&table, name(i)), &values[i]);
        for (unsigned i = 0; i < NAMES; i++)
            ck_assert_ptr_eq(table_find(&table, name(i)), i % 3 > round ? &values[i] : NULL);
    }
    ck_assert_uint_eq(table.count, 0);
    table_done(&table);
}
END_TEST

START_TEST(a_removal_does_not_hide_its_neighbours)
{
    static int values[5];
    struct table table = { 0 };

    /* A small table and five names: in many orders the runs wrap round its end. */
    for (unsigned first = 0; first + 5 <= NAMES; first++) {
        for (unsigned i = 0; i < 5; i++)
            table_put(&table, name(first + i), &values[i]);
        ck_assert_uint_eq(table.room, 8);
        for (unsigned gone = 0; gone < 5; gone++) {
            table_remove(&table, name(first + gone));
            for (unsigned i = 0; i < 5; i++)
                ck_assert_ptr_eq(table_find(&table, name(first + i)), i > gone ? &values[i] : NULL);
        }
    }
    table_done(&table);
}
END_TEST

START_TEST(a_walk_meets_each_entry_once)
{
    static int seen[100];
    struct table table = { 0 };
    size_t place = 0;
    size_t count = 0;

    for (unsigned i = 0; i < 100; i++)
        table_put(&table, name(i), &seen[i]);
    for (const struct table_entry *entry = table_next(&table, &place); entry;
         entry = table_next(&table, &place)) {
        ck_assert_int_eq((*(int *)entry->value)++, 0);
        ck_assert_ptr_eq(table_find(&table, entry->key), entry->value);
        count++;
    }
    ck_assert_uint_eq(count, 100);
    table_done(&table);
}
END_TEST

SUITE("base: table", TEST(an_empty_table_finds_nothing), TEST(a_value_is_put_replaced_and_removed),
      TEST(the_empty_key_is_a_key), TEST(many_entries_come_and_go),
      TEST(a_removal_does_not_hide_its_neighbours), TEST(a_walk_meets_each_entry_once))
