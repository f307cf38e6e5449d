/* One pool of workers: how many there are, and when a further one is started. */
#include "services_private.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define GLANCE_MS 5u  /* a worker at rest takes a connection within that */
#define TICK_MS   20u /* while connections wait */

static struct loop *loop_of(const struct pool *pool)
{
    return &pool->services->spawner->loop;
}

void pool_wake(struct pool *pool)
{
    loop_wake(loop_of(pool), &pool->task);
}

unsigned pool_staying(const struct pool *pool)
{
    unsigned count = 0;

    list_for_each (link, &pool->workers)
        count += container_of(link, struct worker, link)->farewell == STAYS;
    return count;
}

/* ---- starts ---- */

static const char *stage_text(enum spawn_stage stage)
{
    switch (stage) {
    case SPAWN_STAGE_RULE:
        return "the policy does not let it run";
    case SPAWN_STAGE_PIPES:
        return "no pipe";
    case SPAWN_STAGE_LIMITS:
        return "its limits cannot be set";
    case SPAWN_STAGE_USER:
        return "it cannot become its user";
    case SPAWN_STAGE_GROUP:
        return "no control group with its limits";
    case SPAWN_STAGE_FOLDER:
        return "it cannot enter its folder";
    case SPAWN_STAGE_EXEC:
        return "it cannot be executed";
    default:
        return "no process";
    }
}

/* Those who die while no further one is started anyway died of the same. */
static void note_death(struct pool *pool, uint64_t lived_ms)
{
    const uint64_t now_ms = loop_of(pool)->now_ms;

    pool->died++;
    if (pool->held_until_ms > now_ms)
        return;
    uint64_t wait_ms = relapse_note(&pool->relapse, lived_ms);
    pool->held_until_ms = wait_ms > 0 ? now_ms + wait_ms : 0;
}

/* Said once in a row; the reason stays in `longhouse status`. */
static void say_row(struct pool *pool)
{
    if (pool->relapse.said || pool->relapse.wait_ms == 0)
        return;
    pool->relapse.said = true;
    spawner_complain(pool->services->spawner,
                     "FastCGI %.*s: worker after worker ends at once: %s; the next starts are "
                     "tried in 0.1 s to 30 s, until one stays; requests wait meanwhile",
                     SLICE_ARGS(pool->rule->name), pool->last_end);
}

static bool start_one(struct pool *pool)
{
    struct spawn_fault fault;

    if (worker_start(pool, &fault)) {
        services_stir(pool->services);
        return true;
    }
    snprintf(pool->last_end, sizeof(pool->last_end), "not started: %s: %s", stage_text(fault.stage),
             strerror(fault.error));
    note_death(pool, 0);
    say_row(pool);
    services_stir(pool->services);
    return false;
}

/* A pool without a worker gets one whatever the others use. After a row of deaths one has to show
 * first that it stays. */
static void start_some(struct pool *pool, unsigned wanted)
{
    if (pool->relapse.wait_ms > 0 && wanted > 0)
        wanted = pool->count == 0;
    while (wanted-- > 0 && pool->held_until_ms == 0) {
        if (pool->count > 0 && !services_have_room(pool->services, pool))
            return;
        if (!start_one(pool))
            return;
    }
}

/* There may be more than are wanted now: another generation may want fewer. */
static unsigned room_of(const struct pool *pool)
{
    return pool->count < pool->rule->most ? pool->rule->most - pool->count : 0;
}

static void fill_up(struct pool *pool)
{
    unsigned staying = pool_staying(pool);
    unsigned room = room_of(pool);

    if (staying < pool->rule->least) {
        unsigned wanted = pool->rule->least - staying;
        start_some(pool, wanted < room ? wanted : room);
    }
}

/* ---- connections that wait ---- */

static bool has_waiting(const struct pool *pool)
{
    struct pollfd listener = { .fd = pool->listener.fd, .events = POLLIN };

    return poll(&listener, 1, 0) > 0;
}

static uint64_t youngest_ms(const struct pool *pool)
{
    const struct list_link *last = list_last(&pool->workers);

    return last ? loop_of(pool)->now_ms - container_of(last, struct worker, link)->started_ms : 0;
}

/* Without the table of sockets one more worker is started at each tick. */
static struct demand look_at_demand(struct pool *pool)
{
    struct demand demand = {
        .workers = pool_staying(pool),
        .room = room_of(pool),
        .capacity = pool->rule->capacity,
        .since_ms = loop_of(pool)->now_ms - pool->waiting_since_ms,
        .youngest_ms = youngest_ms(pool),
    };
    char *table;
    size_t len;

