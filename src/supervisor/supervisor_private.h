#ifndef SUPERVISOR_PRIVATE_H
#define SUPERVISOR_PRIVATE_H

/*
 * The supervisor: reads the configuration, opens what needs rights, starts the server and the
 * spawner as the user of the server, hands everything over, and starts again what dies. It never
 * sees a byte of a client.
 *
 *   prepare   plan.c     configuration to model, bundle and policy
 *             identity.c who the children run as
 *             ports.c    listening sockets       logs.c   log files
 *             places.c   PID file, control socket, work folder
 *             key.c      the key of our own cookies
 *             groups.c   control groups for programs
 *             sandboxes.c what programs of a host may see and write
 *             workers.c  sockets of the pools of workers
 *             draft.c    the next generation of all that   changes.c what differs in it
 *   run       child.c    one child: start, channel, back-off
 *             reload.c   from one generation to the next
 *             renewal.c  certificates whose files change
 *             upgrade.c  from one version of the program to the next   estate.c what it inherits
 *             names.c    the resolver and its channel
 *             acme.c     the program that gets certificates
 *             rotation.c, calendar.c, old_logs.c  logs that begin anew, and the packer
 *             house.c    the phases from the first start to the end
 *             signals.c  what comes by signal
 *   say       journal.c  system log and terminal  banner.c  "is ready"
 */
#include "acme.h"
#include "base/arena.h"
#include "base/diag.h"
#include "base/log.h"
#include "base/table.h"
#include "config/load.h"
#include "estate.h"
#include "groups.h"
#include "ipc/handover.h"
#include "ipc/outbox.h"
#include "loop/loop.h"
#include "os/strays.h"
#include "os/syslog_socket.h"
#include "renewal.h"
#include "rotation.h"
#include "sandboxes.h"
#include "workers.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

/* ---- identity.c ---- */

struct identity {
    bool switches; /* started as root: the children change to the following */
    uid_t user;
    gid_t group;
    gid_t *groups; /* in the arena; with `group` */
    size_t group_count;
    const char *name; /* for people */
};

/* False: a diagnostic says why. */
bool identity_find(const struct server_conf *conf, struct arena *arena, struct diags *diags,
                   struct identity *ret);

/* ---- plan.c ---- */

struct plan {
    const struct server_conf *conf;
    struct slice config_folder; /* where relative paths begin; absolute */
    char *bundle;               /* owned */
    size_t bundle_len;
    unsigned reactors; /* never 0 */
    unsigned spawners; /* never 0, and no more than reactors */
};

/* Where the configuration comes from: a file or folder, or an open descriptor with the name it goes
 * by. */
struct plan_source {
    const char *path; /* NULL: fd and name */
    int fd;
    const char *name;
};

/* False when there is no model; the diagnostics say why. */
bool plan_load(const struct plan_source *from, struct arena *arena, struct diags *diags,
               struct plan *ret);

/* The same texts once more, but for these certificates and keys, which are read anew. */
bool plan_renew(const struct plan *now, const struct tls_conf *anew, struct arena *arena,
                struct diags *diags, struct plan *ret);
void plan_done(struct plan *plan);

/* What the spawner needs to make programs what their hosts say: bits of capabilities. */
uint64_t plan_rights(const struct server_conf *conf);

/* Texts and rules as sealed files: each start of a child gets the same. 0 or negative errno. */
int plan_seal(const struct plan *plan, const struct sandboxes *sandboxes, int *ret_bundle_fd,
              int *ret_policy_fd);

/* The rules of all hosts, in the order of their numbers, as bytes of ipc/policy; malloc'd. */
void plan_policy(const struct server_conf *conf, const struct sandboxes *sandboxes, char **ret_data,
                 size_t *ret_len);

/* The pools of workers, as bytes of ipc/pools; malloc'd. */
void plan_pools(const struct server_conf *conf, const struct sandboxes *sandboxes, char **ret_data,
                size_t *ret_len);

/* ---- ports.c ---- */

struct ports {
    int *fds; /* owned; by index of the binding */
    unsigned count;
};

/* Listens on every binding, or takes what the service manager or a former house handed in. False:
 * diagnostics say why and how to cure it. */
bool ports_open(const struct server_conf *conf, const struct estate *estate, struct diags *diags,
                struct ports *ret);

/*
 * For the next generation, while the former listens: where the address is the same, the same
 * socket.
 */
