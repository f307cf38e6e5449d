#include "gateway/turnstile.h"

#include <assert.h>
#include <stdlib.h>

/*
 * Order of locks: the turnstile's, then one of the hall or of a desk. The lock of the hall is never
 * held while a turnstile's is waited for.
 *
 * How no seat is forgotten: `free` and `hungry_count` are both sequentially consistent. Who becomes
 * hungry counts itself first and looks for a free seat then; who frees a seat counts it first and
 * looks for the hungry then. So at least one of the two sees the other.
 *
 * How a turnstile ends: it belongs to the sets that name it (`sets`, of the thread that makes and
 * frees sets). When none is left it is `abandoned`: nobody comes any more, and whoever takes it out
 * of the last thing that knows it, its last seat or the line of the hungry, frees it.
 */
struct turnstile {
    struct hall *hall;    /* counted */
    unsigned sets;        /* see above */
    pthread_mutex_t lock; /* guards what follows */
    struct turnstile_rules rules;
    struct waiting_line line;
    unsigned taken;
    uint64_t seated;
    uint64_t waited;
    uint64_t refused;
    bool abandoned;
    bool hungry;                  /* in, or on its way out of, hall->hungry */
    struct list_link hungry_link; /* under the lock of the hall */
};

/* The total, for as long as anything of it is used. */
struct hall {
    _Atomic unsigned users;
    _Atomic int free; /* of the total; negative: it was lowered below what was taken */
    _Atomic unsigned hungry_count;
    _Atomic unsigned total;
    pthread_mutex_t lock; /* guards `hungry` */
    struct list hungry;   /* hosts that have somebody to seat, in the order of their turns */
};

struct turnstiles {
    struct hall *hall; /* counted */
    unsigned count;
    struct turnstile *turnstiles[]; /* counted */
};

/* ---- the house ---- */

static void *zeroed(size_t size)
{
    void *memory = calloc(1, size);

    if (!memory)
        abort();
    return memory;
}

static struct hall *hall_new(unsigned total)
{
    struct hall *hall = zeroed(sizeof(*hall));

    atomic_init(&hall->users, 1);
    atomic_init(&hall->free, (int)total);
    atomic_init(&hall->total, total);
    pthread_mutex_init(&hall->lock, NULL);
    list_init(&hall->hungry);
    return hall;
}

static struct hall *hall_hold(struct hall *hall)
{
    atomic_fetch_add(&hall->users, 1);
    return hall;
}

static void hall_drop(struct hall *hall)
{
    if (atomic_fetch_sub(&hall->users, 1) > 1)
        return;
    pthread_mutex_destroy(&hall->lock);
    free(hall);
}

static struct turnstile *turnstile_new(struct hall *hall)
{
    struct turnstile *turnstile = zeroed(sizeof(*turnstile));

    turnstile->hall = hall_hold(hall);
    pthread_mutex_init(&turnstile->lock, NULL);
    waiting_line_init(&turnstile->line);
    return turnstile;
}

static void turnstile_free(struct turnstile *turnstile)
{
    waiting_line_done(&turnstile->line);
    pthread_mutex_destroy(&turnstile->lock);
    hall_drop(turnstile->hall);
    free(turnstile);
}

/* Under its lock: nobody is left who will ever look at it again. */
static bool is_done_with(const struct turnstile *turnstile)
{
    return turnstile->abandoned && turnstile->taken == 0 && !turnstile->hungry;
}

static void turnstile_drop(struct turnstile *turnstile)
{
    if (--turnstile->sets > 0)
        return;
    pthread_mutex_lock(&turnstile->lock);
    turnstile->abandoned = true;
    const bool ends = is_done_with(turnstile);
    pthread_mutex_unlock(&turnstile->lock);
    if (ends)
        turnstile_free(turnstile);
}

static struct turnstiles *set_new(struct hall *hall, unsigned count)
{
    struct turnstiles *all = zeroed(sizeof(*all) + count * sizeof(struct turnstile *));

    all->hall = hall;
    all->count = count;
    return all;
}

struct turnstiles *turnstiles_new(unsigned total_seats, unsigned count)
{
    struct turnstiles *all = set_new(hall_new(total_seats), count);

    for (unsigned i = 0; i < count; i++) {
        all->turnstiles[i] = turnstile_new(all->hall);
        all->turnstiles[i]->sets = 1;
    }
    return all;
}

struct turnstiles *turnstiles_renew(struct turnstiles *former, unsigned count, const unsigned *kept)
{
    struct turnstiles *all = set_new(hall_hold(former->hall), count);

    for (unsigned i = 0; i < count; i++) {
        all->turnstiles[i] =
            kept[i] < former->count ? former->turnstiles[kept[i]] : turnstile_new(all->hall);
        all->turnstiles[i]->sets++;
    }
    return all;
}

void turnstiles_free(struct turnstiles *all)
{
    if (!all)
        return;
    for (unsigned i = 0; i < all->count; i++)
        turnstile_drop(all->turnstiles[i]);
    hall_drop(all->hall);
    free(all);
}

