#ifndef SPAWNER_PRIVATE_H
#define SPAWNER_PRIVATE_H

/*
 * The spawner: one thread that starts and ends programs, and nothing else.
 *
 *   boss (supervisor)  POLICY, FORGET, CHANNEL, STOP   ->  spawner.c
 *   channel (reactor)  ASK, KILL, LOOK                 ->  channel.c
 *
 *   rules.c    what the policy says          launch.c   pipes, vfork, exec
 *   script.c   which script, from where
 *   children.c what runs, until its family is gone
 *   announce.c when the server is told so
 *   look.c     what it does
 *   leaves.c   a control group for each      adopted.c  what left the group of its program
 *
 * A closed channel ends all programs that were asked for on it. When the boss goes away or says
 * STOP, all programs are ended and the loop stops.
 */
#include "base/arena.h"
#include "base/list.h"
#include "base/table.h"
#include "ipc/handover.h"
#include "ipc/outbox.h"
#include "ipc/policy.h"
#include "ipc/spawn.h"
#include "loop/loop.h"
#include "os/beneath.h"
#include "os/cgroup.h"
#include "os/glance.h"
#include "os/strays.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* Why a start failed, as FAILED says it; `error` is a positive errno. */
struct spawn_fault {
    enum spawn_stage stage;
    int error;
};

/* ---- rules.c: the policy as it was adopted ---- */

struct root;

/* Who has a website at home; `groups` are in the arena of the rules. */
struct account {
    const char *home;
    uid_t user;
    gid_t group;
    const gid_t *groups;
    size_t group_count;
};

struct ceiling {
    int resource; /* RLIMIT_... */
    struct rlimit limit;
};

/* What a program is made to be before it is executed; most rules ask for nothing. */
struct confine {
    bool asks; /* for anything of the following */
    bool switches;
    bool no_new_privs; /* and the spawner itself may gain more */
    bool has_umask;
    uid_t user;
    gid_t group;
    const gid_t *groups;
    size_t group_count;
    struct ceiling ceilings[POLICY_LIMIT_COUNT];
    unsigned ceiling_count;
    struct cgroup_limits family; /* of all its processes together; not among what `asks` tells */
    int nice;
    mode_t umask;
    const char *chroot; /* NULL: none */
    int ruleset;        /* of os/landlock.h, borrowed from the spawner; -1: none */
    const char *tmp;    /* its TMPDIR; NULL: none */
};

struct rule {
    const char *host;
    const char *interpreter; /* NULL: the script is the program */
    const char *const *arguments;
    uint32_t argument_count;
    bool reads_stdin; /* '-' stands behind the script, and nothing else */
    enum beneath_links links;
    enum policy_accounts accounts;
    struct root *root; /* NULL: runs nothing, or it is for accounts */
    const char *below; /* NULL: anywhere below the root */
    struct slice only; /* the one script that it runs, without words; empty: all in the root */
    struct confine confine;
};

struct rules;

/* The policies of the generations that may be asked for, the newest first. */
struct policies {
    struct rules *newest; /* owned, as all behind it; NULL before the first policy */
};

/* Rulesets of sandboxes that were handed over, by their numbers less one. */
struct sandboxes {
    int *fds; /* owned */
    uint32_t count;
};

/* Takes the descriptor. False: another number was to come. */
bool sandboxes_add(struct sandboxes *sandboxes, uint32_t number, int ruleset);
void sandboxes_close(struct sandboxes *sandboxes);

/*
 * Reads the memory file of a policy and opens its roots. With success the sandboxes are those of
 * the rules, and there are none. 0, or a negative errno and *ret_why.
 */
int rules_adopt(int policy, struct sandboxes *sandboxes, struct rules **ret, const char **ret_why);
void rules_free(struct rules *rules); /* NULL: nothing happens */

/* Takes the rules, as those of this generation, which is newer than all. */
void policies_add(struct policies *policies, struct rules *rules, uint64_t generation);
void policies_forget(struct policies *policies, uint64_t generation);
void policies_free(struct policies *policies);

/* NULL: it is not known, or not any more. */
struct rules *policies_find(const struct policies *policies, uint64_t generation);

