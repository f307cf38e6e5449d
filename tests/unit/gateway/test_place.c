#include "gateway/place.h"

#include "gateway/sticky.h"
#include "loop/driver_fake.h"
#include "os/fd.h"
#include "suite.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- two reactors in one thread, a section of up to three targets, some requests ---- */

enum { DESKS = 2, PLACES = 12, TARGETS = 3 };

static struct loop loops[DESKS];
static struct mailbox mailboxes[DESKS];
static struct desk desks[DESKS];
static struct connect_conf targets[TARGETS];
static struct fastcgi_conf conf;
static struct backend_group *group;
static struct place places[PLACES];
static struct task tasks[PLACES];
static unsigned woken[PLACES];
static bool tried[PLACES][TARGETS];
static bool fit[PLACES][TARGETS];
static union socket_address clients[PLACES];
static size_t open_before;

static void on_wake(struct task *task)
{
    woken[task - tasks]++;
}

static void settle(void)
{
    for (unsigned round = 0; round < 4; round++)
        for (unsigned i = 0; i < DESKS; i++)
            loop_settle(&loops[i]);
}

static void pass(uint64_t ms)
{
    for (unsigned i = 0; i < DESKS; i++)
        loop_pass(&loops[i], ms);
    settle();
}

static struct place *place_of(unsigned number, unsigned desk, unsigned host)
{
    struct place *place = &places[number];

    clients[number] =
        (union socket_address){ .in4 = { .sin_family = AF_INET,
                                         .sin_addr.s_addr = htonl(0xc0000200u + number) } };
    place_init(place, group, &desks[desk], &tasks[number], host, &clients[number], tried[number],
               fit[number]);
    return place;
}

static void begin(unsigned count, unsigned most)
{
    open_before = fd_count_open();
    for (unsigned i = 0; i < count; i++)
        targets[i] = (struct connect_conf){ .next = i + 1 < count ? &targets[i + 1] : NULL,
                                            .text = SLICE("/run/x.sock"),
                                            .weight = 1 };
    conf = (struct fastcgi_conf){ .id = SLICE("PHP"),
                                  .targets = targets,
                                  .target_count = count,
                                  .max_connections = most,
                                  .keep_ms = 10000,
                                  .queue_length = 8,
                                  .queue_ms = 5000,
                                  .restart_hold_ms = 3000 };
    group = backend_group_new(&conf);
    memset(tried, 0, sizeof(tried));
    for (unsigned i = 0; i < DESKS; i++) {
        loop_init(&loops[i], driver_fake_new());
        ck_assert_int_eq(mailbox_open(&mailboxes[i], &loops[i]), 0);
        desk_open(&desks[i], &loops[i], &mailboxes[i]);
    }
    for (unsigned i = 0; i < PLACES; i++) {
        tasks[i] = (struct task){ .run = on_wake };
        woken[i] = 0;
        place_of(i, 0, 1);
    }
    settle();
}

/* Everything was given back, and nothing is left in any line. */
static void end(void)
{
    for (unsigned i = 0; i < PLACES; i++)
        place_leave(&places[i], NULL);
    settle();
    for (unsigned i = 0; i < DESKS; i++)
        place_close_kept(group, &desks[i]);
    settle();
    ck_assert_uint_eq(group->waiting, 0);
    for (unsigned i = 0; i < group->count; i++) {
        ck_assert_uint_eq(group->targets[i].open, 0);
        ck_assert_uint_eq(group->targets[i].kept_count, 0);
        ck_assert_uint_eq(atomic_load(&group->targets[i].now), 0);
        ck_assert_ptr_null(group->targets[i].prober);
    }
    backend_group_free(group);
    for (unsigned i = 0; i < DESKS; i++) {
        desk_close(&desks[i]);
        mailbox_close(&mailboxes[i]);
        loop_done(&loops[i]);
    }
    ck_assert_uint_eq(fd_count_open(), open_before);
}

static unsigned target_of(const struct place *place)
{
    ck_assert_int_eq(place->state, PLACE_GIVEN);
    return (unsigned)(place->backend - group->targets);
}

static enum place_state fail_with(struct place *place, enum place_fault fault)
{
    struct place_news news;

    return place_fail(place, fault, &news);
}

/* ---- room ---- */

