/* Decisions about workers, as functions of numbers. */
#include "services_private.h"

#include <signal.h>
#include <sys/wait.h>

/* ---- deaths ---- */

#define FREE_DEATHS   2u
#define WAIT_FIRST_MS 100u
#define WAIT_MOST_MS  30000u

uint64_t relapse_note(struct relapse *relapse, uint64_t lived_ms)
{
    if (lived_ms >= QUICK_DEATH_MS) {
        relapse_over(relapse);
        return 0;
    }
    if (++relapse->row <= FREE_DEATHS)
        return 0;
    uint64_t wait_ms = relapse->wait_ms ? 2 * relapse->wait_ms : WAIT_FIRST_MS;
    relapse->wait_ms = wait_ms < WAIT_MOST_MS ? wait_ms : WAIT_MOST_MS;
    return relapse->wait_ms;
}

void relapse_over(struct relapse *relapse)
{
    *relapse = (struct relapse){ 0 };
}

/*
 * A program that is no FastCGI program may end with status 0 as well, at once and again and again.
 * Nobody counts requests here, so the time decides: no program starts in less than 10 ms and
 * answers in less than 50 microseconds.
 */
bool is_served_out(int status, uint64_t requests, uint64_t lived_ms)
{
    return requests > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
           lived_ms >= 10 + requests / 20;
}

/* ---- how many are needed ---- */

void peak_init(struct peak *peak, uint64_t over_ms, uint64_t now_ms, unsigned number)
{
    *peak = (struct peak){
        .slice_ms = over_ms / 2 > 0 ? over_ms / 2 : 1,
        .since_ms = now_ms,
        .now = number,
        .before = { number, number },
    };
}

void peak_note(struct peak *peak, uint64_t now_ms, unsigned number)
{
    if (now_ms - peak->since_ms >= peak->slice_ms) {
        peak->before[1] = peak->before[0];
        peak->before[0] = peak->now;
        peak->now = 0;
        peak->since_ms = now_ms;
    }
    if (number > peak->now)
        peak->now = number;
}

unsigned peak_most(const struct peak *peak)
{
    unsigned most = peak->now;

    for (int i = 0; i < 2; i++)
        if (peak->before[i] > most)
            most = peak->before[i];
    return most;
}

/*
 * Free workers will take what waits as soon as they are there; a further one is started for each
 * connection beyond. Those who should be there for long and still take nothing (one that was
 * stopped, one that serves several connections in another way than we think) are not waited for.
 */
unsigned demand_starts(const struct demand *demand)
{
    const size_t places = (size_t)demand->workers * demand->capacity;
    const size_t free = places > demand->engaged ? places - demand->engaged : 0;
    size_t wanted = 0;

    if (demand->waiting > free)
        wanted = (demand->waiting - free + demand->capacity - 1) / demand->capacity;
    else if (demand->since_ms >= STUCK_MS && demand->youngest_ms >= STUCK_MS)
        wanted = 1;
    return wanted < demand->room ? (unsigned)wanted : demand->room;
}

/* ---- the end ---- */

static bool has(uint64_t caught, int signal)
{
    return caught & UINT64_C(1) << (signal - 1);
}

/* The parent of php-cgi's children passes SIGTERM on to them, and nothing else. */
int gentle_signal(uint64_t caught, bool has_children)
{
    if (has(caught, SIGUSR1) && !has_children)
        return SIGUSR1;
    return has(caught, SIGTERM) ? SIGTERM : 0;
}