    if (connections_read(&table, &len) == 0) {
        connections_find(slice_of(table, len), slice_cstr(pool->socket), &pool->connections);
        demand.engaged = pool->connections.count;
        demand.waiting = pool->connections.waiting;
        free(table);
    } else {
        demand.engaged = (size_t)demand.workers * demand.capacity;
        demand.waiting = 1;
    }
    return demand;
}

/* When to look again; 0: when the socket says so. */
static uint64_t meet_demand(struct pool *pool)
{
    if (!has_waiting(pool)) {
        pool->waiting_since_ms = 0;
        pool->listener.readable = false;
        return 0;
    }
    if (pool->waiting_since_ms == 0) {
        pool->waiting_since_ms = loop_of(pool)->now_ms;
        if (pool->count > 0)
            return GLANCE_MS;
    }
    const struct demand demand = look_at_demand(pool);
    start_some(pool, demand_starts(&demand));
    return TICK_MS;
}

static void pool_advance(struct pool *pool)
{
    struct loop *loop = loop_of(pool);
    uint64_t again_ms = 0;

    if (pool->held_until_ms > loop->now_ms) {
        pool->listener.readable = true; /* not watched for */
        timer_set(loop, &pool->timer, pool->held_until_ms);
    } else {
        pool->held_until_ms = 0;
        fill_up(pool);
        pool->listener.readable = true;
        if (pool->count < pool->rule->most && pool->held_until_ms == 0)
            again_ms = meet_demand(pool);
        if (pool->held_until_ms > 0)
            timer_set(loop, &pool->timer, pool->held_until_ms);
        else if (again_ms > 0)
            timer_set(loop, &pool->timer, loop->now_ms + again_ms);
    }
    if (io_wait(loop, &pool->listener) <
        0) /* no descriptor to watch with: looked at again and again */
        timer_set(loop, &pool->timer, loop->now_ms + STUCK_MS);
}

void pool_run(struct task *task)
{
    struct pool *pool = container_of(task, struct pool, task);
    const struct spawner *spawner = pool->services->spawner;

    pool->timer.fired = false;
    if (pool->listener.fd >= 0 && spawner->policies.newest && !spawner->ending)
        pool_advance(pool);
}

/* ---- ends ---- */

static const char *const farewells[] = {
    [STAYS] = "",
    [TOO_OLD] = "WorkerAge was reached",
    [TOO_BIG] = "WorkerMemory was reached",
    [NOT_NEEDED] = "it was not needed any more",
    [GIVES_ROOM] = "another pool needed its memory (WorkersMemory)",
    [SERVER_GONE] = "the server process was gone",
    [HOUSE_ENDS] = "the house ends",
    [IS_CHANGED] = "the configuration of its pool has changed",
    [IS_GONE] = "the configuration has no such pool any more",
};

static void describe_end(struct pool *pool, const struct worker *worker, uint64_t lived_ms)
{
    const int status = worker->program->status;
    char how[64];

    if (WIFSIGNALED(status))
        snprintf(how, sizeof(how), "was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(how, sizeof(how), "exited with status %d", WEXITSTATUS(status));
    struct text text = text_on(pool->last_end, sizeof(pool->last_end));
    text_printf(&text, "%s after %" PRIu64 ".%" PRIu64 " s", how, lived_ms / 1000,
                lived_ms % 1000 / 100);
    if (worker->farewell != STAYS)
        text_printf(&text, ": %s", farewells[worker->farewell]);
    else if (pool->last_words[0] != '\0')
        text_printf(&text, "; its last words: %s", pool->last_words);
    text_cstr(&text);
}

static void on_death(struct pool *pool, const struct worker *worker, uint64_t lived_ms)
{
    note_death(pool, lived_ms);
    if (pool->relapse.row <= 1)
        spawner_complain(pool->services->spawner, "FastCGI %.*s: worker %d %s",
                         SLICE_ARGS(pool->rule->name), (int)worker->program->pid, pool->last_end);
    say_row(pool);
}

void pool_on_exit(struct pool *pool, const struct worker *worker)
{
    const uint64_t lived_ms = loop_of(pool)->now_ms - worker->started_ms;
    const int status = worker->program->status;

    if (pool->services->spawner->ending)
        return;
    describe_end(pool, worker, lived_ms);
    if (is_served_out(status, pool->rule->requests, lived_ms))
        relapse_over(&pool->relapse);
    else if (worker->farewell == STAYS)
        on_death(pool, worker, lived_ms);
    pool->last_words[0] = '\0';
    pool_wake(pool);
    services_stir(pool->services);
}