START_TEST(without_a_bound_everybody_is_let_in)
{
    begin(1, 0);
    for (unsigned i = 0; i < PLACES; i++)
        ck_assert_int_eq(place_take(&places[i]), PLACE_GIVEN);
    ck_assert_uint_eq(group->targets[0].open, PLACES);
    end();
}
END_TEST

START_TEST(who_finds_no_room_waits_until_somebody_leaves)
{
    begin(1, 2);
    place_take(&places[0]);
    place_take(&places[1]);
    ck_assert_int_eq(place_take(&places[2]), PLACE_WAITING);
    ck_assert_int_eq(place_take(&places[3]), PLACE_WAITING);
    ck_assert_uint_eq(group->waiting, 2);
    place_leave(&places[0], NULL);
    settle();
    ck_assert_int_eq(places[2].state, PLACE_GIVEN);
    ck_assert_uint_eq(woken[2], 1);
    ck_assert_int_eq(places[3].state, PLACE_WAITING);
    place_leave(&places[3], NULL); /* its client has left */
    place_leave(&places[1], NULL);
    ck_assert_uint_eq(group->targets[0].open, 1);
    end();
}
END_TEST

START_TEST(two_targets_serve_one_line)
{
    begin(2, 1);
    place_take(&places[0]);
    place_take(&places[1]);
    place_take(&places[2]);
    const unsigned freed = target_of(&places[1]);
    place_leave(&places[1], NULL);
    ck_assert_uint_eq(target_of(&places[2]), freed);
    end();
}
END_TEST

START_TEST(a_place_of_another_reactor_is_told_by_letter)
{
    begin(1, 1);
    place_take(&places[0]);
    place_of(1, 1, 1);
    place_take(&places[1]);
    place_leave(&places[0], NULL);
    ck_assert_int_eq(places[1].state, PLACE_WAITING);
    settle();
    ck_assert_int_eq(places[1].state, PLACE_GIVEN);
    end();
}
END_TEST

START_TEST(what_was_given_to_one_who_leaves_goes_to_the_next)
{
    begin(1, 1);
    place_take(&places[0]);
    place_of(1, 1, 1);
    place_take(&places[1]);
    place_take(&places[2]);
    place_leave(&places[0], NULL); /* the letter is on its way */
    place_leave(&places[1], NULL); /* and its client has left meanwhile */
    settle();
    ck_assert_int_eq(places[2].state, PLACE_GIVEN);
    end();
}
END_TEST

START_TEST(hosts_take_turns_in_the_line)
{
    begin(1, 1);
    place_take(&places[0]);
    for (unsigned i = 1; i < 5; i++)
        place_take(&places[i]); /* all of host 1 */
    place_of(5, 0, 2);
    place_take(&places[5]);
    place_leave(&places[0], NULL);
    ck_assert_int_eq(places[1].state, PLACE_GIVEN);
    place_leave(&places[1], NULL);
    ck_assert_int_eq(places[5].state, PLACE_GIVEN);
    end();
}
END_TEST

START_TEST(a_full_line_refuses_and_a_long_row_yields)
{
    begin(1, 1);
    conf.queue_length = 3;
    place_take(&places[0]);
    for (unsigned i = 1; i < 4; i++) {
        place_take(&places[i]);
        ck_assert_int_eq(places[i].state, PLACE_WAITING);
    }
    ck_assert_int_eq(place_take(&places[4]), PLACE_REFUSED);
    place_of(5, 0, 2);
    ck_assert_int_eq(place_take(&places[5]), PLACE_WAITING); /* another host */
    unsigned refused = 0;
    for (unsigned i = 1; i < 4; i++)
        refused += places[i].state == PLACE_REFUSED;
    ck_assert_uint_eq(refused, 1);
    ck_assert_uint_eq(group->refused, 2);
    end();
}
END_TEST

START_TEST(patience_ends)
{
    begin(1, 1);
    place_take(&places[0]);
    place_take(&places[1]);
    pass(4999);
    ck_assert_uint_eq(woken[1], 0);
    pass(1);
    ck_assert_uint_eq(woken[1], 1);
    ck_assert_int_eq(place_advance(&places[1]), PLACE_WAITING);
    ck_assert(place_is_late(&places[1]));
    end();
}
END_TEST

/* ---- busy ---- */

