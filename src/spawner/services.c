/* All pools of workers: adopted, looked at once a second, told about, given up. */
#include "services_private.h"

#include "ipc/handover.h"
#include "os/fd.h"
#include "os/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOLS_BYTES_MOST (64u << 20)
#define LOOK_MS          1000u
#define SOON_MS          100u
#define LINES_MOST       20u /* of one pool's stderr, from look to look */

/* ---- what is told ---- */

static void tell(struct pool *pool, enum handover_kind kind, struct slice text)
{
    spawner_tell(pool->services->spawner,
                 &(struct handover){ .kind = kind, .index = pool->index, .text = text });
}

void pool_say(struct pool *pool, struct slice line)
{
    if (pool->lines++ < LINES_MOST)
        tell(pool, HANDOVER_SAID, line);
    else
        pool->unsaid++;
}

static void say_unsaid(struct pool *pool)
{
    char text[64];

    pool->lines = 0;
    if (pool->unsaid == 0)
        return;
    snprintf(text, sizeof(text), "... and %u more lines within a second", pool->unsaid);
    pool->unsaid = 0;
    tell(pool, HANDOVER_SAID, slice_cstr(text));
}

static void report(struct pool *pool)
{
    struct workers_report report = {
        .started = pool->started,
        .died = pool->died,
        .held_ms = pool->held_until_ms > 0 ? pool->relapse.wait_ms : 0,
        .last_end = slice_cstr(pool->last_end),
    };
    char room[WORKERS_REPORT_MOST];
    struct text text = text_on(room, sizeof(room));

    list_for_each (link, &pool->workers) {
        const struct worker *worker = container_of(link, struct worker, link);
        report.memory_bytes += worker->use.memory_bytes >> 20 << 20; /* not told at each page */
        if (worker->farewell != STAYS)
            report.ending++;
        else if (!worker->settled)
            report.starting++;
        else if (worker->holds)
            report.busy++;
        else
            report.idle++;
    }
    workers_report_encode(&report, &text);
    if (strcmp(text_cstr(&text), pool->told) == 0)
        return;
    snprintf(pool->told, sizeof(pool->told), "%s", text_cstr(&text));
    tell(pool, HANDOVER_WORKERS, text_slice(&text));
}

/* ---- the look ---- */

static void look_at_worker(struct pool *pool, struct worker *worker)
{
    struct workload use;

    if (!workload_of(worker->program->pid, &use))
        return; /* its exit is on the way */
    const bool moved = use.ran_ns != worker->use.ran_ns;
    worker->use = use;
    worker->holds = workload_holds(worker->program->pid, &pool->connections);
    worker->active = worker->holds || moved;
    worker->settled = worker->settled || worker->holds || !moved;
}

static void part_with_worn_out(struct pool *pool)
{
    const struct pool_rule *rule = pool->rule;
    const uint64_t now_ms = pool->services->spawner->loop.now_ms;

    list_for_each (link, &pool->workers) {
        struct worker *worker = container_of(link, struct worker, link);

        if (worker->farewell != STAYS)
            worker_part(worker, worker->farewell); /* perhaps it is at rest now */
        else if (rule->age_ms > 0 && now_ms - worker->started_ms >= rule->age_ms)
            worker_part(worker, TOO_OLD);
        else if (rule->memory_bytes > 0 && worker->use.memory_bytes > rule->memory_bytes)
            worker_part(worker, TOO_BIG);
    }
}

/* The youngest at rest, or NULL. */
static struct worker *find_idle(const struct pool *pool)
{
    for (struct list_link *link = pool->workers.head.prev; link != &pool->workers.head;
         link = link->prev) {
        struct worker *worker = container_of(link, struct worker, link);
        if (worker->farewell == STAYS && worker->settled && !worker->holds)
            return worker;
    }
    return NULL;
}

