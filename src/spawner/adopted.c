/*
 * Processes that left the group of their program (setsid) and lost their parent: they come to us,
 * are told apart by the leaf they are in, else by the mark in their environment, and end with their
 * program.
 *
 * Who has no mark any more (env -i) belongs to one of the programs that were there when it was
 * first seen: it ends when the last of these does. Who has the mark of a program that is gone ends
 * at once.
 */
#include "spawner_private.h"

#include "os/fd.h"
#include "os/strays.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/*
 *  OWNED ──program gone──> CONDEMNED        UNKNOWN ──all that were there are gone──> CONDEMNED
 */
enum stray_state { STRAY_OWNED, STRAY_UNKNOWN, STRAY_CONDEMNED };

struct stray {
    pid_t pid;
    enum stray_state state;
    struct program *owner; /* OWNED */
    uint64_t newest;       /* UNKNOWN: the newest program when it was seen */
    struct list_link link;
};

static struct slice pid_key(const pid_t *pid)
{
    return slice_of(pid, sizeof(*pid));
}

static struct stray *stray_of(struct list_link *link)
{
    return container_of(link, struct stray, link);
}

static void condemn(struct stray *stray)
{
    if (stray->owner)
        stray->owner->strays--;
    stray->owner = NULL;
    stray->state = STRAY_CONDEMNED;
    kill(stray->pid, SIGKILL); /* a child of ours: its number is its own until it is reaped */
}

/* Who is in the group of the program hears it there. */
static void signal_stray(const struct stray *stray, int signal)
{
    if (getpgid(stray->pid) == stray->owner->pid)
        return;
    kill(stray->pid, signal);
    if (signal == SIGTERM)
        kill(stray->pid, SIGCONT);
}

static struct program *find_program(struct spawner *spawner, uint64_t number)
{
    list_for_each (link, &spawner->running)
        if (container_of(link, struct program, link)->number == number)
            return container_of(link, struct program, link);
    list_for_each (link, &spawner->families)
        if (container_of(link, struct program, link)->number == number)
            return container_of(link, struct program, link);
    return NULL;
}

/* True: it is or was a program's; *ret is NULL when that is gone. */
static bool find_owner(struct spawner *spawner, pid_t pid, struct program **ret)
{
    uint64_t number;

    *ret = leaf_program(spawner, pid);
    if (*ret)
        return true;
    if (!process_number(pid, PROGRAM_MARK, &number))
        return false;
    *ret = find_program(spawner, number);
    return true;
}

static void add(struct spawner *spawner, pid_t pid)
{
    struct stray *stray = calloc(1, sizeof(*stray));

    if (!stray)
        abort();
    *stray = (struct stray){ .pid = pid, .state = STRAY_UNKNOWN, .newest = spawner->last_number };
    list_push_back(&spawner->strays, &stray->link);
    table_put(&spawner->strays_by_pid, pid_key(&stray->pid), stray);
    if (!find_owner(spawner, pid, &stray->owner))
        return;
    if (!stray->owner) {
        condemn(stray);
        return;
    }
    stray->state = STRAY_OWNED;
    stray->owner->strays++;
    if (stray->owner->ending != ENDING_NOT)
        signal_stray(stray, stray->owner->ending == ENDING_TERM ? SIGTERM : SIGKILL);
}

static uint64_t oldest_of(struct list *programs, uint64_t oldest)
{
    list_for_each (link, programs) {
        const struct program *program = container_of(link, struct program, link);
        if (program->number < oldest)
            oldest = program->number;
    }
    return oldest;
}

static void condemn_forsaken(struct spawner *spawner)
{
    uint64_t oldest = oldest_of(&spawner->families, oldest_of(&spawner->running, UINT64_MAX));

    list_for_each (link, &spawner->strays) {
        struct stray *stray = stray_of(link);
        if (stray->state == STRAY_UNKNOWN && stray->newest < oldest)
            condemn(stray);
    }
}

void adopted_look(struct spawner *spawner)
{
    if (children_list(spawner->children_fd, &spawner->children) < 0)
        return; /* what is there ends with us */
    for (size_t i = 0; i < spawner->children.count; i++) {
        const pid_t *pid = &spawner->children.at[i];
        if (!table_find(&spawner->by_pid, pid_key(pid)) &&
            !table_find(&spawner->strays_by_pid, pid_key(pid)))
            add(spawner, *pid);
    }
}

void adopted_settle(struct spawner *spawner)
{
    if (!list_empty(&spawner->strays))
        condemn_forsaken(spawner);
}

static void drop(struct spawner *spawner, struct stray *stray)
{
    if (stray->owner)
        stray->owner->strays--;
    table_remove(&spawner->strays_by_pid, pid_key(&stray->pid));
    list_remove(&stray->link);
    free(stray);
}

void adopted_gone(struct spawner *spawner, pid_t pid)
{
    struct stray *stray = table_find(&spawner->strays_by_pid, pid_key(&pid));

    if (stray)
        drop(spawner, stray);
}

void adopted_signal(const struct program *program, int signal)
{
    if (program->strays == 0)
        return;
    list_for_each (link, &program->spawner->strays)
        if (stray_of(link)->owner == program)
            signal_stray(stray_of(link), signal);
}

void adopted_condemn(const struct program *program)
{
    if (program->strays == 0)
        return;
    list_for_each (link, &program->spawner->strays)
        if (stray_of(link)->owner == program)
            condemn(stray_of(link));
}

void adopted_glance(const struct program *program, struct glance_report *report)
{
    if (program->strays == 0)
        return;
    list_for_each (link, &program->spawner->strays)
        if (stray_of(link)->owner == program)
            glance_at_family(report, stray_of(link)->pid);
}

void adopted_open(struct spawner *spawner)
{
    list_init(&spawner->strays);
    spawner->children_fd = children_open();
    /* The numbers of a spawner that died before us are not ours. */
    spawner->last_number = (uint64_t)spawner->pid << 32;
}

void adopted_close(struct spawner *spawner)
{
    while (!list_empty(&spawner->strays))
        drop(spawner, stray_of(list_first(&spawner->strays)));
    table_done(&spawner->strays_by_pid);
    free(spawner->children.at);
    fd_close(&spawner->children_fd);
}