START_TEST(of_those_who_meet_a_full_queue_one_asks_again)
{
    begin(1, 0);
    for (unsigned i = 0; i < 3; i++)
        place_take(&places[i]);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(fail_with(&places[i], PLACE_BUSY), PLACE_WAITING);
    ck_assert_int_eq(place_take(&places[3]), PLACE_WAITING); /* no newcomer passes */
    ck_assert_ptr_eq(group->targets[0].prober, &places[0]);
    pass(5);
    ck_assert_int_eq(place_advance(&places[0]), PLACE_GIVEN);
    for (unsigned i = 1; i < 4; i++)
        ck_assert_int_eq(place_advance(&places[i]), PLACE_WAITING);

    fail_with(&places[0], PLACE_BUSY);
    pass(5);
    ck_assert_int_eq(place_advance(&places[0]), PLACE_WAITING); /* a longer pause */
    pass(5);
    ck_assert_int_eq(place_advance(&places[0]), PLACE_GIVEN);

    place_reached(&places[0], false); /* then the next one asks, at once */
    ck_assert_ptr_eq(group->targets[0].prober, &places[1]);
    for (unsigned i = 1; i < 4; i++) {
        pass(1);
        ck_assert_int_eq(place_advance(&places[i]), PLACE_GIVEN);
        place_reached(&places[i], false);
    }
    ck_assert_int_eq(group->targets[0].trouble, TROUBLE_NONE);
    ck_assert_int_eq(place_take(&places[5]), PLACE_GIVEN);
    end();
}
END_TEST

START_TEST(somebody_who_leaves_is_a_reason_to_ask_at_once)
{
    begin(1, 0);
    place_take(&places[0]);
    place_take(&places[1]);
    fail_with(&places[1], PLACE_BUSY);
    place_leave(&places[0], NULL);
    ck_assert_int_eq(places[1].state, PLACE_GIVEN);
    end();
}
END_TEST

START_TEST(an_overloaded_target_is_well_when_it_has_answered)
{
    begin(1, 0);
    place_take(&places[0]);
    place_take(&places[1]);
    fail_with(&places[0], PLACE_OVERLOADED);
    fail_with(&places[1], PLACE_OVERLOADED);
    pass(5);
    place_advance(&places[0]);
    place_reached(&places[0], false); /* it lets everybody in: that says nothing */
    ck_assert_int_eq(places[1].state, PLACE_WAITING);
    ck_assert_ptr_eq(group->targets[0].prober, &places[0]);
    place_reached(&places[0], true);
    pass(1);
    ck_assert_int_eq(place_advance(&places[1]), PLACE_GIVEN);
    end();
}
END_TEST

START_TEST(a_busy_target_is_left_for_one_that_is_not)
{
    begin(2, 0);
    place_take(&places[0]);
    const unsigned busy = target_of(&places[0]);
    ck_assert_int_eq(fail_with(&places[0], PLACE_BUSY), PLACE_GIVEN);
    ck_assert_uint_ne(target_of(&places[0]), busy);
    ck_assert_ptr_null(group->targets[busy].prober);
    place_take(&places[1]);
    ck_assert_uint_ne(target_of(&places[1]), busy);
    pass(5); /* after the pause whoever is sent there by turns asks it */
    unsigned came = 0;
    for (unsigned i = 2; i < 6; i++) {
        place_take(&places[i]);
        came += target_of(&places[i]) == busy;
    }
    ck_assert_uint_eq(came, 1); /* one: the others do not follow before it has got through */
    end();
}
END_TEST

START_TEST(a_prober_that_leaves_has_a_successor)
{
    begin(1, 0);
    for (unsigned i = 0; i < 2; i++)
        place_take(&places[i]);
    for (unsigned i = 0; i < 2; i++)
        fail_with(&places[i], PLACE_BUSY);
    place_leave(&places[0], NULL);
    ck_assert_ptr_eq(group->targets[0].prober, &places[1]);
    pass(10);
    ck_assert_int_eq(place_advance(&places[1]), PLACE_GIVEN);
    place_leave(&places[1], NULL); /* also while it is at it */
    ck_assert_ptr_null(group->targets[0].prober);
    ck_assert_int_eq(place_take(&places[2]), PLACE_GIVEN);
    ck_assert_ptr_eq(group->targets[0].prober, &places[2]);
    end();
}
END_TEST

