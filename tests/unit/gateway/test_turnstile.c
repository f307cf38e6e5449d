#include "gateway/turnstile.h"

#include "loop/driver_fake.h"
#include "suite.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>

/* ---- two reactors in one thread ---- */

enum { DESKS = 2, TICKETS = 40 };

static struct loop loops[DESKS];
static struct mailbox mailboxes[DESKS];
static struct desk desks[DESKS];
static struct turnstiles *all;
static struct ticket tickets[TICKETS];
static struct task tasks[TICKETS];
static unsigned woken[TICKETS];

static void on_wake(struct task *task)
{
    woken[task - tasks]++;
}

static void begin(unsigned total, unsigned seats, unsigned line_most)
{
    all = turnstiles_new(total, 2);
    for (unsigned i = 0; i < 2; i++)
        turnstiles_set(
            all, i,
            (struct turnstile_rules){ .seats = seats, .line_most = line_most, .wait_ms = 1000 });
    for (unsigned i = 0; i < DESKS; i++) {
        loop_init(&loops[i], driver_fake_new());
        ck_assert_int_eq(mailbox_open(&mailboxes[i], &loops[i]), 0);
        desk_open(&desks[i], &loops[i], &mailboxes[i]);
        loop_settle(&loops[i]);
    }
    for (unsigned i = 0; i < TICKETS; i++) {
        tickets[i] = (struct ticket){ 0 };
        tasks[i] = (struct task){ .run = on_wake };
        woken[i] = 0;
    }
}

static void settle(void)
{
    for (unsigned i = 0; i < DESKS; i++)
        loop_settle(&loops[i]);
}

static void end(void)
{
    for (unsigned i = 0; i < TICKETS; i++)
        ticket_return(&tickets[i]);
    settle();
    ck_assert_uint_eq(turnstiles_taken(all), 0);
    for (unsigned host = 0; host < 2; host++) {
        ck_assert_uint_eq(turnstile_numbers(turnstiles_at(all, host)).taken, 0);
        ck_assert_uint_eq(turnstile_numbers(turnstiles_at(all, host)).waiting, 0);
    }
    for (unsigned i = 0; i < DESKS; i++) {
        desk_close(&desks[i]);
        mailbox_close(&mailboxes[i]);
        loop_done(&loops[i]);
    }
    turnstiles_free(all);
}

static enum ticket_state take(unsigned i, unsigned host, unsigned desk, unsigned client)
{
    union socket_address address = { .in4 = { .sin_family = AF_INET,
                                              .sin_addr.s_addr = htonl(0x0a000000u + client) } };

    return ticket_take(&tickets[i], turnstiles_at(all, host), &desks[desk], &tasks[i], &address);
}

START_TEST(a_free_seat_is_taken_at_once)
{
    begin(8, 2, 8);
    ck_assert_int_eq(take(0, 0, 0, 1), TICKET_SEATED);
    ck_assert_int_eq(take(1, 0, 0, 1), TICKET_SEATED);
    ck_assert_int_eq(take(2, 0, 0, 1), TICKET_WAITING);
    ck_assert_uint_eq(turnstiles_taken(all), 2);
    settle();
    ck_assert_uint_eq(woken[0] + woken[1] + woken[2], 0);
    end();
}
END_TEST

START_TEST(who_waits_first_gets_the_seat_and_hears_of_it)
{
    const unsigned desk = (unsigned)_i;

    begin(8, 1, 8);
    take(0, 0, 0, 1);
    take(1, 0, desk, 2);
    take(2, 0, desk, 3);
    ticket_return(&tickets[0]);
    settle();
    ck_assert_int_eq(tickets[1].state, TICKET_SEATED);
    ck_assert_uint_eq(woken[1], 1);
    ck_assert_int_eq(tickets[2].state, TICKET_WAITING);
    loop_pass(&loops[desk], 900); /* its patience is over, but it has a seat */
    ck_assert_uint_eq(woken[1], 1);
    ck_assert(!ticket_is_late(&tickets[1]));
    ticket_return(&tickets[1]);
    settle();
    ck_assert_int_eq(tickets[2].state, TICKET_SEATED);
    end();
}
END_TEST

START_TEST(a_seat_that_nobody_heard_of_yet_goes_on)
{
    begin(8, 1, 8);
    take(0, 0, 0, 1);
    take(1, 0, 1, 2);
    take(2, 0, 0, 3);
    ticket_return(&tickets[0]);
    ck_assert_int_eq(tickets[1].state, TICKET_WAITING); /* the letter is on its way */
    ticket_return(&tickets[1]);                         /* the client leaves */
    settle();
    ck_assert_uint_eq(woken[1], 0);
    ck_assert_int_eq(tickets[2].state, TICKET_SEATED);
    end();
}
END_TEST

