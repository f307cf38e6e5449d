/* What runs, until its family is gone: started, ended, reaped, reported. */
#include "services_private.h"

#include "os/fd.h"
#include "os/strays.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

static struct slice pid_key(const struct program *program)
{
    return slice_of(&program->pid, sizeof(program->pid));
}

static struct slice token_key(const struct program *program)
{
    return slice_of(&program->token, sizeof(program->token));
}

static void release(struct grave *grave)
{
    free(container_of(grave, struct program, grave));
}

/*
 * Programs that left their group (setsid) and lost their parent have come to us: at the end they
 * are all that is left. Each exit brings us here again.
 */
void programs_finish(struct spawner *spawner)
{
    if (spawner->ending && list_empty(&spawner->running) && list_empty(&spawner->families) &&
        strays_kill(NULL, 0) == 0)
        loop_stop(&spawner->loop);
}

/* Nobody of it lives, or what lives has had KILL. */
static void forget(struct program *program)
{
    struct spawner *spawner = program->spawner;

    if (!program->leader_gone)
        table_remove(&spawner->by_pid, pid_key(program));
    if (program->channel)
        table_remove(&program->channel->programs, token_key(program));
    announce_never(program);
    list_remove(&program->link);
    if (program->leaf)
        leaf_release(program->leaf);
    adopted_condemn(program);
    timer_stop(&spawner->loop, &program->grace);
    loop_forget(&spawner->loop, &program->task);
    loop_bury(&spawner->loop, &program->grave, release);
    adopted_settle(spawner);
    programs_finish(spawner);
}

/* ---- the end ---- */

/* False: the group is empty. Whoever may not be signalled (a set-user-id program) still lives. */
static bool signal_family(const struct program *program, int signal)
{
    return kill(-program->pid, signal) == 0 || errno != ESRCH;
}

static bool family_lives(const struct program *program)
{
    if (program->strays > 0)
        return true;
    return program->leaf ? leaf_lives(program->leaf) : signal_family(program, 0);
}

static void on_grace_over(struct task *task)
{
    struct program *program = container_of(task, struct program, task);

    program->ending = ENDING_KILL;
    signal_family(program, SIGKILL);
    adopted_signal(program, SIGKILL);
    if (program->leaf)
        leaf_kill(program->leaf);
    if (program->leader_gone)
        forget(program);
}

void program_end(struct program *program)
{
    struct spawner *spawner = program->spawner;

    if (program->ending != ENDING_NOT)
        return;
    program->ending = ENDING_TERM;
    if (!signal_family(program, SIGTERM) && program->leader_gone && !family_lives(program)) {
        forget(program);
        return;
    }
    signal_family(program, SIGCONT); /* who is stopped hears TERM only when it goes on */
    adopted_signal(program, SIGTERM);
    timer_set(&spawner->loop, &program->grace,
              spawner->loop.now_ms + rules_kill_grace_ms(spawner->policies.newest));
}

void program_disown(struct program *program)
{
    table_remove(&program->channel->programs, token_key(program));
    program->channel = NULL;
    program_end(program);
}

static void end_list(struct list *programs)
{
    /* program_end() may take the walked one out of the list, never another. */
    for (struct list_link *link = programs->head.next, *next; link != &programs->head;
         link = next) {
        next = link->next;
        program_end(container_of(link, struct program, link));
    }
}

void programs_end_all(struct spawner *spawner)
{
    end_list(&spawner->families);
    end_list(&spawner->running);
}

/* ---- the beginning ---- */

/* A process group of this number can only be new when the old one is empty. */
static void forget_family_of(struct spawner *spawner, pid_t pid)
{
    for (struct list_link *link = spawner->families.head.next, *next;
         link != &spawner->families.head; link = next) {
        struct program *program = container_of(link, struct program, link);
        next = link->next;
        if (program->pid == pid)
            forget(program);
    }
}

struct program *program_enter(struct spawner *spawner, pid_t pid, struct leaf *leaf)
{
    struct program *program = calloc(1, sizeof(*program));

    if (!program)
        abort();
    forget_family_of(spawner, pid);
    program->spawner = spawner;
    program->pid = pid;
    program->number = spawner->last_number;
    program->leaf = leaf;
    for (int i = 0; i < 3; i++)
        program->stdio[i] = -1;
    if (leaf)
        leaf->program = program;
    program->task.run = on_grace_over;
    program->grace.task = &program->task;
    list_push_back(&spawner->running, &program->link);
    table_put(&spawner->by_pid, pid_key(program), program);
    return program;
}

static struct program *enter(struct channel *channel, uint32_t token, pid_t pid, struct leaf *leaf)
{
    struct program *program = program_enter(channel->spawner, pid, leaf);

    program->channel = channel;
    program->token = token;
    table_put(&channel->programs, token_key(program), program);
    return program;
}

pid_t launch_in_leaf(struct spawner *spawner, struct launch *launch, struct leaf **leaf,
                     struct spawn_fault *fault)
{
    int r = leaf_take(spawner, launch->confine, leaf);

    if (r < 0) {
        *fault = (struct spawn_fault){ .stage = SPAWN_STAGE_GROUP, .error = -r };
        return -1;
    }
    launch->leaf = *leaf ? (*leaf)->folder : -1;
    pid_t pid = launch_program(launch, fault);
    if (pid >= 0 || !*leaf)
        return pid;

    bool refused = fault->stage == SPAWN_STAGE_GROUP && !(*leaf)->limited;
    leaf_release(*leaf);
    *leaf = NULL;
    if (!refused)
        return -1;
    leaves_shut(spawner, -fault->error);
    launch->leaf = -1;
    return launch_program(launch, fault);
}

