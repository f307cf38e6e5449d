/* What is handed to whom, and in which order: start, restart, stop. */
#include "supervisor_private.h"

#include "os/fd.h"
#include "os/notify.h"
#include "os/pass.h"
#include "os/strays.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATIENCE_MS 2000u /* beyond the time that a child was given to end */

/* ---- handing over ---- */

static bool is_spawner(const struct child *child)
{
    const struct child *first = child->house->spawners;

    return child >= first && child < first + SPAWNERS_MOST;
}

static unsigned number_of(const struct child *spawner)
{
    return (unsigned)(spawner - spawner->house->spawners);
}

static unsigned spawners_alive(const struct house *house)
{
    unsigned count = 0;

    for (unsigned i = 0; i < house->plan.spawners; i++)
        count += house->spawners[i].pid > 0;
    return count;
}

/* One channel for each reactor that this spawner serves, one end to each child. */
static void connect_spawner(struct house *house, struct child *spawner)
{
    for (unsigned i = number_of(spawner); i < house->plan.reactors; i += house->plan.spawners) {
        scoped_fd to_server = -1;
        scoped_fd to_spawner = -1;
        int r = pass_pair(&to_server, &to_spawner);

        if (r < 0) {
            log_error(&house->journal.log, "reactor %u goes without programs: no channel: %s", i,
                      strerror(-r));
            continue;
        }
        child_send(spawner, &(struct handover){ .kind = HANDOVER_CHANNEL, .index = i }, to_spawner);
        child_send(&house->server,
                   &(struct handover){
                       .kind = HANDOVER_SPAWNER, .index = i, .number = (uint64_t)spawner->pid },
                   to_server);
    }
}

void house_hand_over_logs(struct house *house)
{
    for (const struct log_entry *entry = house->logs.first; entry; entry = entry->next)
        if (entry->fd >= 0)
            child_send(&house->server,
                       &(struct handover){ .kind = HANDOVER_LOG, .text = slice_cstr(entry->path) },
                       entry->fd);
}

static void hand_over_all(struct house *house)
{
    struct child *server = &house->server;

    child_send(server, &(struct handover){ .kind = HANDOVER_BUNDLE, .number = house->generation },
               house->bundle_fd);
    for (unsigned i = 0; i < house->ports.count; i++)
        child_send(server, &(struct handover){ .kind = HANDOVER_LISTENER, .index = i },
                   house->ports.fds[i]);
    house_hand_over_logs(house);
    if (house->places.control_fd >= 0)
        child_send(server, &(struct handover){ .kind = HANDOVER_CONTROL },
                   house->places.control_fd);
    if (house->key[0] != '\0')
        child_send(server,
                   &(struct handover){ .kind = HANDOVER_KEY, .text = slice_cstr(house->key) }, -1);
    for (unsigned i = 0; i < house->plan.spawners; i++)
        if (house->spawners[i].pid > 0)
            connect_spawner(house, &house->spawners[i]);
    if (house->resolver.pid > 0)
        names_connect(house);
    child_send(server, &(struct handover){ .kind = HANDOVER_LEGACY }, house->legacy_fd);
    child_send(server, &(struct handover){ .kind = HANDOVER_GO, .number = house->plan.reactors },
               -1);
    workers_tell_all(&house->workers, server);
    reload_tell(house);
}

/* ---- starts ---- */

static void start_again_later(struct child *child);
static void fail_start(struct house *house, const struct child *child, const char *why);

/* The messages of a fresh child follow one another in its channel: it need not be waited for. */
static void start(struct child *child)
{
    struct house *house = child->house;
    int r = child_start(child);

    if (r < 0 && (house->phase == PHASE_RUNNING || child == &house->resolver)) {
        log_error(&house->journal.log, "the %s cannot be started: %s", child->name, strerror(-r));
        start_again_later(child);
        return;
    }
    if (r < 0) {
        fail_start(house, child, strerror(-r));
        return;
    }
    if (child == &house->server) {
        hand_over_all(house);
        return;
    }
    if (child == &house->resolver) {
        if (house->server.pid > 0)
            names_connect(house);
        return;
    }
    if (child == &house->acme)
        return;
    if (house->groups.programs[number_of(child)] >= 0)
        child_send(child, &(struct handover){ .kind = HANDOVER_CGROUP },
                   house->groups.programs[number_of(child)]);
    if (child == &house->spawners[0]) /* which has the workers of pools */
        workers_hand_over(&house->workers, house->generation, child);
    reload_send_policy(child, &house->sandboxes, house->policy_fd, house->generation);
    if (house->reload.draft)
        reload_send_policy(child, &house->reload.draft->sandboxes, house->reload.draft->policy_fd,
                           house->reload.draft->generation);
    if (house->server.pid > 0)
        connect_spawner(house, child);
}