bool ports_renew(const struct server_conf *conf, const struct server_conf *former_conf,
                 const struct ports *former, struct diags *diags, struct ports *ret);
void ports_close(struct ports *ports);

/* What to do about a failed bind; static text. */
const char *ports_cure(int error);

/* ---- logs.c ---- */

struct log_entry {
    struct log_entry *next;
    const struct conf_log *conf; /* the first that names the path */
    const char *path;
    int fd;     /* owned; -1: goes without */
    bool shown; /* in place of the file: the terminal */
    bool known; /* it was open in the former generation */
    enum conf_rotate rotate;
    int64_t day;  /* the lines in it are of this day and later (rotation.h) */
    bool settled; /* nothing of it is to be packed, or could be, until it begins anew */
};

struct logs {
    struct log_entry *first;
    struct table by_path;
    const struct logs *former; /* borrowed while these are opened; NULL: none */
    bool owned;                /* files are made for `user` and `group` */
    bool behind;               /* there is no terminal to write to instead */
    bool noted;                /* that default logs are not to be had */
    bool starved;              /* no descriptor was left for one */
    uid_t user;
    gid_t group;
};

/* Opens each file once. False: a diagnostic says why. `behind`: as a daemon. */
bool logs_open(const struct server_conf *conf, const struct identity *identity, bool behind,
               struct arena *arena, struct diags *diags, struct logs *ret);

/* For the next generation: files that are open stay so, others are opened as by logs_open(). */
bool logs_renew(const struct server_conf *conf, const struct logs *former, struct arena *arena,
                struct diags *diags, struct logs *ret);

/* The same files by their names again; a log that cannot be opened stays as it is and is complained
 * about. */
void logs_reopen(struct logs *logs, struct log *log);
void logs_close(struct logs *logs);

/* The open file of this log; -1 for none. */
int logs_find(const struct logs *logs, const struct conf_log *conf);

/* ---- places.c ---- */

struct places {
    const char *pid_path; /* NULL: none */
    int pid_fd;           /* locked as long as the house stands; -1: none */
    const char *control_path;
    int control_fd; /* listening; -1: none */
    bool shared;    /* another house lives in them as well: nothing is removed */
};

/* Locks the PID file, or takes that of the estate. False: somebody has it, or it cannot be made. */
bool places_take_pid(const struct server_conf *conf, struct estate *estate, struct arena *arena,
                     struct diags *diags, struct places *places);

/* Control socket and work folder. */
bool places_open(const struct server_conf *conf, struct estate *estate,
                 const struct identity *identity, struct arena *arena, struct diags *diags,
                 struct places *places);
int places_write_pid(struct places *places, pid_t pid);

/* Removes what was made. */
void places_close(struct places *places);

/* ---- key.c ---- */

#define KEY_DIGITS 64

/* The key in this file, made if it is not there or not ours alone. 0 or negative errno. */
int key_find(const char *path, char out[KEY_DIGITS + 1]);

/* The key of our own cookies, or nothing where none is needed. False: a diagnostic says why. */
bool key_open(const struct server_conf *conf, struct arena *arena, struct diags *diags,
              char ret[KEY_DIGITS + 1]);

/* ---- journal.c ---- */

/* Lines for the system log and for who looks on. */
/* A line as the journal begins and ends it, into another log. */
void journal_write_to(int fd, const char *level, struct slice line);

struct journal {
    struct log log;
    int fd;      /* borrowed: the system log, -1: none */
    bool quiet;  /* warnings and errors only on stderr */
    bool copies; /* its lines go to the system's log too: */
    struct syslog_socket syslog;
};
void journal_init(struct journal *journal, bool quiet);

/* By Syslog of the configuration. */
void journal_tell_syslog(struct journal *journal, const struct server_conf *conf);

/* ---- child.c ---- */

struct house;

/* When to start again what has died: at once, and later and later when it dies at once. */
struct backoff {
    uint64_t wait_ms;
    bool died_before;
};
uint64_t backoff_next(struct backoff *backoff, uint64_t lived_ms);

struct child {
    struct house *house;
    const char *name; /* "server", and of its program */
    bool confined;    /* never gains rights; dies with the supervisor */
    void (*on_message)(struct child *child, const struct handover *message);

    pid_t pid; /* 0: not running */
    bool ready;
    struct io channel;
    struct task task;
    struct outbox outbox;
    uint64_t started_ms;
    struct backoff backoff;
    struct timer again; /* the next start */
    struct task again_task;
    char complaint[256]; /* the last FAILED of this process */
};

