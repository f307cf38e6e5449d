#include "gateway/turnstile.h"

#include <assert.h>
#include <stdlib.h>

/*
 * Order of locks: the turnstile's, then one of `all` or of a desk. The lock of `all` is never held
 * while a turnstile's is waited for.
 *
 * How no seat is forgotten: `free` and `hungry_count` are both sequentially consistent. Who becomes
 * hungry counts itself first and looks for a free seat then; who frees a seat counts it first and
 * looks for the hungry then. So at least one of the two sees the other.
 */
struct turnstile {
    struct turnstiles *all; /* borrowed */
    pthread_mutex_t lock;   /* guards what follows */
    struct turnstile_rules rules;
    struct waiting_line line;
    unsigned taken;
    uint64_t seated;
    uint64_t waited;
    uint64_t refused;
    bool hungry;                  /* in, or on its way out of, all->hungry */
    struct list_link hungry_link; /* under the lock of `all` */
};

struct turnstiles {
    _Atomic unsigned free; /* of the total */
    _Atomic unsigned hungry_count;
    pthread_mutex_t lock; /* guards `hungry` */
    struct list hungry;   /* hosts that have somebody to seat, in the order of their turns */
    unsigned total;
    unsigned count;
    struct turnstile turnstiles[];
};

/* ---- the house ---- */

struct turnstiles *turnstiles_new(unsigned total_seats, unsigned count)
{
    struct turnstiles *all = calloc(1, sizeof(*all) + count * sizeof(all->turnstiles[0]));

    if (!all)
        abort();
    atomic_init(&all->free, total_seats);
    atomic_init(&all->hungry_count, 0);
    pthread_mutex_init(&all->lock, NULL);
    list_init(&all->hungry);
    all->total = total_seats;
    all->count = count;
    for (unsigned i = 0; i < count; i++) {
        all->turnstiles[i].all = all;
        pthread_mutex_init(&all->turnstiles[i].lock, NULL);
        waiting_line_init(&all->turnstiles[i].line);
    }
    return all;
}

void turnstiles_free(struct turnstiles *all)
{
    if (!all)
        return;
    for (unsigned i = 0; i < all->count; i++) {
        waiting_line_done(&all->turnstiles[i].line);
        pthread_mutex_destroy(&all->turnstiles[i].lock);
    }
    pthread_mutex_destroy(&all->lock);
    free(all);
}

void turnstiles_set(struct turnstiles *all, unsigned index, struct turnstile_rules rules)
{
    assert(index < all->count);
    all->turnstiles[index].rules = rules;
}

struct turnstile *turnstiles_at(struct turnstiles *all, unsigned index)
{
    assert(index < all->count);
    return &all->turnstiles[index];
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

static bool take_of_total(struct turnstiles *all)
{
    unsigned free = atomic_load(&all->free);

    while (free > 0)
        if (atomic_compare_exchange_weak(&all->free, &free, free - 1))
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
    struct turnstiles *all = turnstile->all;

    if (turnstile->hungry || !could_seat(turnstile))
        return;
    turnstile->hungry = true;
    pthread_mutex_lock(&all->lock);
    list_push_back(&all->hungry, &turnstile->hungry_link);
    atomic_fetch_add(&all->hungry_count, 1);
    pthread_mutex_unlock(&all->lock);
}

static struct turnstile *next_hungry(struct turnstiles *all)
{
    pthread_mutex_lock(&all->lock);
    struct list_link *link = list_pop_front(&all->hungry);
    if (link)
        atomic_fetch_sub(&all->hungry_count, 1);
    pthread_mutex_unlock(&all->lock);
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
    pthread_mutex_unlock(&turnstile->lock);
    return seated;
}

/* Deals out what is free to those who wait. Without any lock. */
static void serve_hungry(struct turnstiles *all, const struct desk *own)
{
    while (atomic_load(&all->hungry_count) > 0 && take_of_total(all)) {
        struct turnstile *turnstile = next_hungry(all);

        if (!turnstile || !seat_next(turnstile, own))
            atomic_fetch_add(&all->free, 1);
    }
}

/* ---- tickets ---- */

/* A newcomer must not pass those who wait, in this host or for the total. */
static bool sit_down(struct turnstile *turnstile, struct ticket *ticket)
{
    if (turnstile->line.count > 0 || turnstile->taken >= turnstile->rules.seats ||
        atomic_load(&turnstile->all->hungry_count) > 0 || !take_of_total(turnstile->all))
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
        serve_hungry(turnstile->all, desk);
    return ticket->state;
}

/* The seat is free for the next one: of this host, or of whichever host's turn it is. */
static void pass_on(struct turnstile *turnstile, const struct desk *own)
{
    atomic_fetch_add(&turnstile->all->free, 1);
    serve_hungry(turnstile->all, own);
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
    if (held_seat) {
        turnstile->taken--;
        become_hungry(turnstile);
    }
    if (is_late)
        turnstile->refused++;
    pthread_mutex_unlock(&turnstile->lock);

    timer_stop(ticket->desk->loop, &ticket->timer);
    ticket->holds_seat = false;
    ticket->state = TICKET_NONE;
    if (held_seat)
        pass_on(turnstile, ticket->desk);
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
    turnstile->taken--;
    become_hungry(turnstile);
    pthread_mutex_unlock(&turnstile->lock);
    pass_on(turnstile, seat->desk);
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
    return all->total - atomic_load(&all->free);
}

unsigned turnstiles_seats(const struct turnstiles *all)
{
    return all->total;
}