/* Every rule that runs something wants its programs to gain no rights by execve. */
bool rules_gain_nothing(const struct rules *rules);

/* The spawner has given that up itself, and with it all it starts. */
void rules_let_gain_rest(struct rules *rules);
uint64_t rules_kill_grace_ms(const struct rules *rules);

/* The rule of a service: a program and no scripts. NULL: no such rule, or another kind. */
const struct rule *rules_find_service(const struct rules *rules, uint32_t number);

/*
 * NULL: no such rule, or one that runs nothing. A rule for accounts wants the number of one, from 1
 * on, others want 0; that of an account is made in the arena.
 */
const struct rule *rules_find(const struct rules *rules, uint32_t number, uint32_t account,
                              struct arena *arena);

/* Whether that is a script of the rule, and the words behind it may be there. */
bool rule_lets(const struct rule *rule, const struct spawn_ask *ask);

/* ---- script.c ---- */

/* A folder that scripts are in. */
struct root {
    const char *path;
    int fd;                        /* -1: opened for each start */
    const struct account *account; /* whose it is; NULL: a website's */
    const char *folder;            /* below its home */
};

/* A script that was found beneath the root of its rule. */
struct script {
    const char *path; /* absolute; in the arena */
    int folder;       /* O_PATH descriptor of its folder */
    int own_folder;   /* the same if the caller has to close it, else -1 */
    int own_root;     /* of an account: the caller has to close it too; else -1 */
};

/* False: *ret_fault says why. */
bool rule_find_script(const struct rule *rule, struct slice name, struct arena *arena,
                      struct script *ret, struct spawn_fault *ret_fault);

/* The path of a script as its program sees it, which may have a root directory of its own. */
const char *rule_seen(const struct rule *rule, const char *path);

/* ---- launch.c ---- */

struct launch {
    char *const *argv;
    char *const *envp;
    const char *program; /* absolute path */
    int folder;          /* working directory */
    int stdio[3];        /* become 0, 1, 2 of the program; all above 2 */
    pid_t parent;
    int leaf; /* folder of the control group it begins in; -1: that of the spawner */
    const struct confine *confine;
};

/* The variable by which the spawner knows a program's processes again, wherever they went. */
#define PROGRAM_MARK "LONGHOUSE_PROGRAM"

/*
 * `block` holds "NAME=value\0" entries; a NULL terminated array in the arena that points into it,
 * with the mark of the program before it, and TMPDIR if there is a `tmp` and nobody has set it.
 */
char *const *launch_environment(struct arena *arena, struct slice block, uint64_t number,
                                const char *tmp);
char *const *launch_arguments(struct arena *arena, const struct rule *rule, const char *script,
                              struct slice words);

/* The process id of the program once it was executed, or -1 and *ret_fault. */
pid_t launch_program(const struct launch *launch, struct spawn_fault *ret_fault);

/* Both sides of a program's stdin, stdout, stderr. */
struct pipes {
    int program[3];
    int server[3];  /* non-blocking; -1 where the program has something else */
    bool own_stdin; /* program[0] is an end of a pipe */
};

/* `file` is stdin of the program for SPAWN_STDIN_FILE, `null` for NONE; both stay with the caller.
 * 0 or negative errno. */
int pipes_open(struct pipes *pipes, enum spawn_stdin kind, int null, int file);
void pipes_close_program(struct pipes *pipes);

/* For a program of another user, which may open /dev/stdin, /dev/stdout and /dev/stderr anew. */
void pipes_open_to_all(const struct pipes *pipes);
void pipes_close_server(struct pipes *pipes);

/* ---- leaves.c: control groups ---- */

struct leaf {
    struct spawner *spawner;
    struct program *program; /* NULL: idle or dying */
    struct list_link link;   /* idle or dying */
    unsigned number;
    int folder;
    struct io events; /* cgroup.events; watched while somebody is left whose exit nobody tells */
    struct task task;
    bool limited; /* made for one program */
    bool killed;
    bool empty; /* as leaf_lives() saw it last */
    struct grave grave;
};

void leaves_open(struct spawner *spawner);
void leaves_close(struct spawner *spawner);

