#ifndef WORKERS_H
#define WORKERS_H

/*
 * The listening sockets of the pools of workers: kept over every restart of server and spawner.
 */
#include "config/model.h"
#include "ipc/workers_report.h"

#include <stdbool.h>
#include <stdint.h>

struct child;
struct diags;
struct handover;
struct identity;
struct log;
struct logs;
struct sandboxes;

struct workers {
    const struct server_conf *conf;
    int *fds;                          /* owned; by number of the pool */
    bool *fresh;                       /* owned; likewise: not of the generation before */
    char (*told)[WORKERS_REPORT_MOST]; /* owned: what the spawner said of each pool last */
    unsigned count;
    int pools_fd; /* memory file */
    bool beside;  /* the sockets of another house have their names until workers_take_names() */
    bool left;    /* or: another house has them from now on */
};

/*
 * Listens in WorkDirectory, for the user of the server alone. `beside`: there is another house that
 * listens there. False: a diagnostic says why.
 */
bool workers_open(const struct server_conf *conf, bool beside, const struct sandboxes *sandboxes,
                  const struct identity *identity, struct diags *diags, struct workers *ret);

/* Who asks for a pool from now on finds ours. 0 or negative errno. */
int workers_take_names(struct workers *workers);

/* For the next generation: pools that were there before keep their sockets. */
bool workers_renew(const struct server_conf *conf, const struct sandboxes *sandboxes,
                   const struct workers *former, const struct identity *identity,
                   struct diags *diags, struct workers *ret);

/* Removes the sockets that it made itself, for a generation that is given up. */
void workers_take_back(struct workers *workers);

/* Closes those of the former generation, and removes what this one does not have. */
void workers_replace(struct workers *former, const struct workers *workers);

/* Removes the sockets. */
void workers_close(struct workers *workers);

/* To a fresh spawner, before the policy, or when the generation is adopted; to a server: what it
 * shows. */
void workers_hand_over(const struct workers *workers, uint64_t generation, struct child *spawner);
void workers_tell_all(const struct workers *workers, struct child *server);

/* WORKERS of the spawner, for the server. */
void workers_take(struct workers *workers, const struct handover *message, struct child *server);

/* SAID: into the log of the section, or the journal. */
void workers_write(const struct workers *workers, const struct handover *message,
                   const struct logs *logs, struct log *log);

#endif