/* ---- starting anew ---- */

START_TEST(a_target_that_is_gone_is_held)
{
    struct place_news news;

    begin(1, 0);
    place_take(&places[0]);
    place_take(&places[1]);
    ck_assert_int_eq(place_fail(&places[0], PLACE_DOWN, &news), PLACE_WAITING);
    ck_assert(news.is_down);
    ck_assert_int_eq(place_fail(&places[1], PLACE_DOWN, &news), PLACE_WAITING);
    ck_assert(!news.is_down); /* told once */
    ck_assert_int_eq(place_take(&places[2]), PLACE_WAITING);
    for (uint64_t passed = 0; passed < 2000; passed += 100) {
        pass(100);
        ck_assert_int_eq(place_advance(&places[0]), PLACE_GIVEN);
        fail_with(&places[0], PLACE_DOWN);
    }
    pass(100);
    place_advance(&places[0]);
    ck_assert_uint_ge(place_reached(&places[0], false), 2000); /* it is there: all follow */
    ck_assert_int_eq(places[1].state, PLACE_GIVEN);
    ck_assert_int_eq(places[2].state, PLACE_GIVEN);
    end();
}
END_TEST

START_TEST(after_the_hold_it_rests_and_nobody_waits)
{
    struct place_news news;

    begin(1, 0);
    place_take(&places[0]);
    place_take(&places[1]);
    fail_with(&places[0], PLACE_DOWN);
    fail_with(&places[1], PLACE_DOWN);
    while (loops[0].now_ms - group->targets[0].trouble_since_ms < 3000) {
        pass(100);
        ck_assert_int_eq(place_advance(&places[0]), PLACE_GIVEN);
        place_fail(&places[0], PLACE_DOWN, &news);
    }
    ck_assert_int_eq(places[0].state, PLACE_NOBODY);
    ck_assert_uint_eq(news.rest_ms, 1000);
    ck_assert_int_eq(places[1].state, PLACE_NONE);         /* it has to choose anew */
    ck_assert_int_eq(place_take(&places[1]), PLACE_GIVEN); /* with all resting all are asked */
    ck_assert_int_eq(fail_with(&places[1], PLACE_DOWN),
                     PLACE_NOBODY); /* and nobody is held again */
    end();
}
END_TEST

START_TEST(a_session_waits_for_its_target_the_others_go_elsewhere)
{
    begin(2, 0);
    places[0].wanted = 1;
    place_take(&places[0]);
    ck_assert_uint_eq(target_of(&places[0]), 1);
    ck_assert_int_eq(fail_with(&places[0], PLACE_DOWN), PLACE_WAITING);
    for (unsigned i = 1; i < 4; i++) {
        place_take(&places[i]);
        ck_assert_uint_eq(target_of(&places[i]), 0);
    }
    places[4].wanted = 1;
    ck_assert_int_eq(place_take(&places[4]), PLACE_WAITING);
    pass(10);
    place_advance(&places[0]);
    place_reached(&places[0], false);
    ck_assert_uint_eq(target_of(&places[4]), 1);
    end();
}
END_TEST

START_TEST(a_session_whose_target_does_not_come_back_moves)
{
    begin(2, 0);
    conf.restart_hold_ms = 0;
    places[0].wanted = 1;
    place_take(&places[0]);
    ck_assert_int_eq(fail_with(&places[0], PLACE_DOWN), PLACE_GIVEN);
    ck_assert_uint_eq(target_of(&places[0]), 0);
    places[1].wanted = 1; /* it rests */
    place_take(&places[1]);
    ck_assert_uint_eq(target_of(&places[1]), 0);
    end();
}
END_TEST

START_TEST(an_unreachable_target_rests_at_once)
{
    struct place_news news;

    begin(2, 0);
    place_take(&places[0]);
    const unsigned first = target_of(&places[0]);
    ck_assert_int_eq(place_fail(&places[0], PLACE_UNREACHABLE, &news), PLACE_GIVEN);
    ck_assert_uint_eq(news.rest_ms, 1000);
    ck_assert_uint_ne(target_of(&places[0]), first);
    ck_assert_int_eq(fail_with(&places[0], PLACE_UNREACHABLE), PLACE_NOBODY);
    pass(1000);
    ck_assert_int_eq(place_take(&places[1]), PLACE_GIVEN);
    struct backend *backend = places[1].backend;
    place_praise(&places[1]);
    place_leave(&places[1], NULL);
    ck_assert_uint_eq(backend->rests, 0);
    end();
}
END_TEST

