/* One worker: started, asked to end, its last words. */
#include "services_private.h"

#include "os/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the beginning ---- */

static char *const *make_arguments(struct arena *arena, const struct rule *rule)
{
    char **argv = arena_array(arena, char *, (size_t)rule->argument_count + 2);

    argv[0] = (char *)rule->interpreter; /* execve(2) promises not to write */
    for (uint32_t i = 0; i < rule->argument_count; i++)
        argv[1 + i] = (char *)rule->arguments[i];
    return argv;
}

/* A pipe whose reading end does not block, while the worker's does. */
static int open_words(bool to_all, int ends[2])
{
    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0) {
        int error = errno;
        fd_close(&ends[0]);
        fd_close(&ends[1]);
        return -error;
    }
    if (to_all) /* a worker of another user may open /dev/stderr anew */
        (void)fchmod(ends[1], 0666);
    return 0;
}

static pid_t launch(struct pool *pool, const struct rule *rule, int words, struct leaf **leaf,
                    struct spawn_fault *ret_fault)
{
    struct spawner *spawner = pool->services->spawner;
    struct arena arena = { 0 };
    struct launch launch = {
        .argv = make_arguments(&arena, rule),
        .envp = launch_environment(&arena, pool->rule->environment, ++spawner->last_number,
                                   rule->confine.tmp),
        .program = rule->interpreter,
        .folder = pool->services->folder,
        .stdio = { pool->listener.fd, words, words },
        .parent = spawner->pid,
        .confine = &rule->confine,
    };
    pid_t pid = launch_in_leaf(spawner, &launch, leaf, ret_fault);

    arena_done(&arena);
    return pid;
}

static void on_words(struct task *task);
static void on_patience_over(struct task *task);

static void enter(struct pool *pool, pid_t pid, struct leaf *leaf, int words)
{
    struct spawner *spawner = pool->services->spawner;
    struct worker *worker = calloc(1, sizeof(*worker));

    if (!worker)
        abort();
    worker->pool = pool;
    worker->program = program_enter(spawner, pid, leaf);
    worker->program->worker = worker;
    worker->program->ends_alone = true;
    worker->started_ms = spawner->loop.now_ms;
    worker->words_task.run = on_words;
    worker->patience_task.run = on_patience_over;
    worker->patience.task = &worker->patience_task;
    io_init_quiet(&worker->words, words, &worker->words_task);
    list_push_back(&pool->workers, &worker->link);
    pool->count++;
    pool->started++;
    loop_wake(&spawner->loop, &worker->words_task);
}

bool worker_start(struct pool *pool, struct spawn_fault *ret_fault)
{
    const struct services *services = pool->services;
    const struct rule *rule = rules_find_service(
        policies_find(&services->spawner->policies, services->generation), pool->rule->rule);
    struct leaf *leaf = NULL;
    int ends[2];

    if (!rule) {
        *ret_fault = (struct spawn_fault){ .stage = SPAWN_STAGE_RULE, .error = EPERM };
        return false;
    }
    int r = open_words(rule->confine.switches, ends);
    if (r < 0) {
        *ret_fault = (struct spawn_fault){ .stage = SPAWN_STAGE_PIPES, .error = -r };
        return false;
    }
    pid_t pid = launch(pool, rule, ends[1], &leaf, ret_fault);
    fd_close(&ends[1]);
    if (pid < 0) {
        fd_close(&ends[0]);
        return false;
    }
    enter(pool, pid, leaf, ends[0]);
    return true;
}

/* ---- its words ---- */

#define READS_MOST 8 /* in one run */

static void end_line(struct worker *worker)
{
    struct slice line = slice_trim_space(slice_of(worker->line, worker->line_len));

    worker->line_len = 0;
    if (line.len == 0)
        return;
    snprintf(worker->pool->last_words, sizeof(worker->pool->last_words), "%.*s", SLICE_ARGS(line));
    pool_say(worker->pool, line);
}