struct turnstile *turnstiles_at(struct turnstiles *all, unsigned index)
{
    assert(index < all->count);
    return all->turnstiles[index];
}

/* ---- news for the tickets of a reactor ---- */

static void decide(struct ticket *ticket, enum ticket_state state)
{
    ticket->state = state;
    timer_stop(ticket->desk->loop, &ticket->timer);
    loop_wake(ticket->desk->loop, ticket->task);
}

static void read_news(struct desk_note *news)
{
    struct ticket *ticket = container_of(news, struct ticket, news);

    decide(ticket, ticket->decided);
}

/* Tells a ticket, under the lock of its turnstile. `own` is the desk of this thread. */
static void tell(struct ticket *ticket, enum ticket_state state, const struct desk *own)
{
    ticket->decided = state;
    ticket->news.read = read_news;
    desk_tell(ticket->desk, &ticket->news, own);
}

/* ---- the total ---- */

static bool take_of_total(struct hall *hall)
{
    int free = atomic_load(&hall->free);

    while (free > 0)
        if (atomic_compare_exchange_weak(&hall->free, &free, free - 1))
            return true;
    return false;
}

/* Under the lock of the turnstile. */
static bool could_seat(const struct turnstile *turnstile)
{
    return turnstile->line.count > 0 && turnstile->taken < turnstile->rules.seats;
}

/* Gets in line for the total, behind the other hosts. Under the lock of the turnstile. */
static void become_hungry(struct turnstile *turnstile)
{
    struct hall *hall = turnstile->hall;

    if (turnstile->hungry || !could_seat(turnstile))
        return;
    turnstile->hungry = true;
    pthread_mutex_lock(&hall->lock);
    list_push_back(&hall->hungry, &turnstile->hungry_link);
    atomic_fetch_add(&hall->hungry_count, 1);
    pthread_mutex_unlock(&hall->lock);
}

static struct turnstile *next_hungry(struct hall *hall)
{
    pthread_mutex_lock(&hall->lock);
    struct list_link *link = list_pop_front(&hall->hungry);
    if (link)
        atomic_fetch_sub(&hall->hungry_count, 1);
    pthread_mutex_unlock(&hall->lock);
    return link ? container_of(link, struct turnstile, hungry_link) : NULL;
}

/* One seat of the total for the next in that host's line. False: nobody there wanted it. */
static bool seat_next(struct turnstile *turnstile, const struct desk *own)
{
    bool seated = false;

    pthread_mutex_lock(&turnstile->lock);
    turnstile->hungry = false;
    if (could_seat(turnstile)) {
        struct waiter *waiter = waiting_line_next(&turnstile->line);
        struct ticket *ticket = container_of(waiter, struct ticket, waiter);

        turnstile->taken++;
        turnstile->seated++;
        turnstile->waited++;
        ticket->holds_seat = true;
        tell(ticket, TICKET_SEATED, own);
        seated = true;
        become_hungry(turnstile);
    }
    const bool ends = is_done_with(turnstile);
    pthread_mutex_unlock(&turnstile->lock);
    if (ends)
        turnstile_free(turnstile);
    return seated;
}

/* Deals out what is free to those who wait. Without any lock. */
static void serve_hungry(struct hall *hall, const struct desk *own)
{
    while (atomic_load(&hall->hungry_count) > 0 && take_of_total(hall)) {
        struct turnstile *turnstile = next_hungry(hall);

        if (!turnstile || !seat_next(turnstile, own))
            atomic_fetch_add(&hall->free, 1);
    }
}

/* ---- the rules ---- */

void turnstiles_set(struct turnstiles *all, unsigned index, struct turnstile_rules rules)
{
    struct turnstile *turnstile = turnstiles_at(all, index);

    pthread_mutex_lock(&turnstile->lock);
    turnstile->rules = rules;
    become_hungry(turnstile); /* there may be more seats now */
    pthread_mutex_unlock(&turnstile->lock);
    serve_hungry(all->hall, NULL);
}

void turnstiles_set_total(struct turnstiles *all, unsigned total_seats)
{
    const int former = (int)atomic_exchange(&all->hall->total, total_seats);

    atomic_fetch_add(&all->hall->free, (int)total_seats - former);
    serve_hungry(all->hall, NULL);
}

/* ---- tickets ---- */

/* A newcomer must not pass those who wait, in this host or for the total. */
static bool sit_down(struct turnstile *turnstile, struct ticket *ticket)
{
    if (turnstile->line.count > 0 || turnstile->taken >= turnstile->rules.seats ||
        atomic_load(&turnstile->hall->hungry_count) > 0 || !take_of_total(turnstile->hall))
        return false;
    turnstile->taken++;
    turnstile->seated++;
    ticket->holds_seat = true;
    ticket->state = TICKET_SEATED;
    return true;
}

