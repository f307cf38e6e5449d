#ifndef GATEWAY_TURNSTILE_H
#define GATEWAY_TURNSTILE_H

/*
 * Seats for programs, and a fair waiting line before them: busy is not broken. Each host has a
 * turnstile with its own number of seats (MaxCGI), and all of them share a total (MaxCGItotal).
 * Hosts take turns for the total, clients take turns within a host. A request waits until its turn
 * comes, its time is over, or it leaves.
 *
 * Shared by all reactors. Taking a free seat and giving it back is one short lock of the host each;
 * the lock over all hosts is taken only while somebody waits. One who waits in another reactor
 * hears of the seat by letter, through the desk of that reactor.
 *
 *   ticket:  NONE ──take──> SEATED                 SEATED, WAITING, REFUSED ──return──> NONE
 *                 └───────> WAITING ──> SEATED
 *                 └───────> REFUSED <── WAITING    (the line was full)
 */
#include "base/text.h"
#include "gateway/desk.h"
#include "gateway/waiting_line.h"
#include "loop/loop.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct turnstile;  /* of one host */
struct turnstiles; /* a set of them, with the total */

struct turnstile_rules {
    unsigned seats;
    unsigned line_most; /* how many may wait; 0: nobody */
    uint64_t wait_ms;   /* for so long */
};

/* Turnstiles 0 ... count - 1; set each one's rules before the first ticket. */
struct turnstiles *turnstiles_new(unsigned total_seats, unsigned count);

/*
 * Another set, as of another generation of the configuration, with the same total: its turnstile i
 * is kept[i] of the former, with who sits and waits there; with a number that the former does not
 * have it is a fresh one. Sets are made and freed by one thread.
 */
struct turnstiles *turnstiles_renew(struct turnstiles *former, unsigned count,
                                    const unsigned *kept);

/* Nobody takes a ticket from it any more. Seats that are still taken are returned all the same. */
void turnstiles_free(struct turnstiles *all);

/* Also while they are in use: who waits is seated when there are more seats now; who sits stays. */
void turnstiles_set(struct turnstiles *all, unsigned index, struct turnstile_rules rules);
void turnstiles_set_total(struct turnstiles *all, unsigned total_seats);

struct turnstile *turnstiles_at(struct turnstiles *all, unsigned index);

/* ---- tickets ---- */

enum ticket_state {
    TICKET_NONE,
    TICKET_WAITING,
    TICKET_SEATED,
    TICKET_REFUSED, /* the line is full */
};

/* One request's; embedded, used by the thread of its desk only. Zeroed is a fresh one. */
struct ticket {
    struct turnstile *turnstile; /* borrowed, as all pointers */
    struct desk *desk;
    struct task *task; /* woken when the state has changed */
    enum ticket_state state;
    struct timer timer;        /* of its patience, while it waits */
    struct waiter waiter;      /* under the lock of the turnstile */
    bool holds_seat;           /* under the lock of the turnstile */
    struct desk_note news;     /* its fate was decided by another thread */
    enum ticket_state decided; /* until the news is read */
};

/* Takes a seat if one is free, else a place in the line. Returns the state. */
enum ticket_state ticket_take(struct ticket *ticket, struct turnstile *turnstile, struct desk *desk,
                              struct task *task, const union socket_address *client);

/* It waits, and has waited as long as the rules allow. */
static inline bool ticket_is_late(const struct ticket *ticket)
{
    return ticket->state == TICKET_WAITING && ticket->timer.fired;
}

/* Gives back the seat or the place in the line. Must be called before the memory goes; harmless
 * when repeated. */
void ticket_return(struct ticket *ticket);

/* A seat apart from its ticket: for what outlives the request. {0} is none. */
struct seat {
    struct turnstile *turnstile;
    struct desk *desk;
};

/* The seat of a ticket that is SEATED; the ticket is NONE then. From others: no seat. */
struct seat ticket_take_seat(struct ticket *ticket);

/* In the thread of its desk; harmless on none. */
void seat_return(struct seat *seat);

/* ---- numbers ---- */

struct turnstile_numbers {
    struct turnstile_rules rules;
    unsigned taken;
    unsigned waiting;
    uint64_t seated;  /* ever */
    uint64_t waited;  /* of them, how many had to wait */
    uint64_t refused; /* ever: the line was full, or the time was over */
};
struct turnstile_numbers turnstile_numbers(struct turnstile *turnstile);

/* In all: seats that are taken now, and how many there are. */
unsigned turnstiles_taken(const struct turnstiles *all);
unsigned turnstiles_seats(const struct turnstiles *all);

#endif