void child_init(struct child *child, struct house *house, const char *name, bool confined,
                void (*on_message)(struct child *, const struct handover *));
void child_close(struct child *child);

/* 0 or negative errno. */
int child_start(struct child *child);

/* The same of a process that runs already; `channel` is taken. */
void child_begin(struct child *child, pid_t pid, int channel);

/* `fd` (or -1) stays with the caller. What cannot be sent now waits. */
void child_send(struct child *child, const struct handover *message, int fd);

/* The process is gone: reads its last words, closes the channel. */
void child_gone(struct child *child);
void child_kill(struct child *child);

/* "exited with status 1" or "was killed by signal 9 (Killed)". Returns `out`. */
char *child_status_text(int status, char *out, size_t room);

/* ---- draft.c, reload.c, changes.c: the next generation ---- */

/* All that the next generation has of its own, ready to be used; descriptors are owned. */
struct draft {
    uint64_t generation;
    bool good;
    struct arena arena; /* of what follows */
    struct plan plan;
    struct ports ports;
    struct logs logs;
    struct sandboxes sandboxes;
    struct workers workers;
    char key[KEY_DIGITS + 1];
    int bundle_fd;
    int policy_fd;
};

/* Reads and opens it all beside what is in use, of which nothing changes; `good` tells whether that
 * went well, and the diagnostics why not. They live in its arena. */
struct draft *draft_new(const struct house *house, uint64_t generation, struct diags *diags);

/* The same configuration with these certificates and keys read anew. */
struct draft *draft_renew(const struct house *house, const struct tls_conf *anew,
                          uint64_t generation, struct diags *diags);
void draft_free(struct draft *draft);

/* It is in use from now on; what it replaces is closed. The draft is gone. */
void draft_adopt(struct draft *draft, struct house *house);

/* What programs of a former generation need; until the server says that they are gone. */
struct past {
    struct past *next;
    uint64_t generation;
    struct arena arena;
    struct sandboxes sandboxes;
};
void past_release(struct house *house, uint64_t generation);
void past_release_all(struct house *house);

enum reload_state {
    RELOAD_NONE,
    RELOAD_POLICY, /* the spawners learn the rules */
    RELOAD_SERVER, /* the server goes over to it */
};

struct reload {
    enum reload_state state;
    struct draft *draft; /* owned; NULL: RELOAD_NONE */
    unsigned waits_for;  /* spawners, in RELOAD_POLICY */
    bool again;          /* it was asked for once more meanwhile */
    uint64_t asked;      /* how often the server was asked for it */
    uint64_t answers;    /* of these, how many the one in progress answers */
    struct slice renews; /* the file whose change is taken over; empty: all is read anew */
    char *outcome;       /* owned: of the last one, for people; NULL: there was none */
    bool failed;
    char when[32];
};

/* By signal (0), or by who asks the server, for the number-th time. */
void reload_ask(struct house *house, uint64_t number);
void reload_again(struct house *house); /* if it was asked for meanwhile */

/* Something can begin: all children stand, and nothing of the kind is in progress. */
bool reload_is_possible(const struct house *house);

/* These certificates are read anew, and nothing else; when it is possible. */
void reload_renew(struct house *house, const struct tls_conf *anew);
void reload_give_up(struct house *house);

/* A child says READY for this generation. False: that is not of a reload. */
bool reload_ready(struct house *house, const struct child *child, uint64_t generation);
void reload_failed(struct house *house, const struct handover *message); /* FAILED of a child */
void reload_on_death(struct house *house, const struct child *child);

/* The last outcome, for the server. */
void reload_tell(struct house *house);

/* Good or not, for people; `text` is taken. */
void reload_note(struct house *house, bool good, char *text);

/* Rules with their sandboxes, for a spawner. */
void reload_send_policy(struct child *spawner, const struct sandboxes *sandboxes, int policy_fd,
                        uint64_t generation);

struct text;
void changes_describe(const struct server_conf *before, const struct server_conf *after,
                      struct text *text);

/* ---- upgrade.c ---- */

struct upgrade {
    struct child heir; /* the supervisor that begins beside us; pid 0: there is none */
    bool notes;        /* our server writes down what the next one needs; then the heir begins */
    bool done;         /* it serves */
    int status;        /* as of waitpid(2), once it has ended */
};

void upgrade_init(struct house *house);

/* By signal (0), or by who asks the server, for the number-th time. */
void upgrade_ask(struct house *house, uint64_t number);

