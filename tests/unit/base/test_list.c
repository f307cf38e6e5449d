#include "base/list.h"

#include "suite.h"

struct thing {
    int number;
    struct list_link link;
};

static struct thing *thing_of(struct list_link *link)
{
    return container_of(link, struct thing, link);
}

/* The numbers of a list as digits of one number, walked forwards; checks the links backwards. */
static int digits(const struct list *list)
{
    int all = 0;

    list_for_each (link, list) {
        ck_assert_ptr_eq(link->prev->next, link);
        ck_assert_ptr_eq(link->next->prev, link);
        all = all * 10 + thing_of(link)->number;
    }
    return all;
}

START_TEST(links_stand_in_the_order_of_their_pushes)
{
    struct thing things[] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };
    struct list list;

    list_init(&list);
    ck_assert(list_empty(&list));
    ck_assert_ptr_null(list_first(&list));
    ck_assert_ptr_null(list_last(&list));
    ck_assert_ptr_null(list_pop_front(&list));
    list_push_back(&list, &things[1].link);
    list_push_back(&list, &things[2].link);
    list_push_front(&list, &things[0].link);
    ck_assert_int_eq(digits(&list), 123);
    ck_assert_uint_eq(list_count(&list), 3);
    ck_assert_int_eq(thing_of(list_first(&list))->number, 1);
    ck_assert_int_eq(thing_of(list_last(&list))->number, 3);
}
END_TEST

START_TEST(a_removed_link_is_alone_and_may_be_removed_again)
{
    struct thing things[] = { { .number = 1 }, { .number = 2 }, { .number = 3 } };
    struct list list;

    list_init(&list);
    for (int i = 0; i < 3; i++)
        list_push_back(&list, &things[i].link);
    list_remove(&things[1].link);
    ck_assert(!list_linked(&things[1].link));
    list_remove(&things[1].link);
    ck_assert_int_eq(digits(&list), 13);
    list_push_back(&list, &things[1].link);
    ck_assert_int_eq(digits(&list), 132);
    ck_assert_ptr_eq(list_pop_front(&list), &things[0].link);
    ck_assert(!list_linked(&things[0].link));
    ck_assert_int_eq(digits(&list), 32);
    list_remove(&things[1].link);
    list_remove(&things[2].link);
    ck_assert(list_empty(&list));
    ck_assert_uint_eq(list_count(&list), 0);
}
END_TEST

/* How many of four things each list has before the move. */
static const struct {
    int to;
    int from;
    int expect;
} moves[] = {
    { 0, 0, 0 }, { 2, 0, 12 }, { 0, 2, 12 }, { 1, 1, 12 }, { 2, 2, 1234 }, { 3, 1, 1234 }
};

START_TEST(a_list_moves_behind_another)
{
    struct thing things[] = { { .number = 1 }, { .number = 2 }, { .number = 3 }, { .number = 4 } };
    struct thing last = { .number = 5 };
    struct list to;
    struct list from;

    list_init(&to);
    list_init(&from);
    for (int i = 0; i < moves[_i].to + moves[_i].from; i++)
        list_push_back(i < moves[_i].to ? &to : &from, &things[i].link);

    list_append_all(&to, &from);
    ck_assert(list_empty(&from));
    ck_assert_int_eq(digits(&to), moves[_i].expect);
    list_push_back(&to, &last.link);
    list_push_back(&from, &(struct thing){ .number = 6 }.link);
    ck_assert_int_eq(digits(&to), moves[_i].expect * 10 + 5);
    ck_assert_int_eq(digits(&from), 6);
}
END_TEST

SUITE("base: list", TEST(links_stand_in_the_order_of_their_pushes),
      TEST(a_removed_link_is_alone_and_may_be_removed_again),
      LOOP(a_list_moves_behind_another, moves))