static pid_t launch_script(struct spawner *spawner, const struct rule *rule,
                           const struct script *script, const struct spawn_ask *ask,
                           const struct pipes *pipes, struct arena *arena, struct leaf **leaf,
                           struct spawn_fault *fault)
{
    const char *path = rule_seen(rule, script->path);
    struct launch launch = {
        .argv = launch_arguments(arena, rule, path, ask->arguments),
        .envp =
            launch_environment(arena, ask->environment, ++spawner->last_number, rule->confine.tmp),
        .program = rule->interpreter ? rule->interpreter : path,
        .folder = script->folder,
        .stdio = { pipes->program[0], pipes->program[1], pipes->program[2] },
        .parent = spawner->pid,
        .confine = &rule->confine,
    };
    return launch_in_leaf(spawner, &launch, leaf, fault);
}

/* The process id, with our ends of its pipes in *pipes; or -1 and *fault. */
static pid_t start(struct spawner *spawner, const struct spawn_ask *ask, int file,
                   struct pipes *pipes, struct leaf **leaf, struct spawn_fault *fault)
{
    struct arena arena = { 0 };
    const struct rule *rule = rules_find(policies_find(&spawner->policies, ask->generation),
                                         ask->rule, ask->account, &arena);
    struct script script = { .own_folder = -1, .own_root = -1 };
    pid_t pid = -1;
    int r;

    *fault = (struct spawn_fault){ .stage = SPAWN_STAGE_RULE, .error = EPERM };
    if (rule && rule_lets(rule, ask) &&
        rule_find_script(rule, ask->script, &arena, &script, fault)) {
        r = pipes_open(pipes, ask->stdin_kind, spawner->null_fd, file);
        if (r == 0) {
            if (rule->confine.switches)
                pipes_open_to_all(pipes);
            pid = launch_script(spawner, rule, &script, ask, pipes, &arena, leaf, fault);
            pipes_close_program(pipes);
            if (pid < 0)
                pipes_close_server(pipes);
        } else {
            *fault = (struct spawn_fault){ .stage = SPAWN_STAGE_PIPES, .error = -r };
        }
    }
    fd_close(&script.own_folder);
    fd_close(&script.own_root);
    arena_done(&arena);
    return pid;
}

void program_start(struct channel *channel, const struct spawn_ask *ask, int file)
{
    struct pipes pipes;
    struct leaf *leaf = NULL;
    struct spawn_fault fault;
    struct spawn_message answer;
    pid_t pid = start(channel->spawner, ask, file, &pipes, &leaf, &fault);

    fd_close(&file);
    if (pid < 0) {
        answer = (struct spawn_message){ .kind = SPAWN_FAILED,
                                         .failed = { ask->token, fault.stage, fault.error } };
        channel_send(channel, &answer, NULL, 0);
        return;
    }
    announce_later(enter(channel, ask->token, pid, leaf), &pipes);
}

/* ---- exits ---- */

static uint64_t microseconds(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000u + (uint64_t)time.tv_usec;
}

/* What was made for one program knows what all of its processes used, also those it left. */
static void count_group(const struct program *program, struct spawn_exited *exited)
{
    struct cgroup_use use;

    if (cgroup_used(program->leaf->folder, &use) < 0)
        return;
    exited->cpu_us = use.cpu_us;
    if (use.peak_kib > 0)
        exited->peak_kib = use.peak_kib;
}

static void tell_exit(struct program *program, bool family_left)
{
    const struct rusage *used = &program->used;
    struct spawn_message exited = {
        .kind = SPAWN_EXITED,
        .exited = { .token = program->token,
                    .status = program->status,
                    .cpu_us = microseconds(used->ru_utime) + microseconds(used->ru_stime),
                    .peak_kib = (uint64_t)used->ru_maxrss,
                    .family_left = family_left },
    };

    if (program->leaf && program->leaf->limited)
        count_group(program, &exited.exited);
    program->exit_told = true;
    if (program->worker)
        worker_gone(program->worker);
    if (program->channel) {
        announce_now(program);
        channel_send(program->channel, &exited, NULL, 0);
    }
}

/* The leader is reaped; what is left of its family is seen when all exits are taken. */
static void on_exit_of(struct program *program, int status, const struct rusage *used)
{
    struct spawner *spawner = program->spawner;

    program->status = status;
    program->used = *used;
    table_remove(&spawner->by_pid, pid_key(program));
    program->leader_gone = true;
    list_remove(&program->link);
    list_push_back(&spawner->families, &program->link);
}

static void settle_families(struct spawner *spawner)
{
    for (struct list_link *link = spawner->families.head.next, *next;
         link != &spawner->families.head; link = next) {
        struct program *program = container_of(link, struct program, link);
        bool left = program->ending != ENDING_KILL && family_lives(program);

        next = link->next;
        if (!program->exit_told)
            tell_exit(program, left);
        if (!left)
            forget(program);
        else if (program->leaf)
            leaf_watch(program->leaf);
        if (left && program->ends_alone)
            program_end(program);
    }
}

void programs_settle(struct spawner *spawner)
{
    settle_families(spawner);
    adopted_settle(spawner);
    programs_finish(spawner);
}

/* One signal may stand for many exits: all are taken. */
void programs_reap(struct spawner *spawner)
{
    bool any = false;
    struct rusage used;
    int status;
    pid_t pid;

    while ((pid = wait4(-1, &status, WNOHANG, &used)) > 0) {
        struct program *program = table_find(&spawner->by_pid, slice_of(&pid, sizeof(pid)));

        any = true;
        if (program)
            on_exit_of(program, status, &used);
        else
            adopted_gone(spawner, pid); /* an orphan of some program; perhaps the last of it */
    }
    if (!any)
        return;
    if (pid == 0) /* there are children: programs that run, or orphans that came to us */
        adopted_look(spawner);
    programs_settle(spawner);
}