START_TEST(who_leaves_the_line_is_passed_over)
{
    begin(8, 1, 8);
    take(0, 0, 0, 1);
    take(1, 0, 0, 2);
    take(2, 0, 0, 3);
    ticket_return(&tickets[1]);
    ticket_return(&tickets[0]);
    settle();
    ck_assert_int_eq(tickets[1].state, TICKET_NONE);
    ck_assert_int_eq(tickets[2].state, TICKET_SEATED);
    end();
}
END_TEST

START_TEST(a_full_line_turns_away)
{
    begin(8, 1, 2);
    take(0, 0, 0, 1);
    ck_assert_int_eq(take(1, 0, 0, 2), TICKET_WAITING);
    ck_assert_int_eq(take(2, 0, 0, 3), TICKET_WAITING);
    ck_assert_int_eq(take(3, 0, 0, 4), TICKET_REFUSED);
    ck_assert_uint_eq(turnstile_numbers(turnstiles_at(all, 0)).refused, 1);
    ck_assert_int_eq(take(4, 1, 0, 4), TICKET_SEATED); /* another host is not concerned */
    end();
}
END_TEST

START_TEST(without_a_line_nobody_waits)
{
    begin(8, 1, 0);
    take(0, 0, 0, 1);
    ck_assert_int_eq(take(1, 0, 0, 2), TICKET_REFUSED);
    end();
}
END_TEST

START_TEST(one_client_cannot_fill_the_line)
{
    const unsigned desk = (unsigned)_i;

    begin(8, 1, 3);
    take(0, 0, 0, 1);
    for (unsigned i = 1; i <= 3; i++)
        ck_assert_int_eq(take(i, 0, desk, 1), TICKET_WAITING);
    ck_assert_int_eq(take(4, 0, 0, 1), TICKET_REFUSED);
    ck_assert_int_eq(take(5, 0, 0, 2), TICKET_WAITING);
    settle();
    ck_assert_int_eq(tickets[3].state, TICKET_REFUSED); /* its youngest had to yield */
    ck_assert_uint_eq(woken[3], 1);
    ticket_return(&tickets[0]);
    settle();
    ck_assert_int_eq(tickets[1].state, TICKET_SEATED);
    ticket_return(&tickets[1]);
    settle();
    ck_assert_int_eq(tickets[5].state, TICKET_SEATED); /* the clients take turns */
    ck_assert_int_eq(tickets[2].state, TICKET_WAITING);
    end();
}
END_TEST

START_TEST(patience_ends)
{
    begin(8, 1, 8);
    take(0, 0, 0, 1);
    take(1, 0, 0, 2);
    loop_pass(&loops[0], 999);
    ck_assert(!ticket_is_late(&tickets[1]));
    loop_pass(&loops[0], 1);
    ck_assert(ticket_is_late(&tickets[1]));
    ck_assert_uint_eq(woken[1], 1);
    ticket_return(&tickets[1]);
    ck_assert_uint_eq(turnstile_numbers(turnstiles_at(all, 0)).refused, 1);
    end();
}
END_TEST

START_TEST(hosts_take_turns_for_the_total)
{
    begin(2, 2, 8);
    take(0, 0, 0, 1);
    take(1, 0, 0, 1);
    for (unsigned i = 2; i < 6; i++) /* host 0 has a long line */
        ck_assert_int_eq(take(i, 0, 0, 1), TICKET_WAITING);
    ck_assert_int_eq(take(6, 1, 1, 2), TICKET_WAITING); /* its own seats are free, the total not */
    ck_assert_int_eq(take(7, 1, 1, 2), TICKET_WAITING);
    ticket_return(&tickets[0]);
    settle();
    ticket_return(&tickets[1]);
    settle();
    unsigned seated = (tickets[2].state == TICKET_SEATED) + (tickets[6].state == TICKET_SEATED);
    ck_assert_uint_eq(seated, 2); /* one each */
    ticket_return(&tickets[2]);
    settle();
    ticket_return(&tickets[6]);
    settle();
    ck_assert_int_eq(tickets[3].state, TICKET_SEATED);
    ck_assert_int_eq(tickets[7].state, TICKET_SEATED);
    ck_assert_uint_eq(turnstiles_taken(all), 2);
    end();
}
END_TEST

START_TEST(a_newcomer_does_not_pass_who_waits_for_the_total)
{
    begin(1, 2, 8);
    take(0, 0, 0, 1);
    take(1, 1, 0, 2);
    ck_assert_int_eq(take(2, 0, 0, 3), TICKET_WAITING);
    ticket_return(&tickets[0]);
    settle();
    ck_assert_int_eq(tickets[1].state, TICKET_SEATED);
    ck_assert_int_eq(tickets[2].state, TICKET_WAITING);
    end();
}
END_TEST

