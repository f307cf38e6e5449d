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
    if (pool->leaves)
        return; /* its number is another's now */
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
    if (kept > pool->rule->most)
        kept = pool->rule->most;
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

    list_for_each (link, &services->all)
        list_for_each (inner, &container_of(link, struct pool, link)->workers) {
            const struct worker *worker = container_of(inner, struct worker, link);
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
        struct pool *pool = services->pools[i];

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

    list_for_each (link, &services->all)
        count += container_of(link, struct pool, link)->count;
    return count;
}

static void pool_free(struct pool *pool);

/* Pools of former generations whose last worker has ended. */
static void free_empty(struct services *services)
{
    struct list_link *link = services->all.head.next;

    while (link != &services->all.head) {
        struct pool *pool = container_of(link, struct pool, link);

        link = link->next;
        if (pool->leaves && pool->count == 0)
            pool_free(pool);
    }
}

static void look(struct services *services)
{
    char *table = NULL;
    size_t len = 0;

    if (connections_read(&table, &len) < 0)
        len = 0; /* then work is seen by the clocks of the workers alone */
    free_empty(services);
    list_for_each (link, &services->all) {
        struct pool *pool = container_of(link, struct pool, link);
        if (pool->socket)
            look_at_pool(pool, slice_of(table, len));
    }
    free(table);
    keep_within(services, 0);
    for (uint32_t i = 0; i < services->rules.count; i++) {
        say_unsaid(services->pools[i]);
        report(services->pools[i]);
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

/* ---- one pool, from generation to generation ---- */

static struct pool *pool_new(struct services *services, const struct pool_rule *rule)
{
    struct pool *pool = calloc(1, sizeof(*pool));
    const uint64_t now_ms = services->spawner->loop.now_ms;

    if (!pool)
        abort();
    *pool = (struct pool){
        .services = services,
        .listener.fd = -1,
        .task.run = pool_run,
        .timer.task = &pool->task,
        .used_ms = now_ms,
    };
    list_init(&pool->workers);
    peak_init(&pool->need, rule->idle_ms, now_ms, rule->least);
    list_push_back(&services->all, &pool->link);
    return pool;
}

static void pool_free(struct pool *pool)
{
    struct loop *loop = &pool->services->spawner->loop;

    for (struct list_link *link; (link = list_first(&pool->workers)) != NULL;)
        worker_free(container_of(link, struct worker, link));
    timer_stop(loop, &pool->timer);
    loop_forget(loop, &pool->task);
    io_close(loop, &pool->listener);
    connections_free(&pool->connections);
    list_remove(&pool->link);
    free(pool->socket);
    free(pool);
}

static void pool_part(struct pool *pool, enum farewell why)
{
    list_for_each (link, &pool->workers)
        worker_part(container_of(link, struct worker, link), why);
}

static struct pool *find_pool(const struct services *services, uint64_t key)
{
    list_for_each (link, &services->all) {
        struct pool *pool = container_of(link, struct pool, link);
        if (!pool->leaves && pool->rule && pool->rule->key == key) /* none yet: it is new */
            return pool;
    }
    return NULL;
}

/* The pool under its rule of this generation; its workers stay if they are what the rule says. */
static struct pool *renew_pool(struct services *services, const struct pool_rule *rule)
{
    struct pool *pool = find_pool(services, rule->key);

    if (!pool)
        return pool_new(services, rule);
    if (pool->rule->idle_ms != rule->idle_ms)
        peak_init(&pool->need, rule->idle_ms, services->spawner->loop.now_ms, pool->count);
    if (pool->rule->definition != rule->definition) {
        relapse_over(&pool->relapse);
        pool->held_until_ms = 0;
        pool_part(pool, IS_CHANGED);
    }
    return pool;
}

/* ---- adopted ---- */

/* What the pools of this generation are; the former are those of `services` until it is over. */
struct renewal {
    struct arena arena;
    char *data;
    struct pools rules;
    struct pool **pools;
};

static int renewal_read(int fd, struct renewal *renewal, const char **ret_why)
{
    struct parse_fault fault;
    size_t len = 0;

    *ret_why = "they cannot be read";
    int r = fd_read_all(fd, POOLS_BYTES_MOST, &renewal->data, &len);
    if (r == 0 && pools_decode(slice_of(renewal->data, len), &renewal->arena, &renewal->rules,
                               &fault) != PARSE_DONE) {
        *ret_why = fault.why;
        r = -EBADMSG;
    }
    return r;
}

static void release_rules(struct services *services)
{
    arena_done(&services->arena);
    free(services->pools);
    free(services->data);
}

/* What is in no list of pools any more ends when its workers have. */
static void leave_rest(struct services *services)
{
    static const struct pool_rule of_none = { .name = SLICE_INIT("that is gone"),
                                              .most = 1,
                                              .capacity = 1 };

    list_for_each (link, &services->all) {
        struct pool *pool = container_of(link, struct pool, link);

        if (pool->rule || pool->leaves)
            continue;
        pool->leaves = true;
        pool->rule = &of_none;
        io_close(&services->spawner->loop, &pool->listener);
        pool_part(pool, IS_GONE);
    }
}

static void renew(struct services *services, struct renewal *renewal, uint64_t generation)
{
    renewal->pools = calloc((size_t)renewal->rules.count + 1, sizeof(struct pool *));
    if (!renewal->pools)
        abort();
    for (uint32_t i = 0; i < renewal->rules.count; i++)
        renewal->pools[i] = renew_pool(services, &renewal->rules.pools[i]);
    list_for_each (link, &services->all)
        if (!container_of(link, struct pool, link)->leaves)
            container_of(link, struct pool, link)->rule = NULL;
    for (uint32_t i = 0; i < renewal->rules.count; i++) {
        renewal->pools[i]->rule = &renewal->rules.pools[i];
        renewal->pools[i]->index = i;
        renewal->pools[i]->told[0] = '\0';
    }
    leave_rest(services);
    release_rules(services);
    services->arena = renewal->arena;
    services->data = renewal->data;
    services->rules = renewal->rules;
    services->pools = renewal->pools;
    services->generation = generation;
    services_begin(services->spawner);
    services_stir(services);
}

static int services_open(struct spawner *spawner)
{
    struct services *services = calloc(1, sizeof(*services));

    if (!services)
        abort();
    services->spawner = spawner;
    list_init(&services->all);
    services->folder = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    services->look_task.run = on_look;
    services->look.task = &services->look_task;
    if (services->folder < 0) {
        int error = errno;
        free(services);
        return -error;
    }
    spawner->services = services;
    return 0;
}

int services_adopt(struct spawner *spawner, int fd, uint64_t generation, const char **ret_why)
{
    struct renewal renewal = { 0 };
    int r = renewal_read(fd, &renewal, ret_why);

    if (r == 0 && !spawner->services)
        r = services_open(spawner);
    if (r < 0) {
        arena_done(&renewal.arena);
        free(renewal.data);
        return r;
    }
    renew(spawner->services, &renewal, generation);
    return 0;
}

bool services_take_socket(struct spawner *spawner, uint32_t index, int fd)
{
    struct services *services = spawner->services;
    union socket_address address;

    if (!services || index >= services->rules.count || services->pools[index]->listener.fd >= 0 ||
        socket_local_address(fd, &address) < 0 || address.any.sa_family != AF_UNIX)
        return false;
    struct pool *pool = services->pools[index];
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
        pool_wake(spawner->services->pools[i]);
}

/* Their clients are gone with it. */
void services_server_gone(struct spawner *spawner)
{
    if (!spawner->services)
        return;
    list_for_each (link, &spawner->services->all)
        pool_part(container_of(link, struct pool, link), SERVER_GONE);
}

void services_free(struct services *services)
{
    if (!services)
        return;
    struct loop *loop = &services->spawner->loop;
    for (struct list_link *link; (link = list_first(&services->all)) != NULL;)
        pool_free(container_of(link, struct pool, link));
    timer_stop(loop, &services->look);
    loop_forget(loop, &services->look_task);
    fd_close(&services->folder);
    release_rules(services);
    free(services);
}