void house_start_child(struct child *child)
{
    timer_stop(&child->house->loop, &child->again);
    start(child);
}

static void on_again(struct task *task)
{
    struct child *child = container_of(task, struct child, again_task);

    const bool is_needed =
        child->house->phase == PHASE_RUNNING ||
        (child->house->phase < PHASE_RUNNING && child == &child->house->resolver);

    if (!is_needed)
        return;
    if (child->pid == 0)
        start(child);
    else if (child->channel.fd < 0) /* it closed its channel and still does not end */
        child_kill(child);
}

static void start_again_later(struct child *child)
{
    struct loop *loop = &child->house->loop;
    uint64_t wait_ms = backoff_next(&child->backoff, 0);

    timer_set(loop, &child->again, loop->now_ms + (wait_ms ? wait_ms : 100));
}

static void fail_start(struct house *house, const struct child *child, const char *why)
{
    log_error(&house->journal.log, "the %s could not start: %s", child->name, why);
    house->exit_status = EXIT_FAILURE;
    house_stop(house);
}

/* ---- news from the children ---- */

static void on_running(struct house *house)
{
    house->phase = PHASE_RUNNING;
    (void)notify_send("READY=1"); /* without a service manager nobody listens */
    house->on_ready(house);
    rotation_begin(house);
    renewal_begin(house);
    acme_renew(house);
}

static bool spawners_are_ready(const struct house *house)
{
    for (unsigned i = 0; i < house->plan.spawners; i++)
        if (!house->spawners[i].ready)
            return false;
    return true;
}

static void on_ready(struct child *child)
{
    struct house *house = child->house;
    bool again = child->backoff.died_before;

    child->ready = true;
    if (house->phase == PHASE_SPAWNER && is_spawner(child)) {
        if (!spawners_are_ready(house))
            return;
        house->phase = PHASE_SERVER;
        if (names_are_used(house))
            start(&house->resolver);
        start(&house->server);
    } else if (house->phase == PHASE_SERVER && child == &house->server) {
        on_running(house);
    } else if (again && house->phase == PHASE_RUNNING) {
        log_notice(&house->journal.log, "the %s is ready again as pid %d", child->name,
                   (int)child->pid);
        if (child == &house->server)
            acme_renew(house);
    }
}

/* No request of that generation is left: its rules are not asked for any more. */
static void forget_generation(struct house *house, uint64_t generation)
{
    for (unsigned i = 0; i < house->plan.spawners; i++)
        child_send(&house->spawners[i],
                   &(struct handover){ .kind = HANDOVER_FORGET, .number = generation }, -1);
    past_release(house, generation);
}

static bool is_of_reload(const struct house *house, const struct handover *message)
{
    return house->reload.draft && message->number == house->reload.draft->generation;
}

static void on_message(struct child *child, const struct handover *message)
{
    struct house *house = child->house;

    if (message->kind == HANDOVER_READY) {
        if (!reload_ready(house, child, message->number))
            on_ready(child);
    } else if (message->kind == HANDOVER_RELOAD && child == &house->server)
        (message->index == 0 ? reload_ask : upgrade_ask)(house, message->number);
    else if (message->kind == HANDOVER_LEGACY && child == &house->server)
        upgrade_begin(house);
    else if (message->kind == HANDOVER_LEFT && child == &house->server)
        forget_generation(house, message->number);
    else if (message->kind == HANDOVER_FAILED && is_of_reload(house, message))
        reload_failed(house, message);
    else if (message->kind == HANDOVER_FAILED && child->ready)
        log_error(&house->journal.log, "%.*s", SLICE_ARGS(message->text));
    else if ((message->kind == HANDOVER_ACME_PROOF || message->kind == HANDOVER_ACME_RENEW) &&
             child == &house->server)
        acme_pass_on(house, message);
    else if (message->kind == HANDOVER_WORKERS && child == &house->spawners[0])
        workers_take(&house->workers, message, &house->server);
    else if (message->kind == HANDOVER_SAID && child == &house->spawners[0])
        workers_write(&house->workers, message, &house->logs, &house->journal.log);
    else if (message->kind == HANDOVER_FAILED && is_spawner(child))
        child_kill(child); /* without a policy it starts nothing */
}

/* ---- the end ---- */

static void sweep(struct house *house)
{
    const unsigned spawners = house->plan.spawners;
    const size_t others = 5;
    const size_t count = others + spawners + house->guests.count;
    pid_t *kept = malloc(count * sizeof(pid_t));

    if (!kept)
        abort();
    kept[0] = house->server.pid;
    kept[1] = house->resolver.pid;
    kept[2] = house->phase < PHASE_SWEEPING ? house->rotation.packer : 0;
    kept[3] = house->upgrade.heir.pid;
    kept[4] = house->acme.pid;
    for (unsigned i = 0; i < spawners; i++)
        kept[others + i] = house->spawners[i].pid;
    for (size_t i = 0; i < house->guests.count; i++)
        kept[others + spawners + i] = house->guests.at[i];
    if (strays_kill(kept, count) == 0 && house->phase == PHASE_SWEEPING)
        loop_stop(&house->loop);
    free(kept);
}