/* The server has written, or has died: the heir begins, if one is asked for. */
void upgrade_begin(struct house *house);

/* The next house begins, and does not serve yet. */
bool upgrade_is_asked(const struct house *house);

/* False: that is not of an upgrade. */
bool upgrade_reaped(struct house *house, pid_t pid, int status);
void upgrade_give_up(struct house *house);

/* The house has ended, its heir lives: passes signals on to it, and returns its exit status. */
int upgrade_wait_for_heir(const struct house *house, const sigset_t *signals);

/* ---- house.c ---- */

/*
 * SPAWNER ──READY──> SERVER ──READY──> RUNNING ──TERM──> DRAINING ──server gone──> CLOSING
 * ──spawner gone──> SWEEPING ──no strays──> the loop stops
 */
enum phase {
    PHASE_SPAWNER,  /* waits for the first READY of each spawner */
    PHASE_SERVER,   /* the same of the server */
    PHASE_RUNNING,  /* what dies is started again */
    PHASE_DRAINING, /* the server finishes what is in flight */
    PHASE_CLOSING,  /* the spawner ends all programs */
    PHASE_SWEEPING, /* what is left is killed */
};

struct house {
    struct loop loop;
    enum phase phase;
    struct journal journal;
    struct plan_source from; /* of the configuration, for the next time */
    uint64_t generation;
    uint64_t last_generation; /* that was tried */
    struct arena arena;       /* of the generation, but for the first */
    struct past *past;        /* owned */
    struct reload reload;
    struct upgrade upgrade;
    struct estate estate; /* of the house that was there before */
    struct rotation rotation;
    struct renewal renewal;
    uint64_t rights; /* that the spawners were started with */
    struct plan plan;
    struct identity identity;
    struct ports ports;
    struct logs logs;
    struct places places;
    char key[KEY_DIGITS + 1]; /* of our own cookies; empty: not needed */
    struct groups groups;
    struct sandboxes sandboxes;
    struct workers workers;
    char *folder; /* owned: of the programs */
    int bundle_fd;
    int policy_fd;
    int legacy_fd; /* what a server leaves to the next (server/legacy.h); -1: none */
    int null_fd;
    struct rlimit files; /* limit of descriptors the children start with */
    struct child server;
    struct child
        spawners[SPAWNERS_MOST]; /* plan.spawners of them: reactor i is served by i modulo these */
    struct child resolver;       /* runs only when ConnectTo names a host */
    struct child acme;           /* runs only with AutoTLS or TLSstaple */
    struct acme_intake acme_intake;
    struct io signals;
    struct task signals_task;
    struct timer deadline; /* of DRAINING, CLOSING and SWEEPING */
    struct task deadline_task;
    struct pids guests; /* children of whoever executed us: they are not ours to end */
    bool behind;        /* a daemon: no terminal for the children */
    bool at_once;       /* nobody is waited for any more */
    bool sweeps;        /* a spawner has died: unknown children are what it left */
    int exit_status;
    void (*on_ready)(struct house *house); /* once */
};

/* Makes loop, signals, memory files and starts the spawner; `house` holds what was prepared. 0 or
 * negative errno. */
int house_open(struct house *house);
void house_close(struct house *house);

/* What runs is told to end, the server first; the loop stops when all have. */
void house_stop(struct house *house);

/* Nobody is waited for any more. */
void house_stop_at_once(struct house *house);

/* Takes the ends of children, and starts again what is needed. */
void house_reap(struct house *house);

void house_hand_over_logs(struct house *house);

/* ---- signals.c ---- */

/* Those that the house listens to. */
void house_signals(sigset_t *ret);

/* From now on they are heard. 0 or negative errno. */
int signals_watch(struct house *house);

/* The files by their names, here and in the server. */
void house_reopen_logs(struct house *house);

/* It is needed, and does not run. */
void house_start_child(struct child *child);

/* ---- names.c ---- */

/* The resolver runs, or may start again later, if ConnectTo names a host. */
bool names_are_used(const struct house *house);

/* A channel between server and resolver, one end to each; both run. */
void names_connect(struct house *house);

/* The names may be others now. */
void names_renew(struct house *house);

/* ---- banner.c ---- */

void banner_print(const struct house *house, FILE *out);

/* "http://127.0.0.1:8080/"; in the arena. */
const char *banner_url(const union socket_address *address, bool tls, struct arena *arena);

#endif