/* ---- backups, draining, blame ---- */

START_TEST(a_backup_is_asked_only_when_no_other_is_there)
{
    begin(2, 1);
    group->targets[1].backup = true;
    conf.restart_hold_ms = 0;
    place_take(&places[0]);
    ck_assert_uint_eq(target_of(&places[0]), 0);
    ck_assert_int_eq(place_take(&places[1]), PLACE_WAITING); /* full is not gone */
    fail_with(&places[0], PLACE_DOWN);
    ck_assert_uint_eq(target_of(&places[0]), 1);
    end();
}
END_TEST

START_TEST(a_drained_target_keeps_its_sessions_and_gets_no_new_ones)
{
    begin(2, 0);
    targets[1].text = SLICE("/run/y.sock");
    backend_group_drain(group, SLICE("/run/y.sock"), true);
    for (unsigned i = 0; i < 3; i++) {
        place_take(&places[i]);
        ck_assert_uint_eq(target_of(&places[i]), 0);
    }
    places[3].wanted = 1;
    place_take(&places[3]);
    ck_assert_uint_eq(target_of(&places[3]), 1);
    backend_group_drain(group, SLICE("/run/x.sock"), true);
    ck_assert_int_eq(place_take(&places[4]), PLACE_NOBODY);
    end();
}
END_TEST

START_TEST(failures_in_a_row_send_those_who_wait_elsewhere)
{
    begin(2, 1);
    conf.rest_failures = 2;
    conf.rest_window_ms = 1000;
    places[0].wanted = places[1].wanted = 0;
    place_take(&places[0]);
    ck_assert_int_eq(place_take(&places[1]), PLACE_WAITING);
    ck_assert_uint_eq(place_blame(&places[0]), 0);
    ck_assert_uint_eq(place_blame(&places[0]), 1000);
    ck_assert_int_eq(places[1].state, PLACE_NONE);
    place_take(&places[1]);
    ck_assert_uint_eq(target_of(&places[1]), 1);
    ck_assert(!place_has_other(&places[1])); /* the other rests */
    end();
}
END_TEST

/* ---- kept connections ---- */

