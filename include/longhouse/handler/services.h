#ifndef HANDLER_SERVICES_H
#define HANDLER_SERVICES_H

/*
 * What a reactor lends to its handlers (exchange.services). One per reactor; everything in it is
 * used by that thread only, unless its own header says that it is shared.
 */
#include "base/log.h"
#include "handler/afterwards.h"
#include "loop/loop.h"
#include "site/file_cache.h"
#include "site/snapshot.h"

struct spawn_client;  /* gateway/spawn_client.h: asks the spawner */
struct turnstiles;    /* gateway/turnstile.h: seats for programs, shared by all reactors */
struct desk;          /* gateway/desk.h: where this reactor hears of others' decisions */
struct keeper;        /* handler/keeper.h: knows who may come in, shared by all reactors */
struct output_cache;  /* handler/output_cache.h: what programs said, to be said again */
struct backend_group; /* gateway/backend.h: shared by all reactors, one per FastCGIserver section */

struct services {
    struct loop *loop;
    struct log *log; /* the system log */
    struct file_cache *files;
    const struct snapshot *snapshot; /* the current one */
    struct spawn_client *spawner;
    struct turnstiles *turnstiles; /* by vhost_conf.index; NULL: seats are not counted (tests) */
    struct desk *desk;
    struct keeper *keeper;
    struct output_cache *outputs;    /* of this generation; NULL: nothing is kept (tests) */
    struct backend_group **backends; /* by fastcgi_conf.index */
    unsigned backend_count;
    struct afterwards afterwards; /* what runs when an exchange has ended */
};

#endif