/* The folder for leaves, which is the spawner's from here on. */
void leaves_adopt(struct spawner *spawner, int programs);

/*
 * A leaf with the limits of `confine`. Without control groups, or when none can be made, *ret is
 * NULL: the program goes without; but a negative errno where it has limits.
 */
int leaf_take(struct spawner *spawner, const struct confine *confine, struct leaf **ret);

/* Its program is gone, or was never started. Unless leaf_lives() said that nobody does, what is
 * left in it is killed. */
void leaf_release(struct leaf *leaf);
bool leaf_lives(struct leaf *leaf);
void leaf_kill(struct leaf *leaf);

/* programs_settle() is called when it may have become empty. */
void leaf_watch(struct leaf *leaf);

/* The program in whose leaf the process is, or NULL. */
struct program *leaf_program(const struct spawner *spawner, pid_t pid);

/* Says once that a program goes without; so do all from now on. */
void leaves_shut(struct spawner *spawner, int error);

/* ---- the spawner and its parts ---- */

struct services;

struct spawner {
    struct loop loop;
    struct io boss; /* channel of the supervisor */
    struct task boss_task;
    struct outbox boss_out;
    struct io signals; /* signalfd of SIGCHLD */
    struct task signals_task;
    struct sandboxes sandboxes; /* of the policy that comes next */
    struct policies policies;
    struct services *services; /* owned; NULL: no pools of workers */
    struct list channels;      /* of struct channel */
    struct table by_pid;       /* programs whose leader lives */
    struct list running;       /* the same */
    struct list families;      /* programs whose leader is gone while others of it live */
    struct list unannounced;   /* see announce.c */
    struct timer look;         /* at what they have written */
    struct task look_task;
    unsigned processors; /* as many programs are announced at once */
    struct list strays;  /* see adopted.c */
    struct table strays_by_pid;
    struct pids children;
    int children_fd;      /* see children_open() */
    uint64_t last_number; /* of the newest program */
    int programs;         /* folder for leaves; -1: there are no control groups */
    struct list idle_leaves;
    size_t idle_count;
    struct list dying_leaves;
    unsigned last_leaf; /* number of the newest */
    bool leaves_failed; /* and that was said */
    char *datagram;     /* owned; room for one message */
    pid_t pid;
    int null_fd;
    bool gains_nothing; /* no-new-privs, for all it starts */
    bool ending; /* nothing new is started; the loop stops after the last program and orphan */
};

/*
 * Takes the driver and the channel of the supervisor; blocks SIGCHLD and becomes the reaper of
 * orphans. 0 or negative errno. Then turn spawner->loop.
 */
int spawner_open(struct spawner *spawner, struct driver *driver, int boss);
void spawner_close(struct spawner *spawner);