/* A connection of the place, and its far end. */
static struct fcgi_conn *connect_place(struct place *place, int *ret_far)
{
    int ends[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    *ret_far = ends[1];
    return fcgi_conn_new(place->desk->loop, ends[0], false);
}

/* The far end hears what is said on the connection. */
static bool is_connected(const struct fcgi_conn *conn, int far)
{
    char byte;

    return send(conn->io.fd, "x", 1, MSG_NOSIGNAL) == 1 && recv(far, &byte, 1, 0) == 1;
}

START_TEST(a_connection_is_kept_for_the_next_request)
{
    int far;

    begin(1, 0);
    conf.keep_connections = 1;
    place_take(&places[0]);
    ck_assert_ptr_null(places[0].conn);
    place_leave(&places[0], connect_place(&places[0], &far));
    ck_assert_uint_eq(group->targets[0].kept_count, 1);
    ck_assert_uint_eq(group->targets[0].open, 1);
    place_take(&places[1]);
    ck_assert_ptr_nonnull(places[1].conn);
    ck_assert(is_connected(places[1].conn, far));
    ck_assert_uint_eq(group->targets[0].kept_count, 0);
    ck_assert_uint_eq(group->targets[0].open, 1);
    fd_close(&far);
    end();
}
END_TEST

START_TEST(a_connection_of_another_reactor_is_taken_over)
{
    int far;

    begin(1, 1);
    conf.keep_connections = 1;
    place_take(&places[0]);
    place_leave(&places[0], connect_place(&places[0], &far));
    place_of(1, 1, 1);
    place_take(&places[1]);
    ck_assert_ptr_nonnull(places[1].conn);
    settle(); /* its former owner lets go */
    ck_assert(is_connected(places[1].conn, far));
    ck_assert_uint_eq(group->targets[0].open, 1);
    fd_close(&far);
    end();
}
END_TEST

START_TEST(a_connection_goes_straight_to_one_who_waits)
{
    int far;

    begin(1, 1);
    conf.keep_connections = 1;
    place_take(&places[0]);
    place_of(1, 1, 1);
    place_take(&places[1]);
    place_leave(&places[0], connect_place(&places[0], &far));
    ck_assert_uint_eq(group->targets[0].kept_count, 0);
    settle();
    ck_assert_int_eq(places[1].state, PLACE_GIVEN);
    ck_assert(is_connected(places[1].conn, far));
    fd_close(&far);
    end();
}
END_TEST

START_TEST(only_so_many_are_kept_and_not_for_ever)
{
    int far[3];

    begin(1, 0);
    conf.keep_connections = 2;
    for (unsigned i = 0; i < 3; i++)
        place_take(&places[i]);
    for (unsigned i = 0; i < 3; i++)
        place_leave(&places[i], connect_place(&places[i], &far[i]));
    ck_assert_uint_eq(group->targets[0].kept_count, 2);
    ck_assert_uint_eq(group->targets[0].open, 2);
    pass(10000);
    ck_assert_uint_eq(group->targets[0].kept_count, 0);
    ck_assert_uint_eq(group->targets[0].open, 0);
    for (unsigned i = 0; i < 3; i++)
        fd_close(&far[i]);
    end();
}
END_TEST

START_TEST(one_that_the_program_closes_is_forgotten)
{
    int far;

    begin(1, 1);
    conf.keep_connections = 1;
    place_take(&places[0]);
    place_leave(&places[0], connect_place(&places[0], &far));
    fd_close(&far);
    /* The driver of this test does not look at descriptors: it is told. */
    struct fcgi_conn *conn =
        container_of(list_first(&group->targets[0].kept), struct fcgi_conn, link);
    io_mark(&loops[0], &conn->io, IO_HUNG_UP);
    ck_assert_int_eq(place_take(&places[1]), PLACE_GIVEN); /* before it was looked at */
    ck_assert_ptr_null(places[1].conn);
    ck_assert_uint_eq(group->targets[0].open, 1);
    settle();
    end();
}
END_TEST

/* ---- two threads, as two reactors are ---- */

enum { GUESTS = 24, ROUNDS = 400, ROOM = 5 };

struct room;

struct guest {
    struct room *room;
    struct place place;
    struct task task;
    union socket_address client;
    bool tried[TARGETS];
    bool fit[TARGETS];
    unsigned rounds_left;
    bool inside;
};

struct room {
    pthread_t thread;
    struct loop loop;
    struct mailbox mailbox;
    struct desk desk;
    struct guest guests[GUESTS];
    unsigned left;
};

static _Atomic unsigned inside[2];

static void go_in(struct guest *guest)
{
    const unsigned target = target_of(&guest->place);

    guest->inside = true;
    ck_assert_uint_le(atomic_fetch_add(&inside[target], 1) + 1, ROOM);
    loop_wake_next_turn(&guest->room->loop, &guest->task);
}

/* With its connection, without, or by way of a full queue. */
static void go_out(struct guest *guest)
{
    struct place *place = &guest->place;
    struct fcgi_conn *conn = place->conn;

    guest->inside = false;
    atomic_fetch_sub(&inside[target_of(place)], 1);
    if (guest->rounds_left % 61 == 0) {
        fcgi_conn_close(conn);
        place->conn = NULL;
        fail_with(place, PLACE_BUSY);
        loop_wake_next_turn(&guest->room->loop, &guest->task);
        guest->rounds_left--; /* may end here as well: see guest_run() */
        return;
    }
    place_reached(place, true);
    if (!conn && guest->rounds_left % 3 == 0)
        conn = fcgi_conn_new(&guest->room->loop, eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), false);
    place->conn = NULL;
    place_leave(place, conn);
    guest->rounds_left--;
    loop_wake_next_turn(&guest->room->loop, &guest->task);
}