START_TEST(a_seat_outlives_its_ticket)
{
    begin(8, 1, 8);
    take(0, 0, 0, 1);
    take(1, 0, 0, 2);
    ck_assert_ptr_null(ticket_take_seat(&tickets[1]).turnstile);
    struct seat seat = ticket_take_seat(&tickets[0]);
    ticket_return(&tickets[0]);
    settle();
    ck_assert_int_eq(tickets[1].state, TICKET_WAITING);
    seat_return(&seat);
    seat_return(&seat); /* harmless when repeated */
    settle();
    ck_assert_int_eq(tickets[1].state, TICKET_SEATED);
    ck_assert_uint_eq(turnstiles_taken(all), 1);
    end();
}
END_TEST

/* ---- two reactors in two threads ---- */

enum { GUESTS = 24, ROUNDS = 100, HOSTS = 2, SEATS = 3, TOTAL = 4 };

struct guest {
    struct ticket ticket;
    struct task task;
    struct room *room;
    unsigned host;
    unsigned client;
    unsigned rounds_left;
    bool sits;
};

struct room {
    pthread_t thread;
    struct loop loop;
    struct mailbox mailbox;
    struct desk desk;
    struct turnstiles *all;
    struct guest guests[GUESTS];
    unsigned left;
};

static _Atomic unsigned sitting[HOSTS];
static _Atomic unsigned sitting_total;
static _Atomic unsigned rooms_done;

static void sit(struct guest *guest)
{
    guest->sits = true;
    ck_assert_uint_le(atomic_fetch_add(&sitting[guest->host], 1) + 1, SEATS);
    ck_assert_uint_le(atomic_fetch_add(&sitting_total, 1) + 1, TOTAL);
    loop_wake_next_turn(&guest->room->loop, &guest->task);
}

static void stand_up(struct guest *guest)
{
    guest->sits = false;
    atomic_fetch_sub(&sitting[guest->host], 1);
    atomic_fetch_sub(&sitting_total, 1);
    ticket_return(&guest->ticket);
    if (--guest->rounds_left > 0)
        loop_wake_next_turn(&guest->room->loop, &guest->task);
    else if (--guest->room->left == 0)
        loop_stop(&guest->room->loop);
}

static void guest_run(struct task *task)
{
    struct guest *guest = container_of(task, struct guest, task);
    union socket_address address = {
        .in4 = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000u + guest->client) }
    };

    if (guest->sits) {
        stand_up(guest);
        return;
    }
    if (guest->ticket.state == TICKET_NONE)
        ticket_take(&guest->ticket, turnstiles_at(guest->room->all, guest->host),
                    &guest->room->desk, &guest->task, &address);
    else if (guest->ticket.state == TICKET_WAITING && guest->rounds_left % 7 == 0)
        ticket_return(&guest->ticket); /* changes its mind, and comes again */
    if (guest->ticket.state == TICKET_NONE || ticket_is_late(&guest->ticket))
        loop_wake_next_turn(&guest->room->loop, &guest->task);
    else if (guest->ticket.state == TICKET_WAITING && guest->rounds_left % 7 == 0)
        loop_wake_next_turn(&guest->room->loop, &guest->task);
    else if (guest->ticket.state == TICKET_SEATED)
        sit(guest);
    else
        ck_assert_int_eq(guest->ticket.state, TICKET_WAITING);
}

static void *room_run(void *arg)
{
    struct room *room = arg;

    loop_run(&room->loop);
    for (unsigned i = 0; i < GUESTS; i++)
        loop_forget(&room->loop, &room->guests[i].task);
    desk_close(&room->desk);
    mailbox_close(&room->mailbox);
    loop_done(&room->loop);
    atomic_fetch_add(&rooms_done, 1);
    return NULL;
}

static void room_open(struct room *room, struct turnstiles *turnstiles)
{
    struct driver *driver;

    ck_assert_int_eq(driver_epoll_new(&driver), 0);
    loop_init(&room->loop, driver);
    ck_assert_int_eq(mailbox_open(&room->mailbox, &room->loop), 0);
    desk_open(&room->desk, &room->loop, &room->mailbox);
    room->all = turnstiles;
    room->left = GUESTS;
    for (unsigned i = 0; i < GUESTS; i++) {
        room->guests[i] = (struct guest){
            .room = room,
            .task.run = guest_run,
            .host = i % HOSTS,
            .client = i % 5,
            .rounds_left = ROUNDS,
        };
        loop_wake(&room->loop, &room->guests[i].task);
    }
}