/* For an unused time fewer would have been enough. */
static void part_with_surplus(struct pool *pool)
{
    unsigned active = 0;

    list_for_each (link, &pool->workers)
        active += container_of(link, struct worker, link)->active;
    const uint64_t now_ms = pool->services->spawner->loop.now_ms;
    if (active > 0)
        pool->used_ms = now_ms;
    peak_note(&pool->need, now_ms, active);

    unsigned kept = peak_most(&pool->need);
    if (kept < pool->rule->least)
        kept = pool->rule->least;
    for (unsigned staying = pool_staying(pool); staying > kept; staying--) {
        struct worker *worker = find_idle(pool);
        if (!worker)
            return;
        worker_part(worker, NOT_NEEDED);
    }
}

static void look_at_pool(struct pool *pool, struct slice table)
{
    connections_find(table, slice_cstr(pool->socket), &pool->connections);
    list_for_each (link, &pool->workers) {
        struct worker *worker = container_of(link, struct worker, link);
        look_at_worker(pool, worker);
        if (pool->services->spawner->loop.now_ms - worker->started_ms >= QUICK_DEATH_MS)
            relapse_over(&pool->relapse);
    }
    part_with_worn_out(pool);
    part_with_surplus(pool);
}

/* ---- the memory of all ---- */

static uint64_t memory_of_all(const struct services *services)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < services->rules.count; i++)
        list_for_each (link, &services->pools[i].workers) {
            const struct worker *worker = container_of(link, struct worker, link);
            if (!worker->asked) /* what is about to end is as good as gone */
                sum += worker->use.memory_bytes;
        }
    return sum;
}

/* The pool that was without work for the longest time and has a worker at rest beyond its least. */
static struct pool *find_giver(const struct services *services)
{
    struct pool *giver = NULL;

    for (uint32_t i = 0; i < services->rules.count; i++) {
        struct pool *pool = &services->pools[i];

        if (pool_staying(pool) > pool->rule->least && find_idle(pool) &&
            (!giver || pool->used_ms < giver->used_ms))
            giver = pool;
    }
    return giver;
}

static bool keep_within(struct services *services, uint64_t expected_bytes)
{
    const uint64_t most = services->rules.memory_bytes;

    while (most > 0 && memory_of_all(services) + expected_bytes > most) {
        struct pool *giver = find_giver(services);
        if (!giver)
            return false;
        worker_part(find_idle(giver), GIVES_ROOM);
    }
    return true;
}

/* A further worker will grow as big as the biggest; before one was looked at nobody knows. */
bool services_have_room(struct services *services, const struct pool *pool)
{
    uint64_t biggest_bytes = 0;

    if (services->rules.memory_bytes == 0)
        return true;
    list_for_each (link, &pool->workers) {
        const struct worker *worker = container_of(link, struct worker, link);
        if (worker->use.memory_bytes > biggest_bytes)
            biggest_bytes = worker->use.memory_bytes;
    }
    return biggest_bytes > 0 && keep_within(services, biggest_bytes);
}

/* ---- once a second ---- */

static unsigned workers_of_all(const struct services *services)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < services->rules.count; i++)
        count += services->pools[i].count;
    return count;
}

static void look(struct services *services)
{
    char *table = NULL;
    size_t len = 0;

    if (connections_read(&table, &len) < 0)
        len = 0; /* then work is seen by the clocks of the workers alone */
    for (uint32_t i = 0; i < services->rules.count; i++)
        if (services->pools[i].socket)
            look_at_pool(&services->pools[i], slice_of(table, len));
    free(table);
    keep_within(services, 0);
    for (uint32_t i = 0; i < services->rules.count; i++) {
        say_unsaid(&services->pools[i]);
        report(&services->pools[i]);
    }
}

static void on_look(struct task *task)
{
    struct services *services = container_of(task, struct services, look_task);
    struct loop *loop = &services->spawner->loop;

    services->look.fired = false;
    if (services->spawner->ending)
        return;
    look(services);
    if (workers_of_all(services) > 0)
        timer_set(loop, &services->look, loop->now_ms + LOOK_MS);
}

void services_stir(struct services *services)
{
    struct loop *loop = &services->spawner->loop;

    if (services->look.due_ms == 0 || services->look.due_ms > loop->now_ms + SOON_MS)
        timer_set(loop, &services->look, loop->now_ms + SOON_MS);
}