static void guest_run(struct task *task)
{
    struct guest *guest = container_of(task, struct guest, task);
    struct place *place = &guest->place;

    if (guest->inside) {
        go_out(guest);
        return;
    }
    if (guest->rounds_left == 0) {
        place_leave(place, NULL);
        loop_forget(&guest->room->loop, task);
        if (guest->room->left > 0 && --guest->room->left == 0)
            loop_stop(&guest->room->loop);
        return;
    }
    if (place->state == PLACE_WAITING && guest->rounds_left % 7 == 0) {
        place_leave(place, NULL); /* changes its mind, and comes again */
        guest->rounds_left--;
    }
    if (place->state == PLACE_WAITING)
        place_advance(place);
    if (place->state == PLACE_NONE || place->state == PLACE_REFUSED || place_is_late(place)) {
        place_leave(place, NULL);
        place_take(place);
    }
    if (place->state == PLACE_GIVEN)
        go_in(guest);
    else
        ck_assert_int_eq(place->state, PLACE_WAITING);
}

static void room_open(struct room *room, unsigned number)
{
    struct driver *driver;

    ck_assert_int_eq(driver_epoll_new(&driver), 0);
    loop_init(&room->loop, driver);
    ck_assert_int_eq(mailbox_open(&room->mailbox, &room->loop), 0);
    desk_open(&room->desk, &room->loop, &room->mailbox);
    room->left = GUESTS;
    for (unsigned i = 0; i < GUESTS; i++) {
        struct guest *guest = &room->guests[i];

        *guest = (struct guest){ .room = room, .task.run = guest_run, .rounds_left = ROUNDS + i };
        guest->client =
            (union socket_address){ .in4 = { .sin_family = AF_INET,
                                             .sin_addr.s_addr = htonl(0x0a000000u + i % 5) } };
        place_init(&guest->place, group, &room->desk, &guest->task, number + i % 3, &guest->client,
                   guest->tried, guest->fit);
        loop_wake(&room->loop, &guest->task);
    }
}

static void *room_run(void *arg)
{
    struct room *room = arg;

    loop_run(&room->loop);
    place_close_kept(group, &room->desk);
    desk_close(&room->desk);
    return NULL;
}

START_TEST(two_threads_share_the_targets_and_forget_nobody)
{
    struct room *rooms = calloc(2, sizeof(*rooms));

    ck_assert_ptr_nonnull(rooms);
    begin(2, ROOM);
    conf.keep_connections = 3;
    conf.queue_length = 1000;
    conf.queue_ms = 60000;
    for (unsigned i = 0; i < 2; i++)
        room_open(&rooms[i], i);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&rooms[i].thread, NULL, room_run, &rooms[i]), 0);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_join(rooms[i].thread, NULL), 0);
    for (unsigned i = 0; i < 2; i++) { /* as the main thread does it, when both have ended */
        mailbox_close(&rooms[i].mailbox);
        loop_done(&rooms[i].loop);
    }
    free(rooms);
    end();
}
END_TEST

SUITE("place", TEST(without_a_bound_everybody_is_let_in),
      TEST(who_finds_no_room_waits_until_somebody_leaves), TEST(two_targets_serve_one_line),
      TEST(a_place_of_another_reactor_is_told_by_letter),
      TEST(what_was_given_to_one_who_leaves_goes_to_the_next), TEST(hosts_take_turns_in_the_line),
      TEST(a_full_line_refuses_and_a_long_row_yields), TEST(patience_ends),
      TEST(of_those_who_meet_a_full_queue_one_asks_again),
      TEST(somebody_who_leaves_is_a_reason_to_ask_at_once),
      TEST(an_overloaded_target_is_well_when_it_has_answered),
      TEST(a_busy_target_is_left_for_one_that_is_not), TEST(a_prober_that_leaves_has_a_successor),
      TEST(a_target_that_is_gone_is_held), TEST(after_the_hold_it_rests_and_nobody_waits),
      TEST(a_session_waits_for_its_target_the_others_go_elsewhere),
      TEST(a_session_whose_target_does_not_come_back_moves),
      TEST(an_unreachable_target_rests_at_once),
      TEST(a_backup_is_asked_only_when_no_other_is_there),
      TEST(a_drained_target_keeps_its_sessions_and_gets_no_new_ones),
      TEST(failures_in_a_row_send_those_who_wait_elsewhere),
      TEST(a_connection_is_kept_for_the_next_request),
      TEST(a_connection_of_another_reactor_is_taken_over),
      TEST(a_connection_goes_straight_to_one_who_waits),
      TEST(only_so_many_are_kept_and_not_for_ever), TEST(one_that_the_program_closes_is_forgotten),
      TEST(two_threads_share_the_targets_and_forget_nobody))