static void take_words(struct worker *worker, const char *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (at[i] == '\n' || worker->line_len == sizeof(worker->line))
            end_line(worker);
        if (at[i] != '\n' && at[i] != '\0')
            worker->line[worker->line_len++] = at[i];
    }
}

static void read_words(struct worker *worker, unsigned most)
{
    char data[4096];

    while (worker->words.readable && most-- > 0) {
        ssize_t got = read(worker->words.fd, data, sizeof(data));

        if (got > 0)
            take_words(worker, data, (size_t)got);
        if (got == 0) /* it has closed both: nothing more comes */
            io_close(&worker->pool->services->spawner->loop, &worker->words);
        if (got < (ssize_t)sizeof(data))
            worker->words.readable = false;
    }
}

static void on_words(struct task *task)
{
    struct worker *worker = container_of(task, struct worker, words_task);
    struct loop *loop = &worker->pool->services->spawner->loop;

    if (worker->words.fd < 0)
        return;
    read_words(worker, READS_MOST);
    if (worker->words.fd < 0)
        return;
    if (worker->words.readable)
        loop_wake_next_turn(loop, task);
    else
        (void)io_wait(loop, &worker->words); /* a worker nobody hears still works */
}

/* ---- the end ---- */

/* Longer than any request should take; a kept connection is let go of much earlier. */
#define REQUEST_MOST_MS (UINT64_C(10) * 60 * 1000)

static bool has_time(const struct worker *worker, uint64_t now_ms)
{
    return worker->holds && worker->farewell != SERVER_GONE &&
           now_ms - worker->asked_ms < REQUEST_MOST_MS;
}

/* It did not end in its time: like any program now, TERM, grace, KILL. */
static void on_patience_over(struct task *task)
{
    struct worker *worker = container_of(task, struct worker, patience_task);
    const struct services *services = worker->pool->services;
    struct loop *loop = &services->spawner->loop;

    worker->patience.fired = false;
    if (has_time(worker, loop->now_ms))
        timer_set(loop, &worker->patience, loop->now_ms + services->rules.patience_ms);
    else
        program_end(worker->program);
}

static void ask_to_end(struct worker *worker)
{
    struct services *services = worker->pool->services;
    struct loop *loop = &services->spawner->loop;
    int signal = gentle_signal(workload_catches(worker->program->pid), worker->use.processes > 1);

    if (signal == 0 && worker->holds)
        return; /* a later look finds it at rest */
    worker->asked = true;
    worker->asked_ms = loop->now_ms;
    kill(worker->program->pid, signal ? signal : SIGTERM);
    kill(worker->program->pid, SIGCONT);
    timer_set(loop, &worker->patience, loop->now_ms + services->rules.patience_ms);
}

void worker_part(struct worker *worker, enum farewell why)
{
    if (worker->farewell == STAYS)
        worker->farewell = why;
    if (!worker->asked)
        ask_to_end(worker);
}

static void release(struct grave *grave)
{
    free(container_of(grave, struct worker, grave));
}

static void let_go(struct worker *worker)
{
    struct loop *loop = &worker->pool->services->spawner->loop;

    io_close(loop, &worker->words);
    timer_stop(loop, &worker->patience);
    loop_forget(loop, &worker->words_task);
    loop_forget(loop, &worker->patience_task);
    list_remove(&worker->link);
    worker->pool->count--;
    worker->program->worker = NULL;
}

void worker_gone(struct worker *worker)
{
    struct pool *pool = worker->pool;

    worker->words.readable = worker->words.fd >= 0;
    read_words(worker, READS_MOST); /* its last */
    end_line(worker);
    let_go(worker);
    pool_on_exit(pool, worker);
    loop_bury(&pool->services->spawner->loop, &worker->grave, release);
}

void worker_free(struct worker *worker)
{
    let_go(worker);
    free(worker);
}
