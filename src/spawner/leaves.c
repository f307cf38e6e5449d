/*
 * Control groups: a leaf for each program, in which all of its processes are, wherever they go.
 *
 *   (new or idle) ──leaf_take()──> of a program ──leaf_release()──> idle
 *                                                 └──killed, limited or not empty──> dying
 * ──empty──> gone
 *
 * An empty leaf is used again: a new one for each program would add a third to the cost of a start
 * (docs/decisions/0007). One in which KILL was used is not: Linux would kill on arrival whoever is
 * cloned into it.
 */
#include "spawner_private.h"

#include "os/fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IDLE_MOST 64u

static struct leaf *leaf_at(struct list_link *link)
{
    return container_of(link, struct leaf, link);
}

/* ---- the end of a leaf ---- */

static void release_memory(struct grave *grave)
{
    free(container_of(grave, struct leaf, grave));
}

/* What is not empty stays until the house is removed. */
static void drop(struct leaf *leaf)
{
    struct spawner *spawner = leaf->spawner;
    char name[16];

    io_close(&spawner->loop, &leaf->events);
    fd_close(&leaf->folder);
    snprintf(name, sizeof(name), "%u", leaf->number);
    (void)cgroup_remove(spawner->programs, name);
    loop_forget(&spawner->loop, &leaf->task);
    loop_bury(&spawner->loop, &leaf->grave, release_memory);
}

/* The last of its processes may be gone, and nobody else has told us. */
static void on_events(struct task *task)
{
    struct leaf *leaf = container_of(task, struct leaf, task);
    struct spawner *spawner = leaf->spawner;

    leaf->events.readable = leaf->events.writable = leaf->events.hung_up = false;
    if (cgroup_populated(leaf->events.fd))
        return;
    if (leaf->program) {
        programs_settle(spawner);
        return;
    }
    list_remove(&leaf->link);
    drop(leaf);
}

void leaf_watch(struct leaf *leaf)
{
    struct loop *loop = &leaf->spawner->loop;

    if (!leaf->events.watched && io_wait(loop, &leaf->events) == 0)
        loop_wake(loop, &leaf->task); /* it may have happened before */
}

bool leaf_lives(struct leaf *leaf)
{
    leaf->empty = !cgroup_populated(leaf->events.fd);
    return !leaf->empty;
}

void leaf_kill(struct leaf *leaf)
{
    leaf->killed = true;
    (void)cgroup_kill(leaf->folder);
}

void leaf_release(struct leaf *leaf)
{
    struct spawner *spawner = leaf->spawner;

    leaf->program = NULL;
    if (!leaf->empty && leaf_lives(leaf)) {
        leaf_kill(leaf);
        list_push_back(&spawner->dying_leaves, &leaf->link);
        leaf_watch(leaf);
    } else if (leaf->killed || leaf->limited || spawner->idle_count >= IDLE_MOST) {
        drop(leaf);
    } else {
        io_unwatch(&spawner->loop, &leaf->events);
        list_push_back(&spawner->idle_leaves, &leaf->link);
        spawner->idle_count++;
    }
}

/* ---- the beginning ---- */

static int make(struct spawner *spawner, const struct confine *confine, struct leaf **ret)
{
    struct leaf *leaf = calloc(1, sizeof(*leaf));
    int events;
    int r;

    if (!leaf)
        abort();
    leaf->spawner = spawner;
    leaf->limited = cgroup_limits_need(&confine->family) != 0;
    leaf->task.run = on_events;
    do /* a spawner before us may have left some */
        r = cgroup_leaf_make(spawner->programs, ++spawner->last_leaf, &confine->family,
                             &leaf->folder, &events);
    while (r == -EEXIST);
    if (r < 0) {
        free(leaf);
        return r;
    }
    leaf->number = spawner->last_leaf;
    io_init(&leaf->events, events, &leaf->task);
    *ret = leaf;
    return 0;
}

static void leaves_give_up(struct spawner *spawner, int error)
{
    if (!spawner->leaves_failed)
        spawner_complain(spawner,
                         "spawner: a program goes without a control group: %s; the families of "
                         "such programs are known by their mark",
                         strerror(-error));
    spawner->leaves_failed = true;
}

int leaf_take(struct spawner *spawner, const struct confine *confine, struct leaf **ret)
{
    bool limited = cgroup_limits_need(&confine->family) != 0;
    int r = 0;

    *ret = NULL;
    if (spawner->programs < 0)
        return limited ? -ENOTSUP : 0;
    struct list_link *idle = list_first(&spawner->idle_leaves);
    if (idle && !limited) {
        list_remove(idle);
        spawner->idle_count--;
        *ret = leaf_at(idle);
        (*ret)->empty = false;
        return 0;
    }
    r = make(spawner, confine, ret);
    if (r == 0 || limited)
        return r;
    leaves_give_up(spawner, r);
    return 0;
}

static struct program *find_in(const struct list *programs, unsigned number)
{
    list_for_each (link, programs) {
        struct program *program = container_of(link, struct program, link);
        if (program->leaf && program->leaf->number == number)
            return program;
    }
    return NULL;
}

void leaves_shut(struct spawner *spawner, int error)
{
    leaves_give_up(spawner, error);
    fd_close(&spawner->programs);
}

struct program *leaf_program(const struct spawner *spawner, pid_t pid)
{
    unsigned number;

    if (spawner->programs < 0 || !cgroup_leaf_of(pid, &number))
        return NULL;
    struct program *found = find_in(&spawner->running, number);
    return found ? found : find_in(&spawner->families, number);
}

/* ---- all of them ---- */

void leaves_adopt(struct spawner *spawner, int programs)
{
    fd_close(&spawner->programs);
    spawner->programs = programs;
    cgroup_remove_empty(programs);
}

void leaves_open(struct spawner *spawner)
{
    spawner->programs = -1;
    list_init(&spawner->idle_leaves);
    list_init(&spawner->dying_leaves);
}

void leaves_close(struct spawner *spawner)
{
    list_append_all(&spawner->idle_leaves, &spawner->dying_leaves);
    for (struct list_link *link; (link = list_first(&spawner->idle_leaves)) != NULL;) {
        list_remove(link);
        drop(leaf_at(link));
    }
    fd_close(&spawner->programs);
}