/* ---- adopted ---- */

static void pool_open(struct services *services, uint32_t index)
{
    struct pool *pool = &services->pools[index];
    const uint64_t now_ms = services->spawner->loop.now_ms;

    *pool = (struct pool){
        .services = services,
        .rule = &services->rules.pools[index],
        .index = index,
        .listener.fd = -1,
        .task.run = pool_run,
        .timer.task = &pool->task,
        .used_ms = now_ms,
    };
    list_init(&pool->workers);
    peak_init(&pool->need, pool->rule->idle_ms, now_ms, pool->rule->least);
}

int services_adopt(struct spawner *spawner, int fd, const char **ret_why)
{
    struct services *services = calloc(1, sizeof(*services));
    struct parse_fault fault;
    size_t len = 0;

    if (!services)
        abort();
    services->spawner = spawner;
    services->folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    services->look_task.run = on_look;
    services->look.task = &services->look_task;
    *ret_why = "they cannot be read";
    int r =
        services->folder < 0 ? -errno : fd_read_all(fd, POOLS_BYTES_MOST, &services->data, &len);
    if (r == 0 && pools_decode(slice_of(services->data, len), &services->arena, &services->rules,
                               &fault) != PARSE_DONE) {
        *ret_why = fault.why;
        r = -EBADMSG;
    }
    if (r < 0) {
        services->rules.count = 0;
        services_free(services);
        return r;
    }
    services->pools = calloc((size_t)services->rules.count + 1, sizeof(struct pool));
    if (!services->pools)
        abort();
    for (uint32_t i = 0; i < services->rules.count; i++)
        pool_open(services, i);
    spawner->services = services;
    return 0;
}

bool services_take_socket(struct spawner *spawner, uint32_t index, int fd)
{
    struct services *services = spawner->services;
    union socket_address address;

    if (!services || index >= services->rules.count || services->pools[index].listener.fd >= 0 ||
        socket_local_address(fd, &address) < 0 || address.any.sa_family != AF_UNIX)
        return false;
    struct pool *pool = &services->pools[index];
    pool->socket = strndup(address.un.sun_path, sizeof(address.un.sun_path));
    if (!pool->socket)
        abort();
    io_init_quiet(&pool->listener, fd, &pool->task);
    pool_wake(pool);
    return true;
}

bool services_gain_nothing(const struct services *services, const struct rules *rules)
{
    for (uint32_t i = 0; services && i < services->rules.count; i++) {
        const struct rule *rule = rules_find_service(rules, services->rules.pools[i].rule);
        if (rule && !rule->confine.no_new_privs)
            return false;
    }
    return true;
}

void services_begin(struct spawner *spawner)
{
    for (uint32_t i = 0; spawner->services && i < spawner->services->rules.count; i++)
        pool_wake(&spawner->services->pools[i]);
}

/* Their clients are gone with it. */
void services_server_gone(struct spawner *spawner)
{
    for (uint32_t i = 0; spawner->services && i < spawner->services->rules.count; i++)
        list_for_each (link, &spawner->services->pools[i].workers)
            worker_part(container_of(link, struct worker, link), SERVER_GONE);
}

void services_free(struct services *services)
{
    if (!services)
        return;
    struct loop *loop = &services->spawner->loop;
    for (uint32_t i = 0; i < services->rules.count; i++) {
        struct pool *pool = &services->pools[i];
        for (struct list_link *link; (link = list_first(&pool->workers)) != NULL;)
            worker_free(container_of(link, struct worker, link));
        timer_stop(loop, &pool->timer);
        loop_forget(loop, &pool->task);
        io_close(loop, &pool->listener);
        connections_free(&pool->connections);
        free(pool->socket);
    }
    timer_stop(loop, &services->look);
    loop_forget(loop, &services->look_task);
    fd_close(&services->folder);
    arena_done(&services->arena);
    free(services->pools);
    free(services->data);
    free(services);
}
