#ifndef SERVER_HOUSE_H
#define SERVER_HOUSE_H

/*
 * What all reactors of the server process share. Built by main before the first reactor starts;
 * what changes later is named in docs/threads.md with its owner or lock.
 */
#include "base/log.h"
#include "config/model.h"
#include "server/challenge.h"
#include "server/edition.h"
#include "server/guard.h"
#include "server/load_watch.h"
#include "server/log_writer.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct acme_status;
struct bans;
struct forgotten;
struct keeper;
struct tally;
struct name_watch;
struct proofs;
struct workers_status;
struct reactor;

/* Of the last reload. */
struct house_outcome {
    char when[32]; /* empty: there was none */
    bool failed;
    char failure[512]; /* its first line, for people */
};

struct house {
    struct edition
        *edition; /* the current one; of the main thread, and of reactors at their start */
    struct guard *guard;
    struct bans *bans;
    struct tally *requests;  /* of each client, for BanOnFlooding */
    struct tally *passwords; /* wrong ones, for BanOnWrongPassword */
    struct challenger challenger;
    struct load_watch load;
    struct log_writer *writer;
    struct log *log;                /* the system log */
    struct forgotten *forgotten;    /* of what programs said */
    struct keeper *keeper;          /* owned */
    struct workers_status *workers; /* owned; the main thread's */
    struct acme_status *acme;       /* likewise */
    struct acme_status *staples;    /* likewise */
    struct proofs *proofs;          /* owned */
    struct name_watch *name_watch;  /* of the main thread; NULL: ConnectTo names no host */
    struct legacy *legacy;          /* of the main thread; NULL: nothing is kept */
    struct reactor **reactors;
    unsigned reactor_count;
    _Atomic unsigned reactors_left; /* that have not ended yet */
    uint64_t started_ms;
    struct house_outcome outcome; /* of the main thread */
};

/* By the clock of the reactors; for the main thread, while there are any. */
uint64_t house_now_ms(const struct house *house);

#endif
