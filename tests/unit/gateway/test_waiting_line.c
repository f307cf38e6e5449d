#include "gateway/waiting_line.h"

#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

enum { MOST = 16 };

static struct waiting_line line;

/* A waiter with a name: its client's letter and a number, "a1". */
struct named {
    struct waiter waiter;
    char name[3];
};
static struct named waiters[MOST];
static unsigned used;

static union socket_address address_of(char client)
{
    return (union socket_address){
        .in4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000u + (unsigned)client) }
    };
}

static struct named *come(const char *name)
{
    struct named *named = &waiters[used++];
    union socket_address address = address_of(name[0]);

    *named = (struct named){ 0 };
    memcpy(named->name, name, 3);
    waiting_line_add(&line, &named->waiter, &address);
    return named;
}

static void come_all(const char *names)
{
    char name[3] = "";

    for (; *names; names += names[2] ? 3 : 2) {
        memcpy(name, names, 2);
        come(name);
    }
}

static const char *name_of(struct waiter *waiter)
{
    return waiter ? container_of(waiter, struct named, waiter)->name : "-";
}

static const char *next_all(void)
{
    static char order[MOST * 3 + 1];
    struct waiter *waiter;

    order[0] = '\0';
    while ((waiter = waiting_line_next(&line)) != NULL) {
        if (order[0])
            strcat(order, " ");
        strcat(order, name_of(waiter));
    }
    return order;
}

static void begin(void)
{
    used = 0;
    waiting_line_init(&line);
}

static const struct {
    const char *come;
    const char *go;
} orders[] = {
    { "", "" },
    { "a1", "a1" },
    { "a1 a2 a3", "a1 a2 a3" },
    { "a1 b1 c1", "a1 b1 c1" },
    { "a1 a2 a3 a4 b1", "a1 b1 a2 a3 a4" },
    { "a1 a2 a3 b1 b2 c1", "a1 b1 c1 a2 b2 a3" },
};

START_TEST(clients_take_turns)
{
    begin();
    come_all(orders[_i].come);
    ck_assert_str_eq(next_all(), orders[_i].go);
    waiting_line_done(&line);
}
END_TEST

START_TEST(who_leaves_holds_up_nobody)
{
    begin();
    struct named *first = come("a1");
    come("a2");
    struct named *only = come("b1");
    come("c1");
    waiting_line_remove(&line, &first->waiter);
    waiting_line_remove(&line, &only->waiter);
    waiting_line_remove(&line, &only->waiter); /* harmless when repeated */
    ck_assert_uint_eq(line.count, 2);
    ck_assert_str_eq(next_all(), "a2 c1");
    waiting_line_done(&line);
}
END_TEST

START_TEST(a_client_that_comes_again_is_behind_the_others)
{
    begin();
    come_all("a1 b1");
    ck_assert_str_eq(name_of(waiting_line_next(&line)), "a1");
    come("a2");
    ck_assert_str_eq(next_all(), "b1 a2");
    waiting_line_done(&line);
}
END_TEST

static const struct {
    const char *there;
    char client;
    const char *goes;
} yields[] = {
    { "a1 a2 a3", 'b', "a3" },       /* the youngest of the one who has many */
    { "a1 a2 a3", 'a', "-" },        /* but not for itself */
    { "a1 b1 b2 b3 c1", 'd', "b3" }, /* of the one who has most */
    { "a1 a2 b1", 'b', "-" },        /* they would have as many */
    { "a1 a2 a3 b1", 'b', "a3" },    { "a1 b1 c1", 'd', "-" }, /* nobody has more than one */
};

START_TEST(when_it_is_full_the_longest_row_yields)
{
    union socket_address address = address_of(yields[_i].client);

    begin();
    come_all(yields[_i].there);
    ck_assert_str_eq(name_of(waiting_line_yield(&line, &address)), yields[_i].goes);
    next_all();
    waiting_line_done(&line);
}
END_TEST

START_TEST(neighbours_in_one_network_are_one_client_with_ipv6)
{
    union socket_address one = { .in6.sin6_family = AF_INET6 };
    union socket_address two = one;
    union socket_address other = one;
    struct waiter waiters_of[4] = { 0 };

    inet_pton(AF_INET6, "2001:db8:1:1::1", &one.in6.sin6_addr);
    inet_pton(AF_INET6, "2001:db8:1:1::2", &two.in6.sin6_addr);
    inet_pton(AF_INET6, "2001:db8:2:1::1", &other.in6.sin6_addr);
    begin();
    waiting_line_add(&line, &waiters_of[0], &one);
    waiting_line_add(&line, &waiters_of[1], &two);
    waiting_line_add(&line, &waiters_of[2], &other);
    ck_assert_ptr_eq(waiting_line_next(&line), &waiters_of[0]);
    ck_assert_ptr_eq(waiting_line_next(&line), &waiters_of[2]);
    ck_assert_ptr_eq(waiting_line_next(&line), &waiters_of[1]);
    waiting_line_done(&line);
}
END_TEST

SUITE("waiting_line", LOOP(clients_take_turns, orders), TEST(who_leaves_holds_up_nobody),
      TEST(a_client_that_comes_again_is_behind_the_others),
      LOOP(when_it_is_full_the_longest_row_yields, yields),
      TEST(neighbours_in_one_network_are_one_client_with_ipv6))