static void enter_sweeping(struct house *house)
{
    house->phase = PHASE_SWEEPING;
    house->sweeps = true;
    timer_set(&house->loop, &house->deadline, house->loop.now_ms + PATIENCE_MS);
    sweep(house);
}

static void kill_spawners(struct house *house)
{
    for (unsigned i = 0; i < house->plan.spawners; i++)
        child_kill(&house->spawners[i]);
}

static void enter_closing(struct house *house)
{
    house->phase = PHASE_CLOSING;
    child_kill(&house->resolver); /* they have nothing to finish */
    child_kill(&house->acme);
    if (spawners_alive(house) == 0) {
        enter_sweeping(house);
        return;
    }
    for (unsigned i = 0; i < house->plan.spawners; i++)
        if (house->spawners[i].pid > 0)
            child_send(&house->spawners[i], &(struct handover){ .kind = HANDOVER_STOP }, -1);
    uint64_t wait_ms = house->plan.conf->kill_grace_ms + PATIENCE_MS;
    timer_set(&house->loop, &house->deadline, house->loop.now_ms + wait_ms);
    if (house->at_once)
        kill_spawners(house);
}

/* From any phase. */
void house_stop(struct house *house)
{
    uint64_t drain_ms = house->exit_status == 0 ? house->plan.conf->drain_time_ms : 0;

    if (house->phase >= PHASE_DRAINING)
        return;
    if (!house->upgrade.done) /* else the service goes on without us */
        (void)notify_send("STOPPING=1");
    timer_stop(&house->loop, &house->server.again);
    for (unsigned i = 0; i < house->plan.spawners; i++)
        timer_stop(&house->loop, &house->spawners[i].again);
    timer_stop(&house->loop, &house->resolver.again);
    timer_stop(&house->loop, &house->acme.again);
    house->phase = PHASE_DRAINING;
    if (house->server.pid == 0) {
        enter_closing(house);
        return;
    }
    child_send(&house->server, &(struct handover){ .kind = HANDOVER_STOP, .number = drain_ms }, -1);
    timer_set(&house->loop, &house->deadline, house->loop.now_ms + drain_ms + PATIENCE_MS);
}

void house_stop_at_once(struct house *house)
{
    house->at_once = true;
    child_kill(&house->server);
    if (house->phase == PHASE_CLOSING)
        kill_spawners(house);
}

static void on_deadline(struct task *task)
{
    struct house *house = container_of(task, struct house, deadline_task);

    house->deadline.fired = false;
    if (house->phase == PHASE_DRAINING) {
        log_warning(&house->journal.log, "the server does not end in time: killed");
        child_kill(&house->server);
    } else if (house->phase == PHASE_CLOSING) {
        log_warning(&house->journal.log, "the spawner does not end in time: killed");
        kill_spawners(house);
    } else if (house->phase == PHASE_SWEEPING) {
        log_warning(&house->journal.log,
                    "a program could not be killed; going without waiting for it");
        loop_stop(&house->loop);
    }
}

/* ---- deaths ---- */

static void restart(struct child *child, const char *how)
{
    struct house *house = child->house;
    struct loop *loop = &house->loop;
    pid_t former = child->pid;
    uint64_t now_ms = loop->driver->ops->now_ms(loop->driver);
    uint64_t lived_ms = now_ms - child->started_ms;
    uint64_t wait_ms = backoff_next(&child->backoff, lived_ms);

    child_gone(child);
    const char *said = child->complaint[0] != '\0' ? child->complaint : NULL;
    if (wait_ms > 0) {
        log_error(&house->journal.log,
                  "the %s (pid %d) %s%s%s; it lived for %u ms, next start in %u ms", child->name,
                  (int)former, how, said ? ": " : "", said ? said : "", (unsigned)lived_ms,
                  (unsigned)wait_ms);
        timer_set(loop, &child->again, loop->now_ms + wait_ms);
        return;
    }
    start(child);
    log_error(&house->journal.log, "the %s (pid %d) %s%s%s; started again as pid %d", child->name,
              (int)former, how, said ? ": " : "", said ? said : "", (int)child->pid);
}

