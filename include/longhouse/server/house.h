#ifndef SERVER_HOUSE_H
#define SERVER_HOUSE_H

/*
 * What all reactors of the server process share. Built by main before the first reactor starts;
 * what changes later is named in docs/threads.md with its owner or lock.
 */
#include "base/log.h"
#include "config/model.h"
#include "server/guard.h"
#include "server/load_watch.h"
#include "server/log_writer.h"
#include "site/snapshot.h"
#include "wire/conn.h"

#include <stdatomic.h>
#include <stdint.h>

struct backend_group;
struct bans;
struct certificates;
struct keeper;
struct tally;
struct name_watch;
struct turnstiles;
struct workers_status;
struct reactor;

struct house {
    struct snapshot *snapshot;       /* held */
    struct wire_limits *limits;      /* by binding_conf.index */
    struct wire_limits *wide_limits; /* the same, for whom RequestLimitMask spares */
    struct certificates *certificates;
    struct guard *guard;
    struct bans *bans;
    struct tally *requests;  /* of each client, for BanOnFlooding */
    struct tally *passwords; /* wrong ones, for BanOnWrongPassword */
    struct load_watch load;
    struct log_writer *writer;
    struct log *log;                 /* the system log */
    struct turnstiles *turnstiles;   /* by vhost_conf.index */
    struct keeper *keeper;           /* owned */
    struct backend_group **backends; /* by fastcgi_conf.index */
    unsigned backend_count;
    struct workers_status *workers; /* owned; the main thread's */
    struct name_watch *name_watch;  /* of the main thread; NULL: ConnectTo names no host */
    int *listeners;                 /* by binding_conf.index; owned */
    unsigned binding_count;
    struct reactor **reactors;
    unsigned reactor_count;
    _Atomic unsigned reactors_left; /* that have not ended yet */
    uint64_t started_ms;
};

#endif