/* False: the line is full, and nobody has to yield to this client. */
static bool make_room(struct turnstile *turnstile, const struct desk *own,
                      const union socket_address *client)
{
    if (turnstile->line.count < turnstile->rules.line_most)
        return true;

    struct waiter *waiter = waiting_line_yield(&turnstile->line, client);
    if (!waiter)
        return false;
    turnstile->refused++;
    tell(container_of(waiter, struct ticket, waiter), TICKET_REFUSED, own);
    return true;
}

static void get_in_line(struct turnstile *turnstile, struct ticket *ticket,
                        const union socket_address *client)
{
    struct loop *loop = ticket->desk->loop;

    if (!make_room(turnstile, ticket->desk, client)) {
        turnstile->refused++;
        ticket->state = TICKET_REFUSED;
        return;
    }
    ticket->state = TICKET_WAITING;
    ticket->timer.task = ticket->task;
    timer_set(loop, &ticket->timer, loop->now_ms + turnstile->rules.wait_ms);
    waiting_line_add(&turnstile->line, &ticket->waiter, client);
    become_hungry(turnstile);
}

enum ticket_state ticket_take(struct ticket *ticket, struct turnstile *turnstile, struct desk *desk,
                              struct task *task, const union socket_address *client)
{
    assert(ticket->state == TICKET_NONE);
    ticket->turnstile = turnstile;
    ticket->desk = desk;
    ticket->task = task;

    pthread_mutex_lock(&turnstile->lock);
    if (!sit_down(turnstile, ticket))
        get_in_line(turnstile, ticket, client);
    pthread_mutex_unlock(&turnstile->lock);
    if (ticket->state == TICKET_WAITING)
        serve_hungry(turnstile->hall, desk);
    return ticket->state;
}

/* Under the lock: one seat of the host less. `hall` is the caller's to drop after passing it on. */
static struct hall *stand_up(struct turnstile *turnstile)
{
    turnstile->taken--;
    become_hungry(turnstile);
    return hall_hold(turnstile->hall);
}

/* The seat is free for the next one: of this host, or of whichever host's turn it is. */
static void pass_on(struct hall *hall, const struct desk *own)
{
    atomic_fetch_add(&hall->free, 1);
    serve_hungry(hall, own);
    hall_drop(hall);
}

void ticket_return(struct ticket *ticket)
{
    struct turnstile *turnstile = ticket->turnstile;

    if (ticket->state == TICKET_NONE)
        return;

    pthread_mutex_lock(&turnstile->lock);
    const bool held_seat = ticket->holds_seat;
    const bool is_late = ticket_is_late(ticket) && !held_seat;
    waiting_line_remove(&turnstile->line, &ticket->waiter);
    if (ticket->state == TICKET_WAITING)
        desk_take_back(ticket->desk, &ticket->news);
    struct hall *hall = held_seat ? stand_up(turnstile) : NULL;
    if (is_late)
        turnstile->refused++;
    const bool ends = is_done_with(turnstile);
    pthread_mutex_unlock(&turnstile->lock);
    if (ends)
        turnstile_free(turnstile);

    timer_stop(ticket->desk->loop, &ticket->timer);
    ticket->holds_seat = false;
    ticket->state = TICKET_NONE;
    if (hall)
        pass_on(hall, ticket->desk);
}

struct seat ticket_take_seat(struct ticket *ticket)
{
    if (ticket->state != TICKET_SEATED)
        return (struct seat){ 0 };
    ticket->state = TICKET_NONE;
    ticket->holds_seat = false; /* seated: no other thread looks at it any more */
    return (struct seat){ .turnstile = ticket->turnstile, .desk = ticket->desk };
}

void seat_return(struct seat *seat)
{
    struct turnstile *turnstile = seat->turnstile;

    if (!turnstile)
        return;
    seat->turnstile = NULL;
    pthread_mutex_lock(&turnstile->lock);
    struct hall *hall = stand_up(turnstile);
    const bool ends = is_done_with(turnstile);
    pthread_mutex_unlock(&turnstile->lock);
    if (ends)
        turnstile_free(turnstile);
    pass_on(hall, seat->desk);
}

/* ---- numbers ---- */

struct turnstile_numbers turnstile_numbers(struct turnstile *turnstile)
{
    pthread_mutex_lock(&turnstile->lock);
    const struct turnstile_numbers numbers = {
        .rules = turnstile->rules,
        .taken = turnstile->taken,
        .waiting = turnstile->line.count,
        .seated = turnstile->seated,
        .waited = turnstile->waited,
        .refused = turnstile->refused,
    };
    pthread_mutex_unlock(&turnstile->lock);
    return numbers;
}

unsigned turnstiles_taken(const struct turnstiles *all)
{
    const int taken = (int)atomic_load(&all->hall->total) - atomic_load(&all->hall->free);

    return taken > 0 ? (unsigned)taken : 0; /* the two are not read in one moment */
}

unsigned turnstiles_seats(const struct turnstiles *all)
{
    return atomic_load(&all->hall->total);
}