static void on_death(struct child *child, int status)
{
    struct house *house = child->house;
    char how[64];

    child_status_text(status, how, sizeof(how));
    if (is_spawner(child)) /* before the next one has programs */
        groups_kill(&house->groups, number_of(child));
    reload_on_death(house, child);
    if (child == &house->server)
        upgrade_begin(house); /* with what it noted while it lived */
    switch (house->phase) {
    case PHASE_SPAWNER:
    case PHASE_SERVER:
        if (child == &house->resolver) { /* the house stands without */
            restart(child, how);
            break;
        }
        child_gone(child);
        fail_start(house, child, child->complaint[0] != '\0' ? child->complaint : how);
        break;
    case PHASE_RUNNING:
        restart(child, how);
        break;
    case PHASE_DRAINING:
        child_gone(child);
        if (child == &house->server)
            enter_closing(house);
        break;
    case PHASE_CLOSING:
        child_gone(child);
        if (spawners_alive(house) == 0)
            enter_sweeping(house);
        break;
    case PHASE_SWEEPING:
        child_gone(child);
        break;
    }
    if (is_spawner(child)) {
        house->sweeps = true;
        sweep(house); /* its programs are ours now */
    }
}

/* Its number may be given to another process from now on. False: it is none. */
static bool forget_guest(struct house *house, pid_t pid)
{
    struct pids *guests = &house->guests;

    for (size_t i = 0; i < guests->count; i++) {
        if (guests->at[i] == pid) {
            guests->at[i] = guests->at[--guests->count];
            return true;
        }
    }
    return false;
}

/* NULL: it is none of our programs. */
static struct child *child_of(struct house *house, pid_t pid)
{
    if (pid == house->server.pid)
        return &house->server;
    if (pid == house->resolver.pid)
        return &house->resolver;
    if (pid == house->acme.pid)
        return &house->acme;
    for (unsigned i = 0; i < house->plan.spawners; i++)
        if (pid == house->spawners[i].pid)
            return &house->spawners[i];
    return NULL;
}

void house_reap(struct house *house)
{
    bool strays = false;
    int status;

    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        struct child *child = child_of(house, pid);

        if (child)
            on_death(child, status);
        else if (!rotation_reaped(house, pid, status) && !upgrade_reaped(house, pid, status))
            strays = !forget_guest(house, pid) || strays;
    }
    if (strays && house->sweeps)
        sweep(house);
}

/* ---- the whole ---- */

/* What the house before us has left, or nothing yet. */
static int open_legacy(struct house *house)
{
    house->legacy_fd = fd_take(&house->estate.legacy_fd);
    return house->legacy_fd >= 0 ? 0 : fd_memory("legacy", &house->legacy_fd);
}

int house_open(struct house *house)
{
    struct driver *driver;

    house->phase = PHASE_SPAWNER;
    house->generation = house->last_generation = 1;
    house->rights = plan_rights(house->plan.conf);
    house->signals.fd = -1;
    house->deadline_task.run = on_deadline;
    house->deadline.task = &house->deadline_task;
    rotation_init(&house->rotation);
    renewal_init(&house->renewal);
    child_init(&house->server, house, "server", true, on_message);
    house->server.again_task.run = on_again;
    for (unsigned i = 0; i < house->plan.spawners; i++) {
        child_init(&house->spawners[i], house, "spawner", false, on_message);
        house->spawners[i].again_task.run = on_again;
    }
    child_init(&house->resolver, house, "resolver", true, on_message);
    house->resolver.again_task.run = on_again;
    acme_init(house);
    house->acme.again_task.run = on_again;
    upgrade_init(house);

    int r = driver_epoll_new(&driver);
    if (r < 0)
        return r;
    loop_init(&house->loop, driver);
    r = signals_watch(house);
    if (r == 0)
        r = plan_seal(&house->plan, &house->sandboxes, &house->bundle_fd, &house->policy_fd);
    if (r == 0)
        r = open_legacy(house);
    if (r == 0 && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        r = -errno;
    if (r == 0) /* a shell that started php-fpm and then executed us: php-fpm is our child */
        r = children_list(-1, &house->guests);
    if (r == 0) {
        for (unsigned i = 0; i < house->plan.spawners && house->phase == PHASE_SPAWNER; i++)
            start(&house->spawners[i]);
        return 0;
    }
    house_close(house);
    return r;
}

void house_close(struct house *house)
{
    child_close(&house->server);
    for (unsigned i = 0; i < house->plan.spawners; i++)
        child_close(&house->spawners[i]);
    child_close(&house->resolver);
    child_close(&house->acme);
    reload_give_up(house);
    upgrade_give_up(house);
    past_release_all(house);
    rotation_close(house);
    renewal_close(house);
    timer_stop(&house->loop, &house->deadline);
    io_close(&house->loop, &house->signals);
    fd_close(&house->policy_fd);
    fd_close(&house->bundle_fd);
    fd_close(&house->legacy_fd);
    free(house->guests.at);
    loop_done(&house->loop);
}