START_TEST(two_threads_share_the_seats_and_forget_nobody)
{
    struct turnstiles *turnstiles = turnstiles_new(TOTAL, HOSTS);
    struct room *rooms = calloc(2, sizeof(*rooms));

    ck_assert_ptr_nonnull(rooms);
    for (unsigned i = 0; i < HOSTS; i++)
        turnstiles_set(
            turnstiles, i,
            (struct turnstile_rules){ .seats = SEATS, .line_most = 1000, .wait_ms = 60000 });
    for (unsigned i = 0; i < 2; i++)
        room_open(&rooms[i], turnstiles);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&rooms[i].thread, NULL, room_run, &rooms[i]), 0);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_join(rooms[i].thread, NULL), 0);
    ck_assert_uint_eq(rooms_done, 2);
    ck_assert_uint_eq(turnstiles_taken(turnstiles), 0);
    turnstiles_free(turnstiles);
    free(rooms);
}
END_TEST

/* ---- another generation ---- */

START_TEST(who_sits_and_waits_does_so_in_the_next_set)
{
    const unsigned kept[] = { 1, 9 }; /* the second host is the first now; the other one is new */

    begin(8, 1, 8);
    take(0, 1, 0, 1);
    take(1, 1, 0, 2);
    struct turnstiles *next = turnstiles_renew(all, 2, kept);
    turnstiles_set(next, 1, (struct turnstile_rules){ .seats = 1 });
    ck_assert_ptr_eq(turnstiles_at(next, 0), turnstiles_at(all, 1));
    ck_assert_uint_eq(turnstile_numbers(turnstiles_at(next, 0)).waiting, 1);
    ck_assert_uint_eq(turnstile_numbers(turnstiles_at(next, 1)).taken, 0);
    ck_assert_uint_eq(turnstiles_taken(next), 1);
    turnstiles_free(next);
    ck_assert_int_eq(tickets[0].state, TICKET_SEATED);
    end();
}
END_TEST

START_TEST(a_seat_may_be_returned_after_its_set_is_gone)
{
    struct turnstiles *next;

    begin(2, 2, 8);
    take(0, 1, 0, 1);
    take(1, 0, 0, 1);
    next = turnstiles_renew(all, 0, NULL);
    struct seat seat = ticket_take_seat(&tickets[0]);
    ticket_return(&tickets[1]);
    turnstiles_free(all);
    ck_assert_uint_eq(turnstiles_taken(next), 1);
    seat_return(&seat);
    ck_assert_uint_eq(turnstiles_taken(next), 0);
    all = turnstiles_renew(next, 2, (const unsigned[]){ 0, 0 });
    turnstiles_free(next);
    end();
}
END_TEST

START_TEST(more_seats_seat_those_who_wait)
{
    begin(1, 1, 8);
    take(0, 0, 0, 1);
    take(1, 0, 0, 2);
    take(2, 0, 1, 3);
    turnstiles_set(all, 0, (struct turnstile_rules){ .seats = 3, .line_most = 8, .wait_ms = 1000 });
    settle();
    ck_assert_int_eq(tickets[1].state, TICKET_WAITING); /* for the total */
    turnstiles_set_total(all, 3);
    settle();
    ck_assert_int_eq(tickets[1].state, TICKET_SEATED);
    ck_assert_int_eq(tickets[2].state, TICKET_SEATED);
    turnstiles_set_total(all, 1); /* who sits stays */
    ck_assert_uint_eq(turnstiles_taken(all), 3);
    ticket_return(&tickets[0]);
    ck_assert_int_eq(take(0, 1, 0, 4), TICKET_WAITING);
    end();
}
END_TEST

/* The desk of who waits: that of who leaves, or another. */
#define own_and_other desks

SUITE("turnstile", TEST(a_free_seat_is_taken_at_once),
      LOOP(who_waits_first_gets_the_seat_and_hears_of_it, own_and_other),
      TEST(a_seat_that_nobody_heard_of_yet_goes_on), TEST(who_leaves_the_line_is_passed_over),
      TEST(a_full_line_turns_away), TEST(without_a_line_nobody_waits),
      LOOP(one_client_cannot_fill_the_line, own_and_other), TEST(patience_ends),
      TEST(hosts_take_turns_for_the_total), TEST(a_newcomer_does_not_pass_who_waits_for_the_total),
      TEST(a_seat_outlives_its_ticket), TEST(who_sits_and_waits_does_so_in_the_next_set),
      TEST(a_seat_may_be_returned_after_its_set_is_gone), TEST(more_seats_seat_those_who_wait),
      TEST(two_threads_share_the_seats_and_forget_nobody))
