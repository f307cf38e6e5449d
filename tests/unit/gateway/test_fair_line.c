#include "gateway/fair_line.h"

#include "suite.h"

#include <arpa/inet.h>
#include <string.h>

/* Waiters are named "1a3": host 1, client a, its third request. */
struct named {
    struct fair_waiter waiter;
    char name[4];
};

static struct fair_line line;
static struct named all[32];
static unsigned used;

static union socket_address address_of(char client)
{
    return (union socket_address){ .in4 = { .sin_family = AF_INET,
                                            .sin_addr.s_addr =
                                                htonl(0xc0000200u + (unsigned char)client) } };
}

static struct named *come(const char *name)
{
    struct named *one = &all[used++];
    const union socket_address client = address_of(name[1]);

    *one = (struct named){ 0 };
    memcpy(one->name, name, 3);
    fair_line_add(&line, &one->waiter, (unsigned)(name[0] - '0'), &client);
    return one;
}

static void come_all(const char *names)
{
    used = 0;
    fair_line_init(&line);
    for (const char *at = names; *at; at += at[3] ? 4 : 3) {
        char name[4] = { at[0], at[1], at[2] };

        come(name);
    }
}

static const char *name_of(struct fair_waiter *waiter)
{
    return waiter ? container_of(waiter, struct named, waiter)->name : "-";
}

static const char *next_all(void)
{
    static char order[160];
    struct fair_waiter *waiter;

    order[0] = '\0';
    while ((waiter = fair_line_next(&line)) != NULL) {
        if (order[0])
            strcat(order, " ");
        strcat(order, name_of(waiter));
    }
    fair_line_done(&line);
    return order;
}

static const struct {
    const char *come;
    const char *go;
} orders[] = {
    { "", "" },
    { "1a1 1a2", "1a1 1a2" },
    { "1a1 1a2 1a3 2a1", "1a1 2a1 1a2 1a3" },         /* hosts take turns */
    { "1a1 1a2 1b1 2a1", "1a1 2a1 1b1 1a2" },         /* and clients within a host */
    { "1a1 2a1 3a1 1b1 2b1", "1a1 2a1 3a1 1b1 2b1" }, /* */
};

START_TEST(hosts_take_turns)
{
    come_all(orders[_i].come);
    ck_assert_str_eq(next_all(), orders[_i].go);
}
END_TEST

START_TEST(who_leaves_holds_up_nobody)
{
    come_all("1a1 1a2 2a1");
    fair_line_remove(&line, &all[0].waiter);
    fair_line_remove(&line, &all[0].waiter); /* harmless when repeated */
    fair_line_remove(&line, &all[2].waiter);
    ck_assert_uint_eq(line.count, 1);
    ck_assert_str_eq(next_all(), "1a2");
}
END_TEST

static const struct {
    const char *there;
    unsigned host;
    char client;
    const char *goes;
} yields[] = {
    { "1a1 1a2 1b1", 2, 'a', "1a2" },     /* the longest host, there the longest client */
    { "1a1 1a2 2b1", 2, 'b', "-" },       /* they would have as many */
    { "1a1 1a2 1a3", 1, 'b', "1a3" },     /* within its own host */
    { "1a1 1a2 1a3 2a1", 1, 'a', "-" },   /* not for itself */
    { "1a1 2a1 3a1", 4, 'a', "-" },       /* nobody has more than one */
    { "1a1 2a1 2a2 2a3", 1, 'b', "2a3" }, /* another host has more */
};

START_TEST(when_it_is_full_the_longest_row_yields)
{
    const union socket_address client = address_of(yields[_i].client);

    come_all(yields[_i].there);
    ck_assert_str_eq(name_of(fair_line_yield(&line, yields[_i].host, &client)), yields[_i].goes);
    next_all();
}
END_TEST

SUITE("fair_line", LOOP(hosts_take_turns, orders), TEST(who_leaves_holds_up_nobody),
      LOOP(when_it_is_full_the_longest_row_yields, yields))
