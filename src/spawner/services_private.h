#ifndef SERVICES_PRIVATE_H
#define SERVICES_PRIVATE_H

/*
 * Workers of our own: FastCGI programs that the spawner keeps ready.
 *
 *   services.c  all pools: adopted, looked at once a second, told about, given up
 *   pool.c      one pool: how many workers, when a further one
 *   worker.c    one worker: started, asked to end, its last words
 *   judge.c     the decisions, as functions of numbers
 *
 * The listening socket of a pool is the message: while no worker takes a connection out of it, it
 * is readable. So the server only connects; nobody tells the spawner about requests.
 */
#include "ipc/pools.h"
#include "ipc/workers_report.h"
#include "loop/loop.h"
#include "os/workload.h"
#include "spawner_private.h"

/* ---- judge.c ---- */

/* A worker that dies within this time has never been well. */
#define QUICK_DEATH_MS 3000u

/* How a row of quick deaths slows down the starts: none for the first two, then 0.1 s ... 30 s. */
struct relapse {
    unsigned row;
    uint64_t wait_ms;
    bool said; /* that it goes on and on */
};

/* A death that nobody asked for. Returns how long to wait for the next start, 0: not at all. */
uint64_t relapse_note(struct relapse *relapse, uint64_t lived_ms);
void relapse_over(struct relapse *relapse);

/* Status 0: it has served its number of requests, if it lived long enough for them. */
bool is_served_out(int status, uint64_t requests, uint64_t lived_ms);

/* The most of a number over a time, in slices of half of it: known for that time at least. */
struct peak {
    uint64_t slice_ms;
    uint64_t since_ms;
    unsigned now;
    unsigned before[2];
};
void peak_init(struct peak *peak, uint64_t over_ms, uint64_t now_ms, unsigned number);
void peak_note(struct peak *peak, uint64_t now_ms, unsigned number);
unsigned peak_most(const struct peak *peak);

/* Connections that wait are seen; how many workers are to be started now? */
#define STUCK_MS 1000u
struct demand {
    unsigned workers;     /* that go on */
    unsigned room;        /* for further ones */
    unsigned capacity;    /* of one */
    size_t engaged;       /* connections accepted */
    size_t waiting;       /* at least 1 */
    uint64_t since_ms;    /* there was none for so long without one waiting */
    uint64_t youngest_ms; /* age of the youngest worker */
};
unsigned demand_starts(const struct demand *demand);

/*
 * The signal by which a worker ends after its request: SIGUSR1 for those who listen to it (libfcgi,
 * php-cgi), SIGTERM for those who listen to that. 0: it would end in the middle.
 */
int gentle_signal(uint64_t caught, bool has_children);

/* ---- worker.c ---- */

enum farewell {
    STAYS,
    TOO_OLD,
    TOO_BIG,
    NOT_NEEDED,
    GIVES_ROOM,
    SERVER_GONE,
    HOUSE_ENDS,
    IS_CHANGED, /* another generation has other workers in this pool */
    IS_GONE,    /* ... or no such pool */
};

/*
 * STARTING ──seen at rest, or with a connection──> idle, busy ──farewell──> asked ──> gone
 */
struct worker {
    struct pool *pool;
    struct program *program;
    struct list_link link;
    struct io words; /* its stderr and stdout */
    struct task words_task;
    char line[512];
    size_t line_len;
    uint64_t started_ms;
    struct workload use; /* as last seen */
    bool settled;
    bool holds;  /* a connection */
    bool active; /* holds one, or has worked since the look before */
    enum farewell farewell;
    bool asked; /* to end, and heard it */
    uint64_t asked_ms;
    struct timer patience;
    struct task patience_task;
    struct grave grave;
};

/* False: *ret_fault says why. */
bool worker_start(struct pool *pool, struct spawn_fault *ret_fault);

/* It is to end as soon as its request is finished. Harmless when repeated. */
void worker_part(struct worker *worker, enum farewell why);

/* Its program has exited; it is in no list afterwards, and buried. */
void worker_gone(struct worker *worker);

/* For spawner_close(): nothing is said. */
void worker_free(struct worker *worker);

/* ---- pool.c ---- */

struct pool {
    struct services *services;
    struct list_link link;        /* of services->all */
    const struct pool_rule *rule; /* borrowed from services; NULL: while it is new */
    bool leaves;                  /* no generation has it: it goes with its last worker */
    unsigned index;
    char *socket; /* owned: its path; NULL before the socket came */
    struct io listener;
    struct task task;
    struct timer timer; /* the next look at waiting connections, or the end of a pause */
    struct list workers;
    unsigned count;
    uint64_t waiting_since_ms; /* 0: nothing waits */
    uint64_t held_until_ms;    /* 0: no pause */
    struct relapse relapse;
    struct peak need;
    uint64_t used_ms; /* when a worker was last active */
    struct connections connections;
    uint64_t started;
    uint64_t died;
    unsigned lines; /* said in this second */
    unsigned unsaid;
    char last_words[160];
    char last_end[240];
    char told[WORKERS_REPORT_MOST];
};

void pool_run(struct task *task);
void pool_wake(struct pool *pool);

/* A worker of it has exited. */
void pool_on_exit(struct pool *pool, const struct worker *worker);

/* Workers that are not about to end. */
unsigned pool_staying(const struct pool *pool);

/* ---- services.c ---- */

struct services {
    struct spawner *spawner;
    struct arena arena;
    char *data; /* owned: the bytes of the pools */
    struct pools rules;
    uint64_t generation;
    struct pool **pools; /* owned array: those of this generation, by number */
    struct list all;     /* owned: and those that leave */
    int folder;          /* in which workers run */
    struct timer look;
    struct task look_task;
};

/* Room in the memory of all; asks another pool for it. */
bool services_have_room(struct services *services, const struct pool *pool);

/* Something has changed: a look soon. */
void services_stir(struct services *services);

void pool_say(struct pool *pool, struct slice line);

#endif