/* A line for the supervisor's log. */
void spawner_complain(struct spawner *spawner, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void spawner_tell(struct spawner *spawner, const struct handover *message);

/* ---- services.c: pools of workers (services_private.h) ---- */

/*
 * Reads the memory file of the pools of a generation. Pools that were there before stay; workers
 * that are to be others end after their request, and so do those of pools that are gone. 0, or a
 * negative errno and *ret_why.
 */
int services_adopt(struct spawner *spawner, int pools, uint64_t generation, const char **ret_why);

/* The listening socket of a pool. False: there is none of this number; `fd` stays with the caller.
 */
bool services_take_socket(struct spawner *spawner, uint32_t index, int fd);

/* As rules_gain_nothing(), for the workers. `services` may be NULL. */
bool services_gain_nothing(const struct services *services, const struct rules *rules);

/* There is a policy: workers may be started. */
void services_begin(struct spawner *spawner);

/* The workers end as soon as they have finished, others take their places. */
void services_server_gone(struct spawner *spawner);
void services_free(struct services *services); /* NULL: nothing happens */

/* ---- channel.c: one reactor of a server ---- */

struct channel {
    struct spawner *spawner;
    struct io io;
    struct task task;
    struct outbox outbox;
    struct list_link link;
    struct table programs; /* by token; whose families are not gone */
    struct grave grave;
    uint32_t index;
    struct io_batch batch;
};

/* Takes the descriptor. */
void channel_open(struct spawner *spawner, int fd, uint32_t index);

/* Ends its programs. */
void channel_close(struct channel *channel);

/* The descriptors belong to the channel from here on. */
void channel_send(struct channel *channel, const struct spawn_message *message, const int *fds,
                  int fd_count);

/* ---- children.c ---- */

/*
 * RUNNING ──leader gone──> (in families) ──family gone──> forgotten
 *
 * ENDING_TERM: TERM was sent, the timer brings KILL. ENDING_KILL: KILL was sent, only the exit of
 * the leader is awaited.
 */
enum ending { ENDING_NOT, ENDING_TERM, ENDING_KILL };

struct worker;

struct program {
    struct spawner *spawner;
    struct channel *channel; /* NULL once it has closed, and for workers */
    struct worker *worker;   /* NULL once it has exited, and for what a channel asked for */
    struct list_link link;   /* in running or families */
    uint32_t token;
    pid_t pid;                    /* also its process group and session */
    uint64_t number;              /* its mark; grows */
    struct leaf *leaf;            /* NULL: without control groups */
    struct list_link unannounced; /* the server does not know yet that it runs */
    uint64_t announced_by_ms;
    int stdio[3];    /* our ends of its pipes, for the server; -1: none, or given away */
    unsigned strays; /* adopted processes that carry the mark */
    bool leader_gone;
    bool exit_told;
    bool ends_alone; /* a worker: what is left of it without its leader has to end */
    enum ending ending;
    int status; /* of the leader, with what it used */
    struct rusage used;
    struct timer grace;
    struct task task;
    struct grave grave;
};

/* `file` (or -1) came with the ASK and is closed here. Answers with STARTED or FAILED. */
void program_start(struct channel *channel, const struct spawn_ask *ask, int file);

/*
 * launch_program(), into a leaf of its own; without one where the kernel does not let us and no
 * limit asks for it: *leaf is NULL then.
 */
pid_t launch_in_leaf(struct spawner *spawner, struct launch *launch, struct leaf **leaf,
                     struct spawn_fault *fault);

/* A process that was just launched, with the newest mark. */
struct program *program_enter(struct spawner *spawner, pid_t pid, struct leaf *leaf);

/* TERM now, KILL after the grace. Harmless when repeated. */
void program_end(struct program *program);

/* The same for what nobody can ask for by its token any more. */
void program_disown(struct program *program);

/* Reaps all that have exited. */
void programs_reap(struct spawner *spawner);

/* Forgets those whose families are gone. */
void programs_settle(struct spawner *spawner);

void programs_end_all(struct spawner *spawner);

/* ---- announce.c ---- */

void announce_open(struct spawner *spawner);
void announce_close(struct spawner *spawner);

/* The server's ends of the pipes go with it. */
void announce_later(struct program *program, const struct pipes *pipes);

static inline bool announce_is_due(const struct program *program)
{
    return program->stdio[1] >= 0;
}

/* The channel of a program that is due must be there. Else: nothing happens. */
void announce_now(struct program *program);

/* There is nobody to tell. */
void announce_never(struct program *program);

/* ---- look.c ---- */

/* Answers with SEEN. */
void program_look(struct program *program);

/* ---- adopted.c: orphans outside the group of their program ---- */

void adopted_open(struct spawner *spawner);
void adopted_close(struct spawner *spawner);

/* Finds those that came since the last time; costs one system call when there are none. */
void adopted_look(struct spawner *spawner);

/* After programs were forgotten: ends those that nobody can own any more. */
void adopted_settle(struct spawner *spawner);

/* A child that is no program was reaped. */
void adopted_gone(struct spawner *spawner, pid_t pid);

/* To those of a program. */
void adopted_signal(const struct program *program, int signal);
void adopted_condemn(const struct program *program);

/* Looks at those of a program, with what they started themselves. */
void adopted_glance(const struct program *program, struct glance_report *report);

/* When ending and no program is left: kills what left its group, and stops the loop when there is
 * nothing. */
void programs_finish(struct spawner *spawner);

#endif
